"""FHIR create, read, search, update and delete of Subscription: a client's own, and nobody else's.

Topic-based, as FHIR R4 has it by http://hl7.org/fhir/uv/subscriptions-backport. An endpoint that no administrator
registered for the client is refused unseen. Whom a filter names is not looked up: a subscription about somebody whom
the caller may not know of is made like any other, and stays silent.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import asyncpg
import orjson
from starlette.responses import Response

from adapters.recorded.records import Json
from integration.api.bundle import searchset
from integration.api.exchange import Exchange, resource_id
from integration.api.interactions import FhirRouter, Interaction, SearchParam
from integration.api.outcome import FhirResponse
from integration.api.seal import Parameters
from integration.api.update import stated_version
from integration.api.writing import body
from integration.audit.codes import Kind
from integration.errors import BadRequest, Conflict, FhirError, Forbidden, NotFound, PreconditionFailed, Unprocessable
from integration.recording.faults import Fault, not_fhir
from integration.sharing.rules import BEYOND_CARE
from integration.store.connection import Connection
from integration.store.database import act_as
from integration.teams.subscriptions import register
from integration.teams.subscriptions.resource import PROFILE, Subscription, Wanted, faults, resource, wanted
from integration.teams.subscriptions.topics import TOPICS

TYPE = "Subscription"
_PARAMETERS = (
    SearchParam("_id", "token", "ids, with commas between"),
    SearchParam(
        "status", "token", "requested, active, error, off", "http://hl7.org/fhir/SearchParameter/Subscription-status"
    ),
    SearchParam("url", "uri", "the endpoint", "http://hl7.org/fhir/SearchParameter/Subscription-url"),
)


def serve_subscriptions(router: FhirRouter, pool: asyncpg.Pool) -> None:
    """The pool is the API's own."""
    served, one = _Served(pool), f"/{TYPE}/{{id_}}"
    create = Interaction(TYPE, "create", "For the caller's client, role and purpose.", profile=PROFILE)
    update = Interaction(TYPE, "update", "Its status, reason and end; on again after an error.")
    router.serve(f"/{TYPE}", create)(served.create)
    router.serve(f"/{TYPE}", Interaction(TYPE, "search-type", "The caller's own.", _PARAMETERS))(served.search)
    router.serve(one, Interaction(TYPE, "read", "The caller's own."))(served.read)
    router.serve(one, update)(served.update)
    router.serve(one, Interaction(TYPE, "delete", "And everything that waits for it."))(served.delete)


class _Served:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def search(self, exchange: Exchange) -> Response:
        exchange.require(TYPE, "s")
        parameters = exchange.parameters()
        async with subscriber(self._pool) as connection:
            found = await owned(connection, exchange, parameters)
        await exchange.audit(Kind.QUERY, "search-type", counts={TYPE: len(found)})
        bodies = [orjson.dumps(resource(one)) for one in found]
        links = exchange.links(TYPE, parameters)
        return FhirResponse(searchset(bodies, base=exchange.services.base_url, links=links, total=len(found)))

    async def read(self, id_: str, exchange: Exchange) -> Response:
        exchange.require(TYPE, "r")
        async with subscriber(self._pool) as connection:
            found = await own(connection, exchange, id_)
        await exchange.audit(Kind.READ, "read", target=f"{TYPE}/{found.id}", counts={TYPE: 1})
        return _answer(exchange, found, 200)

    async def create(self, exchange: Exchange) -> Response:
        """authenticate -> sound, permitted -> kept, audited -> answer"""
        exchange.writes = Kind.CREATE
        exchange.require(TYPE, "c")
        asked = sound(await body(exchange), exchange.when)
        _require_permitted(exchange, asked)
        async with subscriber(self._pool) as connection:
            endpoint = await _endpoint(connection, exchange, asked)
            await _require_room(connection, exchange)
            made = await register.create(connection, uuid4(), exchange.session.caller, asked, endpoint, exchange.when)
            await exchange.audit(Kind.CREATE, "create", target=f"{TYPE}/{made.id}")
        return _answer(exchange, made, 201)

    async def update(self, id_: str, exchange: Exchange) -> Response:
        exchange.writes = Kind.UPDATE
        exchange.require(TYPE, "u")
        sent = await body(exchange)
        async with subscriber(self._pool) as connection:
            before = await own(connection, exchange, id_)
            _require_version(exchange, before)
            after, on = _changed(sent, before, exchange.when)
            made = await register.change(
                connection, before, on=on, reason=after.reason, ends=after.ends, now=exchange.when
            )
            await exchange.audit(Kind.UPDATE, "update", target=f"{TYPE}/{made.id}")
        return _answer(exchange, made, 200)

    async def delete(self, id_: str, exchange: Exchange) -> Response:
        exchange.writes = Kind.DELETE
        exchange.require(TYPE, "d")
        async with subscriber(self._pool) as connection:
            found = await own(connection, exchange, id_)
            await register.remove(connection, found)
            await exchange.audit(Kind.DELETE, "delete", target=f"{TYPE}/{found.id}")
        return FhirResponse(None, 204)


