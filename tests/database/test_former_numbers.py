"""A number that PDS has replaced still means the person, although no source holds it any more."""

import json
from uuid import UUID

import asyncpg

from integration.ingest.inbox import Delivery
from integration.sharing.facts import persons_with_number
from integration.store.database import Database, act_as
from mappings import uk_core
from tests.database import bad_input
from tests.database.ingesting import ingest
from tests.database.test_person_ids import told

REPLACED, PRESENT, NOBODYS = "9990000018", "9990000026", "9990009996"


def answered(asked: str, number: str) -> Delivery:
    """What PDS answers when it is asked for a number: the record of the one that is in force."""
    patient = {
        "resourceType": "Patient",
        "id": number,
        "identifier": [{"system": uk_core.NHS_NUMBER, "value": number}],
        "meta": {
            "versionId": "2",
            "security": [{"system": uk_core.CONFIDENTIALITY, "code": "U", "display": "unrestricted"}],
        },
        "name": [{"use": "usual", "family": "Peel", "given": ["Jane"]}],
        "birthDate": "1950-01-01",
        "gender": "female",
    }
    return Delivery("pds", "X26", f"{asked}.json", json.dumps(patient).encode(), bad_input.AS_OF)


async def meaning(database: Database, number: str) -> list[UUID]:
    async with database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_facts")
        found = await persons_with_number(connection, number)
        moment = await connection.fetchval("select clock_timestamp()")
        assert await persons_with_number(connection, number, moment) == found
        return found


async def test_a_replaced_number_means_whoever_has_the_present_one(
    database: Database, owner: asyncpg.Connection
) -> None:
    await ingest(database, [told("J1", "PEEL^JANE", "19500101", PRESENT), answered(REPLACED, PRESENT)])
    stated = await owner.fetch("select feed, local_id, person from toldonce.source_patient order by id")
    assert {(row["feed"], row["local_id"]) for row in stated} == {("acute", "J1"), ("pds", REPLACED), ("pds", PRESENT)}
    (person,) = {row["person"] for row in stated}
    assert await meaning(database, PRESENT) == await meaning(database, REPLACED) == [person]
    assert await meaning(database, NOBODYS) == []
    tokens = await owner.fetch("select tokens from toldonce.resource where person = $1 and type = 'Patient'", person)
    for number in (REPLACED, PRESENT):
        assert any(f"identifier={uk_core.NHS_NUMBER}|{number}" in row["tokens"] for row in tokens)


async def test_another_feed_s_own_id_is_no_number(database: Database, owner: asyncpg.Connection) -> None:
    await ingest(database, [told(NOBODYS, "MOSS^TOM", "19600202")])
    assert await owner.fetchval("select count(*) from toldonce.source_patient where local_id = $1", NOBODYS) == 1
    assert await meaning(database, NOBODYS) == []
