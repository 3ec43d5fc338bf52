"""python -m tests.sharing [--worlds N] [--first SEED] [--questions N] [--workers N] [--json FILE | --resume FILE]"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from integration.store.database import embedded_server
from tests.sharing.oracle import RULES
from tests.sharing.run import Run, on_all_processors
from tests.sharing.tally import Kept, Tally, digest
from tests.sharing.worlds import QUESTIONS

console = Console(width=None if sys.stdout.isatty() else 120)
EVERY = 10
"""Seconds between two writings of the tally."""
COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
)


def main() -> None:
    """Exit code 1 when oracle and product differ, when the run tried too little, or when it was ended before its last
    world (Ctrl-C, SIGTERM)."""
    kept, file, workers = _options()
    console.print(f"seeds {kept.first} to {kept.first + kept.count - 1}, {kept.questions} decisions of each")
    if kept.done:
        console.print(f"{len(kept.done):,} worlds were judged before, in {kept.seconds:.0f} s")
    _go_on(kept, file, workers)
    for one in kept.tally.told:
        console.print(escape(one), highlight=False, soft_wrap=True, end="\n\n")
    console.print(_table(kept.tally, kept.seconds))
    lacking = kept.tally.shortcomings()
    if len(kept.done) < kept.count:
        lacking.append(f"ended after {len(kept.done):,} of {kept.count:,} worlds")
        lacking += [f'ARGS="--resume {file}" goes on'] if file else []
    for lack in lacking:
        console.print(f"[red]{escape(lack)}[/red]", soft_wrap=True)
    sys.exit(bool(kept.tally.leaks or kept.tally.wrong or lacking))


def _go_on(kept: Kept, file: Path | None, workers: int | None) -> None:
    """Judge the worlds that are left, or those until somebody ends it; then the embedded server has stopped."""
    seeds = [seed for seed in range(kept.first, kept.first + kept.count) if seed not in kept.done]
    before, begun, written = kept.seconds, monotonic(), monotonic()
    endings: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda which, _: endings.append(which))
    with tempfile.TemporaryDirectory(prefix="sharing") as folder, Progress(*COLUMNS, console=console) as progress:
        task = progress.add_task("decisions", total=kept.count * kept.questions, completed=kept.tally.decisions)

        def heard(judged: Sequence[int], tally: Tally) -> None:
            nonlocal written
            kept.done.update(judged)
            kept.tally.add(tally)
            kept.seconds = before + monotonic() - begun
            progress.update(task, completed=kept.tally.decisions)
            if file and monotonic() > written + EVERY:
                kept.write(file)
                written = monotonic()

        server = embedded_server(Path(folder) / "data")
        try:
            if seeds:
                on_all_processors(Run(server.get_uri(), seeds, kept.questions), heard, workers, lambda: bool(endings))
        finally:
            if file:
                kept.write(file)
            server.cleanup()


def _options() -> tuple[Kept, Path | None, int | None]:
    """What is to be judged, where its tally is kept, and by how many processes."""
    parser = argparse.ArgumentParser(prog="python -m tests.sharing", description="Oracle against product.")
    parser.add_argument("--worlds", type=int, default=10_000, help="how many worlds")
    parser.add_argument("--first", type=int, default=1, help="seed of the first world")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="decisions of each world")
    parser.add_argument("--workers", type=int, help="processes; two for each processor where not said")
    keeping = parser.add_mutually_exclusive_group()
    keeping.add_argument("--json", type=Path, metavar="FILE", help="keep the tally so far in this new file")
    keeping.add_argument(
        "--resume", type=Path, metavar="FILE", help="go on with the run of this file: its worlds, if the code is its"
    )
    options = parser.parse_args()
    if options.resume:
        try:
            return Kept.read(options.resume), options.resume, options.workers
        except (OSError, ValueError) as error:
            parser.error(str(error))
    if options.json and options.json.exists():
        parser.error(f"{options.json} is there already: --resume goes on with it")
    return Kept(options.first, options.worlds, options.questions, digest()), options.json, options.workers


def _table(tally: Tally, seconds: float) -> Table:
    table = Table("what", "how many")
    made = max(tally.decisions, 1)
    table.add_row("worlds", f"{tally.worlds:,}")
    table.add_row("decisions", f"{tally.decisions:,} ({tally.decisions / max(seconds, 1):,.0f}/s)")
    table.add_row("that show something", f"{tally.shown:,} ({tally.shown / made:.1%}), {tally.rows:,} rows")
    table.add_row("with each lock alone", f"{tally.alone:,}")
    for answer, count in tally.answers.most_common():
        table.add_row(f"the table says: {answer}", f"{count:,}")
    for rule in RULES:
        table.add_row(f"decided by rule {rule}", f"{tally.decided[rule]:,} ({tally.decided[rule] / made:.1%})")
    rarest = min(tally.pairs.items(), key=lambda item: item[1], default=("", 0))
    table.add_row("pairs of rules that met", f"{len(tally.pairs)}; rarest {rarest[0]}: {rarest[1]:,}")
    table.add_row("leaks", f"{tally.leaks:,}")
    table.add_row("wrongful denials", f"{tally.wrong:,}")
    return table


if __name__ == "__main__":
    main()
