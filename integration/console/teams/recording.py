"""What a team records about a person: who coordinates, an adjustment, who does what next.

Each form of the person's page becomes one FHIR resource, which is recorded as the API records it, in the name of
whoever is signed in (`recording.clerk`).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from adapters.recorded.records import Json
from integration.api.writing import KINDS
from integration.audit.codes import Kind, Outcome
from integration.console.desk import TEAM, Desk
from integration.console.sessions import Officer
from integration.console.teams.caseloads import day
from integration.console.teams.reading import access, known, person_id, question
from integration.errors import BadRequest, FhirError, Forbidden
from integration.record.reader import Query, Row
from integration.recording.clerk import Clerk, changed
from integration.recording.intent import Intended, Kept
from integration.recording.whom import Whom
from integration.sharing.request import Decision, Denial, Grant
from mappings import uk_core
from mappings.coordinator import COORDINATOR
from mappings.datatypes import concept
from mappings.recorded.parties import ods_code
from mappings.recorded.vocabulary import CATEGORIES, EXISTENCE, NOTES, REVIEW_DATE

LONGEST = 500


def recording_pages(router: APIRouter, desk: Desk) -> None:
    """Serve the forms of a person's page."""

    @router.post("/team/people/{id_}/coordinator", response_model=None)
    async def coordinator(request: Request, id_: str) -> Response:
        member, form = await _sent(desk, request)
        clerk = clerk_of(desk, request, member)
        sent = _care_team(id_, _text(form, "name"), _organisation(desk, form), desk.today())
        grant = await _permitted(clerk, sent, id_)
        standing = await _standing(desk, clerk, grant)
        if not any(_same(row.resource(), sent) for row in standing):  # a second click names nobody anew
            ended = [_ended(row, grant, desk.today()) for row in standing]
            await clerk.record(grant, [*ended, _new(form, member, sent)])
        return _back(grant, "coordinator")

    @router.post("/team/people/{id_}/adjustments", response_model=None)
    async def adjustment(request: Request, id_: str) -> Response:
        member, form = await _sent(desk, request)
        clerk = clerk_of(desk, request, member)
        category = str(form.get("category", ""))
        if category not in CATEGORIES:
            raise BadRequest("Choose what kind of adjustment it is.")
        sent = _flag(id_, category, _text(form, "what"), str(form.get("note", "")).strip(), _day(form, "review"), desk)
        grant = await _permitted(clerk, sent, id_)
        await clerk.record(grant, [_new(form, member, sent)])
        return _back(grant, "safety")

    @router.post("/team/people/{id_}/steps", response_model=None)
    async def step(request: Request, id_: str) -> Response:
        member, form = await _sent(desk, request)
        clerk = clerk_of(desk, request, member)
        sent = _task(id_, _text(form, "what"), _text(form, "who"), _day(form, "due"))
        grant = await _permitted(clerk, sent, id_)
        await clerk.record(grant, [_new(form, member, sent)])
        return _back(grant, "next")

    @router.post("/team/people/{id_}/steps/{task}/done", response_model=None)
    async def done(request: Request, id_: str, task: str) -> Response:
        member, _ = await _sent(desk, request)
        clerk = clerk_of(desk, request, member)
        clerk.require_role("Task")
        grant, row = await clerk.seen("Task", person_id(task))
        if grant.person != person_id(id_):
            raise BadRequest("The page is of somebody else. Open it again.")
        sent = {**row.resource(), "status": "completed"}
        clerk.require_sound("Task", sent)
        await clerk.record(grant, [changed("Task", sent, grant, row, row.version)])
        return _back(grant, "next")


def clerk_of(desk: Desk, request: Request, member: Officer) -> Clerk:
    """Whoever records for somebody of a team. Raises Forbidden where this process only reads."""
    if desk.recorder is None:
        raise Forbidden("Nothing is recorded through this server: it only reads.")
    return Clerk(desk.records, desk.recorder, question(desk, member), _Journal(desk, request, member))


def may_record(desk: Desk, request: Request, member: Officer, *types: str) -> dict[str, bool]:
    """Which of these types the forms are there for."""
    if desk.recorder is None:
        return dict.fromkeys(types, False)
    clerk = clerk_of(desk, request, member)
    return {one: clerk.may_record(one) for one in types}


