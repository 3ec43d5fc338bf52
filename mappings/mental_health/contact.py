"""MHS201, MHS202 -> Encounter, and the procedures, findings and observations recorded at it."""

from collections.abc import Iterator, Sequence
from typing import Any

from adapters.mental_health.records import CareActivity, CareContact, State
from mappings import uk_core
from mappings.datatypes import (
    Json,
    local_identifier,
    organisation_reference,
    own_reference,
    period,
    subject,
)
from mappings.ids import Ids
from mappings.mental_health import codes
from mappings.mental_health.directory import professional_reference
from mappings.mental_health.referral import team_type
from mappings.tables.activity import Recorded, recorded
from mappings.tables.attendance import status_of
from mappings.tables.moments import moment, moment_after
from mappings.tables.place import encounter_class, location_reference


def contacts(state: State, ids: Ids) -> Iterator[uk_core.Resource]:
    """An Encounter per contact, and what its activities recorded."""
    for contact in state.contacts:
        done = [
            one
            for one in state.activities
            if (one.provider, one.referral, one.contact) == (contact.provider, contact.referral, contact.contact)
        ]
        yield _encounter(contact, done, state, ids)
        for activity in done:
            yield from recorded(_recorded(activity), contact, ids)


def referral_references(provider: str, referral: str, state: State, ids: Ids) -> dict[str, Any]:
    """`episodeOfCare` and `basedOn` of an Encounter, where the referral is held."""
    keys = [one.key() for one in state.referrals if (one.provider, one.referral) == (provider, referral)]
    return {
        "episodeOfCare": [own_reference(ids, "EpisodeOfCare", *key) for key in keys],
        "basedOn": [own_reference(ids, "ServiceRequest", *key) for key in keys],
    }


def _encounter(contact: CareContact, done: Sequence[CareActivity], state: State, ids: Ids) -> uk_core.Resource:
    status = status_of(contact)
    minutes = contact.minutes if status == "finished" else None
    place = location_reference(contact, ids)
    kinds = (
        codes.mapped("CsdsConsultationType", contact.consultation_type),
        codes.own("CsdsConsultationMechanism", contact.mechanism),
        codes.unlisted("consultation-medium", contact.medium),
        codes.mapped("CsdsContactSubject", contact.subject if contact.subject != "01" else None),
    )
    met = sorted({one.professional for one in done if one.professional})
    return uk_core.resource(
        "Encounter",
        ids.own("Encounter", *contact.key()),
        extension=_outcome(contact),
        identifier=[local_identifier(contact.provider, "mental-health-care-contact", contact.contact)],
        status=status,
        class_=encounter_class(contact),
        type=[kind for kind in kinds if kind],
        serviceType=team_type(contact.provider, contact.team or _referrals_team(contact, state), state),
        subject=subject(),
        **referral_references(contact.provider, contact.referral, state, ids),
        participant=[{"individual": professional_reference(contact.provider, one, state, ids)} for one in met],
        period=period(moment(contact.on, contact.time), moment_after(contact.on, contact.time, minutes)),
        location=[{"location": place}] if place else None,
        serviceProvider=organisation_reference(ids, contact.provider),
    )


def _referrals_team(contact: CareContact, state: State) -> str | None:
    """Since version 6 a contact names its team only where it is not the referral's."""
    own = [one.team for one in state.referrals if (one.provider, one.referral) == (contact.provider, contact.referral)]
    return own[0] if own else None


def _outcome(contact: CareContact) -> list[Json]:
    """Extension-UKCore-OutcomeOfAttendance: whether somebody did not come, or was not received."""
    said = codes.own("CsdsAttendanceStatus", contact.attendance)
    if not said:
        return []
    if contact.cancellation_reason:
        said["text"] = f"{said['text']} (cancellation reason code {contact.cancellation_reason})"
    return [{"url": f"{uk_core.EXTENSION}OutcomeOfAttendance", "valueCodeableConcept": said}]


def _recorded(activity: CareActivity) -> Recorded:
    procedure, finding, seen = activity.procedure, activity.finding, activity.observation
    return Recorded(
        key=activity.key(),
        procedure=codes.snomed_or_text(procedure) if procedure else None,
        finding=codes.clinical("CsdsFindingScheme", activity.finding_scheme, finding) if finding else None,
        observation=codes.snomed_or_text(seen) if seen else None,
        value=activity.value,
        unit=activity.unit,
    )
