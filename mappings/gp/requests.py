"""Referrals, recalls and test requests: two STU3 types that R4 joins in ServiceRequest.

https://simplifier.net/hl7fhirukcorer4/ukcoreservicerequest
"""

from typing import Any

from adapters.gp import stu3
from mappings import datatypes, uk_core
from mappings.concept_maps import translate
from mappings.gp import elements
from mappings.gp.source import Source
from mappings.uk_core import Resource

Json = dict[str, Any]

_REFERRAL = datatypes.concept(uk_core.SNOMED, "3457005", "Patient referral")
_PERFORMERS = ("Practitioner", "PractitionerRole", "Organization", "HealthcareService")


def referral(source: Source, entry: stu3.ReferralRequest) -> Resource:
    """ServiceRequest of a referral; the description becomes a note. What is asked for is the requested service or
    specialty; most practices only give a reason."""
    asked = elements.concepts(entry.service_requested) or elements.concepts(
        [entry.specialty] if entry.specialty else []
    )
    described = [{"text": entry.description}] if entry.description else []
    return source.build(
        entry,
        category=[_REFERRAL],
        code=asked[0] if asked else None,
        occurrenceDateTime=elements.date_time(entry.occurrence_date_time),
        performer=source.references(entry.recipient, *_PERFORMERS),
        reasonCode=elements.concepts(entry.reason_code),
        supportingInfo=[info for info in source.references(entry.supporting_info) if "reference" in info],
        note=[*described, *elements.annotations(entry.note), *_only_named(source, entry)],
        **_request(source, entry),
    )


def _only_named(source: Source, entry: stu3.ReferralRequest) -> list[Json]:
    """Recipients that lead to no resource are named in a note, so that the reader learns where the referral went."""
    named = [reference for reference in source.references(entry.recipient) if "reference" not in reference]
    return [{"text": f"Recipient: {reference['display']}"} for reference in named]


def recall(source: Source, entry: stu3.ProcedureRequest) -> Resource:
    """ServiceRequest of a diary entry (intent plan) or a test request (intent order)."""
    return source.build(
        entry,
        code=elements.concept(entry.code),
        occurrenceDateTime=elements.date_time(entry.occurrence_date_time),
        performer=source.references((entry.performer,) if entry.performer else (), *_PERFORMERS),
        reasonCode=elements.concepts(entry.reason_code),
        note=elements.annotations(entry.note),
        **_request(source, entry),
    )


def _request(source: Source, entry: stu3.ReferralRequest | stu3.ProcedureRequest) -> Json:
    """What both have in common. The requester's organisation is left out where its agent is a person, whose role
    names it: R4 has one requester."""
    status = translate("GpRequestStatus", entry.status) or {"code": "unknown"}
    requester = entry.requester
    agent = source.reference(requester.agent) if requester else None
    return {
        "status": status["code"],
        "intent": entry.intent,
        "priority": entry.priority,
        "subject": datatypes.subject(),
        "encounter": source.reference(entry.context),
        "authoredOn": elements.date_time(entry.authored_on),
        "requester": agent or (source.reference(requester.on_behalf_of) if requester else None),
    }
