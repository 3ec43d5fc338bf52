"""A change of the agreements, tried: what a document says otherwise, and who would newly see or lose what.

Nothing is put in force here. The page tells what `toldonce agreements check`, `diff` and `apply` tell, from the same
functions.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, time

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from adapters.records import LONDON
from integration.audit.codes import Kind
from integration.console.desk import Desk
from integration.console.sessions import Officer
from integration.console.who_saw import day_of
from integration.errors import BadRequest
from integration.record.proposal import Proposal, propose
from integration.sharing.agreement_file import Problem
from integration.sharing.agreements import AgreementError, Agreements, load
from integration.sharing.doubts import doubts
from integration.sharing.proposal_text import rows_of, summary
from integration.sharing.reasons import listed

LONGEST = 262_144
"""Bytes of a form with its document."""
MOST_TERMS = 20_000
"""Organisations times roles times purposes of a document, over all its agreements: what a page counts for."""
PATIENCE = 60.0
"""Seconds that counting may take."""
SHOWN = 40
"""Rows of the effect, and problems, on a page."""


def change_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them. One change is tried at a time, so that no more than one of the connections is kept for long."""
    trying = asyncio.Lock()

    @router.get("/agreements/change", response_model=None)
    async def blank(request: Request) -> Response:
        officer = await desk.officer(request)
        await desk.account(request, officer)
        return _page(desk, officer)

    @router.post("/agreements/change", response_model=None)
    async def change(request: Request) -> Response:
        officer = await desk.officer(request)
        form = await desk.form(request, officer, upload=LONGEST)
        pasted = str(form.get("text", ""))
        document = await _document(form, pasted)
        on = day_of(str(form.get("on", "")).strip())
        if trying.locked():
            raise BadRequest("Another change is being tried just now. Try again in a minute.")
        async with trying:
            try:
                agreements, hardly_meant = await asyncio.to_thread(_read, document)
            except AgreementError as error:
                found = [("agreements/problems", str(len(error.problems)))]
                await desk.account(request, officer, kind=Kind.AGREEMENTS, details=found)
                return _page(desk, officer, pasted, on, problems=error.problems)
            proposal = await _proposal(desk, agreements, on)
        version = proposal.in_force
        said = {
            "version": f"{version.number} {version.digest}" if version else "none",
            "people": str(proposal.effect.people),
        }
        details = [(f"agreements/{name}", value) for name, value in said.items()]
        await desk.account(request, officer, kind=Kind.AGREEMENTS, details=details)
        return _page(desk, officer, pasted, on, doubts=hardly_meant, proposal=proposal)


async def _document(form: FormData, pasted: str) -> str:
    """The text of the file, or what was pasted. Raises BadRequest unless there is one of the two."""
    sent = form.get("file")
    content = await sent.read() if isinstance(sent, UploadFile) else b""
    await form.close()
    if bool(content) == bool(pasted.strip()):
        raise BadRequest("Choose a file or paste a text: one of the two.")
    try:
        return content.decode() if content else pasted.replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise BadRequest("The file is not UTF-8 text.") from None


def _read(document: str) -> tuple[Agreements, list[Problem]]:
    """The agreements of a text, and what in it is hardly meant. Raises AgreementError; BadRequest where they are more
    than a page can count for."""
    agreements = load(document)
    terms = sum(
        len(agreements.codes(one.recipients)) * len(one.roles) * len(one.purposes) for one in agreements.agreements
    )
    if terms > MOST_TERMS:
        raise BadRequest("These agreements are too many for this page. `toldonce agreements diff` has no limit.")
    return agreements, doubts(document, agreements)


async def _proposal(desk: Desk, agreements: Agreements, on: date | None) -> Proposal:
    """What they would change, now or at noon of a day. Raises BadRequest where counting takes too long."""
    at = datetime.combine(on, time(12), LONDON) if on else desk.clock()
    try:
        async with asyncio.timeout(PATIENCE), desk.pool.acquire() as connection:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                return await propose(connection, agreements, at, lambda *_: None)
    except TimeoutError:
        raise BadRequest("Counting takes too long for this page. `toldonce agreements diff` has the time.") from None


def _page(
    desk: Desk,
    officer: Officer,
    pasted: str = "",
    on: date | None = None,
    *,
    problems: Sequence[Problem] = (),
    doubts: Sequence[Problem] = (),
    proposal: Proposal | None = None,
) -> Response:
    """The form and, where one was tried, what came of it."""
    rows = rows_of(proposal.effect.rows, proposal.names, proposal.purposes) if proposal else []
    found = proposal.effect if proposal else None
    return desk.page(
        "change.html",
        officer,
        pasted=pasted,
        on=on,
        problems=problems[:SHOWN],
        more_problems=max(len(problems) - SHOWN, 0),
        doubts=doubts[:SHOWN],
        proposal=proposal,
        later=listed(proposal.later) if proposal else "",
        rows=rows[:SHOWN],
        more_rows=max(len(rows) - SHOWN, 0),
        summary=summary(found.rows, found.concerned, found.people) if found else "",
    )
