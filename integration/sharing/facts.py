"""Reading the facts a decision needs, and nothing else, under a database role that can read nothing else."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from integration.sharing.opt_outs import split
from integration.sharing.request import Choice, Evidence, Facts
from integration.store.connection import Connection
from integration.store.database import TaskRole
from integration.store.labels import Labels

WHOM = """coalesce(
    (select person from toldonce.source_patient where person = asked.id limit 1),
    (select s.person from toldonce.person p join toldonce.source_patient s on s.id = p.issued_to
     where p.id = asked.id))"""
"""Whom the id `asked.id` means: whoever has it, else the person of the source patient it was issued for. SQL."""
_THEN = """coalesce(
    (select person from toldonce.facts where person = asked.id and recorded <= $2 and until > $2 limit 1),
    (select f.person from toldonce.person p join toldonce.source_patient s on s.id = p.issued_to
     join toldonce.facts f on f.source_patient = s.key and f.recorded <= $2 and f.until > $2 where p.id = asked.id))"""
_FACTS = f"""
select f.person, f.labels, f.evidence::text, f.choices::text, f.restricted, f.id, f.recorded
from (select $1::uuid as id, set_config('role', coalesce($2, current_setting('role')), true)) as asked
left join toldonce.facts f on f.person = {WHOM} and f.until = 'infinity' order by f.id
"""
"""In one order, here as below: reasons are given in that of the facts, and a decision that is replayed gives the same.
Asked as `toldonce_facts`, with a step into the role that goes on, if any: what the statement itself may read was looked
up before it began. One row without a person where there is none, so that the step is made then, too."""
_FACTS_OF_MANY = f"""
select asked.place, f.person, f.labels, f.evidence::text, f.choices::text, f.restricted
from unnest($1::uuid[]) with ordinality as asked(id, place)
join toldonce.facts f on f.person = {WHOM} and f.until = 'infinity' order by f.id
"""
_FACTS_AT = f"""
select f.person, f.labels, f.evidence::text, f.choices::text, f.restricted
from (values ($1::uuid)) as asked(id)
join toldonce.facts f on f.person = {_THEN} and f.recorded <= $2 and f.until > $2 order by f.id
"""
_LINKED = "select source_patient from toldonce.facts where person = $1 and until = 'infinity' order by 1"
_LINKED_AT = "select source_patient from toldonce.facts where person = $1 and recorded <= $2 and until > $2 order by 1"
_EVERYBODY = """
select person, labels, evidence::text, choices::text, restricted
from toldonce.facts where until = 'infinity' order by person, id
"""
_CHUNK = 5000
_IDS = f"""
with who as (select {WHOM} as person from unnest($1::uuid[]) as asked(id))
select person as id from who where person is not null
union
select p.id from who join toldonce.source_patient s on s.person = who.person
join toldonce.person p on p.issued_to = s.id
where not exists (select from toldonce.source_patient h where h.person = p.id)
"""
_PERSONS = f"select asked.id, {WHOM} as person from unnest($1::uuid[]) as asked(id)"
_WITH_NUMBER = """
select distinct person from toldonce.source_patient where nhs_number = $1 and person is not null order by person
"""
_WITH_NUMBER_AT = """
select distinct f.person from toldonce.source_patient s
join toldonce.facts f on f.source_patient = s.key and f.recorded <= $2 and f.until > $2
where s.nhs_number = $1 order by f.person
"""
_evidence = msgspec.json.Decoder(list[Evidence])
_choices = msgspec.json.Decoder(list[Choice])


class Rows(NamedTuple):
    """The rows that a person's present facts were read from. None is ever changed but to end it, so these tell exactly
    whether the facts are still the present ones (function `still`, migration `0034`)."""

    numbers: Sequence[int]
    """In order."""
    newest: datetime
    """When the last of them was recorded."""


async def person_facts(
    connection: Connection,
    labels: Labels,
    person: UUID,
    at: datetime | None = None,
    *,
    then: TaskRole | None = None,
) -> Facts:
    """Facts of the person whom this id means now, or meant by what was recorded by `at`. Unknown: `known` is False.
    The connection is in a transaction as `toldonce_facts`; afterwards as `then`, where they are asked as of now."""
    if at is None:
        return (await present_facts(connection, labels, person, then=then))[0]
    said = await connection.fetch(_FACTS_AT, person, at)
    return await _facts(connection, labels, said) if said else Facts(person=person, known=False)


async def present_facts(
    connection: Connection, labels: Labels, person: UUID, *, then: TaskRole | None = None
) -> tuple[Facts, Rows | None]:
    """As `person_facts` as of now, and the rows that say so; None of a person who is not known."""
    said = await connection.fetch(_FACTS, person, then)
    if said[0]["person"] is None:
        return Facts(person=person, known=False), None
    rows = Rows([row["id"] for row in said], max(row["recorded"] for row in said))
    return await _facts(connection, labels, said), rows


async def many_facts(connection: Connection, labels: Labels, persons: Sequence[UUID]) -> list[Facts]:
    """As `person_facts`, of each of these ids as of now, in their order, with one question."""
    said: dict[int, list[asyncpg.Record]] = {}
    for row in await connection.fetch(_FACTS_OF_MANY, list(persons)):
        said.setdefault(row["place"] - 1, []).append(row)
    return [
        await _facts(connection, labels, said[place]) if place in said else Facts(person=person, known=False)
        for place, person in enumerate(persons)
    ]


async def linked(connection: Connection, person: UUID, at: datetime | None = None) -> list[int]:
    """Whose statements are this person's: keys of source patients, in order, now or as it was recorded by `at`."""
    rows = await connection.fetch(_LINKED_AT, person, at) if at else await connection.fetch(_LINKED, person)
    return [row["source_patient"] for row in rows]


