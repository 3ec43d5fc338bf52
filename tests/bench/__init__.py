"""How fast, beside the bare database, in one run (`make bench`; docs/performance.md says what the figures mean).

Not tests: pytest collects nothing here. Everything runs on 127.0.0.1, on an embedded PostgreSQL of its own in a
temporary folder, and ends only what it started.
"""
