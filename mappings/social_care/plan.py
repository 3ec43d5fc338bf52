"""Services -> one care and support plan of the person with this council, and the care team that carries it out."""

from collections.abc import Iterable, Sequence

from adapters.social_care.records import Row, Service, State, concerns_safeguarding
from mappings import datatypes, uk_core
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.social_care.events import labelled, mapped
from mappings.social_care.patient import PERSON_ID
from mappings.uk_core import Resource

PLAN, TEAM, REASON, CARER = "care-and-support", "care-team", "primary-support-reason", "unpaid-carer"
"""First parts of the natural keys of the resources of which a person has one, or one for each carer."""
CQC_LOCATION = uk_core.local_system("cqc", "location-id")
"""CQC publishes no FHIR identifier system for its location ids (unverified)."""
_SUPPORT_ROLE = "https://fhir.interweavedigital.nhs.uk/CodeSystem/Interweave-SocialCareSupportRole"
_RELATIONSHIP = "https://fhir.hl7.org.uk/CodeSystem/UKCore-AdditionalPersonRelationshipRole"
_STOPPED = frozenset({"NFA: Support ended for other reason", "NFA: Support declined", "NFA: Deceased"})


def services(state: State) -> list[tuple[Row, Service]]:
    """The state's services, in order of start."""
    return [(row, row.detail) for row in state.rows if isinstance(row.detail, Service)]


def running(row: Row) -> bool:
    """Whether the service goes on or is still to begin."""
    return row.end is None


def care_plan(state: State, ids: Ids) -> Resource | None:
    """UKCore-CarePlan with one activity per service (period, provider, status), or None without services."""
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
        activity=[{"detail": _activity(row, service, state, ids)} for row, service in held],
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
    """UKCore-CareTeam: the council, the providers of running services, the unpaid carers. None for somebody who has
    neither services nor carers. CLD names no worker."""
    held = services(state)
    if not (held or state.carers):
        return None
    cared_for = bool(state.carers) and state.person.has_unpaid_carer != "No"
    goes_on = cared_for or any(running(row) for row, _ in held)
    council = datatypes.organisation_reference(ids, state.patient.organisation)
    participants = [
        {"role": [{"text": "Local authority adult social care"}], "member": council},
        *({"role": [{"text": "Care provider"}], "member": member} for member in _providers(held, ids)),
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
    """UKCore-RelatedPerson for each unpaid carer of this person, and for each adult this person cares for: known by
    the council's id alone, for CLD has no names."""
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


def providers(state: State, ids: Ids) -> list[Resource]:
    """Directory entries of the CQC locations that provide, or provided, services."""
    named = {
        service.provider_id: service.provider_name
        for _, service in sorted(services(state), key=lambda held: held[0].start or "")
        if service.provider_id
    }
    return [
        uk_core.resource(
            "Organization",
            ids.directory("Organization", CQC_LOCATION, location),
            identifier=[{"system": CQC_LOCATION, "value": location}],
            active=True,
            name=name or location,
        )
        for location, name in sorted(named.items())
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
    provider = _provider(service, ids)
    kind = mapped(service.component, "CldServiceComponent") or {"text": service.type or "Social care service"}
    category = mapped(service.type, "CldServiceType")
    return datatypes.compact(
        code={**kind, "coding": [*kind.get("coding", []), *category.get("coding", [])]} if category else kind,
        status=_status(row, state.as_of),
        statusReason=mapped(row.outcome, "CldEventOutcome"),
        scheduledPeriod=datatypes.period(row.start, row.end),
        performer=[provider] if provider else [],
        description=_description(row, service),
    )


def _status(row: Row, as_of: str) -> str:
    if row.end is None:
        return "scheduled" if (row.start or "") > as_of else "in-progress"
    return "stopped" if row.outcome in _STOPPED else "completed"


def _description(row: Row, service: Service) -> str:
    units = f"{service.units_per_week} planned units per week" if service.units_per_week else None
    return ". ".join(part for part in (service.type, service.delivery, units, row.description) if part)


def _providers(held: Iterable[tuple[Row, Service]], ids: Ids) -> list[Json]:
    members = [_provider(service, ids) for row, service in held if running(row)]
    distinct = {(member.get("reference"), member.get("display")): member for member in members if member}
    return list(distinct.values())


def _provider(service: Service, ids: Ids) -> Json | None:
    if service.provider_id:
        return datatypes.compact(
            reference=f"Organization/{ids.directory('Organization', CQC_LOCATION, service.provider_id)}",
            identifier={"system": CQC_LOCATION, "value": service.provider_id},
            display=service.provider_name,
        )
    return {"display": service.provider_name} if service.provider_name else None


def _span(rows: Iterable[Row]) -> Json | None:
    rows = list(rows)
    ends = [row.end for row in rows if row.end]
    start = min(row.start for row in rows if row.start)
    return datatypes.period(start, max(ends) if len(ends) == len(rows) else None)
