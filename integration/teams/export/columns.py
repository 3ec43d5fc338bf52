"""The columnar extract: which tables it has, which columns, of what type, and from where in a resource each value is.

One Parquet file for each table, `<table>.parquet`, ready for DuckDB or Spark; docs/bulk-export.md shows them all. No
table holds a name, an address, an identifier or free text, and every id is a pseudonym.

- The first column of every table is `person`, the key of the table `person`. The same person has the same one in every
  extract for one organisation and purpose.
- A moment is a timestamp in UTC. A date without a time is its first instant in Europe/London; `<name>_precision` says
  how exactly the source told it: `second`, `day`, `month` or `year`.
- For purposes beyond care (rule 9) moments are months, and what the API does not show there either is null: `feed`,
  `recorded`, `practice`, `died`, words of codes, and what FHIR keeps in extensions.
- What is not said is null.
"""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from integration.teams.export.column import Column, Table
from integration.teams.export.values import (
    birth_year,
    coding,
    died,
    district,
    extension,
    first,
    moment,
    ods_code,
    precision,
    reference,
    text,
)
from mappings import uk_core
from mappings.acute.encounter import ARRIVAL_MODE
from mappings.uk_core import Resource


def _text(name: str, doc: str, *paths: str) -> Column:
    return Column(name, "text", doc, lambda item: text(item.element, *(paths or (name,))))


def _moment(name: str, doc: str, *paths: str) -> tuple[Column, Column]:
    return (
        Column(name, "moment", doc, lambda item: moment(text(item.element, *paths))),
        Column(f"{name}_precision", "text", f"of `{name}`", lambda item: precision(text(item.element, *paths))),
    )


def _period(path: str = "period") -> tuple[Column, ...]:
    return (
        *_moment("start", "when it began", f"{path}.start"),
        *_moment("end", "when it ended; null: it goes on, or nobody says", f"{path}.end"),
    )


def _code(name: str, doc: str, path: str = "") -> tuple[Column, ...]:
    return (
        Column(name, "text", f"{doc}: the code", lambda item: coding(item.element, path or name).get("code")),
        Column(f"{name}_system", "text", "its system", lambda item: coding(item.element, path or name).get("system")),
        Column(f"{name}_display", "text", "its words", lambda item: coding(item.element, path or name).get("display")),
    )


def _extension(name: str, doc: str, url: str, path: str = "") -> Column:
    return Column(name, "text", doc, lambda item: extension(first(item.element, path), url).get("code"))


def _reference(name: str, doc: str, path: str = "") -> Column:
    return Column(name, "id", doc, lambda item: reference(item.element, path or name))


_ID = Column("id", "id", "the resource", lambda item: UUID(item.resource["id"]))
_FEED = Column(
    "feed",
    "text",
    "who says so: gp, acute, community, mental_health, social_care, vcfse, pds, or recorded (here)",
    lambda item: item.feed,
)
_RECORDED = Column("recorded", "moment", "when this version was stored here", lambda item: item.recorded)
_STATUS = _text("status", "in FHIR's words")
_ENCOUNTER = _reference("encounter", "the contact it belongs to")
_OWN = "https://toldonce.example/StructureDefinition/"


def _table(
    name: str,
    doc: str,
    types: str | tuple[str, ...],
    *columns: Column,
    rows: Callable[[Resource], Iterator[Any]] = lambda resource: iter((resource,)),
) -> Table:
    return Table(name, doc, (types,) if isinstance(types, str) else types, (_ID, _FEED, *columns, _RECORDED), rows)


def _classes(encounter: Resource) -> Iterator[Any]:
    """The classes it went through, or the one that it has."""
    return iter(encounter.get("classHistory") or [{"class": encounter["class"], "period": encounter.get("period", {})}])


