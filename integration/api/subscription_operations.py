"""FHIR operations on a client's own subscriptions: `$status` (how far each is) and `$events` (what it was told before).

http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-status, ...-events. Neither ends
up in the audit as an access to anybody, except for events that lead to somebody: each of these is decided anew.
"""

from uuid import uuid4

import asyncpg
import orjson
from starlette.responses import Response

from integration.api.bundle import searchset
from integration.api.exchange import Exchange
from integration.api.interactions import FhirRouter, Interaction
from integration.api.outcome import FhirResponse
from integration.api.seal import Parameters
from integration.api.subscriptions import TYPE, own, owned, subscriber
from integration.audit.codes import Kind
from integration.errors import BadRequest
from integration.teams.subscriptions.notification import bundle, status
from integration.teams.subscriptions.outbox import Outbox

_DEFINED = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-"
_STATUS = Interaction(
    TYPE, "operation", "How far the caller's own are.", operation="status", definition=f"{_DEFINED}status"
)
_EVENTS = Interaction(
    TYPE, "operation", "What was told before, decided anew.", operation="events", definition=f"{_DEFINED}events"
)
_LONGEST_NUMBER = 18
ROUTE = "GET /fhir/Subscription/{id_}/$events"


def serve_subscription_operations(router: FhirRouter, pool: asyncpg.Pool, outbox: Outbox) -> None:
    """The pool is the API's own."""

    @router.serve(f"/{TYPE}/$status", _STATUS)
    async def every_status(exchange: Exchange) -> Response:
        exchange.require(TYPE, "r")
        return await _statuses(exchange, pool, exchange.parameters())

    @router.serve(f"/{TYPE}/{{id_}}/$status", _STATUS)
    async def one_status(id_: str, exchange: Exchange) -> Response:
        exchange.require(TYPE, "r")
        async with subscriber(pool) as connection:
            found = await own(connection, exchange, id_)
        return await _statuses(exchange, pool, [("id", str(found.id))])

    @router.serve(f"/{TYPE}/{{id_}}/$events", _EVENTS)
    async def events(id_: str, exchange: Exchange) -> Response:
        """authenticate -> each event decided anew, audited -> answer"""
        exchange.require(TYPE, "r")
        first, last = _bounds(exchange)
        async with subscriber(pool) as connection:
            found = await own(connection, exchange, id_)
        batch = await outbox.told(found, first, last, exchange.when, ROUTE)
        told = batch.events if batch else ()
        await exchange.audit(Kind.SUBSCRIPTION, "operation", target=f"{TYPE}/{found.id}")
        made = bundle(found, "query-event", exchange.services.base_url, uuid4(), exchange.when, told)
        return FhirResponse(made)


async def _statuses(exchange: Exchange, pool: asyncpg.Pool, parameters: Parameters) -> Response:
    if unknown := next((name for name, _ in parameters if name not in ("id", "status")), None):
        raise BadRequest("$status takes id and status.", parameter=unknown)
    async with subscriber(pool) as connection:
        found = await owned(
            connection, exchange, [("_id" if name == "id" else name, value) for name, value in parameters]
        )
    await exchange.audit(Kind.SUBSCRIPTION, "operation", counts={TYPE: len(found)})
    base = exchange.services.base_url
    bodies = [orjson.dumps(status(one, "query-status", base, uuid4())) for one in found]
    return FhirResponse(searchset(bodies, base=base, links={"self": f"{base}/{TYPE}/$status"}, total=len(found)))


def _bounds(exchange: Exchange) -> tuple[int, int | None]:
    """Event numbers, both inclusive. `content` is a hint, and what was agreed is sent."""
    sent = dict(exchange.parameters())
    if unknown := sent.keys() - {"eventsSinceNumber", "eventsUntilNumber", "content"}:
        raise BadRequest("$events takes eventsSinceNumber, eventsUntilNumber and content.", parameter=min(unknown))
    numbers = {name: _number(name, value) for name, value in sent.items() if name != "content"}
    return numbers.get("eventsSinceNumber", 1), numbers.get("eventsUntilNumber")


def _number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()) or len(value) > _LONGEST_NUMBER:
        raise BadRequest(f"{name} is a whole number.", parameter=name)
    return int(value)
