"""A caseload at a glance: for each member whom the caller may know of, what a team looks at first.

Each person is decided on by themselves, and nothing is read that their own Grant does not open; what is asked of all is
read for many together (`Records.consult_many`). Whoever shows it writes one audit event for each person first.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeGuard

from integration.record.adjustments import TOP_FLAG, united
from integration.record.consult import Question, Records
from integration.record.coordinator import coordinating
from integration.record.patient import golden
from integration.record.reader import Query, Reader, Row
from integration.sharing import dates
from integration.sharing.request import Decision, Grant
from integration.store.database import act_as
from integration.teams.caseloads import register
from integration.teams.caseloads.register import Member
from integration.teams.caseloads.rule import begun
from mappings import uk_core
from mappings.coordinator import CODE
from mappings.uk_core import Resource

_PATIENT = Query(types=("Patient",))
_FLAG = Query(types=("Flag",), tokens=(TOP_FLAG,))
_CLASS = "class=http://terminology.hl7.org/CodeSystem/v3-ActCode|emer"
_ATTENDANCE = Query(types=("Encounter",), tokens=(_CLASS,))
_TEAM = Query(types=("CareTeam",), tokens=(f"participant-role={uk_core.SNOMED}|{CODE}",))
_REVIEW = Query(types=("ServiceRequest",), tokens=("status=http://hl7.org/fhir/request-status|active",))
LOOKED_AT = (_PATIENT, _FLAG, _ATTENDANCE, _TEAM, _REVIEW)


@dataclass(frozen=True)
class Line:
    """One member of a caseload as the caller may see them; what is not known, or not for the caller, is None."""

    member: Member
    grant: Grant
    name: str | None
    birth_date: str | None
    nhs_number: str | None
    adjustments: bool
    """An active Reasonable Adjustment flag."""
    last_attendance: date | None
    """The last day on which they came to A&E."""
    coordinator: str | None
    next_review: date | None
    """The first day from now on for which somebody has planned something: a review, a check."""


async def overview(records: Records, question: Question, caseload: str) -> list[Line]:
    """Every member of a caseload whom the caller may know of, in the order of the people's ids. That the caseload is
    the caller's to see is for whoever asks to know."""
    async with records.pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        members = await register.members(connection, caseload, question.at)
    return [line async for line in lines(records, question, members)]


async def lines(records: Records, question: Question, members: Sequence[Member]) -> AsyncIterator[Line]:
    """The line of each of these whom the caller may know of."""
    of = {one.person: one for one in members}
    async with records.consult_many(question, list(of), LOOKED_AT) as consultations:
        async for one in consultations:
            if known(one.decision) and one.decision.person in of:
                yield await _line(of[one.decision.person], one.decision, one.reader, question.at)


def known(decision: Decision) -> TypeGuard[Grant]:
    """Whether the caller is told that the person is there: of whoever is hidden whole, as by an objection, nothing is
    said, whatever relationship there is."""
    return isinstance(decision, Grant) and bool(decision.labels)


async def _line(member: Member, grant: Grant, reader: Reader, at: datetime) -> Line:
    found = golden(grant, await reader.rows(_PATIENT))
    patient = found.resource if found else {}
    flags = united(await reader.rows(_FLAG))
    return Line(
        member=member,
        grant=grant,
        name=_name(patient),
        birth_date=patient.get("birthDate"),
        nhs_number=next(
            (one["value"] for one in patient.get("identifier", ()) if one.get("system") == uk_core.NHS_NUMBER), None
        ),
        adjustments=any(one.resource().get("status") == "active" for one in flags),
        last_attendance=max(
            (day for row in await reader.rows(_ATTENDANCE) for day in begun(row.resource(), frozenset({"EMER"}))),
            default=None,
        ),
        coordinator=_coordinator(await reader.rows(_TEAM), at.date()),
        next_review=min((day for row in await reader.rows(_REVIEW) if (day := _planned(row, at.date()))), default=None),
    )


def _name(patient: Resource) -> str | None:
    """The official name, as it is written: family name first."""
    names = patient.get("name", ())
    name = next((one for one in names if one.get("use") == "official"), next(iter(names), None))
    if name is None:
        return None
    if "text" in name and "family" not in name:
        return str(name["text"])
    first = " ".join([*name.get("prefix", ()), *name.get("given", ())])
    return ", ".join(part for part in (name.get("family", "").upper(), first) if part)


def _coordinator(teams: Sequence[Row], on: date) -> str | None:
    """Who coordinates now, by name, else by the organisation."""
    named = (one.participant for one in coordinating((row.resource() for row in teams), on))
    members = (one.get("member", {}).get("display") or one.get("onBehalfOf", {}).get("display") for one in named)
    return next((one for one in members if one), None)


def _planned(row: Row, on: date) -> date | None:
    """The day for which a request of intent `plan` is due, from today on."""
    request = row.resource()
    day = dates.first_day(request.get("occurrenceDateTime") or request.get("occurrencePeriod", {}).get("start"))
    return day if request.get("intent") == "plan" and day and day >= on else None
