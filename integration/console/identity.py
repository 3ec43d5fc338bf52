"""Who is who: what waits for a person's decision, two records side by side, and who saw them while they were one."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from integration.api.outcome import route_template
from integration.audit.identity import Pair, ReviewDesk
from integration.audit.who_saw import sentences
from integration.console.desk import Desk, caller
from integration.console.sessions import Officer
from integration.errors import BadRequest, NotFound, UnknownSourcePatient
from integration.identity.compare import Outcome
from integration.identity.review import KINDS

MOST = 100
_OUTCOMES: dict[str, Outcome] = {"one person": "SAME", "two people": "NOT THE SAME"}
_LABELS = {
    "nhs_number": "NHS number",
    "families": "Family names",
    "given": "First names",
    "birth_date": "Born",
    "gender": "Gender",
    "postcodes": "Postcodes",
    "phones": "Telephones",
    "uprns": "Properties",
    "practices": "GP practice",
    "ids": "Other numbers",
    "conflicting_numbers": "Conflicting NHS numbers",
    "deceased": "Has died",
}


def identity_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them. Every step is audited by the review desk itself."""

    @router.get("/identity", response_model=None)
    async def queue(request: Request) -> Response:
        officer = await desk.officer(request)
        page = await _review(desk, request, officer).queue(MOST, request.query_params.get("after"))
        return desk.page("identity.html", officer, page=page, kinds=KINDS)

    @router.get("/identity/{a}/{b}", response_model=None)
    async def pair(request: Request, a: str, b: str) -> Response:
        officer = await desk.officer(request)
        try:
            shown = await _review(desk, request, officer).show(_pair(a, b))
        except UnknownSourcePatient:
            raise NotFound from None
        return desk.page("pair.html", officer, shown=shown, labels=_LABELS)

    @router.post("/identity/{a}/{b}", response_model=None)
    async def decide(request: Request, a: str, b: str) -> Response:
        officer = await desk.officer(request)
        form = await desk.form(request, officer)
        reason, outcome = str(form.get("reason", "")).strip(), _OUTCOMES.get(str(form.get("outcome", "")))
        if outcome is None or not reason:
            raise BadRequest("Say why, and whether they are one person or two.")
        try:
            await _review(desk, request, officer).decide(_pair(a, b), outcome, reason)
        except UnknownSourcePatient:
            raise NotFound from None
        return RedirectResponse("/console/identity", 303)

    @router.get("/identity/{a}/{b}/seen", response_model=None)
    async def seen(request: Request, a: str, b: str) -> Response:
        officer = await desk.officer(request)
        found = await _review(desk, request, officer).breach(_pair(a, b))
        policy = desk.policy()
        said = sentences(found.seen, policy.agreements.names, policy.purpose_names)
        return desk.page("seen.html", officer, found=found, sentences=said)


def _review(desk: Desk, request: Request, officer: Officer) -> ReviewDesk:
    assert desk.workers is not None
    route = f"{request.method} {route_template(request.scope)}"
    return ReviewDesk(desk.workers, desk.pool, desk.log, desk.id_secret, caller(officer), route)


def _pair(a: str, b: str) -> Pair:
    try:
        return UUID(a), UUID(b)
    except ValueError:
        raise NotFound from None
