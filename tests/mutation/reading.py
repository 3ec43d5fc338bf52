"""python -m tests.mutation.reading, with the options of `tests.mutation`: which small changes of the code that makes
SQL of a Grant, that answers on facts that are kept, or that reads who opted out, nobody notices.

Random worlds are stored once; for each mutant a forked process asks them of the product, and of each of its two locks
alone, and compares with the independent oracle (`tests.sharing`). In another database it changes what is recorded
between reads, and compares what a process answers that keeps facts with one that does not.
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
from tests.database import keeping_facts
from tests.database import test_kept_facts as keeping
from tests.migrated import fresh
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
    "integration.record.consult": frozenset(
        {
            "_from_kept",
            "_decide_from_kept",
            "_from_read",
            "_at_once",
            "_in_transaction",
            "_first_of_all",
            "_may_be_kept",
        }
    ),
    "integration.record.kept_facts": frozenset(
        {"versions", "latest", "still", "of", "keep", "granted_before", "name", "forget", "_held_once"}
    ),
    "integration.record.reader": frozenset({"_ask", "_another", "named", "_keep_directory"}),
    "integration.sharing.opt_outs": frozenset({"split", "is_beyond_care", "with_opt_out"}),
    "integration.record.row_policy": frozenset({"telling", "told", "moments", "_windows"}),
}
SEEDS, QUESTIONS = range(40), 60
KEPT, CHANGES = range(100, 106), 8
"""Seeds of the worlds in which facts are kept, and how often something is recorded in each."""


_OF_WHAT_IS_KEPT = (
    keeping.test_of_a_restriction_recorded_elsewhere_the_next_read_knows,
    keeping.test_an_error_and_an_answer_without_a_question_wait_for_the_facts_as_well,
    keeping.test_one_question_is_a_whole_answer_until_the_directory_changes,
    keeping.test_a_resource_that_refers_to_what_is_not_kept_is_answered_with_it,
    keeping.test_after_a_server_was_put_back_the_same_version_is_not_the_same_entry,
    keeping.test_a_reader_of_one_question_asks_no_other,
    keeping.test_only_whoever_was_granted_something_is_served_from_what_is_kept,
    keeping.test_each_read_is_decided_at_its_own_moment_and_by_the_policy_in_force,
    keeping.test_what_was_granted_serves_for_its_day_and_its_policy,
    keeping.test_after_a_server_was_put_back_the_same_number_is_not_the_same_fact,
)


async def store(server_url: str) -> Database:
    database = await fresh(server_url)
    async with Product.opened(database) as product:
        owner = await asyncpg.connect(database.owner_url)
        await _prepare(owner)
        await run.Bench(product, owner).put([world(seed, QUESTIONS) for seed in SEEDS])
        await owner.close()
    return database


async def noticed(database: Database, changing: Database) -> str:
    """What notices that the code is changed; empty where nothing does."""
    if await _kept_wrongly(changing):
        return "what is kept"
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


async def _kept_wrongly(database: Database) -> bool:
    """Whether who keeps facts answers another thing than who reads them, saves nothing, never answers by one question,
    or keeps too much. One at a time: each stores its worlds anew."""
    owner = await asyncpg.connect(database.owner_url)
    try:
        await owner.execute("select pg_advisory_lock(1)")
        keeping.test_what_was_read_longest_ago_is_forgotten()
        keeping.test_an_entry_is_held_once_and_no_longer_than_somebody_keeps_it()
        async with keeping_facts.opened(database) as kept:
            for test in _OF_WHAT_IS_KEPT:
                await test(kept)
            long = kept.keeping.long
            saved, _ = await keeping_facts.compared(kept, KEPT, CHANGES)
    except AssertionError:
        return True
    finally:
        await owner.close()
    return saved <= kept.keeping.long - long


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


def said_of(database: Database, changing: Database) -> str:
    try:
        return asyncio.run(noticed(database, changing))
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
            database, changing = asyncio.run(store(server.get_uri())), asyncio.run(fresh(server.get_uri()))
            for _ in range(2):  # what one leaves behind must not be what the next notices
                if said := alone(lambda: said_of(database, changing)):
                    raise RuntimeError(f"noticed without any change: {said}")

            def work(mutant: Mutant) -> Callable[[], str]:
                def tried() -> str:
                    plant(modules[mutant.module], mutant.code)
                    return said_of(database, changing)

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
