"""CYP201, CYP202, CYP612 -> Encounter, and the procedures, findings and observations recorded at it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapters.community.records import CareActivity, CareContact, ContactAssessment, ServiceType, State
from mappings import uk_core
from mappings.community import codes
from mappings.community.directory import practitioner_reference
from mappings.datatypes import (
    Json,
    compact,
    local_identifier,
    organisation_reference,
    own_reference,
    period,
    snomed,
    subject,
)
from mappings.ids import Ids
from mappings.tables.activity import Recorded, recorded
from mappings.tables.attendance import status_of
from mappings.tables.finding import measured, observation
from mappings.tables.moments import moment, moment_after
from mappings.tables.place import encounter_class, location_reference

_UCUM = "http://unitsofmeasure.org"
_ORDINARY = "01"
"""Administrative category NHS patient, contact subject patient: true of nearly every contact, so only another one is
worth a word."""


@dataclass(frozen=True)
class _Around:
    """What a person's contacts refer to, found once. Keys are (provider, referral), (provider, referral, contact) and
    (provider, professional)."""

    referrals: frozenset[tuple[str, str]]
    activities: Mapping[tuple[str, str, str], Sequence[CareActivity]]
    teams: Mapping[tuple[str, str], Sequence[ServiceType]]
    staff: frozenset[tuple[str, str]]


def contacts(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """An Encounter per contact, and what its activities recorded."""
    around = _around(state)
    for contact in state.contacts:
        activities = around.activities.get(_at(contact), ())
        yield _encounter(contact, activities, around, ids)
        for activity in activities:
            yield from recorded(_recorded(activity), contact, ids)
    yield from _assessments(state, ids)


def _around(state: State) -> _Around:
    activities: defaultdict[tuple[str, str, str], list[CareActivity]] = defaultdict(list)
    for activity in state.activities:
        activities[_at(activity)].append(activity)
    teams: defaultdict[tuple[str, str], list[ServiceType]] = defaultdict(list)
    for team in state.service_types:
        teams[team.provider, team.referral].append(team)
    return _Around(
        referrals=frozenset((referral.provider, referral.referral) for referral in state.referrals),
        activities=activities,
        teams=teams,
        staff=frozenset((member.provider, member.professional) for member in state.staff),
    )


def _at(row: CareContact | CareActivity | ContactAssessment) -> tuple[str, str, str]:
    """The contact that a row is, or belongs to: a contact's id alone is reused across referrals."""
    return (row.provider, row.referral, row.contact)