async def everybody(connection: Connection, labels: Labels) -> AsyncIterator[Facts]:
    """The facts of every person there is, in the order of their ids, read in pieces. As `person_facts` otherwise."""
    cursor = await connection.cursor(_EVERYBODY)
    begun: list[asyncpg.Record] = []
    while rows := await cursor.fetch(_CHUNK):
        *whole, begun = _by_person([*begun, *rows])
        for said in whole:
            yield await _facts(connection, labels, said)
    if begun:
        yield await _facts(connection, labels, begun)


def _by_person(rows: Iterable[asyncpg.Record]) -> list[list[asyncpg.Record]]:
    return [list(said) for _, said in groupby(rows, key=lambda row: row["person"])]


async def _facts(connection: Connection, labels: Labels, said: Sequence[asyncpg.Record]) -> Facts:
    """What the sources of one person's statements say together."""
    choices, objects = split(one for row in said for one in _choices.decode(row["choices"]))
    return Facts(
        person=said[0]["person"],
        known=True,
        labels=await labels.of(connection, {label for row in said for label in row["labels"]}),
        evidence=tuple(one for row in said for one in _evidence.decode(row["evidence"])),
        choices=choices,
        restricted=any(row["restricted"] for row in said),
        type_1_objection=objects,
    )


async def persons_with_number(connection: Connection, number: str, at: datetime | None = None) -> list[UUID]:
    """Persons of whom some source states this NHS number, in a fixed order: as they are, or as they were by `at`."""
    rows = await connection.fetch(_WITH_NUMBER_AT, number, at) if at else await connection.fetch(_WITH_NUMBER, number)
    return [row["person"] for row in rows]


async def ids_of(connection: Connection, persons: Sequence[UUID]) -> list[UUID]:
    """Every id that means one of the persons whom these ids, present or former, mean."""
    return [row["id"] for row in await connection.fetch(_IDS, list(persons))]


async def persons_of(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The persons whom these ids, present or former, mean."""
    rows = await connection.fetch(_PERSONS, list(ids)) if ids else ()
    return {row["id"]: row["person"] for row in rows if row["person"]}


async def ids_with_number(connection: Connection, number: str) -> list[UUID]:
    """Every id that means somebody of whom a source states this NHS number."""
    return await ids_of(connection, await persons_with_number(connection, number))


async def person_of_resource(connection: Connection, resource_type: str, id_: UUID) -> UUID | None:
    """Whom a stored resource is about."""
    found: UUID | None = await connection.fetchval(
        "select person from toldonce.resource where id = $1 and type = $2", id_, resource_type
    )
    return found


async def person_of_any_version(connection: Connection, resource_type: str, id_: UUID) -> UUID | None:
    """Whom a resource is or was about: it may have been deleted."""
    found: UUID | None = await connection.fetchval(_OF_ANY_VERSION, id_, resource_type)
    return found


_OF_ANY_VERSION = """
select person from toldonce.resource where id = $1 and type = $2
union all (select person from toldonce.resource_history where id = $1 and type = $2 limit 1) limit 1
"""


async def newest_versions(connection: Connection, person: UUID, resource_type: str) -> dict[UUID, int]:
    """The number of the newest version of every resource of this type that is or was about a person."""
    rows = await connection.fetch(_NEWEST, person, resource_type)
    return {row["id"]: row["newest"] for row in rows}


_NEWEST = """
select id, max(version) as newest from (
    select id, version from toldonce.resource where person = $1 and type = $2
    union all select id, version from toldonce.resource_history where person = $1 and type = $2) every group by id
"""


async def with_past_labels(connection: Connection, labels: Labels, facts: Facts) -> Facts:
    """The facts, with the labels that only earlier versions of the person's resources carry."""
    rows = await connection.fetch(
        "select distinct label from toldonce.resource_history where person = $1", facts.person
    )
    past = await labels.of(connection, {row["label"] for row in rows})
    return replace(facts, labels=tuple(sorted({*facts.labels, *past}, key=lambda one: one.id)))
