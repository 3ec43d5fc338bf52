"""Many inputs, one after the other or on all processors; failing ones are written to a folder."""

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import msgspec

from integration.ingest.inbox import Delivery
from tests.fuzz.mutants import Mutant, mutant
from tests.fuzz.verdict import verdict

TOGETHER = 250
"""Inputs that a process judges before it reports."""


@dataclass(frozen=True)
class Run:
    """Inputs `first` to `first + count - 1` of a feed. `folder`: where failing inputs are written, if anywhere."""

    feed: str
    seed: int
    first: int
    count: int
    samples: bool
    folder: Path | None = None


@dataclass
class Tally:
    """What became of the inputs: how many by outcome and by code, the slowest, and each different failure's numbers."""

    outcomes: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    mapped: int = 0
    slowest: tuple[float, int] = (0.0, 0)
    failures: dict[str, list[int]] = field(default_factory=dict)
    killed: int | None = None
    """An input of the next few hundred from this one on ended the whole process; those after it were not judged."""

    def add(self, other: "Tally") -> None:
        self.outcomes += other.outcomes
        self.codes += other.codes
        self.mapped += other.mapped
        self.slowest = max(self.slowest, other.slowest)
        for failure, numbers in other.failures.items():
            self.failures.setdefault(failure, []).extend(numbers)


def judged(run: Run) -> Tally:
    """In this process."""
    tally = Tally()
    for number in range(run.first, run.first + run.count):
        made = mutant(run.feed, run.seed, number, samples=run.samples)
        given = verdict(made)
        tally.outcomes[given.outcome] += 1
        tally.codes.update(given.codes)
        tally.mapped += given.mapped
        tally.slowest = max(tally.slowest, (given.seconds, number))
        if given.failure:
            tally.failures.setdefault(given.failure, []).append(number)
            if run.folder:
                keep(made, run.folder / f"{run.feed}-{run.seed}-{number}")
    return tally


def on_all_processors(run: Run, progress: Callable[[int, Tally], None], workers: int | None = None) -> Tally:
    """As `judged`; `progress` is told how many more are done, and the tally so far."""
    tally = Tally()
    runs = [
        Run(run.feed, run.seed, first, min(TOGETHER, run.first + run.count - first), run.samples, run.folder)
        for first in range(run.first, run.first + run.count, TOGETHER)
    ]
    with ProcessPoolExecutor(workers or os.cpu_count(), get_context("spawn")) as pool:
        waiting = {pool.submit(judged, one): one for one in runs}
        try:
            for done in as_completed(waiting):
                tally.add(done.result())
                progress(waiting[done].count, tally)
        except BrokenProcessPool:
            left = sorted(one.first for future, one in waiting.items() if not future.done() or future.exception())
            tally.killed = left[0]
    return tally


def keep(made: Mutant, path: Path) -> None:
    """Write a failing input: its bytes to look at, and all of it to repeat."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_bytes(msgspec.json.encode(made))
    path.with_suffix(".input").write_bytes(bytes(made.delivery.content))


def kept(path: Path) -> Mutant:
    """What `keep` wrote."""
    read = msgspec.json.decode(path.read_bytes(), type=_Kept)
    deliveries = [one and Delivery(**msgspec.structs.asdict(one)) for one in (read.delivery, read.beside)]
    return Mutant(*deliveries)


class _KeptDelivery(msgspec.Struct):
    feed: str
    sender: str
    name: str
    content: bytes
    as_of: datetime


class _Kept(msgspec.Struct):
    """A `Mutant` as JSON; what is mutated is never a file on disk."""

    delivery: _KeptDelivery
    beside: _KeptDelivery | None
