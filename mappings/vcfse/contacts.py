"""A contact (session) row -> Encounter."""

from datetime import datetime, timedelta

from adapters.records import local_moment
from adapters.vcfse.records import Contact, State, contact_key, referral_key
from mappings import datatypes
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource, resource
from mappings.vcfse.words import code, coded
from mappings.vcfse.workers import worker_reference

UNKNOWN = {"system": "http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "code": "UNK", "display": "unknown"}


def encounter(state: State, contact: Contact, ids: Ids) -> Resource:
    """UK Core Encounter. R4 asks for a class; a kind of contact that no map knows is v3-NullFlavor UNK with its words
    as type."""
    return resource(
        "Encounter",
        ids.own("Encounter", *contact_key(contact)),
        identifier=_identifier(state, contact),
        status=code("VcfseAttendance", contact.attendance) or ("unknown" if contact.attendance else "finished"),
        class_=coded("VcfseContactType", contact.kind) or UNKNOWN,
        type=[{"text": contact.kind}] if contact.kind else None,
        serviceType=datatypes.text_concept(contact.service),
        subject=datatypes.subject(),
        basedOn=_based_on(state, contact, ids),
        participant=[{"individual": worker_reference(state, contact.worker, ids)}] if contact.worker else None,
        period=_period(contact),
        reasonCode=[{"text": contact.topic}] if contact.topic else None,
        serviceProvider=datatypes.organisation_reference(ids, state.charity),
    )


def _identifier(state: State, contact: Contact) -> list[Json]:
    if not contact.contact_id:
        return []
    return [datatypes.local_identifier(state.charity, "contact", contact.contact_id)]


def _based_on(state: State, contact: Contact, ids: Ids) -> list[Json]:
    """Only a referral that is itself published may be pointed at."""
    if contact.referral_id is None:
        return []
    return [
        datatypes.own_reference(ids, "ServiceRequest", *referral_key(referral))
        for referral in state.referrals
        if referral.referral_id == contact.referral_id
    ]


def _period(contact: Contact) -> Json | None:
    """Date alone where the sheet has no time; an end only where it has a time and a duration."""
    if contact.contacted_on is None or contact.contacted_at is None:
        return datatypes.period(contact.contacted_on)
    start = datetime.fromisoformat(f"{contact.contacted_on}T{contact.contacted_at}")
    end = local_moment(start + timedelta(minutes=contact.minutes)) if contact.minutes else None
    return datatypes.period(local_moment(start), end)