PERSON = Table(
    "person",
    "who is in the extract, a row for each person",
    ("Patient",),
    (
        _text("gender", "administrative gender: male, female, other, unknown"),
        Column("birth_year", "integer", "beyond care none from 90 years on", lambda item: birth_year(item.element)),
        Column("district", "text", "postcode district, such as CV1", lambda item: district(item.element)),
        Column(
            "practice",
            "text",
            "ODS code of the registered practice",
            lambda item: ods_code(item.element, "generalPractitioner"),
        ),
        Column("deceased", "boolean", "whether somebody says that the person died", lambda item: died(item.element)),
        *_moment("died", "when the person died", "deceasedDateTime"),
    ),
)
MEMBERSHIP = Table(
    "membership",
    "when the person was on the caseload; a row for each time, only of the caseload that was exported",
    (),
    (
        Column("caseload", "text", "id of the caseload", lambda item: item.element.caseload),
        Column("since", "moment", "when the membership began", lambda item: item.element.since),
        Column("until", "moment", "when it ended; null: it goes on", lambda item: item.element.until),
        Column("reason", "text", "why, a code of the caseload's document", lambda item: item.element.reason),
    ),
)
TABLES = (
    PERSON,
    MEMBERSHIP,
    _table(
        "encounter",
        "contacts, attendances and stays",
        "Encounter",
        _STATUS,
        *_code("class", "v3-ActCode: EMER emergency, IMP inpatient, SS day case, AMB at a clinic or practice, VR, HH"),
        *_code("type", "kind of contact; hospital: first attendance, ZU3-12"),
        *_code("service", "treatment function or service", "serviceType"),
        *_period(),
        _extension("arrival_mode", "PV2-38 (table 0430: A ambulance, H helicopter; else ECDS)", ARRIVAL_MODE),
        _extension(
            "attended",
            "ZU3-3: 5 and 6 attended, 2 and 4 cancelled, 3 and 7 did not attend",
            f"{_OWN}attended-or-did-not-attend",
        ),
        _extension("outcome", "outcome of attendance", f"{uk_core.EXTENSION}OutcomeOfAttendance"),
        _extension(
            "admission_method",
            "NHS Data Dictionary: 21 to 28 and 2A to 2D emergency, 11 to 13 elective",
            f"{uk_core.EXTENSION}AdmissionMethod",
            "hospitalization",
        ),
        *_code("admitted_from", "source of admission", "hospitalization.admitSource"),
        _extension("discharge_method", "how a stay ended", f"{uk_core.EXTENSION}DischargeMethod"),
        _extension(
            "emergency_discharge", "how an attendance ended", f"{uk_core.EXTENSION}EmergencyCareDischargeStatus"
        ),
        *_code("discharged_to", "where to", "hospitalization.dischargeDisposition"),
        Column("provider", "text", "ODS code", lambda item: ods_code(item.element, "serviceProvider")),
        _reference("part_of", "a contact that it is part of", "partOf"),
    ),
    _table(
        "encounter_class",
        "the classes that each encounter went through: an attendance that became a stay has a row for each",
        "Encounter",
        _text("class", "as in `encounter`", "class.code"),
        *_period(),
        rows=_classes,
    ),
    _table(
        "condition",
        "problems and diagnoses",
        "Condition",
        *_code("code", "what it is"),
        *_code("category", "problem-list-item, encounter-diagnosis ..."),
        Column("clinical_status", "text", "", lambda item: coding(item.element, "clinicalStatus").get("code")),
        Column("verification_status", "text", "", lambda item: coding(item.element, "verificationStatus").get("code")),
        *_moment("onset", "when it began", "onsetDateTime", "onsetPeriod.start"),
        *_moment("abatement", "when it ended", "abatementDateTime", "abatementPeriod.end"),
        *_moment("asserted", "when it was written down", "recordedDate"),
        _ENCOUNTER,
    ),
    _table(
        "observation",
        "findings and measurements",
        "Observation",
        _STATUS,
        *_code("code", "what was observed"),
        *_code("category", "vital-signs, exam, survey ..."),
        *_moment("effective", "when", "effectiveDateTime", "effectivePeriod.start", "effectiveInstant"),
        Column("number", "number", "valueQuantity, valueInteger", lambda item: _number(item.element)),
        _text("unit", "UCUM, where it is coded", "valueQuantity.code", "valueQuantity.unit"),
        *_code("answer", "a coded value", "valueCodeableConcept"),
        _ENCOUNTER,
    ),
    _table(
        "flag",
        "alerts and reasonable adjustments; one top flag for each person",
        "Flag",
        _STATUS,
        *_code("code", "what it says"),
        *_code("category", "which kind"),
        *_period(),
    ),
    _table(
        "care_plan",
        "plans of care",
        "CarePlan",
        _STATUS,
        _text("intent", "plan, proposal, order"),
        *_code("category", "which kind"),
        *_period(),
        *_moment("created", "when it was made", "created"),
    ),
    _table(
        "care_plan_activity",
        "what plans hold, reviews too; a row for each activity",
        "CarePlan",
        _text("status", "in FHIR's words", "detail.status"),
        *_code("code", "what is done", "detail.code"),
        *_period("detail.scheduledPeriod"),
        _reference("request", "the service request or task that it is", "reference"),
        _reference("outcome", "the contact at which it was done", "outcomeReference"),
        rows=lambda plan: iter(plan.get("activity", ())),
    ),
    _table(
        "care_team",
        "who looks after the person; a row for each participant",
        "CareTeam",
        Column("status", "text", "of the team", lambda item: text(item.resource, "status")),
        *_code("role", "SNOMED CT 768820003: care coordinator", "role"),
        _reference("member", "the participant", "member"),
        Column(
            "organisation",
            "text",
            "ODS code of the participant or of whom they act for",
            lambda item: ods_code(item.element, "onBehalfOf") or ods_code(item.element, "member"),
        ),
        *_period(),
        rows=lambda team: iter(team.get("participant", ())),
    ),
    _table(
        "service_request",
        "referrals and requests for services",
        "ServiceRequest",
        _STATUS,
        _text("intent", "order, plan, proposal"),
        _text("priority", "routine, urgent, asap, stat"),
        *_code("code", "what is asked for"),
        *_code("category", "which kind"),
        *_moment("authored", "when it was made", "authoredOn"),
        *_moment("occurrence", "for when", "occurrenceDateTime", "occurrencePeriod.start"),
        _ENCOUNTER,
    ),
    _table(
        "task",
        "who does what next",
        "Task",
        _STATUS,
        _text("intent", "order, plan"),
        _text("priority", "routine, urgent, asap, stat"),
        *_code("code", "what is to be done"),
        *_moment("authored", "when it was made", "authoredOn"),
        *_moment("due", "by when", "restriction.period.end", "executionPeriod.end"),
    ),
    _table(
        "procedure",
        "what was done",
        "Procedure",
        _STATUS,
        *_code("code", "what it was"),
        *_moment("performed", "when", "performedDateTime", "performedPeriod.start"),
        _ENCOUNTER,
    ),
    _table(
        "medication",
        "medicines: what was ordered (MedicationRequest) and what is taken (MedicationStatement)",
        ("MedicationRequest", "MedicationStatement"),
        _text("kind", "MedicationRequest or MedicationStatement", "resourceType"),
        _STATUS,
        *_code("code", "the medicine", "medicationCodeableConcept"),
        *_moment("start", "since when", "authoredOn", "effectivePeriod.start", "effectiveDateTime"),
        *_moment("end", "until when", "effectivePeriod.end"),
    ),
    _table(
        "immunization",
        "vaccinations",
        "Immunization",
        _STATUS,
        *_code("code", "the vaccine", "vaccineCode"),
        *_moment("occurrence", "when", "occurrenceDateTime"),
    ),
    _table(
        "allergy",
        "allergies and intolerances",
        "AllergyIntolerance",
        *_code("code", "to what"),
        Column("clinical_status", "text", "", lambda item: coding(item.element, "clinicalStatus").get("code")),
        _text("criticality", "low, high, unable-to-assess"),
        *_moment("asserted", "when it was written down", "recordedDate"),
    ),
)
"""Every table, in the order of the docs."""


def _number(observation: Resource) -> float | None:
    value = first(observation, "valueQuantity.value")
    value = first(observation, "valueInteger") if value is None else value
    return None if value is None else float(value)
