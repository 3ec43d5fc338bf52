"""Rest-hooks: handshake, notifications in order, heartbeats, and again after a failure.

A subscriber that did not answer is sent a heartbeat first: until it answers, nothing about anybody is decided, audited
or sent. After PATIENCE without an answer what waits becomes dead letters, and the subscription is in error until its
client, or an administrator, asks for it again.
"""

import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import asyncpg
import orjson
import structlog

from integration.store.database import act_as
from integration.teams.subscriptions import endpoints
from integration.teams.subscriptions.endpoints import Endpoint
from integration.teams.subscriptions.notification import Kind, bundle
from integration.teams.subscriptions.outbox import LEASED, Batch, Held, Outbox, TakenOver, held
from integration.teams.subscriptions.posting import Outcome, Poster, Sent
from integration.teams.subscriptions.signature import signed

PATIENCE = timedelta(days=3)
"""From the first failure on."""
_LONGEST_WAIT = 900.0
"""Seconds between two attempts."""
_IN_ONE_TURN = 50
"""Notifications before another subscription has its turn."""
ROUTE = "POST (rest-hook)"
NO_HANDSHAKE = "The endpoint did not accept the handshake."
GIVEN_UP = "The endpoint did not answer for three days."

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Delivery:
    """`deployment`: the secret that endpoints' secrets are made of; `base`: of FHIR; `chance`: a number in [0, 1)."""

    outbox: Outbox
    poster: Poster
    clock: Callable[[], datetime]
    deployment: bytes
    base: str
    chance: Callable[[], float] = random.random

    @property
    def pool(self) -> asyncpg.Pool:
        return self.outbox.pool

    async def claim(self) -> Held | None:
        """The subscription that has waited longest for somebody to work for it, if any has work."""
        now, lease = self.clock(), uuid4()
        async with self.pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_notifier")
            row = await connection.fetchrow(_CLAIM, lease, now)
            return await held(connection, row["id"], lease) if row else None

    async def serve(self, one: Held) -> None:
        """Do what there is to do for a subscription that was claimed, and let it go."""
        try:
            endpoint = await self._endpoint(one.subscription.wanted.url, one.subscription.client)
            if one.subscription.status == "requested":
                await self._handshake(one, endpoint)
            elif not one.subscription.attempts or await self._answers(one, endpoint):
                with suppress(TakenOver):
                    await self._notify(one, endpoint)
        finally:
            await self._do(_RELEASE, one.subscription.id, one.lease, self.clock())

    async def _handshake(self, one: Held, endpoint: Endpoint) -> None:
        outcome = await self._post(one, endpoint, "handshake")
        now = self.clock()
        if outcome.sent is Sent.ACCEPTED:
            await self._do(_ACTIVE, one.subscription.id, one.lease, now)
        else:
            log.warning("a handshake failed", subscription=str(one.subscription.id), why=outcome.why)
            await self._do(_ERROR, one.subscription.id, one.lease, NO_HANDSHAKE)

    async def _notify(self, one: Held, endpoint: Endpoint) -> None:
        """Everything that waits, as far as one turn goes; a heartbeat where nothing was sent and it is due."""
        for turn in range(_IN_ONE_TURN):
            batch = await self.outbox.next(one, self.clock(), ROUTE)
            if batch is None:
                if turn == 0 and one.subscription.heartbeat_due(self.clock()):
                    await self._answers(one, endpoint)
                return
            outcome = await self._post(one, endpoint, "event-notification", batch)
            if outcome.sent is Sent.ACCEPTED:
                await self.outbox.accepted(one, batch, self.clock())
                continue
            if outcome.sent is Sent.NOT_SENT:
                await self.outbox.not_sent(one, batch)
            await self._failed(one, outcome)
            return

    async def _answers(self, one: Held, endpoint: Endpoint) -> bool:
        outcome = await self._post(one, endpoint, "heartbeat")
        if outcome.sent is Sent.ACCEPTED:
            await self._do(_REACHED, one.subscription.id, one.lease, self.clock())
            return True
        await self._failed(one, outcome)
        return False

    async def _failed(self, one: Held, outcome: Outcome) -> None:
        """Try again later, ever later; give up after PATIENCE."""
        now, subscription = self.clock(), one.subscription
        since = subscription.failing or now
        log.warning("a subscriber does not answer", subscription=str(subscription.id), why=outcome.why)
        if now - since >= PATIENCE:
            await self._do(_ERROR, subscription.id, one.lease, GIVEN_UP)
            await self._do(_DEAD, subscription.id, one.lease, now)
            return
        wait = min(2.0**subscription.attempts, _LONGEST_WAIT) * (0.5 + self.chance() / 2)
        await self._do(_AGAIN, subscription.id, one.lease, since, now + timedelta(seconds=wait))

    async def _post(self, one: Held, endpoint: Endpoint, kind: Kind, batch: Batch | None = None) -> Outcome:
        now, id_ = self.clock(), uuid4()
        subscription = batch.subscription if batch else one.subscription
        events = batch.events if batch else ()
        body = orjson.dumps(bundle(subscription, kind, self.base, id_, now, events))
        name = f"{subscription.id}.{events[-1].number}" if events else f"{subscription.id}.{kind}.{id_}"
        headers = signed_for(endpoint, self.deployment, name, now, body)
        return await self.poster.post(endpoint.destination, headers, body, subscription.wanted.timeout)

    async def _endpoint(self, url: str, client: str) -> Endpoint:
        async with self.pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_notifier")
            row = await connection.fetchrow(_ENDPOINT, client, url)
        assert row is not None  # the claim saw it
        return endpoints.read(row)

    async def _do(self, statement: str, *values: object) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_notifier")
            await connection.execute(statement, *values)


