"""python -m tests.sharing [--worlds N] [--first SEED] [--questions N] [--workers N]"""

import argparse
import sys
import tempfile
from pathlib import Path
from time import monotonic

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from integration.store.database import embedded_server
from tests.sharing.oracle import RULES
from tests.sharing.run import Run, Tally, on_all_processors
from tests.sharing.worlds import QUESTIONS

console = Console(width=None if sys.stdout.isatty() else 120)


def main() -> None:
    """Exit code 1 when oracle and product differ, or when the run tried too little."""
    options = _options()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TimeRemainingColumn())  # fmt: skip
    begun = monotonic()
    with tempfile.TemporaryDirectory(prefix="sharing") as folder:
        server = embedded_server(Path(folder) / "data")
        try:
            run = Run(server.get_uri(), options.first, options.worlds, options.questions)
            console.print(f"seeds {run.first} to {run.first + run.count - 1}, {run.questions} decisions of each")
            with Progress(*columns, console=console) as progress:
                task = progress.add_task("decisions", total=run.count * run.questions)
                tally = on_all_processors(run, lambda done: progress.update(task, advance=done), options.workers)
        finally:
            server.cleanup()
    for one in tally.failing:
        console.print(escape(one), highlight=False, soft_wrap=True, end="\n\n")
    console.print(_table(tally, monotonic() - begun))
    for lack in tally.shortcomings():
        console.print(f"[red]{lack}[/red]")
    sys.exit(bool(tally.leaks or tally.wrong or tally.shortcomings()))


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m tests.sharing", description="Oracle against product.")
    options.add_argument("--worlds", type=int, default=10_000, help="how many worlds")
    options.add_argument("--first", type=int, default=1, help="seed of the first world")
    options.add_argument("--questions", type=int, default=QUESTIONS, help="decisions of each world")
    options.add_argument("--workers", type=int, help="processes; all processors where not said")
    return options.parse_args()


def _table(tally: Tally, seconds: float) -> Table:
    table = Table("what", "how many")
    table.add_row("worlds", f"{tally.worlds:,}")
    table.add_row("decisions", f"{tally.decisions:,} ({tally.decisions / seconds:,.0f}/s)")
    table.add_row("that show something", f"{tally.shown:,} ({tally.shown / tally.decisions:.1%}), {tally.rows:,} rows")
    table.add_row("with each lock alone", f"{tally.alone:,}")
    for answer, count in tally.answers.most_common():
        table.add_row(f"the table says: {answer}", f"{count:,}")
    for rule in RULES:
        table.add_row(
            f"decided by rule {rule}", f"{tally.decided[rule]:,} ({tally.decided[rule] / tally.decisions:.1%})"
        )
    rarest = min(tally.pairs.items(), key=lambda item: item[1], default=(("", ""), 0))
    table.add_row("pairs of rules that met", f"{len(tally.pairs)}; rarest {' and '.join(rarest[0])}: {rarest[1]:,}")
    table.add_row("leaks", f"{tally.leaks:,}")
    table.add_row("wrongful denials", f"{tally.wrong:,}")
    return table


if __name__ == "__main__":
    main()
