"""How long linking one record takes: candidates, comparison and relinking in one transaction, as ingest does it.

The people are put into the database by COPY as ingest would have left them: source patients, their blocks and the
decisions about them, a Patient resource and facts of each. Some records are held back and then linked one by one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from time import perf_counter
from uuid import UUID

import asyncpg
import orjson

from integration.config import Settings
from integration.identity import linking
from integration.identity.blocks import blocks, number_blocks
from integration.identity.linking import Stated
from integration.identity.people import Decision, people, person_ids
from integration.store.database import Database
from tests.linkage.records import Record

SECRET = b"latency"
WARMED_UP = 100
"""Records linked before the clock counts."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds for one record, of so many linked."""

    records: int
    linked: int
    p50: float
    p99: float


async def measure(
    settings: Settings, records: Sequence[Record], decisions: Sequence[Decision], count: int, seed: int
) -> Latency:
    """Put all but `count` of the records into that migrated database, then link those."""
    late = set(Random(f"latency {seed}").sample(range(len(records)), min(count + WARMED_UP, len(records) // 2)))
    database = Database(settings)
    await _fill(database, records, decisions, late)
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        times = [await _linked(connection, place, records[place]) for place in sorted(late)][WARMED_UP:]
    times.sort()
    return Latency(len(records), len(times), 1000 * times[len(times) // 2], 1000 * times[int(len(times) * 0.99)])


async def _linked(connection: asyncpg.pool.PoolConnectionProxy, place: int, record: Record) -> float:
    """Seconds from a known source patient who is nobody yet to the commit of whom it is."""
    id_ = UUID(int=place)
    await connection.execute(
        "insert into toldonce.source_patient (id, feed, organisation, local_id) values ($1, $2, 'X', $3)",
        id_, record.sector, str(place),
    )  # fmt: skip
    start = perf_counter()
    async with connection.transaction():
        stated = await linking.changed(connection, [Stated(id_, record.says)])
        await linking.alone(connection)
        await linking.relink(connection, SECRET, stated)
        await linking.persons(connection, [id_])
    return perf_counter() - start


async def _fill(
    database: Database, records: Sequence[Record], decisions: Sequence[Decision], late: Collection[int]
) -> None:
    nodes = {UUID(int=place): one.says for place, one in enumerate(records) if place not in late}
    held = [one for one in decisions if one.a in nodes and one.b in nodes]
    persons = person_ids(SECRET, people(nodes, held), nodes)
    owner = await asyncpg.connect(database.owner_url)
    try:
        await owner.execute("set session_replication_role = replica")
        await _copy_source_patients(owner, records, persons)
        await owner.copy_records_to_table(
            "linkage",
            schema_name="toldonce",
            columns=["a", "b", "outcome", "made_by", "reason", "strength", "followed"],
            records=[
                (one.a, one.b, one.outcome, one.made_by, one.reason, one.strength, one.outcome == "SAME")
                for one in held
            ],
        )
        await owner.execute(_REST)
        await owner.execute("vacuum analyze")
    finally:
        await owner.close()


async def _copy_source_patients(
    owner: asyncpg.Connection, records: Sequence[Record], persons: Mapping[UUID, UUID]
) -> None:
    listed = [(UUID(int=place), one) for place, one in enumerate(records) if UUID(int=place) in persons]
    await owner.copy_records_to_table(
        "source_patient",
        schema_name="toldonce",
        columns=["id", "feed", "organisation", "local_id", "person", "nhs_number", "birth_date", "demographics"],
        records=[
            (id_, one.sector, "X", str(id_.int), persons[id_], number, birth_date, orjson.dumps(said).decode())
            for id_, one in listed
            for number, birth_date, said in [linking._columns(Stated(id_, one.says))]
        ],
    )
    keys = dict(await owner.fetch("select id, key from toldonce.source_patient"))
    await owner.copy_records_to_table(
        "block",
        schema_name="toldonce",
        columns=["block", "source_patient"],
        records=[(block, keys[id_]) for id_, one in listed for block in blocks(one.says) | number_blocks(one.says)],
    )


_REST = """
insert into toldonce.person select distinct on (person) person, id from toldonce.source_patient order by person, id;
insert into toldonce.facts (source_patient, person, labels, evidence, choices, restricted)
select key, person, '{1}', '[]', '[]', false from toldonce.source_patient;
insert into toldonce.resource (person, id, type, feed, source_patient, label, version, recorded, refs, entries, digest,
    body) select person, id, 'Patient', feed, key, 1, 1, now(), '{}', '{}', '', '' from toldonce.source_patient;
"""
