"""What must hold after any number of crashes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any
from uuid import UUID

import asyncpg

from integration.ingest.packing import unpacked
from tests.crash.engine import digest
from tests.database.ingesting import without_version

Versions = Mapping[UUID, Sequence[tuple[Any, ...]]]
"""By resource, oldest first: (version, type, what tells versions apart ...)."""

_VERSIONS = """
select r.id, r.version, r.type, s.id as source_patient, l.organisation, l.category, l.sensitivities, r.body
from (select id, version, type, source_patient, label, body from toldonce.resource
      union all select id, version, type, source_patient, label, body from toldonce.resource_history) r
join toldonce.source_patient s on s.key = r.source_patient join toldonce.label l on l.id = r.label
order by r.id, r.version
"""


async def versions_of(owner: asyncpg.Connection) -> Versions:
    """All versions of all resources, without the times at which they were stored; a deletion has no body."""
    found: dict[UUID, list[tuple[Any, ...]]] = {}
    for id_, version, kind, *told, body in await owner.fetch(_VERSIONS):
        said = without_version(body) if body is not None else None
        found.setdefault(id_, []).append((version, kind, *map(str, told), said))
    return found


Outbox = Sequence[tuple[Any, ...]]
"""What is kept to be told, as rows in an order of their own; what is kept twice stands twice."""

_OUTBOX = """
select e.topic, e.type, e.resource, encode(e.key, 'hex'), s.id, e.happened, e.due is not null, e.withdrawn is not null
from toldonce.event e join toldonce.source_patient s on s.key = e.source_patient order by e.key, e.id
"""
_STANDING = """
select e.topic, e.type, e.resource, encode(e.key, 'hex'), s.id
from toldonce.event e join toldonce.source_patient s on s.key = e.source_patient
where e.withdrawn is null and exists (select from toldonce.resource r where r.id = e.resource) order by e.key, e.id
"""


async def outbox_of(owner: asyncpg.Connection) -> Outbox:
    """All of `toldonce.event`, as far as messages and the views that were made of them determine it: what happened, to
    whom, when, whether it is to be told, and whether it was taken back; what happened anew, in its order. Left out are
    serial numbers, for batches decide in which order people are assembled; the moments at which it was told, came to be
    due and was withdrawn, for the clock does; and whom it was handed to, for nobody is told here."""
    return [tuple(row) for row in await owner.fetch(_OUTBOX)]


async def standing_of(owner: asyncpg.Connection) -> Outbox:
    """The part of the outbox that messages alone determine, whatever views were made in between: what stands, and whose
    resource is held. Three things depend on the views. An admission that was cancelled before anybody looked was never
    kept; had it been seen, it is kept as withdrawn. What a view said of a resource that is gone since stands, as nobody
    contradicted it. And when something happened, and whether it is to be told, stays as the first view had it, though a
    later message puts its time right."""
    return [tuple(row) for row in await owner.fetch(_STANDING)]


def double_effects(versions: Versions) -> list[str]:
    """Resources whose versions are not 1, 2, 3 ..., or where one says what the version before it said."""
    return [
        f"{listed[0][1]} {id_}: {[one[0] for one in listed]}"
        for id_, listed in versions.items()
        if [one[0] for one in listed] != list(range(1, len(listed) + 1))
        or any(one[1:] == other[1:] for one, other in pairwise(listed))
    ]


async def astray(owner: asyncpg.Connection, messages: Sequence[bytes]) -> dict[str, int]:
    """Messages that are not in the inbox exactly once in their own bytes: empty when all are and nothing else is."""
    rows = await owner.fetch("select digest, content from toldonce.envelope")
    kept = [digest(unpacked(row["content"])) for row in rows]
    held, sent = Counter(kept), Counter(map(digest, messages))
    found = {
        "lost": (sent - held).total(),
        "twice or never sent": (held - sent).total(),
        "changed": sum(one != row["digest"] for one, row in zip(kept, rows, strict=True)),
    }
    return {what: count for what, count in found.items() if count}


_STATES = "select digest, state from toldonce.envelope"
_ACCEPTED = {"done": {"AA"}, "quarantined": {"AE", "AR"}}


async def answered_otherwise(owner: asyncpg.Connection, acknowledged: Mapping[str, str]) -> list[str]:
    """Digests of messages that became something else than their sender was told."""
    return [
        row["digest"]
        for row in await owner.fetch(_STATES)
        if acknowledged[row["digest"]] not in _ACCEPTED.get(row["state"], set())
    ]


_MEMORY = {
    "statements without a reading in force": """
        select count(*) from toldonce.statement s
        where not exists (select from toldonce.envelope e where e.reading = s.reading)""",
    "statements that stand twice": """
        select count(*) from (select from toldonce.statement s join toldonce.envelope e on e.reading = s.reading
        group by e.digest, s.position having count(*) > 1) twice""",
    "facts that say what the facts before them said": """
        select count(*) from (select row(person, labels, evidence, choices, restricted) as said,
            lag(row(person, labels, evidence, choices, restricted)) over w as before
            from toldonce.facts window w as (partition by source_patient order by recorded, until)) f
        where said = before""",
    "facts that overlap": """
        select count(*) from (select recorded, lag(until) over w as before
            from toldonce.facts window w as (partition by source_patient order by recorded, until)) f
        where recorded < before""",
    "happenings that were told or taken back though nothing new was said": """
        select count(*) from toldonce.event e, lateral unnest(array[e.told, e.withdrawn]) as moment
        where moment is not null and not exists (
            select from (select id, recorded from toldonce.resource
                         union all select id, recorded from toldonce.resource_history) r
            where r.id = e.resource and r.recorded = moment)""",
    "linkage decisions that hold twice": """
        select count(*) from (select from toldonce.linkage where until is null
        group by a, b, outcome, made_by, stated_by, reason having count(*) > 1) twice""",
}


async def traces(owner: asyncpg.Connection) -> dict[str, int]:
    """What crashes left behind that no uninterrupted run leaves: empty when there is nothing."""
    found = {what: await owner.fetchval(sql) for what, sql in _MEMORY.items()}
    return {what: count for what, count in found.items() if count}
