"""A run: worlds of consecutive seeds, all processors, every decision judged and asked, what happened counted."""

import asyncio
import json
import multiprocessing
import queue
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any
from uuid import uuid4

import asyncpg

from integration.config import Settings
from integration.store.database import Database, _prepare
from tests.sharing import stored
from tests.sharing.compare import LEAK, differences, told
from tests.sharing.facts import Question, World
from tests.sharing.oracle import RULES, Oracle
from tests.sharing.product import Product
from tests.sharing.shrink import shrunk
from tests.sharing.worlds import QUESTIONS, world

TOGETHER = 20
"""Worlds whose people are in the database at the same time."""
ALONE = 20
"""Every so many decisions each lock is looked at alone, too."""
SHOWN = 3
"""Failing decisions that are told in full."""


@dataclass
class Tally:
    """What a run saw."""

    worlds: int = 0
    decisions: int = 0
    shown: int = 0
    rows: int = 0
    alone: int = 0
    leaks: int = 0
    wrong: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    decided: Counter[str] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    failing: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        for name in ("worlds", "decisions", "shown", "rows", "alone", "leaks", "wrong"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("answers", "decided", "pairs"):
            getattr(self, name).update(getattr(other, name))
        self.failing = [*self.failing, *other.failing][:SHOWN]

    def shortcomings(self) -> list[str]:
        """What the run did not try enough to mean anything."""
        missing = [f"rules {a} and {b} never met" for a, b in combinations(RULES, 2) if not self.pairs[a, b]]
        rare = [f"rule {rule} decided less than 1%" for rule in RULES if self.decided[rule] * 100 < self.decisions]
        few = ["less than 30% of decisions show something"] if self.shown * 10 < self.decisions * 3 else []
        return [*missing, *rare, *few]


@dataclass(frozen=True)
class Run:
    """`count` worlds from seed `first` on, on the server at this URL (its owner's)."""

    server_url: str
    first: int
    count: int
    questions: int = QUESTIONS


async def fresh(server_url: str) -> Database:
    """A migrated database of its own."""
    name = f"sharing{uuid4().hex}"
    owner = await asyncpg.connect(server_url)
    await owner.execute(f'create database "{name}"')
    await owner.close()
    database = Database(Settings(database_url=server_url.replace("/postgres?", f"/{name}?")))
    await database.migrate()
    return database


class Bench:
    """The product on one database, and the owner's connection that writes worlds into it."""

    def __init__(self, product: Product, owner: asyncpg.Connection) -> None:
        self.product = product
        self.owner = owner

    async def put(self, worlds: list[World]) -> None:
        async with self.owner.transaction():
            await stored.forget(self.owner)
            await stored.store(self.owner, self.product.records.labels, worlds)

    async def judged(self, one: World, tally: Tally, *, stop: bool = False) -> None:
        """Every question of a world whose people are stored. `stop` at the first difference."""
        self.product.agree(one)
        oracle = Oracle(one)
        tally.worlds += 1
        for number, question in enumerate(one.questions):
            found = await self._asked(oracle, question, tally, alone=number % ALONE == 0)
            if found:
                tally.leaks += any(line.startswith(LEAK) for line in found)
                tally.wrong += not any(line.startswith(LEAK) for line in found)
                if len(tally.failing) < SHOWN:
                    tally.failing.append(json.dumps([one.seed, number]))
                if stop:
                    return

    async def _asked(self, oracle: Oracle, question: Question, tally: Tally, *, alone: bool) -> list[str]:
        verdict = oracle.judge(question)
        seen = await self.product.ask(question, alone=alone)
        tally.decisions += 1
        tally.alone += alone
        tally.shown += bool(seen.visible)
        tally.rows += len(seen.visible)
        tally.answers[verdict.answer] += 1
        tally.decided.update(verdict.decided)
        tally.pairs.update((a, b) for a, b in combinations(RULES, 2) if {a, b} <= verdict.acted)
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


async def piece(run: Run, told_so_far: Callable[[int], Any]) -> Tally:
    """One process's share, one world after the other."""
    tally = Tally()
    database = await fresh(run.server_url)
    async with Product.opened(database) as product:
        owner = await asyncpg.connect(database.owner_url)
        await _prepare(owner)
        bench = Bench(product, owner)
        for start in range(run.first, run.first + run.count, TOGETHER):
            seeds = range(start, min(start + TOGETHER, run.first + run.count))
            worlds = [world(seed, run.questions) for seed in seeds]
            await bench.put(worlds)
            for one in worlds:
                await bench.judged(one, tally)
                told_so_far(len(one.questions))
        tally.failing = [await bench.told(*json.loads(one), run.questions) for one in tally.failing]
        await owner.close()
    return tally


def on_all_processors(run: Run, told_so_far: Callable[[int], Any], workers: int | None = None) -> Tally:
    """The run, shared among processes. `told_so_far` hears of decisions made, in this process."""
    workers = min(workers or multiprocessing.cpu_count(), run.count)
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager, ProcessPoolExecutor(workers, context) as pool:
        news = manager.Queue()
        shares = [
            replace(run, first=run.first + run.count * n // workers,
                    count=run.count * (n + 1) // workers - run.count * n // workers)
            for n in range(workers)
        ]  # fmt: skip
        pieces = [pool.submit(_share, share, news) for share in shares]
        while not all(one.done() for one in pieces) or not news.empty():
            try:
                told_so_far(news.get(timeout=0.2))
            except queue.Empty:
                continue
        tally = Tally()
        for one in pieces:
            tally.add(one.result())
        return tally


def _share(run: Run, news: Any) -> Tally:
    return asyncio.run(piece(run, news.put))
