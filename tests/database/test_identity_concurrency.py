"""Two workers meet one new person at the same time, and people decide while messages come: one person, no deadlock."""

import asyncio
from contextlib import AsyncExitStack
from itertools import combinations
from random import Random
from uuid import UUID

import asyncpg
import pytest

from integration.errors import NotPossible
from integration.identity.decisions import decide, withdraw
from integration.ingest import inbox
from integration.ingest.inbox import Delivery
from integration.store.database import Database
from tests.database import bad_input
from tests.database.ingesting import SECRET, differences, emptied, ingest, record_of, worker

PATIENCE = 60
"""Seconds after which it counts as a deadlock that PostgreSQL has not seen."""


@pytest.fixture(autouse=True)
async def empty(owner: asyncpg.Connection) -> None:
    await emptied(owner)


def message(n: int, trust: str, number: str = "", phone: str = "02476000001") -> Delivery:
    """What one of two hospitals says of the n-th person, who is alone in having that name and birth date."""
    local = f"{trust}-{n}"
    identifiers = f"{number}^^^NHS~{local}^^^X9A^MR" if number else f"{local}^^^X9A^MR"
    name = "".join("BCDFGHJKLM"[int(digit)] + "A" for digit in f"{n:03}")
    fields = {
        3: identifiers, 5: f"{name}SON^{name}^^^MS^^L", 7: f"{1930 + n}0{1 + n % 9}{11 + n % 17}", 8: "2",
        11: f"{n} High St^^^^CV1 {n % 10}AA", 13: phone, 32: "NSTS01" if number else "",
    }  # fmt: skip
    pid = "PID|" + "|".join(fields.get(place, "") for place in range(1, 33))
    content = bad_input.hl7(pid).replace(b"X9A", trust.encode())
    return Delivery("acute", trust, f"{local}.hl7", content, bad_input.AS_OF)


@pytest.mark.parametrize("number", ["9990000018", ""], ids=["verified number", "no number"])
async def test_two_first_messages_at_once_make_one_person(
    database: Database, owner: asyncpg.Connection, number: str
) -> None:
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(worker(database)) for _ in range(2)]
        for n in range(1, 16):
            if number:
                await emptied(owner)
            async with workers[0].pool.acquire() as connection:
                await inbox.receive(connection, [message(n, trust, number) for trust in ("X9A", "X9E")])
            await asyncio.gather(*(one.read(1) for one in workers))
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(one.assemble(1) for one in workers))
            await asyncio.gather(*(one.run() for one in workers))
            told = await owner.fetch(
                "select person from toldonce.source_patient where local_id like '%-' || $1", str(n)
            )
            assert len(told) == 2
            assert len({row["person"] for row in told}) == 1
            assert await owner.fetchval("select count(*) from toldonce.facts where until = 'infinity' and person = $1",
                told[0]["person"]) == 2  # fmt: skip


async def test_many_decide_while_messages_come(database: Database, owner: asyncpg.Connection) -> None:
    """Four people decide about any pairs, over and over, while three workers take messages that change who is who."""
    first = [message(n, trust) for n in range(1, 6) for trust in ("X9A", "X9E")]
    again = [message(n, trust, phone=f"0247600{n:04}") for n in range(1, 6) for trust in ("X9A", "X9E")]
    await ingest(database, first)
    ids = [row["id"] for row in await owner.fetch("select id from toldonce.source_patient order by id")]
    last: dict[tuple[UUID, UUID], str] = {}

    async def somebody(seed: int) -> None:
        """Each has pairs of their own, so that the last decision about a pair is known."""
        random = Random(seed)
        own = [pair for place, pair in enumerate(combinations(ids, 2)) if place % 4 == seed]
        async with worker(database) as pipeline:
            for _ in range(12):
                pair = random.choice(own)
                act = random.choice(["SAME", "NOT THE SAME", "withdraw"])
                async with pipeline.pool.acquire() as connection:
                    try:
                        async with connection.transaction():
                            if act == "withdraw":
                                await withdraw(connection, SECRET, pair, "Dr", "why")
                            else:
                                outcome = "SAME" if act == "SAME" else "NOT THE SAME"
                                await decide(connection, SECRET, pair, outcome, "Dr", "why")  # type: ignore[arg-type]
                        last[pair] = act
                    except NotPossible:
                        assert act == "withdraw"

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(somebody(seed) for seed in range(4)), *(ingest(database, again, batch=2) for _ in "abc"))
    parallel = await record_of(owner)
    await emptied(owner)
    await ingest(database, [*first, *again])
    async with worker(database) as pipeline, pipeline.pool.acquire() as connection:
        for pair, act in last.items():
            if act != "withdraw":
                async with connection.transaction():
                    outcome = "SAME" if act == "SAME" else "NOT THE SAME"
                    await decide(connection, SECRET, pair, outcome, "Dr", "why")  # type: ignore[arg-type]
    assert differences(parallel, await record_of(owner)) == {}