async def own(connection: Connection, exchange: Exchange, id_: str) -> Subscription:
    """One of the caller's own; another client's is not there. As `toldonce_subscriber`."""
    found = await register.of(connection, exchange.session.caller.client, resource_id(id_))
    if found is None:
        raise NotFound
    return found


async def owned(connection: Connection, exchange: Exchange, parameters: Parameters) -> list[Subscription]:
    """Those of the caller's own that meet search parameters. As `toldonce_subscriber`."""
    asked: dict[str, list[str]] = {}
    for name, value in parameters:
        if name not in {one.name for one in _PARAMETERS} or name in asked:
            raise BadRequest("Subscriptions are searched by _id, status and url, each once.", parameter=name)
        asked[name] = value.split(",")
    ids = [resource_id(one) for one in asked["_id"]] if "_id" in asked else None
    client = exchange.session.caller.client
    return await register.listed(connection, client, ids=ids, statuses=asked.get("status"), urls=asked.get("url"))


def sound(sent: Json, now: datetime) -> Wanted:
    """What a Subscription asks for. Raises BadRequest where it breaks FHIR, Unprocessable where it breaks the profile
    or asks for what is not served."""
    if sent.get("resourceType") != TYPE:
        raise BadRequest("A Subscription is created here.", expression="resourceType")
    if found := not_fhir(TYPE, sent):
        raise _error(BadRequest, found)
    if found := faults(sent, now):
        raise _error(Unprocessable, found)
    return wanted(sent)


def _error(error: type[BadRequest] | type[Unprocessable], found: list[Fault]) -> FhirError:
    first, *rest = found
    more = [error(one.text, expression=one.expression).issues[0] for one in rest]
    return error(first.text, expression=first.expression, more=more)


def _require_permitted(exchange: Exchange, asked: Wanted) -> None:
    """Raise Forbidden where nobody in the caller's place could ever be told."""
    session = exchange.session
    purpose = exchange.records.policy().purposes.get(session.caller.purpose)
    if session.break_glass or purpose is None or purpose.kind == BEYOND_CARE:
        raise Forbidden("Subscriptions are for care, and not for broken glass: ask for another token.")
    if not exchange.covers(TOPICS[asked.topic].focus):
        raise Forbidden(f"The access token's scopes do not include system/{TOPICS[asked.topic].focus}.r.")


async def _endpoint(connection: Connection, exchange: Exchange, asked: Wanted) -> int | None:
    if not asked.url:
        return None
    found = await register.endpoint(connection, exchange.session.caller.client, asked.url)
    if found is None:
        text = "No such endpoint is registered for this client: ask an administrator."
        raise Unprocessable(text, expression="Subscription.channel.endpoint")
    return found


async def _require_room(connection: Connection, exchange: Exchange) -> None:
    if len(await register.listed(connection, exchange.session.caller.client)) >= register.MOST:
        raise Conflict(f"A client has at most {register.MOST} subscriptions.")


def _require_version(exchange: Exchange, before: Subscription) -> None:
    """If-Match is not asked for, and obeyed where it is sent."""
    sent = exchange.request.headers.get("if-match")
    if sent is not None and stated_version(sent) != before.version:
        raise PreconditionFailed(parameter="If-Match")


def _changed(sent: Json, before: Subscription, now: datetime) -> tuple[Wanted, bool]:
    """What it is to be, and whether on. Raises Unprocessable for a change of what it is about, or of where it goes."""
    if sent.get("id") != str(before.id):
        raise BadRequest("The id in the body is that of the URL.", expression="Subscription.id")
    status = sent.get("status")
    if status not in ("requested", "active", "off"):
        raise Unprocessable("Status is set to requested, active or off.", expression="Subscription.status")
    asked = sound({**sent, "status": "requested"}, now)
    if replace(asked, reason=before.wanted.reason, ends=before.wanted.ends) != before.wanted:
        text = "Only status, reason and end can be changed: create another subscription."
        raise Unprocessable(text, expression="Subscription")
    return asked, status != "off"


def _answer(exchange: Exchange, one: Subscription, status: int) -> Response:
    headers = {"ETag": f'W/"{one.version}"'}
    if status == 201:
        headers["Location"] = f"{exchange.services.base_url}/{TYPE}/{one.id}"
    return FhirResponse(resource(one), status, headers)


@asynccontextmanager
async def subscriber(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    """A transaction in which a client's subscriptions are read and changed."""
    async with pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_subscriber")
        yield connection
