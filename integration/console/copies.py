"""A person's copy of what is held on them (UK GDPR Article 15): the officer's part of it, which is who has seen the
record, and the choices about sharing. Whoever may see the record makes the other part (`teams.copies`).

Both are made by `audit.copy_desk`, which reads what the Grant of whoever is signed in shows, and nothing else.
"""

import asyncio
from collections.abc import Callable, Mapping

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from integration.audit.codes import Kind
from integration.audit.copy_desk import CopyDesk
from integration.audit.subject_access import Copy, files, zipped
from integration.console.desk import NO_NUMBER, Desk, download, nhs_number
from integration.console.sessions import Officer
from integration.console.teams.reading import account, question
from integration.errors import BadRequest
from integration.sharing.request import Decision

LONGEST_REFERENCE = 100
_ZIP = "application/zip"
_NOTHING = {"number": "", "reference": ""}


def copy_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them."""

    @router.get("/copy", response_model=None)
    async def ask(request: Request) -> Response:
        officer = await desk.officer(request)
        await desk.account(request, officer)
        return desk.page("copy.html", officer, asked=_NOTHING, wrong="")

    @router.post("/copy", response_model=None)
    async def make(request: Request) -> Response:
        officer = await desk.officer(request)
        form = await desk.form(request, officer)
        number, is_one = nhs_number(form)
        said = reference(form)
        if not is_one:
            await desk.mistyped(request, officer)
            asked = {"number": number, "reference": said}
            return desk.page("copy.html", officer, status=400, asked=asked, wrong=NO_NUMBER)
        copies = copy_desk(desk, request, officer, said)
        person = await copies.person(number)
        return await as_file(await copies.copy(question(desk, officer), person, accesses=True))


def copy_desk(
    desk: Desk,
    request: Request,
    who: Officer,
    reference: str,
    check: Callable[[Decision, Mapping[str, int]], object] = lambda _decision, _counts: None,
) -> CopyDesk:
    """What makes copies for whoever is signed in. `check`: what else must hold of what was decided and read, and raises
    where it does not, once that is audited."""

    async def tell(decision: Decision, counts: Mapping[str, int]) -> None:
        details = [("subject-access", "a part of the copy for the person"), ("subject-access/reference", reference)]
        await account(desk, request, who, Kind.EXPORT, decision, counts=counts, details=details)
        check(decision, counts)

    return CopyDesk(desk.pool, desk.records, tell)


def reference(form: FormData) -> str:
    """By what the request is known to whoever answers it. Raises BadRequest."""
    said = str(form.get("reference", "")).strip()
    if not said or len(said) > LONGEST_REFERENCE:
        raise BadRequest("Say by which reference the person's request is known to you.")
    return said


async def as_file(copy: Copy) -> Response:
    """The copy, to be saved."""
    content = await asyncio.to_thread(lambda: zipped(files(copy), copy.made))
    return Response(content, media_type=_ZIP, headers=download("copy.zip"))