@dataclass(frozen=True)
class _Journal:
    """The audit of one form."""

    desk: Desk
    request: Request
    member: Officer

    async def kept(self, grant: Grant, _intended: Sequence[Intended], kept: Sequence[Kept]) -> None:
        await self._account(
            [
                access(
                    self.desk,
                    self.request,
                    self.member,
                    KINDS[one.interaction],
                    grant,
                    interaction=one.interaction,
                    target=f"{one.type}/{one.id}",
                )
                for one in kept
            ]
        )

    async def refused(self, decision: Decision, error: FhirError) -> None:
        failed: dict[str, Any] = {}
        if not isinstance(decision, Denial):
            outcome = Outcome.MAJOR_FAILURE if error.status >= 500 else Outcome.MINOR_FAILURE
            failed = {"outcome": outcome, "failure": f"{error.status} {error.code}: {error.diagnostics}"}
        await self._account(
            [access(self.desk, self.request, self.member, Kind.CREATE, decision, interaction="create", **failed)]
        )

    async def _account(self, accesses: list[Any]) -> None:
        await self.desk.account_all(accesses)
        self.request.state.audited = True


async def _sent(desk: Desk, request: Request) -> tuple[Officer, FormData]:
    member = await desk.member(request)
    return member, await desk.form(request, member)


async def _permitted(clerk: Clerk, sent: Json, id_: str) -> Grant:
    """The steps of the clerk before anything is recorded. Raises what they raise."""
    clerk.require_role(sent["resourceType"])
    clerk.require_sound(sent["resourceType"], sent)
    return known(await clerk.permitted(Whom(person_id(id_))))


def _new(form: FormData, member: Officer, sent: Json) -> Intended:
    """A new statement. The same form that is sent again, by a second click, is recorded once."""
    once = f"{member.check}\0{form.get('once') or uuid4().hex}\0{sent['resourceType']}"
    key = hashlib.sha256(once.encode()).hexdigest()[:32]
    return Intended("create", sent["resourceType"], key=key, resource=sent)


async def _standing(desk: Desk, clerk: Clerk, grant: Grant) -> list[Row]:
    """The coordinators whom the own organisation named here and who still are: there is to be one at a time."""
    assert desk.recorder is not None
    own = await desk.recorder.own(grant.person, grant.request.caller.organisation, ("CareTeam",))
    ids = tuple(id_ for _, id_ in own)
    if not ids:
        return []
    async with desk.records.consult(clerk.question, grant.person) as consultation:
        rows = await consultation.reader.rows(Query(types=("CareTeam",), ids=ids))
    return [row for row in rows if row.resource().get("status") == "active"]


def _same(standing: Json, sent: Json) -> bool:
    """Whether it names the same person of the same organisation."""
    (one,), (other,) = standing["participant"], sent["participant"]
    said = [(each["member"].get("display"), ods_code(each.get("onBehalfOf", {}))) for each in (one, other)]
    return said[0] == said[1]


def _ended(row: Row, grant: Grant, on: date) -> Intended:
    team = row.resource()
    period = {**team["period"], "end": max(str(on), team["period"]["start"])}
    return changed("CareTeam", {**team, "status": "inactive", "period": period}, grant, row, row.version)


def _care_team(id_: str, name: str, organisation: str, on: date) -> Json:
    code = {"system": uk_core.ODS_ORGANISATION, "value": organisation}
    participant = {"role": [COORDINATOR], "member": {"display": name}, "onBehalfOf": {"identifier": code}}
    return {
        "resourceType": "CareTeam",
        "status": "active",
        "subject": {"reference": f"Patient/{id_}"},
        "period": {"start": str(on)},
        "participant": [participant],
    }


def _flag(id_: str, category: str, what: str, note: str, review: date | None, desk: Desk) -> Json:
    extensions = [
        *([{"url": NOTES, "valueString": note[:LONGEST]}] if note else []),
        *([{"url": REVIEW_DATE, "valueDate": str(review)}] if review else []),
    ]
    return {
        "resourceType": "Flag",
        **({"extension": extensions} if extensions else {}),
        "status": "active",
        "category": [EXISTENCE, concept(uk_core.RA_CATEGORY, category, CATEGORIES[category])],
        "code": {"text": what},
        "subject": {"reference": f"Patient/{id_}"},
        "period": {"start": str(desk.today())},
    }


def _task(id_: str, what: str, who: str, due: date | None) -> Json:
    return {
        "resourceType": "Task",
        "status": "requested",
        "intent": "plan",
        "description": what,
        "for": {"reference": f"Patient/{id_}"},
        "owner": {"display": who},
        **({"restriction": {"period": {"end": str(due)}}} if due else {}),
    }


def _text(form: FormData, name: str) -> str:
    text = str(form.get(name, "")).strip()
    if not text or len(text) > LONGEST:
        raise BadRequest(f"Fill in the form: each answer has at most {LONGEST} letters.")
    return text


def _day(form: FormData, name: str) -> date | None:
    return day(str(form.get(name, "")).strip())


def _organisation(desk: Desk, form: FormData) -> str:
    code = str(form.get("organisation", ""))
    if code not in desk.policy().names:
        raise BadRequest("Choose the organisation that they work for.")
    return code


def _back(grant: Grant, place: str) -> Response:
    return RedirectResponse(f"{TEAM}/people/{grant.person}#{place}", 303)
