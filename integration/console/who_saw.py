"""Who has seen a person's record: for the officer, for the person, and as a spreadsheet.

The number is sent in a form and never stands in a URL.
"""

import csv
from datetime import date, datetime, time, timedelta
from io import StringIO
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from adapters.records import LONDON
from integration.audit.told import Told, told
from integration.audit.who_saw import accesses, report, sentence
from integration.console.desk import Desk, download
from integration.errors import BadRequest
from integration.identity.demographics import is_nhs_number
from integration.sharing.facts import ids_with_number

SHOWN = 200
"""Single accesses that the page lists; the spreadsheet has them all."""
_COLUMNS = ("when", "organisation", "client", "user", "role", "purpose", "what", "outcome", "emergency", "shown")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def who_saw_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them."""

    @router.get("/who-saw", response_model=None)
    async def ask(request: Request) -> Response:
        officer = await desk.officer(request)
        await desk.account(request, officer)
        return desk.page("who_saw.html", officer, asked=None, found=None)

    @router.post("/who-saw", response_model=None)
    async def answer(request: Request) -> Response:
        officer = await desk.officer(request)
        form = await desk.form(request, officer)
        number = "".join(str(form.get("number", "")).split())
        if not is_nhs_number(number):
            raise BadRequest("That is not an NHS number: it has ten digits, the last of which checks the others.")
        start, end = _day(form, "start"), _day(form, "end")
        persons = await _persons(desk, number)
        async with desk.pool.acquire() as connection:
            events, more = await accesses(
                connection, persons, _midnight(start), _midnight(end + timedelta(days=1) if end else None)
            )
        found = report(events, more=more)
        person = persons[0] if persons else None
        await desk.account(request, officer, person=person, counts={"AuditEvent": len(events)})
        listed = [told(event) for event in events]
        wanted = str(form.get("as", "page"))
        if wanted == "spreadsheet":
            return _spreadsheet(listed)
        policy = desk.policy()
        names = policy.agreements.names
        return desk.page(
            "letter.html" if wanted == "letter" else "who_saw.html",
            officer,
            asked={"number": number, "start": start, "end": end},
            known=bool(persons),
            found=found,
            sentences=[
                sentence(one, names.get(one.organisation, one.organisation), policy.purpose_names) for one in found.seen
            ],
            listed=listed[:SHOWN],
            total=len(listed),
            names=names,
            purposes=policy.purpose_names,
            today=desk.clock(),
        )


async def _persons(desk: Desk, number: str) -> list[UUID]:
    async with desk.acting("toldonce_facts") as connection:
        return await ids_with_number(connection, number)


def _day(form: FormData, name: str) -> date | None:
    text = str(form.get(name, "")).strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadRequest("Give a day as year, month and day, such as 2026-11-30.") from None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), LONDON) if day else None


def _spreadsheet(listed: list[Told]) -> Response:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for one in listed:
        row = (f"{one.when.astimezone(LONDON):%Y-%m-%d %H:%M:%S}", one.organisation, one.client, one.user, one.role,
               one.purpose, one.what, one.outcome, "yes" if one.emergency else "", one.shown)  # fmt: skip
        writer.writerow([_plain(cell) for cell in row])
    return Response(
        text.getvalue().encode("utf-8-sig"), media_type="text/csv; charset=utf-8", headers=download("who-saw.csv")
    )


def _plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