def _assessments(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    met = {_at(contact): contact for contact in state.contacts}
    for assessment in state.contact_assessments:
        held = met.get(_at(assessment))
        yield observation(
            assessment.key(),
            ids,
            code=snomed(assessment.tool),
            category="survey",
            effective=assessment.date,
            encounter=_encounter_reference(held, ids) if held else None,
            **measured(assessment.score),
        )


def _encounter_reference(contact: CareContact, ids: Ids) -> Json:
    return own_reference(ids, "Encounter", *contact.key())


def _encounter(contact: CareContact, activities: Sequence[CareActivity], around: _Around, ids: Ids) -> uk_core.Resource:
    team = _team_type(contact, around.teams.get((contact.provider, contact.referral), ()))
    referral_key = (contact.provider, "CYP101", contact.referral)
    has_referral = (contact.provider, contact.referral) in around.referrals
    status = status_of(contact)
    return uk_core.resource(
        "Encounter",
        ids.own("Encounter", *contact.key()),
        extension=_outcome(contact),
        identifier=[local_identifier(contact.provider, "care-contact", contact.contact)],
        status=status,
        class_=encounter_class(contact),
        type=_types(contact, activities),
        serviceType=codes.mapped("CsdsTeamType", team),
        subject=subject(),
        episodeOfCare=[own_reference(ids, "EpisodeOfCare", *referral_key)] if has_referral else None,
        basedOn=[own_reference(ids, "ServiceRequest", *referral_key)] if has_referral else None,
        participant=_participants(activities, around, ids),
        period=period(
            moment(contact.on, contact.time),
            moment_after(contact.on, contact.time, contact.minutes) if status == "finished" else None,
        ),
        length=_length(contact, status),
        location=_location(contact, ids),
        serviceProvider=organisation_reference(ids, contact.provider),
    )


def _outcome(contact: CareContact) -> list[Json]:
    """Extension-UKCore-OutcomeOfAttendance, an extensible binding: the attendance status as sent, for it alone tells
    a person who did not attend from one whose provider cancelled."""
    status = codes.own("CsdsAttendanceStatus", contact.attendance)
    said = ", ".join(
        text
        for text in (
            f"cancellation reason code {contact.cancellation_reason}" if contact.cancellation_reason else "",
            f"replacement booked on {contact.replacement_booked}" if contact.replacement_booked else "",
        )
        if text
    )
    if not (status or said):
        return []
    text = " ".join(filter(None, (status["text"] if status else "Cancelled", f"({said})" if said else "")))
    outcome = compact(coding=status["coding"] if status else None, text=text)
    return [{"url": f"{uk_core.EXTENSION}OutcomeOfAttendance", "valueCodeableConcept": outcome}]


def _types(contact: CareContact, activities: Sequence[CareActivity]) -> list[Json]:
    group = contact.group if contact.group == "Y" else None
    category = contact.administrative_category if contact.administrative_category != _ORDINARY else None
    proxy = contact.subject if contact.subject != _ORDINARY else None
    found = [
        codes.mapped("CsdsConsultationType", contact.consultation_type),
        codes.own("CsdsConsultationMechanism", contact.mechanism),
        codes.unlisted("consultation-medium", contact.medium),
        codes.mapped("CsdsContactSubject", proxy),
        codes.mapped("CsdsGroupTherapy", group),
        codes.mapped("CsdsAdministrativeCategory", category),
        *(codes.mapped("CsdsActivityType", kind) for kind in sorted({a.type for a in activities if a.type})),
    ]
    return [concept for concept in found if concept]


def _team_type(contact: CareContact, teams: Sequence[ServiceType]) -> str | None:
    """Type of the contact's team, else of the only team of its referral."""
    named = [team for team in teams if contact.team and team.team == contact.team]
    chosen = named or (teams if len(teams) == 1 else [])
    return chosen[0].type if chosen else None


def _participants(activities: Sequence[CareActivity], around: _Around, ids: Ids) -> list[Json]:
    met = sorted({(one.provider, one.professional) for one in activities if one.professional})
    return [
        {"individual": practitioner_reference(provider, professional, ids)}
        if (provider, professional) in around.staff
        else {"individual": {"identifier": local_identifier(provider, "care-professional", professional)}}
        for provider, professional in met
    ]


def _length(contact: CareContact, status: str) -> Json | None:
    if contact.minutes is None or status != "finished":
        return None
    return {"value": contact.minutes, "unit": "minutes", "system": _UCUM, "code": "min"}


def _location(contact: CareContact, ids: Ids) -> list[Json]:
    reference = location_reference(contact, ids)
    kind = codes.target_only("CsdsActivityLocationType", contact.location)
    if not reference:
        return []
    return [compact(location=reference, physicalType={"coding": [kind]} if kind else None)]


def _recorded(activity: CareActivity) -> Recorded:
    code = codes.clinical
    procedure, finding, seen = activity.procedure, activity.finding, activity.observation
    return Recorded(
        key=activity.key(),
        procedure=code("CsdsProcedureScheme", activity.procedure_scheme, procedure) if procedure else None,
        finding=code("CsdsFindingScheme", activity.finding_scheme, finding) if finding else None,
        observation=code("CsdsObservationScheme", activity.observation_scheme, seen) if seen else None,
        value=activity.value,
        unit=activity.unit,
    )
