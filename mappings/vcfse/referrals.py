"""A referral row -> ServiceRequest; when accepted also CarePlan and CareTeam; its scores -> Observations."""

from adapters.vcfse.records import Measure, Referral, State, referral_key
from mappings import datatypes
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource, resource
from mappings.vcfse.words import code, coded, concept
from mappings.vcfse.workers import worker_reference

STATUS_REASON = "http://hl7.org/fhir/StructureDefinition/request-statusReason"  # R4 extension of ServiceRequest
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"  # R4
MEASURE = "https://toldonce.example/CodeSystem/vcfse-measure"
CARE_PLAN = ("734163000", "Care plan")  # category of every care plan in the National Record Locator


def referral_resources(state: State, referral: Referral, ids: Ids) -> list[Resource]:
    """Everything that one referral row says. Only an accepted referral is support; a declined one must not look so."""
    said = [_service_request(state, referral, ids)]
    if referral.accepted == "yes":
        said += [_care_plan(state, referral, ids), _care_team(state, referral, ids)]
    return said + [_observation(state, referral, measure, ids) for measure in referral.measures]


def request_status(referral: Referral) -> str:
    """request-status: declined outranks the status column, a closed date makes open work completed, a blank cell means
    that the row is still worked on, and an unknown word is `unknown`."""
    if referral.accepted == "no":
        return "revoked"
    known = code("VcfseReferralStatus", referral.status)
    if referral.closed_on and known in (None, "active"):
        return "completed"
    return known or ("unknown" if referral.status else "active")


def _service_request(state: State, referral: Referral, ids: Ids) -> Resource:
    key = referral_key(referral)
    reason = concept("VcfseReferralReason", referral.reason)
    return resource(
        "ServiceRequest",
        ids.own("ServiceRequest", *key),
        extension=_status_reason(referral),
        identifier=_identifier(state, referral),
        status=request_status(referral),
        intent="order",
        code={"coding": [coded("VcfseDecision", "yes")]},
        subject=datatypes.subject(),
        authoredOn=referral.referred_on,
        requester={"display": referral.source} if referral.source else None,
        performer=[datatypes.organisation_reference(ids, state.charity)],
        reasonCode=[reason] if reason else None,
    )


def _status_reason(referral: Referral) -> list[Json]:
    """Why it is revoked, or the status word that no map knows."""
    if referral.accepted == "no":
        declined = coded("VcfseDecision", "no")
        return [
            {"url": STATUS_REASON, "valueCodeableConcept": datatypes.compact(coding=[declined], text=referral.outcome)}
        ]
    if referral.status and not code("VcfseReferralStatus", referral.status):
        return [{"url": STATUS_REASON, "valueCodeableConcept": {"text": referral.status}}]
    return []


def _identifier(state: State, referral: Referral) -> list[Json]:
    if not referral.referral_id:
        return []
    return [datatypes.local_identifier(state.charity, "referral", referral.referral_id)]


def _care_plan(state: State, referral: Referral, ids: Ids) -> Resource:
    key = referral_key(referral)
    return resource(
        "CarePlan",
        ids.own("CarePlan", *key),
        identifier=_identifier(state, referral),
        status=request_status(referral),
        intent="plan",
        category=[datatypes.snomed(*CARE_PLAN), {"text": "Social prescribing"}],
        title="Social prescribing",
        subject=datatypes.subject(),
        period=datatypes.period(referral.referred_on, referral.closed_on),
        author=datatypes.organisation_reference(ids, state.charity),
        careTeam=[datatypes.own_reference(ids, "CareTeam", *key)],
        supportingInfo=[datatypes.own_reference(ids, "ServiceRequest", *key)],
        activity=_activities(referral),
    )


def _activities(referral: Referral) -> list[Json]:
    """One activity for each service or action. The row has one outcome and one status for all of them."""
    outcome = [{"text": referral.outcome}] if referral.outcome else None
    return [
        datatypes.compact(
            outcomeCodeableConcept=outcome, detail={"status": _activity_status(referral), "code": {"text": service}}
        )
        for service in (referral.service or "").splitlines()
    ]


def _activity_status(referral: Referral) -> str:
    known = code("VcfseActivityStatus", referral.status)
    if referral.closed_on and known in (None, "in-progress", "not-started"):
        return "completed"
    return known or "unknown"


def _care_team(state: State, referral: Referral, ids: Ids) -> Resource:
    charity = datatypes.organisation_reference(ids, state.charity)
    participants: list[Json] = [{"member": charity}]
    if referral.worker:
        member = worker_reference(state, referral.worker, ids)
        participants.insert(0, {"role": _roles(referral), "member": member, "onBehalfOf": charity})
    return resource(
        "CareTeam",
        ids.own("CareTeam", *referral_key(referral)),
        status="active" if request_status(referral) in ("active", "on-hold") else "inactive",
        name="Social prescribing",
        subject=datatypes.subject(),
        period=datatypes.period(referral.referred_on, referral.closed_on),
        participant=participants,
        managingOrganization=[charity],
    )


def _roles(referral: Referral) -> list[Json]:
    roles: list[Json] = [{"text": "Link worker"}]
    if referral.care_coordinator == "yes":
        roles.insert(0, {"coding": [coded("VcfseWorkerRole", "care-coordinator")]})
    return roles


def _observation(state: State, referral: Referral, measure: Measure, ids: Ids) -> Resource:
    """A wellbeing score. The sheet gives it no date, so it lies somewhere in the referral's period; no national code
    of these instruments could be verified, so it has one of ours."""
    own = datatypes.coding(MEASURE, f"{measure.instrument}-{measure.point}".lower())
    whole = measure.value.isdecimal() and len(measure.value) < 10  # a FHIR integer has 32 bits
    return resource(
        "Observation",
        ids.own("Observation", *referral_key(referral), measure.instrument, measure.point),
        basedOn=[datatypes.own_reference(ids, "ServiceRequest", *referral_key(referral))],
        status="final",
        category=[datatypes.concept(OBSERVATION_CATEGORY, "survey", "Survey")],
        code={"coding": [own], "text": f"{measure.instrument} at the {measure.point} of support"},
        subject=datatypes.subject(),
        effectivePeriod=datatypes.period(referral.referred_on, referral.closed_on),
        performer=[datatypes.organisation_reference(ids, state.charity)],
        valueInteger=int(measure.value) if whole else None,
        valueString=None if whole else measure.value,
    )
