"""Who has seen a person's record: for the officer, for the person, as a letter and PDF, and as a spreadsheet.

The number is sent in a form and never stands in a URL.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from adapters.records import LONDON
from integration.audit.glance import newest
from integration.audit.pdf import MEDIA_TYPE as PDF
from integration.audit.pdf import pdf
from integration.audit.saved import MEDIA_TYPES, Form, saved
from integration.audit.told import Told, told
from integration.audit.who_saw import about, letter, report, sentences
from integration.console.desk import NO_NUMBER, Desk, download, nhs_number
from integration.console.sessions import Officer
from integration.errors import BadRequest
from integration.sharing.facts import ids_with_number

SHOWN = 200
"""Single accesses that the page lists; a file has them all,"""
SAVED = 100_000
"""or asks for fewer days."""
_FIRST, _LAST = date(2000, 1, 1), date(2199, 12, 31)
"""Days that may be asked about: no calendar ends beside them."""
_FILES: dict[str, Form] = {"spreadsheet": "csv", "ndjson": "ndjson"}


def who_saw_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them."""

    @router.get("/who-saw", response_model=None)
    async def ask(request: Request) -> Response:
        officer = await desk.officer(request)
        await desk.account(request, officer)
        return _blank(desk, officer)

    @router.post("/who-saw", response_model=None)
    async def answer(request: Request) -> Response:
        officer = await desk.officer(request)
        form = await desk.form(request, officer)
        number, is_one = nhs_number(form)
        start, end = _day(form, "start"), _day(form, "end")
        as_asked = {"number": number, "start": start, "end": end}
        if not is_one:
            await desk.mistyped(request, officer)
            return _blank(desk, officer, as_asked, NO_NUMBER)
        persons = await _persons(desk, number)
        query = about(persons, midnight(start), midnight(end + timedelta(days=1) if end else None))
        wanted = str(form.get("as", "page"))
        async with desk.acting("toldonce_audit_reader") as connection:
            found = await report(connection, query)
            events = await newest(connection, replace(query, count=_most(wanted, found.events)))
        person = persons[0] if persons else None
        await desk.account(request, officer, person=person, counts={"AuditEvent": found.events})
        listed = [told(event) for event in events]
        if wanted in _FILES:
            return file(saved(listed, Told, _FILES[wanted]), "who-saw", _FILES[wanted])
        policy = desk.policy()
        names = policy.agreements.names
        said = sentences(found.seen, names, policy.purpose_names)
        told_them = letter(found, said, desk.clock(), policy.agreements.neighbourhood, (start, end))
        if wanted == "pdf":
            content = await asyncio.to_thread(pdf, told_them, desk.clock())
            return Response(content, media_type=PDF, headers=download("who-saw.pdf"))
        if wanted == "letter":
            return desk.page("letter.html", officer, asked=as_asked, letter=told_them)
        return desk.page(
            "who_saw.html",
            officer,
            asked=as_asked,
            wrong="",
            known=bool(persons),
            found=found,
            sentences=said,
            listed=listed,
            total=found.events,
            names=names,
            purposes=policy.purpose_names,
        )


def _blank(desk: Desk, officer: Officer, asked: Mapping[str, object] | None = None, wrong: str = "") -> Response:
    """The form, with what is wrong in it."""
    return desk.page("who_saw.html", officer, status=400 if wrong else 200, asked=asked, wrong=wrong, found=None)


async def _persons(desk: Desk, number: str) -> list[UUID]:
    async with desk.acting("toldonce_facts") as connection:
        return await ids_with_number(connection, number)


def _day(form: FormData, name: str) -> date | None:
    return day_of(str(form.get(name, "")).strip())


def day_of(text: str) -> date | None:
    """A day as a form sends it; None where it is left out. Raises BadRequest."""
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        day = date.min
    if day is not None and not _FIRST <= day <= _LAST:
        raise BadRequest("Give a day as year, month and day, such as 2026-11-30.")
    return day


def midnight(day: date | None) -> datetime | None:
    """When a day begins, in London."""
    return datetime.combine(day, time(), LONDON) if day else None


def _most(wanted: str, events: int) -> int:
    """How many single accesses an answer lists."""
    if wanted not in _FILES:
        return SHOWN
    if events > SAVED:
        raise BadRequest(f"That is more than {SAVED:,} entries. Give days, to save fewer.")
    return SAVED


def file(content: bytes, name: str, form: Form) -> Response:
    """A report to be saved."""
    return Response(content, media_type=MEDIA_TYPES[form], headers=download(f"{name}.{form}"))
