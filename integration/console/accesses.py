"""Who uses the record, by user, organisation and agreement, in filters that can be bookmarked.

Addresses of these pages hold organisations, users and days, and never whom a record is about.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from adapters.records import LONDON
from integration.audit.codes import Kind, Outcome
from integration.audit.glance import Glance
from integration.audit.saved import Form, saved
from integration.audit.told import OUTCOMES, Told, told, what_was_done
from integration.audit.usage import Question, Use, entries, usage
from integration.console.desk import Desk
from integration.console.who_saw import day_of, file, midnight
from integration.errors import BadRequest
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
        form, rows = _file_of(asked.get("as", "page"))
        found = await _find(desk, question, before, rows)
        address = _as_asked(question)
        counted = {"AuditEvent": len(found.listed) or len(found.uses)}
        details = [(f"report/{name}", value) for name, value in address.items()]
        await desk.account(request, officer, counts=counted, details=details)
        if form and rows is Use:
            return file(saved(found.uses, Use, form), "callers", form)
        if form:
            return file(saved(map(told, found.listed), Told, form), "accesses", form)
        policy = desk.policy()
        return desk.page(
            "accesses.html",
            officer,
            asked=dict.fromkeys(_FILTERS, "") | address,
            address=address,
            uses=found.uses[:SHOWN],
            callers=len(found.uses),
            listed=[told(event) for event in found.listed[:SHOWN]],
            following=_place(found.listed[SHOWN - 1]) if len(found.listed) > SHOWN else "",
            first_page=before is None,
            names=policy.agreements.names,
            purposes=policy.purpose_names,
            agreements={one.id: one.title for one in policy.agreements.agreements},
            kinds=_KINDS,
            outcomes=_OUTCOMES,
        )


class _Found(NamedTuple):
    uses: Sequence[Use]
    listed: Sequence[Glance]


async def _find(
    desk: Desk, question: Question, before: tuple[datetime, UUID] | None, rows: type[msgspec.Struct] | None
) -> _Found:
    """What a page or file shows: a page both, unless it goes on behind an event; a file its own `rows`. Raises
    BadRequest where it is too much."""
    most = SAVED if rows else SHOWN
    async with _patient(desk) as connection:
        uses = await usage(connection, question) if rows is Use or not (rows or before) else []
        listed = await entries(connection, question, most + 1, before) if rows is not Use else []
    if len(listed) > SAVED:
        raise BadRequest(f"That is more than {SAVED:,} entries. Ask for fewer days, to save fewer.")
    return _Found(uses, listed)


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


def _as_asked(question: Question) -> dict[str, str]:
    """The question as the address of the page has it."""
    filters = {name: value for name in _FILTERS if (value := getattr(question, name))}
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
