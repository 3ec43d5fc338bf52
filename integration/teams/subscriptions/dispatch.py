"""What happened -> for whom it waits. One process at a time; the others find nothing to do.

Only what concerns no decision is looked at here: the topic, whose caseload, which person. Whether it may be told is
decided when it is told (`gate`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from integration.sharing.facts import persons_of
from integration.store.connection import Connection
from integration.store.database import act_as
from integration.store.events import CHANNEL
from integration.teams.caseloads.register import on_which

_LOCK = 0x1D0CE5
_TOGETHER = 500
KEPT = timedelta(days=30)
"""For which a notification is kept once it is settled, and `$events` can tell of it."""


async def dispatch(pool: asyncpg.Pool, now: datetime) -> int:
    """Hand out what has come to be due; how much that was."""
    async with pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_notifier")
        if not await connection.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK):
            return 0
        await connection.execute(_END, now)
        events = await connection.fetch(_WAITING, now, _TOGETHER)
        if not events:
            return 0
        wanting = await connection.fetch(_WANTING, list({one["topic"] for one in events}))
        pairs = await _pairs(connection, events, wanting) if wanting else []
        await connection.execute(_KEEP, [one for one, _ in pairs], [event for _, event in pairs], now)
        await connection.execute(_DISPATCHED, [one["id"] for one in events], now)
        if pairs:
            await connection.execute("select pg_notify($1, '')", CHANNEL)
    return len(events)


async def clear(pool: asyncpg.Pool, now: datetime) -> None:
    """Remove notifications that were settled long ago, told or given up, and what waits for what has ended."""
    async with pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_notifier")
        await connection.execute("delete from toldonce.notification where settled < $1", now - KEPT)
        await connection.execute(_ENDED)


async def _pairs(
    connection: Connection, events: Sequence[asyncpg.Record], wanting: Sequence[asyncpg.Record]
) -> list[tuple[UUID, int]]:
    """Subscription and event, in the order of the events."""
    await act_as(connection, "toldonce_facts")
    persons = await _persons(connection, [one["resource"] for one in events])
    meant = await persons_of(connection, [one["person"] for one in wanting if one["person"]])
    caseloads: dict[UUID, set[str]] = {}
    if any(one["caseload"] for one in wanting):
        for member in await on_which(connection, list(set(persons.values()))):
            caseloads.setdefault(member.person, set()).add(member.caseload)
    await act_as(connection, "toldonce_notifier")
    return [
        (one["id"], event["id"])
        for event in events
        for one in wanting
        if one["topic"] == event["topic"]
        and one["since"] <= event["due"]
        and (person := persons.get(event["resource"])) is not None
        and (one["person"] is None or meant.get(one["person"]) == person)
        and (one["caseload"] is None or one["caseload"] in caseloads.get(person, ()))
    ]


async def _persons(connection: Connection, ids: Sequence[UUID]) -> Mapping[UUID, UUID]:
    """Whom stored resources are about."""
    rows = await connection.fetch("select id, person from toldonce.resource where id = any($1)", list(ids))
    return {row["id"]: row["person"] for row in rows}


_END = "update toldonce.subscription set status = 'off' where ends <= $1 and status <> 'off'"
_ENDED = """
delete from toldonce.notification n using toldonce.subscription s
where s.id = n.subscription and s.status = 'off' and n.state <> 'sent'
"""
_WAITING = """
select id, topic, resource, due from toldonce.event
where dispatched is null and withdrawn is null and due <= $1 order by due, id limit $2
"""
_WANTING = """
select id, topic, person, caseload, since from toldonce.subscription where topic = any($1) and status <> 'off'
"""
_KEEP = """
insert into toldonce.notification (subscription, event, created)
select s, e, $3 from unnest($1::uuid[], $2::bigint[]) with ordinality as pairs (s, e, place)
where exists (select from toldonce.subscription where id = s) order by place on conflict do nothing
"""
_DISPATCHED = "update toldonce.event set dispatched = $2 where id = any($1)"
