"""The subscriptions of a client. The connection is in a transaction as `toldonce_subscriber`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg

from integration.sharing.request import Caller
from integration.store.connection import Connection
from integration.store.events import Topic
from integration.teams.subscriptions.resource import REST_HOOK, Subscription, Wanted

COLUMNS = (
    "s.id, s.client, s.organisation, s.role, s.purpose, s.topic, s.payload, s.channel, coalesce(p.url, '') as url, "
    "s.person, s.caseload, s.reason, s.max_count, s.timeout, s.heartbeat, s.ends, s.status, s.error, s.version, "
    "s.created, s.changed, s.events, s.attempts, s.failing, s.contacted"
)
FROM = "toldonce.subscription s left join toldonce.subscription_endpoint p on p.id = s.endpoint"
MOST = 200
"""Subscriptions of one client."""


def read(row: asyncpg.Record) -> Subscription:
    """A subscription from its row."""
    wanted = Wanted(
        topic=Topic(row["topic"]),
        payload=row["payload"],
        channel=row["channel"],
        url=row["url"],
        person=row["person"],
        caseload=row["caseload"],
        reason=row["reason"],
        max_count=row["max_count"],
        timeout=row["timeout"],
        heartbeat=row["heartbeat"],
        ends=row["ends"],
    )
    whose = {name: row[name] for name in ("id", "client", "organisation", "role", "purpose")}
    state = ("status", "error", "version", "created", "changed", "events", "attempts", "failing", "contacted")
    return Subscription(**whose, wanted=wanted, **{name: row[name] for name in state})


async def of(connection: Connection, client: str, id_: UUID) -> Subscription | None:
    """One of the client's own."""
    row = await connection.fetchrow(f"select {COLUMNS} from {FROM} where s.id = $1 and s.client = $2", id_, client)
    return read(row) if row else None


async def listed(
    connection: Connection,
    client: str,
    *,
    ids: Sequence[UUID] | None = None,
    statuses: Sequence[str] | None = None,
    urls: Sequence[str] | None = None,
) -> list[Subscription]:
    """All of the client's own, or those of these ids, statuses and endpoints, in the order of their making."""
    rows = await connection.fetch(_LISTED, client, ids, statuses, urls)
    return [read(row) for row in rows]


async def endpoint(connection: Connection, client: str, url: str) -> int | None:
    """The client's registered endpoint of this URL."""
    found: int | None = await connection.fetchval(
        "select id from toldonce.subscription_endpoint where client = $1 and url = $2 and active", client, url
    )
    return found


async def create(
    connection: Connection, id_: UUID, caller: Caller, wanted: Wanted, endpoint_id: int | None, now: datetime
) -> Subscription:
    """A new one: a rest-hook is `requested` until its endpoint has answered, a stream is `active`."""
    made = Subscription(
        id=id_,
        client=caller.client,
        organisation=caller.organisation,
        role=caller.role,
        purpose=caller.purpose,
        wanted=wanted,
        status=_begun(wanted),
        error="",
        version=1,
        created=now,
        changed=now,
        events=0,
    )
    values = (wanted.topic, wanted.payload, wanted.channel, endpoint_id, wanted.person, wanted.caseload, wanted.reason)
    bounds = (wanted.max_count, wanted.timeout, wanted.heartbeat, wanted.ends)
    await connection.execute(
        _CREATE,
        id_,
        caller.client,
        caller.organisation,
        caller.role,
        caller.purpose,
        *values,
        *bounds,
        made.status,
        now,
    )
    return made


async def change(
    connection: Connection, one: Subscription, *, on: bool, reason: str, ends: datetime | None, now: datetime
) -> Subscription:
    """Switch it on or off, and set its end. Switched on after an error, what could not be told waits again; after it
    was off, what happened meanwhile is not told."""
    status = "off" if not on else _begun(one.wanted) if one.status in ("off", "error") else one.status
    if "off" in (status, one.status):
        await connection.execute(_FORGET, one.id)
    elif one.status == "error":
        await connection.execute(_REVIVE, one.id)
    await connection.execute(_CHANGE, one.id, status, reason, ends, now, one.status == "off" and on)
    wanted = replace(one.wanted, reason=reason, ends=ends)
    error = "" if status != one.status else one.error
    return replace(one, wanted=wanted, status=status, error=error, version=one.version + 1, changed=now)


async def remove(connection: Connection, one: Subscription) -> None:
    """It, and everything that waits for it."""
    await connection.execute("delete from toldonce.subscription where id = $1", one.id)


def _begun(wanted: Wanted) -> str:
    return "requested" if wanted.channel == REST_HOOK else "active"


_LISTED = f"""
select {COLUMNS} from {FROM} where s.client = $1 and ($2::uuid[] is null or s.id = any($2))
    and ($3::text[] is null or s.status = any($3)) and ($4::text[] is null or p.url = any($4)) order by s.created, s.id
"""
_CREATE = """
insert into toldonce.subscription (id, client, organisation, role, purpose, topic, payload, channel, endpoint, person,
    caseload, reason, max_count, timeout, heartbeat, ends, status, created, changed, since)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18, clock_timestamp())
"""
"""`since` is of the database's clock, as what happened is."""
_CHANGE = """
update toldonce.subscription set error = case when status = $2 then error else '' end, status = $2, reason = $3,
    ends = $4, changed = $5, version = version + 1, since = case when $6 then clock_timestamp() else since end,
    attempts = 0, failing = null, next_attempt = null
where id = $1
"""
_REVIVE = (
    "update toldonce.notification set state = 'waiting', settled = null where subscription = $1 and state = 'dead'"
)
_FORGET = "delete from toldonce.notification where subscription = $1 and state <> 'sent'"
