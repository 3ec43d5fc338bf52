"""GET [base]/Subscription/{id}/$stream: a client's notifications as server-sent events, for as long as its token holds.

https://html.spec.whatwg.org/multipage/server-sent-events.html. Each frame is a notification Bundle; its id is the
number of the last event in it. Who comes back with `Last-Event-ID` gets what came after, each event decided anew, like
every frame. A second stream of the same subscription takes over from the first.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import asyncpg
import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from integration.api.authenticate import authenticate
from integration.api.certificates import shown
from integration.api.exchange import Exchange
from integration.api.in_pieces import sent
from integration.api.interactions import FhirRouter, Interaction
from integration.api.subscriptions import TYPE, own, subscriber
from integration.audit.codes import Kind
from integration.errors import BadRequest, Conflict, Unauthorized, Unprocessable
from integration.sharing.scopes import require_scope
from integration.store.database import act_as
from integration.teams.subscriptions.notification import Kind as Sort
from integration.teams.subscriptions.notification import bundle
from integration.teams.subscriptions.notifier import Bell
from integration.teams.subscriptions.outbox import Batch, Held, Outbox, TakenOver, hold
from integration.teams.subscriptions.resource import SERVER_SENT_EVENTS

_LOOK = 1.0
"""Seconds between two looks whether the token still holds."""
_BREATH = 15
"""Looks after which a comment is sent, so that nothing between takes the connection for dead."""
_LONGEST_NUMBER = 18
ROUTE = "GET /fhir/Subscription/{id_}/$stream"
_DEFINITION = "https://toldonce.example/OperationDefinition/subscription-stream"


@dataclass(frozen=True)
class Telling:
    """What subscriptions are told with: what waits for them, and what wakes whoever waits for that."""

    outbox: Outbox
    bell: Bell


def serve_subscription_stream(router: FhirRouter, pool: asyncpg.Pool, telling: Telling) -> None:
    """The pool is the API's own."""
    told = "Notifications as server-sent events."
    interaction = Interaction(TYPE, "operation", told, operation="stream", definition=_DEFINITION)

    @router.serve(f"/{TYPE}/{{id_}}/$stream", interaction)
    async def stream(id_: str, exchange: Exchange) -> Response:
        """authenticate -> audited -> frames, each decided and audited before it is sent"""
        require_scope(exchange.session.scopes, TYPE, "r")
        last = _last(exchange.request.headers.get("last-event-id"))
        async with subscriber(pool) as connection:
            found = await own(connection, exchange, id_)
            if found.wanted.channel != SERVER_SENT_EVENTS:
                raise Unprocessable("This subscription was not made for a stream.")
            await act_as(connection, "toldonce_notifier")
            held = await hold(connection, found.id, exchange.when)
        if held is None:
            raise Conflict("The subscription is not active.")
        await exchange.audit(Kind.SUBSCRIPTION, "operation", target=f"{TYPE}/{found.id}")
        return _Frames(exchange, telling, held, last)


def _last(sent: str | None) -> int | None:
    if not sent:
        return None
    if not (sent.isascii() and sent.isdigit()) or len(sent) > _LONGEST_NUMBER:
        raise BadRequest("It is the id of the last frame that was received.", parameter="Last-Event-ID")
    return int(sent)


class _Frames(Response):
    """The frames of one connection, until its token expires, its client goes, or another takes over."""

    media_type = "text/event-stream"

    def __init__(self, exchange: Exchange, telling: Telling, held: Held, last: int | None) -> None:
        self.status_code, self.background = 200, None
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._exchange, self._telling, self._held, self._last = exchange, telling, held, last
        self._authorization = exchange.request.headers.get("authorization")
        self._certificate = shown(exchange.request.scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        with suppress(ClientDisconnect):
            async with aclosing(sent(self._frames(), request, send)) as frames:
                async for _ in frames:
                    pass
            await send({"type": "http.response.body", "body": b""})

    async def _frames(self) -> AsyncGenerator[bytes, None]:
        outbox, held = self._telling.outbox, self._held
        yield self._frame("handshake")
        try:
            while self._last is not None and self._holds():
                batch = await outbox.told(held.subscription, self._last + 1, None, self._now(), ROUTE)
                if batch is None:
                    break
                yield self._frame("event-notification", batch)
                await outbox.accepted(held, batch, self._now())
                self._last = batch.events[-1].number
            quiet = 0
            while self._holds():
                rung = self._telling.bell.rung
                if batch := await outbox.next(held, self._now(), ROUTE):
                    yield self._frame("event-notification", batch)
                    await outbox.accepted(held, batch, self._now())
                    continue
                await self._telling.bell.heard(rung, _LOOK)
                quiet = (quiet + 1) % _BREATH
                yield b":\n\n" if quiet == 0 else b""
        except TakenOver:
            return

    def _holds(self) -> bool:
        """Whether the token would still be let in."""
        services = self._exchange.services
        try:
            authenticate(self._authorization, services.clients(), services.authority, self._now(), self._certificate)
        except Unauthorized:
            return False
        return True

    def _frame(self, kind: Sort, batch: Batch | None = None) -> bytes:
        events = batch.events if batch else ()
        one = batch.subscription if batch else self._held.subscription
        made = orjson.dumps(bundle(one, kind, self._exchange.services.base_url, uuid4(), self._now(), events))
        number = b"id: %d\n" % events[-1].number if events else b""
        return b"event: %s\n%sdata: %s\n\n" % (kind.encode(), number, made)

    def _now(self) -> datetime:
        return self._exchange.services.clock()
