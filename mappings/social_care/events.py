"""Requests -> ServiceRequest; assessments and reviews -> Encounter.

Deviation: the Yorkshire & Humber (Interweave) guide models assessments as Task. ToldOnce's record has one list of
contacts, so a completed assessment or review is an Encounter there (FACTS: CLD sends completed ones only).
"""

from adapters.social_care.records import Assessment, Request, Review, Row, concerns_safeguarding, natural_key
from mappings import datatypes, uk_core
from mappings.concept_maps import translate
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource

ADULT_SAFEGUARDING = ("514331000000104", "Adult safeguarding concern")
RESTRICTED = datatypes.security_label(uk_core.CONFIDENTIALITY, "R")
_EXTENSION = "https://toldonce.example/StructureDefinition/cld-"
_REFERENCE = "cld-event"


def mapped(text: str | None, concept_map: str) -> Json | None:
    """CodeableConcept of a CLD value: its words, and a code where `concept_map` has one."""
    if not text:
        return None
    coding = translate(concept_map, text)
    return datatypes.compact(coding=[coding] if coding else [], text=text)


def labelled(resource: Resource, *, restricted: bool) -> Resource:
    """The resource with meta.security R when `restricted`."""
    if restricted:
        resource["meta"] = {**resource.get("meta", {}), "security": [RESTRICTED]}
    return resource


def service_request(row: Row, ids: Ids, request: Request) -> Resource:
    """UKCore-ServiceRequest of a request for support (completed when it has an end), route of access as its source."""
    safeguarding = concerns_safeguarding(row)
    code = datatypes.snomed(*ADULT_SAFEGUARDING, text=row.description) if safeguarding else None
    council = datatypes.organisation_reference(ids, ids.patient.organisation)
    resource = uk_core.resource(
        "ServiceRequest",
        ids.own("ServiceRequest", *natural_key(row)),
        extension=[*_route(request), *_outcome(row)],
        identifier=_identifiers(row, ids),
        status="completed" if row.end else "unknown",
        intent="order",
        code=code or {"text": "Request for adult social care support"},
        subject=datatypes.subject(),
        occurrencePeriod=datatypes.period(row.start, row.end),
        authoredOn=row.start,
        performer=[council],
        reasonCode=_reason(row),
        note=[{"text": row.description}] if row.description and not safeguarding else [],
    )
    return labelled(resource, restricted=safeguarding)


def encounter(row: Row, ids: Ids, detail: Assessment | Review) -> Resource:
    """UKCore-Encounter of a completed assessment or review: finished, with the council as provider."""
    resource = uk_core.resource(
        "Encounter",
        ids.own("Encounter", *natural_key(row)),
        extension=[*_outcome(row), *_findings(detail)],
        identifier=_identifiers(row, ids),
        status="finished" if row.end else "unknown",
        class_=_class(detail.method),
        type=[{"text": _title(detail)}],
        subject=datatypes.subject(),
        period=datatypes.period(row.start, row.end),
        reasonCode=[*_reason(row), *([{"text": row.description}] if row.description else [])],
        serviceProvider=datatypes.organisation_reference(ids, ids.patient.organisation),
    )
    return labelled(resource, restricted=concerns_safeguarding(row))


def _title(detail: Assessment | Review) -> str:
    if isinstance(detail, Assessment):
        return f"Social care assessment: {detail.type}" if detail.type else "Social care assessment"
    return f"Social care review: {detail.reason}" if detail.reason else "Social care review"


def _class(method: str | None) -> Json:
    known = translate("CldEncounterClass", (method or "").replace("-", " ").casefold())
    return known or datatypes.coding(uk_core.ACT_CODE, "AMB", "ambulatory")


def _identifiers(row: Row, ids: Ids) -> list[Json]:
    if not row.reference:
        return []
    return [datatypes.local_identifier(ids.patient.organisation, _REFERENCE, row.reference)]


def _reason(row: Row) -> list[Json]:
    reason = mapped(row.person.primary_support_reason, "CldPrimarySupportReason")
    return [reason] if reason else []


def _route(request: Request) -> list[Json]:
    if not request.route_of_access:
        return []
    url = f"{uk_core.EXTENSION}SourceOfServiceRequest"
    return [{"url": url, "valueCodeableConcept": {"text": request.route_of_access}}]


def _outcome(row: Row) -> list[Json]:
    outcome = mapped(row.outcome, "CldEventOutcome")
    return [{"url": f"{_EXTENSION}event-outcome", "valueCodeableConcept": outcome}] if outcome else []


def _findings(detail: Assessment | Review) -> list[Json]:
    """What R4 Encounter has no element for."""
    found = {"method": detail.method}
    if isinstance(detail, Assessment):
        found |= {"eligible-needs": detail.eligible_needs, "carer-involved": detail.carer_involved}
    else:
        found |= {"outcomes-achieved": detail.outcomes_achieved}
    return [{"url": f"{_EXTENSION}{name}", "valueString": text} for name, text in found.items() if text]
