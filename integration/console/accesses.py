"""Who uses the record, by user, organisation and agreement, in filters that can be bookmarked; and one event in full.

Addresses of these pages hold organisations, users and days, and never whom a record is about.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from adapters.records import LONDON
from integration.audit import proofs
from integration.audit.codes import Kind, Outcome
from integration.audit.entry import rendered
from integration.audit.glance import Glance, glance
from integration.audit.saved import Form, saved
from integration.audit.told import OUTCOMES, Told, told, what_was_done
from integration.audit.usage import Question, Use, entries, usage
from integration.console.desk import Desk, download
from integration.console.who_saw import day_of, file, midnight
from integration.errors import BadRequest, NotFound, NotPossible
from integration.store.connection import Connection

SHOWN = 100
"""Single events on a page,"""
SAVED = 100_000
"""and in a file."""
PATIENCE = "30s"
"""How long the database may work on each question of a page."""
DAYS = 7
"""That are shown unless others are asked for."""
_FILTERS = ("organisation", "user", "agreement", "kind", "outcome")
_KINDS = {str(kind): what_was_done(kind) for kind in Kind}
_OUTCOMES = {str(outcome): OUTCOMES.get(outcome, "failed, the caller's mistake") for outcome in Outcome} | {
    str(Outcome.MAJOR_FAILURE): "failed, our fault"
}


def access_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them."""

    @router.get("/accesses", response_model=None)
    async def accesses(request: Request) -> Response:
        officer = await desk.officer(request)
        asked = request.query_params
        question, before = read(asked, desk.today()), _before(asked.get("before", ""))
        wanted = asked.get("as", "page")
        form, rows = _file_of(wanted)
        async with _patient(desk) as connection:
            uses = await usage(connection, question) if rows is Use or not (form or before) else []
            most = SAVED if form else SHOWN
            listed = await entries(connection, question, most + 1, before) if rows is not Use else []
        if len(listed) > SAVED:
            raise BadRequest(f"That is more than {SAVED:,} entries. Ask for fewer days, to save fewer.")
        filters = {name: value for name in _FILTERS if (value := getattr(question, name))}
        details = [(f"report/{name}", value) for name, value in _as_asked(question, filters).items()]
        await desk.account(request, officer, counts={"AuditEvent": len(listed) or len(uses)}, details=details)
        if form:
            content = saved(uses, Use, form) if rows is Use else saved(map(told, listed), Told, form)
            return file(content, "callers" if rows is Use else "accesses", form)
        policy = desk.policy()
        return desk.page(
            "accesses.html",
            officer,
            asked=dict.fromkeys(_FILTERS, "") | _as_asked(question, filters),
            address=_as_asked(question, filters),
            uses=uses[:SHOWN],
            callers=len(uses),
            listed=[told(event) for event in listed[:SHOWN]],
            following=_place(listed[SHOWN - 1]) if len(listed) > SHOWN else "",
            first_page=before is None,
            names=policy.agreements.names,
            purposes=policy.purpose_names,
            agreements={one.id: one.title for one in policy.agreements.agreements},
            kinds=_KINDS,
            outcomes=_OUTCOMES,
        )

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
        return desk.page(
            "event.html",
            officer,
            event=found,
            told=told(found),
            proof=proof,
            names=names,
            purposes=purposes,
            text=msgspec.json.format(rendered(content)).decode(),
        )

    @router.get("/events/{event}/proof", response_model=None)
    async def proof(request: Request, event: str) -> Response:
        officer = await desk.officer(request)
        async with desk.acting("toldonce_audit_reader") as connection:
            content, proof = await _event(connection, _id(event))
        if proof is None:
            raise NotFound
        found = glance(content)
        details = [("event", str(found.id))]
        await desk.account(request, officer, person=found.person, counts={"AuditEvent": 1}, details=details)
        body = msgspec.json.format(msgspec.json.encode(proof)) + b"\n"
        return Response(body, media_type="application/json", headers=download(f"event-{found.id}.json"))


def read(asked: Mapping[str, str], today: date) -> Question:
    """What the address of a page asks for; the last days unless it says which. Raises BadRequest."""
    end = day_of(asked.get("end", "")) or today
    start = day_of(asked.get("start", "")) or end - timedelta(days=DAYS - 1)
    first, last = midnight(start), midnight(end + timedelta(days=1))
    assert first is not None
    assert last is not None
    filters = {name: asked.get(name, "").strip() for name in _FILTERS}
    if any("\0" in value for value in filters.values()):
        raise BadRequest("Text cannot hold that character.")
    if filters["kind"] not in ("", *_KINDS) or filters["outcome"] not in ("", *_OUTCOMES):
        raise BadRequest("There is no such kind of access, or no such outcome.")
    return Question(start=first, end=last, **filters)


def _as_asked(question: Question, filters: Mapping[str, str]) -> dict[str, str]:
    """The question as the address of the page has it."""
    last = question.end.astimezone(LONDON) - timedelta(days=1)
    return {**filters, "start": f"{question.start.astimezone(LONDON):%Y-%m-%d}", "end": f"{last:%Y-%m-%d}"}


def _file_of(wanted: str) -> tuple[Form | None, type[msgspec.Struct] | None]:
    """Form and rows of the file that is wanted; None of both for a page."""
    form: Form | None = None
    match wanted.rpartition("-"):
        case ("callers" | "entries" as rows, _, "csv" | "ndjson" as form):
            return form, Use if rows == "callers" else Told
        case _:
            return None, None


@asynccontextmanager
async def _patient(desk: Desk) -> AsyncIterator[Connection]:
    """A transaction that reads the audit, and ends what would keep others from the database."""
    try:
        async with desk.acting("toldonce_audit_reader") as connection:
            await connection.execute("select set_config('statement_timeout', $1, true)", PATIENCE)
            yield connection
    except asyncpg.QueryCanceledError:
        raise BadRequest("That takes too long. Ask for fewer days, or for one organisation.") from None


async def _event(connection: Connection, event: UUID) -> tuple[bytes, proofs.Inclusion | None]:
    """What is stored of an event, and the proof for it once it is sealed. Raises NotFound."""
    content: bytes | None = await connection.fetchval("select content from toldonce.audit_event where id = $1", event)
    if content is None:
        raise NotFound
    try:
        return content, await proofs.inclusion(connection, event)
    except NotPossible:
        return content, None


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def _place(event: Glance) -> str:
    return f"{event.recorded.isoformat()},{event.id}"


def _before(text: str) -> tuple[datetime, UUID] | None:
    """The event that a page goes on behind."""
    moment, _, event = text.replace(" ", "+").partition(",")
    try:
        place = (datetime.fromisoformat(moment), UUID(event)) if text else None
        if place is None or place[0].tzinfo:
            return place
    except ValueError:
        pass
    raise BadRequest("There is no such page.")
