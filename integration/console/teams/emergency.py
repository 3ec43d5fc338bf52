"""Opening a record in an emergency, where an agreement lets the role declare one: with a reason, for as long as that
agreement says, marked, and put before an information governance officer afterwards.
"""

from datetime import timedelta

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from integration.audit.codes import Kind
from integration.console import sessions
from integration.console.desk import COOKIE, TEAM, Desk
from integration.console.sessions import Officer
from integration.console.teams.reading import account, emergency_minutes, known, person_id, question
from integration.errors import BadRequest, Forbidden
from integration.sharing.decide import BREAK_GLASS_REASONS
from integration.sharing.request import BreakGlass, Grant

_LONGEST_NOTE = 500


def emergency_pages(router: APIRouter, desk: Desk) -> None:
    """Serve the form of a person's page; that of somebody unknown is in `find`."""

    @router.post("/team/people/{id_}/emergency", response_model=None)
    async def declare(request: Request, id_: str) -> Response:
        member = await desk.member(request)
        form = await desk.form(request, member)
        glass = declared_in(form, desk, member)
        if glass is None:
            raise BadRequest("Choose a reason for the emergency, and say in a sentence what it is.")
        async with desk.records.consult(question(desk, member, glass), person_id(id_)) as consultation:
            decision = consultation.decision
        await account(desk, request, member, Kind.OPERATION, decision, glass=glass)
        grant = known(decision)
        await keep(desk, request, [grant], glass)
        return RedirectResponse(f"{TEAM}/people/{grant.person}", 303)


def minutes_left(desk: Desk, member: Officer, grant: Grant) -> int:
    """How long this one still counts; 0: the answer does not rest on one."""
    if not grant.broken_glass or grant.request.break_glass is None or grant.request.break_glass.declared is None:
        return 0
    ends = grant.request.break_glass.declared + timedelta(minutes=emergency_minutes(desk, member))
    return max(round((ends - grant.request.at) / timedelta(minutes=1)), 1)


def declared_in(form: FormData, desk: Desk, member: Officer) -> BreakGlass | None:
    """The emergency that a form declares. Raises BadRequest for half of one, Forbidden where this role may not."""
    reason, note = str(form.get("reason", "")), str(form.get("note", "")).strip()
    if not reason:
        return None
    if not emergency_minutes(desk, member):
        raise Forbidden("No agreement lets this role open a record in an emergency.")
    if reason not in BREAK_GLASS_REASONS or not note or len(note) > _LONGEST_NOTE:
        raise BadRequest("Choose a reason for the emergency, and say in a sentence what it is.")
    return BreakGlass(reason, note, desk.clock())


async def keep(desk: Desk, request: Request, grants: list[Grant], glass: BreakGlass) -> None:
    """Keep with the session for whom it was declared."""
    async with desk.acting("toldonce_registry", readonly=False) as connection:
        for grant in grants:
            await sessions.declare(connection, request.cookies[COOKIE], grant.person, glass)