def signed_for(endpoint: Endpoint, deployment: bytes, id_: str, at: datetime, body: bytes) -> Mapping[str, str]:
    """The headers by which the client of an endpoint knows that a notification is ours."""
    return signed(endpoint.secrets(deployment, at), id_, at, body)


_ENDPOINT = f"select {endpoints.COLUMNS} from toldonce.subscription_endpoint where client = $1 and url = $2"
_CLAIM = f"""
with next as (
    select s.id from toldonce.subscription s join toldonce.subscription_endpoint p on p.id = s.endpoint and p.active
    where s.channel = 'rest-hook' and (s.leased_until is null or s.leased_until <= $2)
        and (s.next_attempt is null or s.next_attempt <= $2)
        and (s.status = 'requested' or s.status = 'active' and (
            s.attempts > 0
            or coalesce(s.contacted, s.created) + make_interval(secs => s.heartbeat) <= $2
            or exists (select from toldonce.notification n where n.subscription = s.id and n.state = 'waiting')))
    order by s.leased_until nulls first, s.id limit 1 for update of s skip locked)
update toldonce.subscription set lease = $1, leased_until = $2::timestamptz + {LEASED} from next
where subscription.id = next.id returning subscription.id
"""
"""One that fails is asked again whether or not anything waits for it: when it hears of us tells it nothing."""
_MINE = "where id = $1 and lease = $2"
_RELEASE = f"update toldonce.subscription set lease = null, leased_until = $3 {_MINE}"
_ACTIVE = (
    f"update toldonce.subscription set status = 'active', error = '', contacted = $3 {_MINE} and status = 'requested'"
)
_ERROR = f"update toldonce.subscription set status = 'error', error = $3 {_MINE} and status <> 'off'"
_REACHED = f"update toldonce.subscription set attempts = 0, failing = null, next_attempt = null, contacted = $3 {_MINE}"
_AGAIN = f"update toldonce.subscription set attempts = attempts + 1, failing = $3, next_attempt = $4 {_MINE}"
_DEAD = """
update toldonce.notification set state = 'dead', settled = $3 where subscription = $1 and state = 'waiting'
    and exists (select from toldonce.subscription s where s.id = $1 and s.lease = $2)
"""
