"""Tables of the extract: problems, findings, and what was done and given."""

from integration.teams.export.column import Column
from integration.teams.export.usual_columns import OF_ENCOUNTER, STATUS, code_of, moment_of, table, text_of
from integration.teams.export.values import coding, first
from mappings.uk_core import Resource


def _number(observation: Resource) -> float | None:
    value = first(observation, "valueQuantity.value")
    value = first(observation, "valueInteger") if value is None else value
    return None if value is None else float(value)


CLINICAL = (
    table(
        "condition",
        "problems and diagnoses",
        "Condition",
        *code_of("code", "what it is"),
        *code_of("category", "problem-list-item, encounter-diagnosis ..."),
        Column("clinical_status", "text", "", lambda item: coding(item.element, "clinicalStatus").get("code")),
        Column("verification_status", "text", "", lambda item: coding(item.element, "verificationStatus").get("code")),
        *moment_of("onset", "when it began", "onsetDateTime", "onsetPeriod.start"),
        *moment_of("abatement", "when it ended", "abatementDateTime", "abatementPeriod.end"),
        *moment_of("asserted", "when it was written down", "recordedDate"),
        OF_ENCOUNTER,
    ),
    table(
        "observation",
        "findings and measurements",
        "Observation",
        STATUS,
        *code_of("code", "what was observed"),
        *code_of("category", "vital-signs, exam, survey ..."),
        *moment_of("effective", "when", "effectiveDateTime", "effectivePeriod.start", "effectiveInstant"),
        Column("number", "number", "valueQuantity, valueInteger", lambda item: _number(item.element)),
        text_of("unit", "UCUM, where it is coded", "valueQuantity.code", "valueQuantity.unit"),
        *code_of("answer", "a coded value", "valueCodeableConcept"),
        OF_ENCOUNTER,
    ),
    table(
        "procedure",
        "what was done",
        "Procedure",
        STATUS,
        *code_of("code", "what it was"),
        *moment_of("performed", "when", "performedDateTime", "performedPeriod.start"),
        OF_ENCOUNTER,
    ),
    table(
        "medication",
        "medicines: what was ordered (MedicationRequest) and what is taken (MedicationStatement)",
        ("MedicationRequest", "MedicationStatement"),
        text_of("kind", "MedicationRequest or MedicationStatement", "resourceType"),
        STATUS,
        *code_of("code", "the medicine", "medicationCodeableConcept"),
        *moment_of("start", "since when", "authoredOn", "effectivePeriod.start", "effectiveDateTime"),
        *moment_of("end", "until when", "effectivePeriod.end"),
    ),
    table(
        "immunization",
        "vaccinations",
        "Immunization",
        STATUS,
        *code_of("code", "the vaccine", "vaccineCode"),
        *moment_of("occurrence", "when", "occurrenceDateTime"),
    ),
    table(
        "allergy",
        "allergies and intolerances",
        "AllergyIntolerance",
        *code_of("code", "to what"),
        Column("clinical_status", "text", "", lambda item: coding(item.element, "clinicalStatus").get("code")),
        text_of("criticality", "low, high, unable-to-assess"),
        *moment_of("asserted", "when it was written down", "recordedDate"),
    ),
)
