"""python -m tests.linkage [--people N] [--seed N] [--only quality|latency|febrl]"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import uvloop
from rich.console import Console
from rich.table import Table

from integration.identity.compare import WEIGHTS, compare
from integration.identity.people import Decision
from tests.bench.servers import cluster
from tests.linkage import febrl, latency, quality, report, splink_venv, train
from tests.linkage.county import Resident, county
from tests.linkage.exact import exact
from tests.linkage.quality import Measured, Pair
from tests.linkage.records import HARSHER, Record, records

SEED = 20261122
"""Of the county that is measured on. It is not that of training, and nothing was chosen by looking at it."""
LATE = 2_000
"""Records linked one by one for the latency."""


def measured(console: Console, listed: Sequence[Record]) -> tuple[dict[str, Measured], list[Decision]]:
    """How good ToldOnce, the exact rules alone and splink's default model are on the same pairs; and our decisions."""
    pairs = quality.candidates(listed)
    ours = quality.decided(listed, pairs, compare)
    methods = {"ToldOnce": quality.measured(listed, ours)}
    methods["exact rules alone"] = quality.measured(listed, quality.decided(listed, pairs, exact))
    try:
        methods |= _default(listed)
    except splink_venv.NoSplink as error:
        console.print(f"without splink, which could not be installed: {error}", highlight=False)
    return methods, ours


def _default(listed: Sequence[Record]) -> Mapping[str, Measured]:
    """splink's default model, linked from 0.99 (its usual threshold) and from 0.9999 on, the rest to be reviewed."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        said = [(one.truth, one.says) for one in listed]
        splink_venv.write(folder / "records.json", said, WEIGHTS, quality.crowded(listed))
        found = splink_venv.run("default", folder)["result"]
    return {f"splink's default, from {least}": _clustered(listed, found, least) for least in (0.99, 0.9999)}


def _clustered(listed: Sequence[Record], found: Sequence[tuple[int, int, float, float]], least: float) -> Measured:
    """Connected components of what is at least so likely; what is from 0.5 on waits for review."""
    group = quality.components(range(len(listed)), ((a, b) for a, b, _, likely in found if likely >= least))
    waiting: set[Pair] = {(a, b) for a, b, _, likely in found if likely < least and group[a] != group[b]}
    return quality.weighed_up(listed, group, waiting)


def _with_faults(residents: Sequence[Resident], seed: int, usual: tuple[Sequence[Record], Measured]) -> Table:
    """How much of it hangs on how faulty records are supposed to be."""
    found = {"as supposed": usual}
    for name, sectors in HARSHER.items():
        listed = records(residents, seed, sectors)
        decisions = quality.decided(listed, quality.candidates(listed), compare)
        found[name] = (listed, quality.measured(listed, decisions))
    return report.by_faults(found)


async def timed(listed: Sequence[Record], decisions: Sequence[Decision], people: Sequence[int]) -> Table:
    """The latency with so many of the people."""
    found = []
    with cluster() as server:
        for count in people:
            known = [one for one in listed if one.truth < count]
            among = [one for one in decisions if one.b < UUID(int=len(known)) and one.a < UUID(int=len(known))]
            settings = await server.create(f"people{count}")
            found.append((count, await latency.measure(settings, known, among, LATE, SEED)))
    return report.latency(found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.linkage", description=__doc__)
    parser.add_argument("--people", type=int, default=100_000, help="and Febrl sets of at most so many records")
    parser.add_argument("--seed", type=int, default=SEED, help="of the county that is measured on")
    parser.add_argument("--only", choices=("quality", "latency", "febrl"), help="one part")
    asked = parser.parse_args()
    if asked.seed == train.SEED:
        sys.exit("that is the county the weights were learnt from: choose another seed")
    console = Console(width=240)
    if asked.only != "febrl":
        residents = county(asked.people, asked.seed)
        listed = records(residents, asked.seed)
        console.print(f"{asked.people:,} people, {len(listed):,} records, seed {asked.seed}", highlight=False)
        if asked.only == "latency":
            decisions = quality.decided(listed, quality.candidates(listed), compare)
        else:
            methods, decisions = measured(console, listed)
            console.print(report.quality("Who is linked", listed, methods))
            console.print(report.hard_cases(residents, listed, methods["ToldOnce"]))
            console.print(_with_faults(residents, asked.seed, (listed, methods["ToldOnce"])))
    if asked.only in (None, "latency"):
        console.print(uvloop.run(timed(listed, decisions, sorted({min(10_000, asked.people), asked.people}))))
    if asked.only in (None, "febrl"):
        for name, known in febrl.sets(console, asked.people).items():
            console.print(report.quality(f"Febrl: {name}, {len(known):,} records", known, measured(console, known)[0]))


if __name__ == "__main__":
    main()
