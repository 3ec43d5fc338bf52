"""Finding a person by NHS number, which is sent in a form and never stands in an address; in an emergency, where an
agreement lets this role declare one, whether or not there is a relationship.
"""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from integration.audit.codes import Kind
from integration.console.desk import NO_NUMBER, TEAM, Desk, nhs_number
from integration.console.sessions import Officer
from integration.console.teams.emergency import declared_in, keep
from integration.console.teams.reading import access, emergency_minutes, question
from integration.console.teams.words import human_name
from integration.record.longitudinal import read_patient
from integration.record.reader import Query
from integration.sharing.decide import BREAK_GLASS_REASONS
from integration.sharing.request import BreakGlass, Grant


def find_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them."""

    @router.get("/team/find", response_model=None)
    async def ask(request: Request) -> Response:
        member = await desk.member(request)
        await desk.account(request, member, kind=Kind.QUERY)
        return _page(desk, member)

    @router.post("/team/find", response_model=None)
    async def find(request: Request) -> Response:
        member = await desk.member(request)
        form = await desk.form(request, member)
        number, is_one = nhs_number(form)
        if not is_one:
            await desk.mistyped(request, member)
            return _page(desk, member, wrong=NO_NUMBER, typed=number)
        glass = declared_in(form, desk, member)
        found = await _found(desk, request, member, number, glass)
        if glass:
            await keep(desk, request, [grant for grant, _ in found], glass)
        if len(found) == 1:
            return RedirectResponse(f"{TEAM}/people/{found[0][0].person}", 303)
        return _page(desk, member, found=found)


def _page(
    desk: Desk,
    member: Officer,
    found: list[tuple[Grant, str]] | None = None,
    *,
    wrong: str = "",
    typed: str = "",
) -> Response:
    return desk.page(
        "teams/find.html",
        member,
        status=400 if wrong else 200,
        found=found,
        glass=emergency_minutes(desk, member),
        reasons=BREAK_GLASS_REASONS,
        wrong=wrong,
        typed=typed,
    )


async def _found(
    desk: Desk, request: Request, member: Officer, number: str, glass: BreakGlass | None
) -> list[tuple[Grant, str]]:
    """Whoever of this number they may know of, with their names: audited, whoever they are."""
    found: list[tuple[Grant, str]] = []
    decisions = []
    async with desk.records.consult_number(question(desk, member, glass), number) as consultations:
        async for one in consultations:
            decisions.append(one.decision)
            if isinstance(one.decision, Grant):
                patient = await read_patient(one.reader, one.decision)
                if patient is not None:  # nothing is said of whoever is hidden whole
                    name = human_name(patient.resource.get("name", []), "official", "usual")
                    found.append((one.decision, name or "Name not known"))
            else:
                await one.reader.rows(Query(types=("Patient",)))
    shown = [grant for grant, _ in found]
    await desk.account_all(
        [
            access(desk, request, member, Kind.QUERY, one, counts={"Patient": int(one in shown)}, glass=glass)
            for one in decisions
        ]
    )
    request.state.audited = True
    return found
