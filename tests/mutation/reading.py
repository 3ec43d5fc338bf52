"""python -m tests.mutation.reading, with the options of `tests.mutation`: which small changes of the code that makes
SQL of a Grant, or that reads who opted out, nobody notices.

Random worlds are stored once; for each mutant a forked process asks them of the product, and of each of its two locks
alone, and compares with the independent oracle (`tests.sharing`).
"""

import asyncio
import importlib
import random
import sys
import tempfile
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from integration.record.conditions import permitted
from integration.sharing.request import Caller, DataWindow, Grant, Request
from integration.store.database import Database, _prepare, embedded_server
from tests.mutation.asked import asked
from tests.mutation.forked import alone, each
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.planted import plant
from tests.sharing import run
from tests.sharing.product import Product
from tests.sharing.worlds import world
from tests.spec.granted import Stored, shown, stored, through_the_row_policy

FUNCTIONS = {
    "integration.record.conditions": frozenset({"permitted", "granted", "_within"}),
    "integration.record.reader": frozenset({"_ask"}),
    "integration.sharing.opt_outs": frozenset({"split", "is_beyond_care", "with_opt_out"}),
    "integration.record.row_policy": frozenset({"telling", "told", "moments", "as_array", "_windows"}),
}
SEEDS, QUESTIONS = range(40), 60


async def store(server_url: str) -> Database:
    database = await run.fresh(server_url)
    async with Product.opened(database) as product:
        owner = await asyncpg.connect(database.owner_url)
        await _prepare(owner)
        await run.Bench(product, owner).put([world(seed, QUESTIONS) for seed in SEEDS])
        await owner.close()
    return database


async def noticed(database: Database) -> str:
    """What notices that the code is changed; empty where nothing does."""
    owner = await asyncpg.connect(database.owner_url)
    async with database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        if await _each_lock_alone(owner, connection):
            return "a lock alone"
    async with Product.opened(database) as product:
        bench = run.Bench(product, owner)
        for seed in SEEDS:
            if (await bench.judged(world(seed, QUESTIONS), stop=True)).failing:
                return "a lock alone, or both"
    return ""


async def _each_lock_alone(owner: asyncpg.Connection, connection: asyncpg.Connection) -> bool:
    """Whether the query's conditions, or the row policy, show something else of a Grant than Python counts."""
    chance = random.Random(5)
    persons = [row["person"] for row in await owner.fetch("select distinct person from toldonce.resource order by 1")]
    for person in persons[:25]:
        rows = await stored(owner, person)
        for _ in range(4):
            grant = _some(chance, person, rows)
            conditions, values = permitted(grant)
            found = await owner.fetch(f"select id from toldonce.resource where {' and '.join(conditions)}", *values)
            expected = shown(grant, rows)
            if {row["id"] for row in found} != expected:
                return True
            if await through_the_row_policy(connection, grant) != expected:
                return True
    return False


def _some(chance: random.Random, person: UUID, rows: list[Stored]) -> Grant:
    """A Grant of some of the labels, without some days and some resources."""
    labels = sorted({row.label for row in rows})
    kept = tuple(one for one in labels if chance.random() < 0.8)
    days = [row.starts.date() for row in rows if row.starts] + [row.ends.date() for row in rows if row.ends]
    windows = []
    for _ in range(chance.choice((0, 1, 1, 2)) if days else 0):
        start, end = sorted(chance.choices(days, k=2))
        bounds = (chance.choice((start, start, None)), chance.choice((end, end, None)))
        windows.append(DataWindow(tuple(chance.sample(labels, k=max(1, len(labels) // 2))), *bounds))
    withheld = tuple(row.id for row in rows if chance.random() < 0.1)
    request = Request(Caller("client", "X1", "role", "TREAT"), person, datetime.now(UTC))
    return Grant(request, person, kept, tuple(windows), withheld)


def said_of(database: Database) -> str:
    try:
        return asyncio.run(noticed(database))
    except Exception as error:  # noqa: BLE001  whatever a mutant raises, it is noticed
        return type(error).__name__


def main() -> None:
    """Run all, tell survivors."""
    wanted = asked("tests.mutation.reading", __doc__ or "", FUNCTIONS)
    run.ALONE = 3
    modules = {name: importlib.import_module(name) for name in FUNCTIONS if wanted.wants(name)}
    found = wanted.some([one for name in modules for one in mutants(name, FUNCTIONS[name])])
    with tempfile.TemporaryDirectory(prefix="toldonce-mutation-") as folder:
        server = embedded_server(Path(folder) / "postgres")
        try:
            database = asyncio.run(store(server.get_uri()))
            if said := alone(lambda: said_of(database)):
                raise RuntimeError(f"noticed without any change: {said}")

            def work(mutant: Mutant) -> Callable[[], str]:
                def tried() -> str:
                    plant(modules[mutant.module], mutant.code)
                    return said_of(database)

                return tried

            for mutant, by in each(((one, work(one)) for one in found), wanted.workers):
                wanted.outcome.add(str(mutant), by)
        finally:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                server.cleanup()
    sys.exit(wanted.outcome.end())


if __name__ == "__main__":
    main()
