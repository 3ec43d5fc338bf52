"""Web pages for information governance officers: who has seen a record, what waits for a signature, how the agreements,
the feeds and the log stand; and under `teams` for neighbourhood teams. One file for each page; `desk` is what they
share."""
