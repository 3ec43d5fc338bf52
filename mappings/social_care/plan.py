"""Services -> one care and support plan of the person with this council, and the care team that carries it out."""

from collections.abc import Iterable, Sequence

from adapters.social_care.records import (
    Assessment,
    Review,
    Row,
    Service,
    State,
    concerns_safeguarding,
    natural_key,
)
from mappings import datatypes, uk_core
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.social_care.events import labelled, mapped
from mappings.social_care.patient import PERSON_ID
from mappings.social_care.providers import is_care_home, members, provider, running, services
from mappings.uk_core import Resource

PLAN, TEAM, REASON, CARER = "care-and-support", "care-team", "primary-support-reason", "unpaid-carer"
"""First parts of the natural keys of the resources of which a person has one, or one for each carer."""
REVIEW = "Review of the care and support plan"
"""What an activity is called that is a review."""
_SUPPORT_ROLE = "https://fhir.interweavedigital.nhs.uk/CodeSystem/Interweave-SocialCareSupportRole"
_RELATIONSHIP = "https://fhir.hl7.org.uk/CodeSystem/UKCore-AdditionalPersonRelationshipRole"
_STOPPED = frozenset({"NFA: Support ended for other reason", "NFA: Support declined", "NFA: Deceased"})


def care_plan(state: State, ids: Ids) -> Resource | None:
    """UKCore-CarePlan with one activity per service (period, provider, status) and one per review, and the assessments
    it rests on; None without services. What is about safeguarding is not told in it."""
    held = services(state)
    if not held:
        return None
    council = datatypes.organisation_reference(ids, state.patient.organisation)
    goes_on = any(running(row) for row, _ in held)
    resource = uk_core.resource(
        "CarePlan",
        ids.own("CarePlan", PLAN),
        status="active" if goes_on else "completed",
        intent="plan",
        category=[datatypes.snomed("734163000", "Care plan", text="Care and support plan")],
        title="Care and support plan",
        subject=datatypes.subject(),
        period=_span(row for row, _ in held),
        author=council,
        contributor=[council],
        careTeam=[datatypes.own_reference(ids, "CareTeam", TEAM)],
        addresses=[datatypes.own_reference(ids, "Condition", REASON)] if support_reason(state, ids) else [],
        supportingInfo=[_encounter(row, ids) for row in _told(state.rows) if isinstance(row.detail, Assessment)],
        activity=[
            *({"detail": _activity(row, service, state, ids)} for row, service in held),
            *(_review(row, ids) for row in _told(state.rows) if isinstance(row.detail, Review)),
        ],
        note=[{"text": f"Funding: {state.person.funding_status}"}] if state.person.funding_status else [],
    )
    return labelled(resource, restricted=any(concerns_safeguarding(row) for row, _ in held))


def support_reason(state: State, ids: Ids) -> Resource | None:
    """UKCore-Condition of the Primary Support Reason, or None where none is known."""
    reason = state.person.primary_support_reason
    if not reason or reason == "Unknown":
        return None
    return uk_core.resource(
        "Condition",
        ids.own("Condition", REASON),
        clinicalStatus=datatypes.concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        category=[
            datatypes.concept(
                "http://terminology.hl7.org/CodeSystem/condition-category",
                "problem-list-item",
                text="Primary support reason",
            )
        ],
        code=mapped(reason, "CldPrimarySupportReason"),
        subject=datatypes.subject(),
    )


def care_team(state: State, ids: Ids) -> Resource | None:
    """UKCore-CareTeam: the council, the providers of running services (with a known ODS code that is evidence that they
    know the person), the unpaid carers. None for somebody who has neither services nor carers. CLD names no worker."""
    held = services(state)
    if not (held or state.carers):
        return None
    cared_for = bool(state.carers) and state.person.has_unpaid_carer != "No"
    goes_on = cared_for or any(running(row) for row, _ in held)
    council = datatypes.organisation_reference(ids, state.patient.organisation)
    participants = [
        {"role": [{"text": "Local authority adult social care"}], "member": council},
        *members(state, ids),
        *(
            {
                "role": [{"text": "Unpaid carer"}],
                "member": datatypes.own_reference(ids, "RelatedPerson", CARER, carer),
            }
            for carer in state.carers
        ),
    ]
    return uk_core.resource(
        "CareTeam",
        ids.own("CareTeam", TEAM),
        status="active" if goes_on else "inactive",
        name="Adult social care team",
        subject=datatypes.subject(),
        period=_span(row for row, _ in held) if held and not cared_for else None,
        participant=participants,
        managingOrganization=[council],
    )


