"""Adding people to a caseload and ending that, with the relationship that follows from it, in one transaction.

A membership is somebody's word about a person, as whatever is recorded here is: a source patient of the feed
`caseload` for each organisation that says so and each id that it said it of, who is nobody by itself and goes with that
id through merges and their undoing (`identity.following`). Its facts are evidence of the kind `caseload` for the
organisations of the caseload, and nothing else. What ended is no evidence any more: the next read obeys.

The connection is in a transaction as `toldonce_ingest`. Who may add and end: `permission.py`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from adapters.recorded.parse import source_patient
from adapters.recorded.state import about
from adapters.records import LONDON, SourcePatient
from integration.errors import Conflict
from integration.identity import following, linking
from integration.ingest import due, statements
from integration.sharing.request import Evidence
from integration.store import facts
from integration.store.connection import Connection
from integration.store.facts import SourceFacts
from integration.teams.caseloads.document import Caseload, kept, load
from mappings.ids import Ids

FEED = "caseload"
"""Of source patients alone: nobody sends it, and nothing of the record is made of it."""
_LOCK = 0x1D0CE2
"""First half of the advisory locks of caseloads whose description is put in force."""
MOVED = "Whom this id means has changed meanwhile; find the person again and repeat."


@dataclass(frozen=True)
class Place:
    """Somebody's place on a caseload as it is meant: of a person (present id), for a reason (a code of the caseload's
    description), said by an organisation."""

    person: UUID
    organisation: str
    reason: str
    by_rule: bool
    added_by: str


async def apply(connection: Connection, text: str, by: str, reason: str) -> bool:
    """Put a description in force; False when it is already. Whoever looks after the members from now on is stated with
    it. Raises CaseloadError, and Conflict where it would give a caseload to another owner."""
    caseload = load(text)
    await connection.execute("select pg_advisory_xact_lock($1, hashtext($2))", _LOCK, caseload.id)
    standing = await connection.fetchval(_STANDING, caseload.id)
    if standing == text:
        return False
    if standing is not None and kept(standing).organisation != caseload.organisation:
        raise Conflict("A caseload stays with its owner; describe another one.")
    await connection.execute(_DESCRIBE, caseload.id, text, by, reason)
    rows = await connection.fetch(_STATED, caseload.id)
    await _hold(connection, [row["source_patient"] for row in rows])
    await _restate(connection, [row["source_patient"] for row in rows])
    return True


async def add(
    connection: Connection, secret: bytes, caseload: Caseload, places: Sequence[Place], at: datetime
) -> list[UUID]:
    """Add people from `at` on; whoever is there already by the same organisation's word, in the same way, stays as they
    are. The persons who are new on it in that way. Raises Conflict where an id is nobody's any more."""
    said = {place: await _source(connection, place) for place in places}
    keys = await statements.source_patients(connection, secret, sorted({(FEED, one) for one in said.values()}))
    await _hold(connection, keys.values())
    await following.state(
        connection, {UUID(Ids(secret, one, FEED).own("Patient")): about(one) for one in said.values()}
    )
    persons = await _persons(connection, keys.values())
    new = []
    for place, patient in said.items():
        key = keys[FEED, patient]
        if persons[key] != place.person:
            raise Conflict(MOVED)
        if await connection.fetchval(_ADD, caseload.id, key, place.by_rule, place.reason, at, place.added_by):
            new.append(place.person)
    await _restate(connection, keys.values())
    return new


async def end(
    connection: Connection,
    caseload: Caseload,
    persons: Collection[UUID],
    ended: tuple[str, str],
    at: datetime,
    *,
    by_rule_of: str | None = None,
) -> list[UUID]:
    """End at `at` every membership of these persons (present ids); or those alone that the rule made for a practice.
    `ended`: by whom, and why. The persons of whom there was one."""
    rows = await connection.fetch(_OPEN, caseload.id, list(persons), by_rule_of)
    keys = sorted({row["source_patient"] for row in rows})
    await _hold(connection, keys)
    found = await connection.fetch(_END, caseload.id, keys, by_rule_of, at, *ended)
    await _restate(connection, keys)
    return sorted({row["person"] for row in found})


async def _source(connection: Connection, place: Place) -> SourcePatient:
    """Whose word about whom: by the id as it is now, and for whom that was issued."""
    issued_for = await connection.fetchval(
        "select s.id from toldonce.person p join toldonce.source_patient s on s.id = p.issued_to where p.id = $1",
        place.person,
    )
    if issued_for is None:
        raise Conflict(MOVED)
    return source_patient(place.organisation, str(place.person), str(issued_for))


async def _hold(connection: Connection, keys: Collection[int]) -> None:
    """One writer at a time for each of these source patients, and nobody moves, until the transaction ends."""
    for key in sorted(set(keys)):
        await due.hold(connection, key)
    await linking.unmoved(connection)


async def _persons(connection: Connection, keys: Collection[int]) -> dict[int, UUID]:
    rows = await connection.fetch("select key, person from toldonce.source_patient where key = any($1)", list(keys))
    return {row["key"]: row["person"] for row in rows}


async def _restate(connection: Connection, keys: Collection[int]) -> None:
    """Let the facts of these source patients be what their memberships say that hold now."""
    persons = await _persons(connection, keys)
    evidence: dict[int, set[Evidence]] = {key: set() for key in persons}
    for row in await connection.fetch(_HOLDING, list(keys)):
        since = row["since"].astimezone(LONDON).date()
        evidence[row["source_patient"]] |= {
            Evidence("caseload", one, row["organisation"], since) for one in kept(row["content"]).organisations
        }
    await facts.replace(
        connection,
        [
            SourceFacts(key, persons[key], (), sorted(said, key=str), (), restricted=False)
            for key, said in evidence.items()
        ],
    )


_STANDING = "select content from toldonce.caseload_document where caseload = $1 order by id desc limit 1"
_DESCRIBE = """
insert into toldonce.caseload_document (caseload, content, applied_by, reason, applied)
values ($1, $2, $3, $4, clock_timestamp())
"""
_STATED = "select distinct source_patient from toldonce.caseload_member where caseload = $1 and until is null"
_ADD = """
insert into toldonce.caseload_member (caseload, source_patient, by_rule, reason, since, added_by)
values ($1, $2, $3, $4, $5, $6) on conflict do nothing returning id
"""
_HOLDS = """m.caseload = $1 and m.until is null and s.key = m.source_patient
    and ($3::text is null or (m.by_rule and s.organisation = $3))"""
_OPEN = f"""
select m.source_patient from toldonce.caseload_member m, toldonce.source_patient s where s.person = any($2) and {_HOLDS}
"""
_END = f"""
update toldonce.caseload_member m set until = $4, ended_by = $5, ended_why = $6
from toldonce.source_patient s where s.key = any($2) and {_HOLDS} returning s.person
"""
_HOLDING = """
select m.source_patient, m.since, s.organisation,
    (select d.content from toldonce.caseload_document d where d.caseload = m.caseload order by d.id desc limit 1)
from toldonce.caseload_member m join toldonce.source_patient s on s.key = m.source_patient
where m.source_patient = any($1) and m.until is null
"""
