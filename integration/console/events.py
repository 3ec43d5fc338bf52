"""One event of the log in full: who and why, every rule that decided, and the proof that it is what was written."""

from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from integration.audit import codes, proofs
from integration.audit.entry import rendered
from integration.audit.glance import glance
from integration.audit.told import told
from integration.console.desk import Desk, download
from integration.errors import BadRequest, NotFound, NotPossible
from integration.store.connection import Connection
from mappings.uk_core import Resource

_NO_SEAL = "There is no seal of so many entries, or it is older than this entry. The number is in its second line."
_LONGEST_SIZE = 18
"""Digits of a number that the database can hold."""
_STATED = (codes.DETAIL + "break-glass/reason", codes.DETAIL + "break-glass/note")


def event_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them."""

    @router.get("/events/{event}", response_model=None)
    async def event(request: Request, event: str) -> Response:
        officer = await desk.officer(request)
        async with desk.acting("toldonce_audit_reader") as connection:
            content, proof = await _event(connection, _id(event))
        found = glance(content)
        await desk.account(
            request, officer, person=found.person, counts={"AuditEvent": 1}, details=[("event", str(found.id))]
        )
        names, purposes = desk.policy().agreements.names, desk.policy().purpose_names
        rendering = rendered(content)
        return desk.page(
            "event.html",
            officer,
            event=found,
            told=told(found),
            stated=stated(msgspec.json.decode(rendering)),
            proof=proof,
            names=names,
            purposes=purposes,
            text=msgspec.json.format(rendering).decode(),
        )

    @router.get("/events/{event}/proof", response_model=None)
    async def proof(request: Request, event: str) -> Response:
        officer = await desk.officer(request)
        size = _size(request.query_params.get("seal", "").strip())
        async with desk.acting("toldonce_audit_reader") as connection:
            content, proof = await _event(connection, _id(event), size)
        if proof is None:
            raise NotFound if size is None else BadRequest(_NO_SEAL)
        found = glance(content)
        details = [("event", str(found.id))]
        await desk.account(request, officer, person=found.person, counts={"AuditEvent": 1}, details=details)
        body = msgspec.json.format(msgspec.json.encode(proof)) + b"\n"
        return Response(body, media_type="application/json", headers=download(f"event-{found.id}.json"))


def stated(event: Resource) -> str:
    """Why somebody opened a record in an emergency, in their own words; empty for any other AuditEvent."""
    details = (detail for entity in event.get("entity", ()) for detail in entity.get("detail", ()))
    said = {detail["type"]: detail.get("valueString", "") for detail in details}
    return ": ".join(said[name] for name in _STATED if name in said)


async def _event(connection: Connection, event: UUID, size: int | None = None) -> tuple[bytes, proofs.Inclusion | None]:
    """What is stored of an event, and the proof for it once it is sealed, up to the seal of `size` entries where that
    is given. Raises NotFound."""
    content: bytes | None = await connection.fetchval("select content from toldonce.audit_event where id = $1", event)
    if content is None:
        raise NotFound
    try:
        return content, await proofs.inclusion(connection, event, size)
    except NotPossible:
        return content, None


def _size(text: str) -> int | None:
    """How many entries a seal says it is over; None: the newest is meant. Raises BadRequest."""
    digits = text.replace(",", "")
    if not text:
        return None
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > _LONGEST_SIZE:
        raise BadRequest(_NO_SEAL)
    return int(digits)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
