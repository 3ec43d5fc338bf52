"""python -m tests.fuzz [--feed FEED] [--count N] [--seed N] [--first N] [--folder FOLDER] [--again FILE]"""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from integration.feeds import FEEDS
from tests.fuzz.run import TOGETHER, Run, Tally, kept, on_all_processors
from tests.fuzz.verdict import LONGEST, verdict

FAILING = Path("build/fuzz")
SHOWN = 20
console = Console(width=None if sys.stdout.isatty() else 120)


def main() -> None:
    """Exit code 1 when an input fails."""
    options = _options()
    if options.again:
        sys.exit(_again(options.again))
    tallies = {feed: _fuzzed(feed, options) for feed in options.feed or FEEDS}
    console.print(_table(tallies))
    sys.exit(any(tally.failures or tally.killed is not None for tally in tallies.values()))


def _options() -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Mutated inputs of every feed.")
    options.add_argument("--feed", action="append", choices=FEEDS, help="only this feed (may be repeated)")
    options.add_argument("--count", type=int, default=100_000, help="inputs for each feed")
    options.add_argument("--seed", type=int, default=1, help="another seed, other inputs")
    options.add_argument("--first", type=int, default=0, help="number of the first input")
    options.add_argument("--workers", type=int, help="processes; all processors where not said")
    options.add_argument("--no-samples", action="store_true", help="synthetic files only, even where samples are")
    options.add_argument("--folder", type=Path, default=FAILING, help="where failing inputs are written")
    options.add_argument("--again", type=Path, help="judge one failing input again (its .json file)")
    return options.parse_args()


def _fuzzed(feed: str, options: argparse.Namespace) -> Tally:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TimeRemainingColumn(), TextColumn("{task.fields[note]}"))  # fmt: skip
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(f"{feed:13}", total=options.count, note="")

        def told(done: int, so_far: Tally) -> None:
            progress.update(task, advance=done, note=f"{sum(map(len, so_far.failures.values()))} failing")

        run = Run(feed, options.seed, options.first, options.count, not options.no_samples, options.folder)
        tally = on_all_processors(run, told, options.workers)
    for failure, numbers in list(tally.failures.items())[:SHOWN]:
        first = options.folder / f"{feed}-{options.seed}-{min(numbers)}.json"
        console.print(f"[red]{feed}: {len(numbers)} inputs, the first {min(numbers)}[/red]\n{escape(failure)}")
        console.print(f'repeat: make fuzz ARGS="--again {first}"', highlight=False)
    if tally.killed is not None:
        console.print(f"[red]{feed}: an input from {tally.killed} on ended the whole process[/red]")
        narrowed = f"--feed {feed} --seed {options.seed} --first {tally.killed} --count {TOGETHER} --workers 1"
        console.print(f'narrow it down: make fuzz ARGS="{narrowed}"', highlight=False)
    return tally


def _again(path: Path) -> bool:
    given = verdict(kept(path))
    console.print(f"{given.outcome} in {given.seconds:.3f} s; {', '.join(sorted(set(given.codes)))}")
    if given.failure:
        console.print(escape(given.failure))
    return given.failure is not None


def _table(tallies: dict[str, Tally]) -> Table:
    outcomes = ("read", "read in part", "refused")
    table = Table(
        "feed", "inputs", *outcomes, "failing", "kinds of failure", "resources", f"slowest (bound {LONGEST} s)"
    )
    for feed, tally in tallies.items():
        seconds, number = tally.slowest
        table.add_row(
            feed,
            f"{tally.outcomes.total():,}",
            *(f"{tally.outcomes[one]:,}" for one in outcomes),
            str(sum(map(len, tally.failures.values()))),
            str(len(tally.failures)),
            f"{tally.mapped:,}",
            f"{seconds:.3f} s, input {number}",
        )
    return table


if __name__ == "__main__":
    main()
