"""What happened, kept in the very transaction that stores the resources which say so: an outbox.

A row holds ids, a topic and moments, and nothing about anybody. `dispatched` and whom it is told are the work of
`teams.subscriptions`, in other transactions and other processes.

Each happening is kept once: its key is unique as long as it stands. It stands until a source contradicts it (an
admission is cancelled, a discharge taken back), and may then happen anew. What vanishes with its resource is not
contradicted. Whatever happened longer ago than NEW_ENOUGH when it is first told is not announced, nor what has no date
and came with the first that a source ever told of a person: a file of last year's admissions wakes nobody.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

import msgspec

from integration.store.connection import Connection

NEW_ENOUGH = timedelta(days=7)
"""Between a happening and its first telling, for it to be announced."""
_REMEMBERED = timedelta(days=60)
"""Happenings longer ago are not compared with what is kept: none of them can be waiting any more."""
CHANNEL = "toldonce_events"
"""PostgreSQL tells on it that something happened, or waits to be told."""


class Topic(StrEnum):
    """What can be announced: the last part of a topic's canonical URL."""

    ADMISSION = "admission"
    DISCHARGE = "discharge"
    ATTENDANCE = "emergency-attendance"
    DEATH = "death"
    SAFEGUARDING = "safeguarding-flag"
    ADJUSTMENT = "reasonable-adjustment-flag"
    REVIEW = "care-plan-review-due"
    COORDINATOR = "care-coordinator-changed"


class Happening(msgspec.Struct, frozen=True, gc=False):
    """Something that a resource says happened. `when` None: it does not say when."""

    topic: Topic
    type: str
    id: UUID
    when: datetime | None
    key: bytes
    """The same however often it is said."""
    on_time: bool = False
    """Announced when its moment comes, not before."""

    @classmethod
    def of(
        cls, topic: Topic, type_: str, id_: str, when: datetime | None, rest: Sequence[str] = (), *, on_time: bool
    ) -> Self:
        """`rest`: what tells it from other happenings of this topic and resource."""
        key = hashlib.sha256("\0".join((topic, type_, id_, *rest)).encode()).digest()
        return cls(topic, type_, UUID(id_), when, key, on_time)


@dataclass(frozen=True)
class Told:
    """What a source patient's present view says. `before`: the source had told of the person before, and what is new
    is new because of what it said."""

    source_patient: int
    happenings: Sequence[Happening]
    before: bool


async def replace(connection: Connection, told: Sequence[Told], recorded: datetime) -> None:
    """Keep what is new, and mark what is contradicted; after the resources are stored, and under the same locks."""
    rows = [_row(one, each, recorded) for one in told for each in one.happenings if _near(each, recorded)]
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * 8
    await connection.fetch(_REPLACE, *map(list, columns), [one.source_patient for one in told], recorded)


def _near(one: Happening, recorded: datetime) -> bool:
    return one.when is None or one.when >= recorded - _REMEMBERED


def _row(told: Told, one: Happening, recorded: datetime) -> tuple[Any, ...]:
    new = one.when is None or one.when >= recorded - NEW_ENOUGH
    return one.topic, one.type, one.id, told.source_patient, one.key, one.when, new, _due(told, one, recorded)


def _due(told: Told, one: Happening, recorded: datetime) -> datetime | None:
    """From when on it may be announced; None: never."""
    if one.when is None:
        return recorded if told.before else None
    return max(one.when, recorded) if one.on_time else recorded


_REPLACE = f"""
with said as (
    select * from unnest($1::text[], $2::text[], $3::uuid[], $4::bigint[], $5::bytea[], $6::timestamptz[],
        $7::boolean[], $8::timestamptz[]) as said (topic, type, resource, source_patient, key, happened, new, due)),
contradicted as (
    update toldonce.event e set withdrawn = $10 where e.source_patient = any($9::bigint[]) and e.withdrawn is null
        and (e.happened is null or e.happened >= $10::timestamptz - interval '{_REMEMBERED.days} days')
        and not exists (select from said where said.key = e.key)
        and exists (select from toldonce.resource r where r.id = e.resource)),
kept as (
    insert into toldonce.event (topic, type, resource, source_patient, key, happened, due, told)
    select topic, type, resource, source_patient, key, happened, due, $10 from said where new
    on conflict (key) where withdrawn is null do nothing returning due)
select pg_notify('{CHANNEL}', '') from kept where due is not null limit 1
"""
"""One question for a batch of source patients, whatever it finds."""
