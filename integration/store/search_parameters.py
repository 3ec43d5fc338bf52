"""The search parameters of each resource type, as one table: the index is made by it, the SQL asks by it, and the
CapabilityStatement is written from it. A parameter more is a line more.

A path is FHIRPath's simple subset: names with dots, `|` between alternatives, `[x]` for an element of several types.
What R4 defines has its meaning from there (https://hl7.org/fhir/R4/searchparameter-registry.html); what R4 lacks for a
type says so in `doc`. After a change here, what is stored needs `store.reindex`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from integration.store.where_defined import definition

Kind = Literal["token", "string", "date", "reference"]
_FHIR = "http://hl7.org/fhir/"


@dataclass(frozen=True)
class Parameter:
    """One search parameter of one type."""

    name: str
    kind: Kind
    path: str
    system: str = ""
    """Of a token: the code system that a bare `code` element is bound to."""
    targets: tuple[str, ...] = ()
    """Of a reference: only those to these types; empty = all there are."""
    only: str = ""
    """Of a ContactPoint: only those of this system."""
    doc: str = ""

    def definition(self, resource_type: str) -> str:
        """URL of the SearchParameter where FHIR defines it."""
        return "" if self.doc else definition(resource_type, self.name)


def _token(name: str, path: str = "", system: str = "", only: str = "", doc: str = "") -> Parameter:
    return Parameter(name, "token", path or name, f"{_FHIR}{system}" if system else "", only=only, doc=doc)


def _date(name: str, path: str, doc: str = "") -> Parameter:
    return Parameter(name, "date", path, doc=doc)


def _string(name: str, path: str = "") -> Parameter:
    return Parameter(name, "string", path or name)


def _reference(name: str, path: str = "", *targets: str, doc: str = "") -> Parameter:
    return Parameter(name, "reference", path or name, targets=targets, doc=doc)


def _address() -> tuple[Parameter, ...]:
    return (
        _string("address"),
        _string("address-city", "address.city"),
        _string("address-country", "address.country"),
        _string("address-postalcode", "address.postalCode"),
        _token("address-use", "address.use", "address-use"),
    )


def _contact() -> tuple[Parameter, ...]:
    return (
        _token("telecom"),
        _token("phone", "telecom", only="phone"),
        _token("email", "telecom", only="email"),
    )


LEADS_TO: Mapping[str, tuple[str, ...]] = {
    "care-team": ("CareTeam",),
    "context": ("Encounter", "EpisodeOfCare"),
    "encounter": ("Encounter",),
    "episode-of-care": ("EpisodeOfCare",),
    "goal": ("Goal",),
    "incoming-referral": ("ServiceRequest",),
    "location": ("Location",),
    "organization": ("Organization",),
    "practitioner": ("Practitioner",),
    "result": ("Observation",),
    "service-provider": ("Organization",),
    "specimen": ("Specimen",),
}
"""Reference parameters whose name says what they lead to: a chain need not say it."""
_IDENTIFIER = _token("identifier")
_PRIORITY = _token("priority", "priority", "request-priority")
_ENCOUNTER = _reference("encounter")
_NOT_IN_R4 = "R4 defines no such parameter for this type"
_NATIONAL = f"{_NOT_IN_R4}; NHS England does (England-FlagDetail): what a flag leads to"

PARAMETERS: Mapping[str, Sequence[Parameter]] = {
    "Patient": (
        _IDENTIFIER, _token("active"), _string("family", "name.family"), _string("given", "name.given"),
        _string("name"), _date("birthdate", "birthDate"), _date("death-date", "deceasedDateTime"),
        _token("gender", "gender", "administrative-gender"), _token("language", "communication.language"),
        *_address(), *_contact(), _reference("general-practitioner", "generalPractitioner"),
        _reference("organization", "managingOrganization"),
    ),
    "AllergyIntolerance": (
        _IDENTIFIER, _reference("asserter"), _token("category", "category", "allergy-intolerance-category"),
        _token("clinical-status", "clinicalStatus"), _token("code", "code | reaction.substance"),
        _token("criticality", "criticality", "allergy-intolerance-criticality"), _date("date", "recordedDate"),
        _date("last-date", "lastOccurrence"), _token("manifestation", "reaction.manifestation"),
        _date("onset", "reaction.onset"), _reference("recorder"),
        _token("severity", "reaction.severity", "reaction-event-severity"),
        _token("type", "type", "allergy-intolerance-type"), _token("verification-status", "verificationStatus"),
    ),
    "CarePlan": (
        _IDENTIFIER, _token("activity-code", "activity.detail.code"),
        _date("activity-date", "activity.detail.scheduled[x]"),
        _reference("activity-reference", "activity.reference"), _reference("based-on", "basedOn"),
        _reference("care-team", "careTeam"), _token("category"), _reference("condition", "addresses"),
        _date("date", "period"), _ENCOUNTER, _reference("goal"), _token("intent", "intent", "request-intent"),
        _reference("part-of", "partOf"), _reference("performer", "activity.detail.performer"), _reference("replaces"),
        _token("status", "status", "request-status"),
    ),
    "CareTeam": (
        _IDENTIFIER, _token("category"), _date("date", "period"), _ENCOUNTER,
        _reference("participant", "participant.member"),
        _token("participant-role", "participant.role", doc=f"{_NOT_IN_R4}: what a member does, as a care coordinator"),
        _token("status", "status", "care-team-status"),
    ),
    "Condition": (
        _IDENTIFIER, _date("abatement-date", "abatement[x]"), _reference("asserter"), _token("body-site", "bodySite"),
        _token("category"), _token("clinical-status", "clinicalStatus"), _token("code"), _ENCOUNTER,
        _token("evidence", "evidence.code"), _reference("evidence-detail", "evidence.detail"),
        _date("onset-date", "onset[x]"), _date("recorded-date", "recordedDate"), _token("severity"),
        _token("verification-status", "verificationStatus"),
    ),
    "Consent": (
        _IDENTIFIER, _reference("actor", "provision.actor.reference"), _token("category"),
        _reference("consentor", "performer"), _reference("data", "provision.data.reference"),
        _date("date", "dateTime"), _reference("organization"), _date("period", "provision.period"),
        _token("purpose", "provision.purpose"), _token("scope"), _token("security-label", "provision.securityLabel"),
        _token("status", "status", "consent-state-codes"),
    ),
    "DiagnosticReport": (
        _IDENTIFIER, _reference("based-on", "basedOn"), _token("category"), _token("code"),
        _token("conclusion", "conclusionCode"), _date("date", "effective[x]"), _ENCOUNTER, _date("issued", "issued"),
        _reference("performer"), _reference("result"), _reference("specimen"),
        _token("status", "status", "diagnostic-report-status"),
    ),
    "DocumentReference": (
        _IDENTIFIER, _reference("author"), _token("category"), _reference("custodian"), _date("date", "date"),
        _string("description"), _reference("encounter", "context.encounter"), _token("event", "context.event"),
        _date("period", "context.period"), _token("setting", "context.practiceSetting"),
        _token("status", "status", "document-reference-status"), _token("type"),
    ),
    "Encounter": (
        _IDENTIFIER, _reference("based-on", "basedOn"), _token("class"), _date("date", "period"),
        _reference("diagnosis", "diagnosis.condition"), _reference("episode-of-care", "episodeOfCare"),
        _reference("location", "location.location"), _date("location-period", "location.period"),
        _reference("part-of", "partOf"), _reference("participant", "participant.individual"),
        _token("participant-type", "participant.type"),
        _reference("practitioner", "participant.individual", "Practitioner"), _token("reason-code", "reasonCode"),
        _reference("reason-reference", "reasonReference"), _reference("service-provider", "serviceProvider"),
        _token("status", "status", "encounter-status"), _token("type"),
    ),
    "EpisodeOfCare": (
        _IDENTIFIER, _reference("care-manager", "careManager"), _reference("condition", "diagnosis.condition"),
        _date("date", "period"), _reference("incoming-referral", "referralRequest"),
        _reference("organization", "managingOrganization"), _token("status", "status", "episode-of-care-status"),
        _token("type"),
    ),
    "Flag": (
        _IDENTIFIER, _reference("author"), _token("category", doc=_NOT_IN_R4), _token("code", doc=_NOT_IN_R4),
        _date("date", "period"), _reference("detail", "extension.valueReference", doc=_NATIONAL), _ENCOUNTER,
        _token("status", "status", "flag-status", doc=_NOT_IN_R4),
    ),
    "Goal": (
        _IDENTIFIER, _token("achievement-status", "achievementStatus"), _token("category"),
        _token("lifecycle-status", "lifecycleStatus", "goal-status"), _date("start-date", "startDate"),
        _date("target-date", "target.dueDate"),
    ),
    "Immunization": (
        _IDENTIFIER, _date("date", "occurrenceDateTime"), _reference("location"), _string("lot-number", "lotNumber"),
        _reference("manufacturer"), _reference("performer", "performer.actor"), _token("reason-code", "reasonCode"),
        _token("status", "status", "event-status"), _token("status-reason", "statusReason"),
        _token("target-disease", "protocolApplied.targetDisease"), _token("vaccine-code", "vaccineCode"),
    ),
    "MedicationRequest": (
        _IDENTIFIER, _date("authoredon", "authoredOn"), _token("category"),
        _token("code", "medicationCodeableConcept"), _ENCOUNTER,
        _token("intent", "intent", "CodeSystem/medicationrequest-intent"),
        _reference("medication", "medicationReference"), _PRIORITY, _reference("requester"),
        _token("status", "status", "CodeSystem/medicationrequest-status"),
    ),
    "MedicationStatement": (
        _IDENTIFIER, _token("category"), _token("code", "medicationCodeableConcept"), _reference("context"),
        _date("effective", "effective[x]"), _reference("medication", "medicationReference"),
        _reference("part-of", "partOf"), _reference("source", "informationSource"),
        _token("status", "status", "CodeSystem/medication-statement-status"),
    ),
    "Observation": (
        _IDENTIFIER, _reference("based-on", "basedOn"), _token("category"), _token("code"),
        _token("component-code", "component.code"), _date("date", "effective[x]"),
        _reference("derived-from", "derivedFrom"), _ENCOUNTER, _reference("has-member", "hasMember"),
        _token("method"), _reference("performer"), _reference("specimen"),
        _token("status", "status", "observation-status"), _token("value-concept", "valueCodeableConcept"),
        _date("value-date", "value[x]"), _string("value-string", "valueString"),
    ),
    "Procedure": (
        _IDENTIFIER, _reference("based-on", "basedOn"), _token("category"), _token("code"),
        _date("date", "performed[x]"), _ENCOUNTER, _reference("location"), _reference("part-of", "partOf"),
        _reference("performer", "performer.actor"), _token("reason-code", "reasonCode"),
        _reference("reason-reference", "reasonReference"), _token("status", "status", "event-status"),
    ),
    "Provenance": (
        _reference("agent", "agent.who"), _token("agent-role", "agent.role"), _token("agent-type", "agent.type"),
        _reference("entity", "entity.what"), _reference("location"), _date("recorded", "recorded"),
        _reference("target"), _date("when", "occurredDateTime"),
    ),
    "RelatedPerson": (
        _IDENTIFIER, _token("active"), *_address(), _date("birthdate", "birthDate"), *_contact(),
        _token("gender", "gender", "administrative-gender"), _string("name"), _token("relationship"),
    ),
    "ServiceRequest": (
        _IDENTIFIER, _date("authored", "authoredOn"), _reference("based-on", "basedOn"), _token("category"),
        _token("code"), _ENCOUNTER, _token("intent", "intent", "request-intent"),
        _date("occurrence", "occurrence[x]"), _reference("performer"), _token("performer-type", "performerType"),
        _PRIORITY, _reference("replaces"), _reference("requester"), _token("requisition"),
        _token("status", "status", "request-status"),
    ),
    "Specimen": (
        _IDENTIFIER, _token("accession", "accessionIdentifier"), _token("bodysite", "collection.bodySite"),
        _date("collected", "collection.collected[x]"), _reference("collector", "collection.collector"),
        _token("status", "status", "specimen-status"), _token("type"),
    ),
    "Task": (
        _IDENTIFIER, _date("authored-on", "authoredOn"), _reference("based-on", "basedOn"),
        _token("business-status", "businessStatus"), _token("code"),
        _date("due", "restriction.period", doc=f"{_NOT_IN_R4}: when it is to be done"), _ENCOUNTER, _reference("focus"),
        _token("intent", "intent", "task-intent"), _date("modified", "lastModified"), _reference("owner"),
        _reference("part-of", "partOf"), _token("performer", "performerType"), _date("period", "executionPeriod"),
        _PRIORITY, _reference("requester"), _token("status", "status", "task-status"),
    ),
    "HealthcareService": (
        _IDENTIFIER, _token("active"), _reference("location"), _string("name"),
        _reference("organization", "providedBy"), _token("service-type", "type"), _token("specialty"),
    ),
    "Location": (
        _IDENTIFIER, *_address(), _string("name", "name | alias"), _reference("organization", "managingOrganization"),
        _reference("partof", "partOf"), _token("status", "status", "location-status"), _token("type"),
    ),
    "Organization": (
        _IDENTIFIER, _token("active"), *_address(), _string("name", "name | alias"), _reference("partof", "partOf"),
        _token("type"),
    ),
    "Practitioner": (
        _IDENTIFIER, _token("active"), _string("family", "name.family"), _string("given", "name.given"),
        _string("name"), *_contact(),
    ),
    "PractitionerRole": (
        _IDENTIFIER, _token("active"), _reference("location"), _reference("organization"), _reference("practitioner"),
        _token("role", "code"), _reference("service", "healthcareService"), _token("specialty"),
    ),
}  # fmt: skip
