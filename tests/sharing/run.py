"""A run: worlds of consecutive seeds, all processors, every decision judged and asked, what happened counted."""

import multiprocessing
import queue
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
import uvloop

from integration.store.database import _prepare
from tests.migrated import fresh
from tests.sharing import stored
from tests.sharing.compare import LEAK, differences, told
from tests.sharing.facts import Question, World
from tests.sharing.oracle import RULES, Oracle
from tests.sharing.product import Product
from tests.sharing.shrink import shrunk
from tests.sharing.tally import SHOWN, Tally, pairs
from tests.sharing.worlds import QUESTIONS, world

TOGETHER = 20
"""Worlds whose people are in the database at the same time."""
ALONE = 20
"""Every so many decisions each lock is looked at alone, too."""
EACH = 2
"""Processes for each processor: one asks while another waits for an answer."""


@dataclass(frozen=True)
class Run:
    """The worlds of these seeds, on the server at this URL (its owner's)."""

    server_url: str
    seeds: Sequence[int]
    questions: int = QUESTIONS


Heard = Callable[[Sequence[int], Tally], Any]
"""Told of worlds that are judged (their seeds), and of what they add to the tally."""


class Bench:
    """The product on one database, and the owner's connection that writes worlds into it."""

    def __init__(self, product: Product, owner: asyncpg.Connection) -> None:
        self.product = product
        self.owner = owner

    async def put(self, worlds: list[World]) -> None:
        async with self.owner.transaction():
            await stored.forget(self.owner)
            await stored.store(self.owner, self.product.records.labels, worlds)

    async def judged(self, one: World, *, stop: bool = False) -> Tally:
        """Every question of a world whose people are stored. `stop` at the first difference."""
        self.product.agree(one)
        oracle, tally = Oracle(one), Tally(worlds=1)
        for number, question in enumerate(one.questions):
            found = await self._asked(oracle, question, tally, alone=number % ALONE == 0)
            if found:
                tally.leaks += any(line.startswith(LEAK) for line in found)
                tally.wrong += not any(line.startswith(LEAK) for line in found)
                tally.failing.append([one.seed, number])
                if stop:
                    break
        return tally

    async def _asked(self, oracle: Oracle, question: Question, tally: Tally, *, alone: bool) -> list[str]:
        verdict = oracle.judge(question)
        seen = await self.product.ask(question, alone=alone)
        tally.decisions += 1
        tally.alone += alone
        tally.shown += bool(seen.visible)
        tally.rows += len(seen.visible)
        tally.answers[verdict.answer] += 1
        tally.decided.update(verdict.decided)
        tally.pairs.update(pairs(rule for rule in RULES if rule in verdict.acted))
        return differences(oracle, question, verdict, seen)

    async def told(self, seed: int, number: int, questions: int) -> str:
        """The failing decision, made small, in words."""
        whole = world(seed, questions)

        async def found(small: World) -> list[str]:
            try:
                self.product.agree(small)
            except ValueError:  # what was left out the agreement file cannot do without
                return []
            await self.put([small])
            oracle = Oracle(small)
            (question,) = small.questions
            seen = await self.product.ask(question, alone=number % ALONE == 0)
            return differences(oracle, question, oracle.judge(question), seen)

        kinds = {_kind(line) for line in await found(whole.about(whole.questions[number]))}

        async def fails(small: World) -> bool:
            return kinds == {_kind(line) for line in await found(small)}

        small = await shrunk(whole.about(whole.questions[number]), fails)
        return told(small, await found(small))


def _kind(line: str) -> str:
    """The line without ids and names."""
    return " ".join(word for word in line.split() if "-" not in word and "'" not in word)


def on_all_processors(
    run: Run, heard: Heard, workers: int | None = None, ended: Callable[[], bool] = lambda: False
) -> None:
    """The run, shared among processes, each of which takes some worlds more when it is done with some. `heard` is
    called in this process; once `ended` says so, worlds that are begun are finished and no others are begun. Raises
    RuntimeError where a process failed."""
    context = multiprocessing.get_context("spawn")
    news, taken, ending = context.Queue(), context.Value("i", 0), context.Event()
    count = min(workers or EACH * multiprocessing.cpu_count(), len(run.seeds))
    processes = [context.Process(target=_process, args=(run, taken, news, ending)) for _ in range(count)]
    for one in processes:
        one.start()
    try:
        while any(one.is_alive() for one in processes) or not news.empty():
            with suppress(queue.Empty):
                heard(*news.get(timeout=0.2))
            if ended() or any(one.exitcode for one in processes):
                ending.set()
    finally:
        ending.set()
        for one in processes:
            one.join()
    if any(one.exitcode for one in processes):
        raise RuntimeError("a process of the run failed: see above")


def _process(run: Run, taken: Any, news: Any, ending: Any) -> None:
    """One of the processes. Whoever ends the run says so to the first, who says so here."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    first = multiprocessing.parent_process()

    def ended() -> bool:
        return bool(ending.is_set()) or first is None or not first.is_alive()

    uvloop.run(_share(run, _some_more(run, taken), lambda *said: news.put(said), ended))


def _some_more(run: Run, taken: Any) -> Iterator[Sequence[int]]:
    """The next worlds that no other process has taken."""
    while True:
        with taken.get_lock():
            start, taken.value = taken.value, taken.value + TOGETHER
        if start >= len(run.seeds):
            return
        yield run.seeds[start : start + TOGETHER]


async def _share(run: Run, taken: Iterator[Sequence[int]], heard: Heard, ended: Callable[[], bool]) -> None:
    """One process's worlds, one after the other; then the first that failed in words."""
    database = await fresh(run.server_url)
    async with Product.opened(database) as product:
        owner = await asyncpg.connect(database.owner_url)
        await _prepare(owner)
        bench, failing = Bench(product, owner), list[list[int]]()
        for seeds in taken:
            if ended():
                break
            worlds = [world(seed, run.questions) for seed in seeds]
            await bench.put(worlds)
            for one in worlds:
                if ended():
                    break
                tally = await bench.judged(one)
                failing += tally.failing
                heard([one.seed], tally)
        for seed, number in failing[:SHOWN]:
            heard([], Tally(told=[await bench.told(seed, number, run.questions)]))
        await owner.close()
