"""What waits for one subscriber: decided, numbered, audited, and only then handed to whoever sends it.

A number is spent once a notification may have left this house. What may not be told takes none and leaves no gap; what
was told under a number and may not be told any more keeps its number, without what it led to. Whoever works for a
subscription holds its lease: another can take it over once that has run out, and from then on the first one changes
nothing any more.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg

from integration.audit.access import Access, Account
from integration.audit.alerts import SELF_CLAIMED
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.errors import AuditUnavailable
from integration.sharing.request import Grant
from integration.store.connection import Connection
from integration.store.database import act_as
from integration.store.events import Topic
from integration.teams.subscriptions.gate import Event, Gate, read
from integration.teams.subscriptions.notification import Numbered
from integration.teams.subscriptions.register import COLUMNS, FROM
from integration.teams.subscriptions.register import read as read_subscription
from integration.teams.subscriptions.resource import Subscription

LEASED = "make_interval(secs => 2 * timeout + 30)"
"""SQL, of a subscription: longer than an attempt to send to it takes (`posting`), and what is to be done before."""
_SIDE_BY_SIDE = 4
_LOOKED_AT = 100
"""Events that are decided on before the transaction that numbers them."""


class TakenOver(Exception):  # noqa: N818  nothing went wrong
    """Somebody else works for the subscription now, or it is not active any more."""


class Held(NamedTuple):
    """A subscription, and the lease under which somebody works for it."""

    subscription: Subscription
    lease: UUID


@dataclass(frozen=True)
class Batch:
    """Notifications to be sent together. `again`: they were sent before, and it is not known what came of it."""

    subscription: Subscription
    events: Sequence[Numbered]
    notifications: Sequence[int]
    again: bool


class _Decided(NamedTuple):
    event: Event
    grant: Grant | None


@dataclass(frozen=True)
class Outbox:
    """`pool`: the API's own."""

    pool: asyncpg.Pool
    gate: Gate
    audit: AuditLog

    async def next(self, held: Held, now: datetime, route: str) -> Batch | None:
        """What is to be sent next, its audit events durable; None: nothing waits. `route`: what sends it, for the
        audit. Raises TakenOver."""
        while True:
            async with self.pool.acquire() as connection, connection.transaction():
                await act_as(connection, "toldonce_notifier")
                await _renew(connection, held, now)
                rows = await connection.fetch(_WAITING, held.subscription.id, _LOOKED_AT)
            waiting = [read(row) for row in rows]
            if not waiting:
                return None
            sent_before = [one for one in waiting if one.number is not None]
            if sent_before:
                return await self._again(held.subscription, sent_before, now, route)
            if batch := await self._new(held, waiting, now, route):
                return batch

    async def told(self, one: Subscription, first: int, last: int | None, now: datetime, route: str) -> Batch | None:
        """What was told from this number on to that one, decided anew, its audit events durable."""
        async with self.pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_notifier")
            rows = await connection.fetch(_NUMBERED, one.id, first, last, one.wanted.max_count)
        events = [read(row) for row in rows]
        return await self._again(one, events, now, route) if events else None

    async def accepted(self, held: Held, batch: Batch, now: datetime) -> None:
        """The subscriber has it."""
        await self._settle(held, _ACCEPTED, list(batch.notifications), now)

    async def not_sent(self, held: Held, batch: Batch) -> None:
        """Nothing of it left this house: its numbers are free again."""
        if not batch.again:
            await self._take_back(held, batch.notifications)

    async def _take_back(self, held: Held, notifications: Sequence[int]) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_notifier")
            if await connection.fetchval(_TAKE_BACK, held.subscription.id, held.lease, len(notifications)):
                await connection.execute(_UNNUMBERED, list(notifications))

    async def _new(self, held: Held, waiting: Sequence[Event], now: datetime, route: str) -> Batch | None:
        """Events that were never told: as many of the next ones as may be, and go together. The rest is forgotten."""
        one = held.subscription
        allowed: list[_Decided] = []
        refused: list[int] = []
        dead: set[UUID] = set()
        async for event, grant in self._decided(one, waiting, now):
            if grant is None or (event.topic is Topic.DEATH and grant.person in dead):
                refused.append(event.notification)
                continue
            dead.add(grant.person)
            allowed.append(_Decided(event, grant))
            if len(allowed) == one.wanted.max_count:
                break
        ids = [decided.event.notification for decided in allowed]
        async with self.pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_notifier")
            last = await connection.fetchval(_NUMBER, one.id, held.lease, len(ids))
            if last is None:
                raise TakenOver
            await connection.execute("delete from toldonce.notification where id = any($1)", refused)
            await connection.execute(_NUMBERS, ids, last - len(ids))
        if not allowed:
            return None
        numbered = [
            _Decided(replace(decided.event, number=number), decided.grant)
            for number, decided in enumerate(allowed, last - len(ids) + 1)
        ]
        return await self._first(held, replace(one, events=last), numbered, now, route)

    async def _first(
        self, held: Held, one: Subscription, decided: Sequence[_Decided], now: datetime, route: str
    ) -> Batch:
        """What was never sent. Where it cannot be audited nothing of it leaves this house."""
        try:
            return await self._batch(one, decided, now, route, again=False)
        except AuditUnavailable:
            await self._take_back(held, [event.notification for event, _ in decided])
            raise

    async def _again(self, one: Subscription, events: Sequence[Event], now: datetime, route: str) -> Batch:
        """What was told and has been taken back since was told all the same."""
        told = [replace(event, withdrawn=False) for event in events]
        decided = [found async for found in self._decided(one, told, now)]
        return await self._batch(one, decided, now, route, again=True)

    async def _decided(self, one: Subscription, events: Sequence[Event], now: datetime) -> AsyncIterator[_Decided]:
        """Events in their order, some decided side by side."""
        for first in range(0, len(events), _SIDE_BY_SIDE):
            some = events[first : first + _SIDE_BY_SIDE]
            grants = await asyncio.gather(*(self.gate.permits(one, event, now) for event in some))
            for event, grant in zip(some, grants, strict=True):
                yield _Decided(event, grant)

    async def _batch(
        self, one: Subscription, decided: Sequence[_Decided], now: datetime, route: str, *, again: bool
    ) -> Batch:
        await self.audit.append_all([self._access(one, event, grant, now, route) for event, grant in decided if grant])
        events = [_numbered(event, grant) for event, grant in decided]
        return Batch(one, events, [event.notification for event, _ in decided], again)

    def _access(self, one: Subscription, event: Event, grant: Grant, now: datetime, route: str) -> Access:
        return Access(
            when=now,
            kind=Kind.SUBSCRIPTION,
            interaction="operation",
            route=route,
            outcome=Outcome.SUCCESS,
            caller=grant.request.caller,
            person=grant.person,
            target=_focus(event, grant),
            decision=Account.of(grant),
            details=[
                ("subscription", str(one.id)),
                ("subscription/topic", event.topic),
                ("subscription/event-number", str(event.number)),
                *([SELF_CLAIMED] if grant.self_claimed else []),
            ],
        )

    async def _settle(self, held: Held, statement: str, ids: list[int], now: datetime) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_notifier")
            await connection.execute(statement, ids, now)
            await connection.execute(_REACHED, held.subscription.id, held.lease, now)


