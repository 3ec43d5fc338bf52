"""POST /ingest/{feed}: a file into the inbox. The body is the file, as its sector has it; it is answered once it is
durable, 202 when it is new, 200 when it was received before. Who sends it is the client's organisation.

The answer is an OperationOutcome (http://hl7.org/fhir/R4/operationoutcome.html) whose id is the receipt: SHA-256 of the
bytes. What came of the file is not in it: the worker reads it later.
"""

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast
from urllib.parse import unquote

import asyncpg
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from integration.api.exchange import Exchange, FhirRoute
from integration.api.outcome import FhirResponse, information
from integration.audit.codes import Kind
from integration.errors import BadRequest, Forbidden, UnknownRoute
from integration.feeds import FEEDS
from integration.ingest import inbox
from integration.ingest.inbox import Delivery
from integration.store.database import act_as

IN_MEMORY = 1 << 20
"""Bytes of a body that are held; what is larger goes to disk."""
_LONGEST_NAME = 200
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def ingest_route(pool: asyncpg.Pool, largest: int) -> FhirRoute:
    """`largest` is how many bytes a body may have. The pool is the API's own."""

    async def ingest(feed: str, exchange: Exchange) -> Response:
        exchange.writes = Kind.CREATE
        sender = _sender(exchange, feed)
        name, as_of = (
            _name(exchange.request.headers.get("x-file-name")),
            _moment(exchange.request.headers.get("x-as-of")),
        )
        async with _body(exchange) as (content, digest):
            new = await _receive(pool, Delivery(feed, sender, name, content, as_of))
        await exchange.audit(Kind.CREATE, "create", target=f"Binary/{digest}")
        return FhirResponse(_receipt(digest, new=new), 202 if new else 200, {"Cache-Control": "no-store"})

    return FhirRoute("/ingest/{feed}", ingest, methods=["POST"], largest=largest, include_in_schema=False)


def _sender(exchange: Exchange, feed: str) -> str:
    """The organisation whose file it is. Raises unless the client may send this feed."""
    exchange.require("Binary", "c")
    caller = exchange.session.caller
    if feed not in FEEDS:
        raise UnknownRoute
    if feed not in exchange.services.clients()[caller.client].feeds:
        raise Forbidden("The client is not registered to send this feed.")
    return caller.organisation


def _name(text: str | None) -> str:
    """The file's own name without folders, as it may be shown anywhere; percent-encoded where it is not ASCII."""
    last = re.split(r"[/\\]", unquote(text or ""))[-1]
    return _UNPRINTABLE.sub("", last).strip()[-_LONGEST_NAME:] or "upload"


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadRequest("Send date, time and offset, such as 2026-09-30T18:00:00+01:00.", parameter="X-As-Of")
    return moment


@asynccontextmanager
async def _body(exchange: Exchange) -> AsyncIterator[tuple[BinaryIO, str]]:
    """The whole body as a file, and its SHA-256 (hex)."""
    request, digest, size = exchange.request, hashlib.sha256(), 0
    with SpooledTemporaryFile(IN_MEMORY) as file:
        try:
            async for chunk in request.stream():
                size += len(chunk)
                digest.update(chunk)
                file.write(chunk)
        except ClientDisconnect:
            raise BadRequest("The body was cut off.") from None
        if not size:
            raise BadRequest("The body is empty: send the file as the body.")
        file.seek(0)
        yield cast(BinaryIO, file), digest.hexdigest()


async def _receive(pool: asyncpg.Pool, delivery: Delivery) -> bool:
    async with pool.acquire() as connection, connection.transaction():
        await act_as(connection, "toldonce_receiver")
        return await inbox.receive(connection, [delivery]) > 0


def _receipt(digest: str, *, new: bool) -> dict[str, object]:
    text = "Received, and waiting to be processed." if new else "Received before: nothing was added."
    code, display = ("RECEIVED", "Received") if new else ("RECEIVED_BEFORE", "Already received")
    return {**information(code, display, f"{text} SHA-256 {digest}"), "id": digest}
