"""/audit: checkpoints of the audit log and proofs, for IG officers; no part of FHIR. Each request is itself audited.

GET  /audit/checkpoint                          the newest signed checkpoint, text (https://c2sp.org/tlog-checkpoint)
GET  /audit/events/{event}                      an event with the proof that it is in the log
GET  /audit/consistency?first=M[&second=N]      the proof that the log only grew
POST /audit/cosignatures                        a checkpoint with witnesses' signatures under it
"""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

import asyncpg
import msgspec
from starlette.responses import PlainTextResponse, Response

from integration.api.exchange import Exchange, FhirRoute, resource_id
from integration.audit import cosignatures, proofs
from integration.audit.codes import Kind, Outcome
from integration.audit.search import require_ig_officer
from integration.errors import BadRequest, NotFound, NotPossible
from integration.sharing.request import Category
from integration.sharing.scopes import require_scope
from integration.store.connection import Connection
from integration.store.database import act_as

_HEADERS = {"Cache-Control": "no-store"}
_LONGEST_NOTE = 65536
T = TypeVar("T")


def audit_log_routes(pool: asyncpg.Pool, witnesses: tuple[str, ...]) -> list[FhirRoute]:
    """The pool is the API's own; `witnesses` are the verifier keys whose cosignatures are taken."""

    async def checkpoint(exchange: Exchange) -> Response:
        _require_officer(exchange)
        async with _reader(pool) as connection:
            note = await _found(proofs.newest(connection))
        await _audit(exchange, 0)
        return PlainTextResponse(note, headers=_HEADERS)

    async def inclusion(event: str, exchange: Exchange) -> Response:
        _require_officer(exchange)
        async with _reader(pool) as connection:
            proof = await _found(proofs.inclusion(connection, resource_id(event)))
        await _audit(exchange, 1, target=f"AuditEvent/{proof.event}")
        return _json(proof)

    async def consistency(exchange: Exchange) -> Response:
        _require_officer(exchange)
        first, second = _size(exchange, "first"), _size(exchange, "second")
        if first is None:
            raise BadRequest("Say the size of the older checkpoint.", parameter="first")
        async with _reader(pool) as connection:
            try:
                proof = await proofs.consistency(connection, first, second)
            except NotPossible as error:
                raise BadRequest(str(error), parameter="second" if second else "first") from None
        await _audit(exchange, 0)
        return _json(proof)

    async def cosign(exchange: Exchange) -> Response:
        _require_officer(exchange)
        note = await _note(exchange)
        async with pool.acquire() as connection:
            try:
                new = await cosignatures.take(connection, note, witnesses)
            except NotPossible as error:
                raise BadRequest(str(error)) from None
        await _audit(exchange, 0)
        return Response(status_code=201 if new else 200, headers=_HEADERS)

    return [
        FhirRoute("/audit/checkpoint", checkpoint, methods=["GET"]),
        FhirRoute("/audit/events/{event}", inclusion, methods=["GET"]),
        FhirRoute("/audit/consistency", consistency, methods=["GET"]),
        FhirRoute("/audit/cosignatures", cosign, methods=["POST"]),
    ]


def _require_officer(exchange: Exchange) -> None:
    require_scope(exchange.session.scopes, "AuditEvent", "r")
    require_ig_officer(exchange.session.caller)
    exchange.require_agreement(Category.AUDIT)


async def _audit(exchange: Exchange, events: int, **details: str) -> None:
    counts = {"AuditEvent": events} if events else {}
    await exchange.record(
        kind=Kind.AUDIT, interaction="operation", outcome=Outcome.SUCCESS, person=None, counts=counts, **details
    )


async def _found(asked: Awaitable[T]) -> T:
    """What is asked for, or 404 where nothing of it is sealed yet."""
    try:
        return await asked
    except NotPossible:
        raise NotFound from None


@asynccontextmanager
async def _reader(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await act_as(connection, "toldonce_audit_reader")
        yield connection


def _size(exchange: Exchange, name: str) -> int | None:
    text = exchange.request.query_params.get(name)
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise BadRequest(f"{name} takes a whole number.", parameter=name)
    return int(text)


async def _note(exchange: Exchange) -> str:
    body = b""
    async for chunk in exchange.request.stream():
        body += chunk
        if len(body) > _LONGEST_NOTE:
            raise BadRequest("Send a checkpoint of at most 64 KiB.")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BadRequest("Send a checkpoint as UTF-8 text.") from None


def _json(proof: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(proof), media_type="application/json", headers=_HEADERS)
