"""Adding a person to a caseload by hand, and ending that: forms of the person's page.

Who may, and what follows from it: `teams.caseloads.keeper`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from integration.audit.codes import Kind
from integration.console.desk import TEAM, Desk
from integration.console.sessions import Officer
from integration.console.teams.reading import account, known, person_id, question
from integration.errors import Forbidden
from integration.sharing.request import Decision
from integration.teams.caseloads import Caseload, Member
from integration.teams.caseloads.keeper import ENDED, Keeper
from integration.teams.caseloads.register import caseloads, on_which


class Place(NamedTuple):
    """A caseload of theirs that a person is on."""

    caseload: Caseload
    member: Member


class Places(NamedTuple):
    """On which caseloads of theirs a person is, and for which reasons they could come on which."""

    on: Sequence[Place]
    choices: Sequence[Caseload]
    ended: dict[str, str]
    """Reasons for which it ends, code and words."""


def membership_pages(router: APIRouter, desk: Desk) -> None:
    """Serve the forms."""

    @router.post("/team/people/{id_}/caseloads", response_model=None)
    async def add(request: Request, id_: str) -> Response:
        member = await desk.member(request)
        form = await desk.form(request, member)
        caseload, _, reason = str(form.get("place", "")).partition(" ")
        told = _Told(desk, request, member, Kind.CREATE, caseload, reason)
        await _keeper(desk).add(question(desk, member), caseload, person_id(id_), reason, told)
        return RedirectResponse(f"{TEAM}/people/{person_id(id_)}#caseloads", 303)

    @router.post("/team/people/{id_}/caseloads/{caseload}/end", response_model=None)
    async def end(request: Request, id_: str, caseload: str) -> Response:
        member = await desk.member(request)
        form = await desk.form(request, member)
        why = str(form.get("why", ""))
        told = _Told(desk, request, member, Kind.DELETE, caseload, why)
        await _keeper(desk).end(question(desk, member), caseload, person_id(id_), why, told)
        return RedirectResponse(f"{TEAM}/caseloads/{caseload}", 303)


async def places(desk: Desk, member: Officer, person: UUID) -> Places:
    """Of a person whom they may know of (present id): the caseloads of their organisation, and no others."""
    async with desk.acting("toldonce_facts") as connection:
        every = {one.id: one for one in await caseloads(connection)}
        found = await on_which(connection, [person])
    own = {id_: one for id_, one in every.items() if member.organisation in one.organisations}
    on = {one.caseload: Place(own[one.caseload], one) for one in found if one.caseload in own}
    addable = [
        one
        for one in every.values()
        if one.by_hand and member.organisation in (*one.organisations, *one.referrers) and one.id not in on
    ]
    return Places(list(on.values()), addable if desk.recorder else [], ENDED if desk.recorder else {})


def _keeper(desk: Desk) -> Keeper:
    if desk.recorder is None:
        raise Forbidden("Nothing is recorded through this server: it only reads.")
    return Keeper(desk.recorder.pool, desk.records, desk.id_secret)


@dataclass(frozen=True)
class _Told:
    """Notes a change of a caseload in the access log before it counts."""

    desk: Desk
    request: Request
    member: Officer
    kind: Kind
    caseload: str
    reason: str

    async def __call__(self, decision: Decision, _person: UUID) -> None:
        details = [("team/caseload", self.caseload), ("reason", self.reason)]
        await account(self.desk, self.request, self.member, self.kind, decision, details=details)
        known(decision)  # else nothing is changed
