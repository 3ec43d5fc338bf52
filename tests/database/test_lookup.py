"""Who may be meant by demographics: found by blocks alone, under a role that reads no demographics."""

import re
from collections.abc import Mapping
from uuid import UUID

import asyncpg
import pytest

from integration.identity import lookup as module
from integration.identity.blocks import CROWDED, blocks, number_blocks
from integration.identity.demographics import Demographics
from integration.identity.lookup import lookup
from integration.store.database import Database, act_as

JANE = Demographics(
    nhs_number="9990000018",
    families=frozenset({"peel"}),
    given=frozenset({"jane"}),
    birth_date="1950-03-14",
    postcodes=frozenset({"cv56zb"}),
)
NO_NUMBER = Demographics(families=JANE.families, given=JANE.given, birth_date=JANE.birth_date)
NAMESAKE = Demographics(families=JANE.families, given=JANE.given, birth_date="1950-11-02")
OTHER = Demographics(families=frozenset({"moss"}), given=frozenset({"tom"}), birth_date="1961-01-02")
UNBORN = Demographics(nhs_number=JANE.nhs_number)


async def tell(owner: asyncpg.Connection, told: Mapping[UUID, Demographics]) -> None:
    """One source patient of each person, in their blocks."""
    await owner.execute("truncate toldonce.source_patient, toldonce.block cascade")
    for person, who in told.items():
        key = await owner.fetchval(
            "insert into toldonce.source_patient (id, feed, organisation, local_id, person) "
            "values (gen_random_uuid(), 'acute', 'X9A', $1, $2) returning key",
            str(person),
            person,
        )
        found = [(block, key) for block in blocks(who) | number_blocks(who)]
        await owner.executemany("insert into toldonce.block (block, source_patient) values ($1, $2)", found)


async def asked(database: Database, who: Demographics, most: int = 10) -> list[int]:
    async with database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_matcher")
        return [person.int for person in await lookup(connection, who, most)]


async def test_whoever_has_the_number_comes_first_then_those_with_most_in_common(
    database: Database, owner: asyncpg.Connection
) -> None:
    await tell(owner, {UUID(int=1): OTHER, UUID(int=2): NAMESAKE, UUID(int=3): NO_NUMBER, UUID(int=4): UNBORN})

    assert await asked(database, JANE) == [4, 3, 2]
    assert await asked(database, JANE, most=2) == [4, 3]
    assert await asked(database, OTHER) == [1]
    assert await asked(database, Demographics()) == []


async def test_a_block_that_too_many_share_finds_nobody_but_a_number_always(
    database: Database, owner: asyncpg.Connection
) -> None:
    await tell(owner, {UUID(int=number): UNBORN for number in range(1, CROWDED + 3)})
    assert len(await asked(database, JANE)) == 10
    crowd = {UUID(int=number): Demographics(ids=frozenset({"urn:a|default"})) for number in range(1, CROWDED + 2)}
    await tell(owner, crowd)
    assert await asked(database, Demographics(ids=frozenset({"urn:a|default"}))) == []
    await tell(owner, dict(list(crowd.items())[:CROWDED]))
    assert len(await asked(database, Demographics(ids=frozenset({"urn:a|default"})))) == 10


@pytest.mark.parametrize(
    "query",
    [
        "select demographics from toldonce.source_patient",
        "select nhs_number from toldonce.source_patient",
        "select birth_date from toldonce.source_patient",
        "select local_id from toldonce.source_patient",
        "select 1 from toldonce.facts",
        "select 1 from toldonce.resource",
        "delete from toldonce.block",
    ],
)
async def test_its_role_reads_hashes_and_person_ids_alone(database: Database, query: str) -> None:
    async with database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_matcher")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(query)


async def test_with_very_many_people_it_reads_no_whole_table(database: Database, owner: asyncpg.Connection) -> None:
    await owner.execute("truncate toldonce.source_patient, toldonce.block cascade")
    await owner.execute(
        "insert into toldonce.source_patient (id, feed, organisation, local_id, person) "
        "select gen_random_uuid(), 'acute', 'X9A', n, gen_random_uuid() from generate_series(1, 20000) n"
    )
    await owner.execute(
        "insert into toldonce.block select distinct (key * n) % 9000, key from toldonce.source_patient, "
        "generate_series(1, 5) n"
    )
    await owner.execute("analyze; set plan_cache_mode = force_generic_plan; set jit = off")
    await owner.execute(f"prepare asked as {module._SHARING}")
    plan = "\n".join(row[0] for row in await owner.fetch("explain execute asked('{1,2}', '{11,201}', '{t,f}', 10)"))
    assert not re.findall(r"Seq Scan on (\w+)", plan), plan