async def hold(connection: Connection, id_: UUID, now: datetime) -> Held | None:
    """Take over a subscription that is active, from whoever works for it. As `toldonce_notifier`."""
    lease = uuid4()
    row = await connection.fetchrow(_TAKE_OVER, id_, lease, now)
    return await held(connection, row["id"], lease) if row else None


async def held(connection: Connection, id_: UUID, lease: UUID) -> Held:
    """The subscription under a lease that was just taken."""
    row = await connection.fetchrow(f"select {COLUMNS} from {FROM} where s.id = $1", id_)
    assert row is not None
    return Held(read_subscription(row), lease)


async def _renew(connection: Connection, one: Held, now: datetime) -> None:
    if await connection.fetchval(_RENEW, one.subscription.id, one.lease, now) is None:
        raise TakenOver


def _numbered(event: Event, grant: Grant | None) -> Numbered:
    assert event.number is not None
    if grant is None:
        return Numbered(event.number)
    return Numbered(event.number, event.told, _focus(event, grant), grant.person)


def _focus(event: Event, grant: Grant) -> str:
    """What a notification leads to: of a death the person, whoever said so."""
    return f"Patient/{grant.person}" if event.topic is Topic.DEATH else f"{event.type}/{event.resource}"


_EVENT = """
select n.id as notification, n.number, e.topic, e.type, e.resource, e.told, e.withdrawn
from toldonce.notification n join toldonce.event e on e.id = n.event where n.subscription = $1
"""
_WAITING = f"{_EVENT} and n.state = 'waiting' order by n.number nulls last, n.id limit $2"
_NUMBERED = f"{_EVENT} and n.number >= $2 and ($3::bigint is null or n.number <= $3) order by n.number limit $4"
_TAKE_OVER = f"""
update toldonce.subscription set lease = $2, leased_until = $3::timestamptz + {LEASED}
where id = $1 and status = 'active' returning id
"""
_RENEW = f"""
update toldonce.subscription set leased_until = $3::timestamptz + {LEASED}
where id = $1 and lease = $2 and status = 'active' returning id
"""
_NUMBER = """
update toldonce.subscription set events = events + $3 where id = $1 and lease = $2 and status = 'active'
returning events
"""
_NUMBERS = """
update toldonce.notification set number = $2 + place from unnest($1::bigint[]) with ordinality as given (n, place)
where id = given.n
"""
_TAKE_BACK = "update toldonce.subscription set events = events - $3 where id = $1 and lease = $2 returning true"
_UNNUMBERED = "update toldonce.notification set number = null where id = any($1)"
_ACCEPTED = "update toldonce.notification set state = 'sent', settled = $2 where id = any($1)"
_REACHED = """
update toldonce.subscription set attempts = 0, failing = null, next_attempt = null, contacted = $3
where id = $1 and lease = $2
"""