def related_people(state: State, ids: Ids) -> list[Resource]:
    """UKCore-RelatedPerson for each unpaid carer of this person, and for each adult this person cares for. Of either,
    nothing is told but the council's id: a third party's number, birth date, address and circumstances are their own,
    and CLD has no names."""
    caring = state.person.has_unpaid_carer != "No"
    carer = {
        "coding": [
            datatypes.coding(_RELATIONSHIP, "Carer", "Carer of patient"),
            datatypes.coding(_SUPPORT_ROLE, "IC", "Informal Carer"),
        ],
        "text": "Unpaid carer",
    }
    cared_for = datatypes.concept(_SUPPORT_ROLE, "CF", "Cared For", text="Adult cared for")
    adults = sorted({adult for row in state.rows for adult in row.caring.linked} - {state.person.local_id})
    return [
        *(_related(ids, (CARER, one), one, carer, active=caring) for one in state.carers),
        *(_related(ids, ("adult-cared-for", one), one, cared_for, active=True) for one in adults),
    ]


def _related(ids: Ids, key: Sequence[str], local_id: str, relationship: Json, *, active: bool) -> Resource:
    return uk_core.resource(
        "RelatedPerson",
        ids.own("RelatedPerson", *key),
        identifier=[datatypes.local_identifier(ids.patient.organisation, PERSON_ID, local_id)],
        active=active,
        patient=datatypes.subject(),
        relationship=[relationship],
    )


def _activity(row: Row, service: Service, state: State, ids: Ids) -> Json:
    """CarePlan.activity.detail. Unit cost, cost frequency and full cost client are left out on purpose: what a
    package costs is commissioning data, and nobody needs it for direct care."""
    by = provider(service, state)
    kind = mapped(service.component, "CldServiceComponent") or {"text": service.type or "Social care service"}
    category = mapped(service.type, "CldServiceType")
    return datatypes.compact(
        code={**kind, "coding": [*kind.get("coding", []), *category.get("coding", [])]} if category else kind,
        status=_status(row, state.as_of),
        statusReason=mapped(row.outcome, "CldEventOutcome"),
        scheduledPeriod=datatypes.period(row.start, row.end),
        location=by.place(ids) if by and is_care_home(service) else None,
        performer=[by.reference(ids)] if by else [],
        description=_description(row, service),
    )


def _told(rows: Iterable[Row]) -> list[Row]:
    """The rows that the plan may speak of."""
    return [row for row in rows if not concerns_safeguarding(row)]


def _encounter(row: Row, ids: Ids) -> Json:
    return datatypes.own_reference(ids, "Encounter", *natural_key(row))


def _review(row: Row, ids: Ids) -> Json:
    """A completed review as an activity of the plan, its Encounter as the outcome. R4 has no other place for it."""
    detail = {
        "code": {"text": REVIEW},
        "status": "completed" if row.end else "unknown",
        "scheduledPeriod": datatypes.period(row.start, row.end),
    }
    return {"outcomeReference": [_encounter(row, ids)], "detail": detail}


def _status(row: Row, as_of: str) -> str:
    if row.end is None:
        return "scheduled" if (row.start or "") > as_of else "in-progress"
    return "stopped" if row.outcome in _STOPPED else "completed"


def _description(row: Row, service: Service) -> str:
    units = f"{service.units_per_week} planned units per week" if service.units_per_week else None
    return ". ".join(part for part in (service.type, service.delivery, units, row.description) if part)


def _span(rows: Iterable[Row]) -> Json | None:
    rows = list(rows)
    ends = [row.end for row in rows if row.end]
    start = min(row.start for row in rows if row.start)
    return datatypes.period(start, max(ends) if len(ends) == len(rows) else None)
