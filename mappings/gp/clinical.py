"""Consultations, problems, allergies, observations and immunisations: STU3 GP Connect to R4 UK Core."""

from typing import Any

from adapters.gp import stu3
from mappings import datatypes, uk_core
from mappings.concept_maps import translate
from mappings.datatypes import compact
from mappings.gp import elements
from mappings.gp.source import Source
from mappings.uk_core import Resource

Json = dict[str, Any]

_AT_THE_PRACTICE: Json = {"system": uk_core.ACT_CODE, "code": "AMB", "display": "ambulatory"}
_OVER = ("inactive", "remission", "resolved")


def encounter(source: Source, entry: stu3.Encounter) -> Resource:
    """UKCore-Encounter of a consultation. GP Connect sends no class; it is read off the type.
    https://simplifier.net/hl7fhirukcorer4/ukcoreencounter"""
    return source.build(
        entry,
        status=entry.status,
        class_=_encounter_class(entry),
        type=elements.concepts(entry.type),
        subject=datatypes.subject(),
        basedOn=source.references(entry.incoming_referral, "ServiceRequest"),
        participant=[_participant(source, taker) for taker in entry.participant],
        period=elements.period(entry.period),
        length=elements.quantity(entry.length),
        reasonCode=elements.concepts(entry.reason),
        location=[
            {"location": place} for stop in entry.location if (place := source.reference(stop.location)) is not None
        ],
        serviceProvider=source.reference(entry.service_provider)
        or datatypes.organisation_reference(source.ids, source.practice),
    )


def _encounter_class(entry: stu3.Encounter) -> Json:
    codes = [coding.code for kind in entry.type for coding in kind.coding if coding.code]
    said = [text.strip().lower() for kind in entry.type if (text := elements.words(kind))]
    found = (translate("GpEncounterClass", code) for code in [*codes, *said])
    return next((coding for coding in found if coding), _AT_THE_PRACTICE)


def _participant(source: Source, taker: stu3.EncounterParticipant) -> Json:
    return compact(
        type=[elements.translated_concept("GpParticipationType", kind) for kind in taker.type],
        individual=source.reference(taker.individual),
    )


def condition(source: Source, entry: stu3.Condition) -> Resource:
    """UKCore-Condition of a problem. Significance has no element (its extension is retired) and becomes a note; links
    between problems and entries are left out with their retired extensions, except to the entry that stated it.
    https://simplifier.net/hl7fhirukcorer4/ukcorecondition"""
    over = entry.clinical_status in _OVER
    stated = elements.extension(entry.extension, "ActualProblem-1")
    evidence = source.reference(stated.value_reference) if stated else None
    return source.build(
        entry,
        clinicalStatus=elements.translated("GpConditionClinicalStatus", entry.clinical_status),
        verificationStatus=elements.translated("GpConditionVerificationStatus", entry.verification_status),
        category=[elements.translated_concept("GpConditionCategory", kind) for kind in entry.category],
        severity=elements.concept(entry.severity),
        code=elements.concept(entry.code),
        subject=datatypes.subject(),
        encounter=source.reference(entry.context),
        onsetDateTime=elements.date_time(entry.onset_date_time),
        abatementDateTime=elements.date_time(entry.abatement_date_time) if over else None,
        recordedDate=elements.date_time(entry.asserted_date),
        asserter=source.reference(entry.asserter),
        evidence=[{"detail": [evidence]}] if evidence and "reference" in evidence else None,
        note=[*elements.annotations(entry.note), *_problem_notes(entry, over)],
    )


def _problem_notes(entry: stu3.Condition, over: bool) -> list[Json]:
    """An end date set for a problem that is still active (con-4 forbids abatement there), and its significance."""
    notes = []
    if entry.abatement_date_time and not over:
        notes.append({"text": f"End date: {entry.abatement_date_time}"})
    significance = elements.extension(entry.extension, "ProblemSignificance-1")
    if significance and significance.value_code:
        notes.append({"text": f"Problem significance: {significance.value_code}"})
    return notes


def allergy(source: Source, entry: stu3.AllergyIntolerance) -> Resource:
    """UKCore-AllergyIntolerance. Without a clinical status it counts as active: an allergy that was never ended, and
    invariant ait-1 demands one. https://simplifier.net/hl7fhirukcorer4/ukcoreallergyintolerance"""
    ended = elements.extension(entry.extension, "AllergyIntoleranceEnd-1")
    status = entry.clinical_status or ("resolved" if ended else "active")
    in_error = entry.verification_status == "entered-in-error"
    met_in = elements.extension(entry.extension, "encounter-associatedEncounter")
    return source.build(
        entry,
        clinicalStatus=None if in_error else _clinical_status(status, ended),
        verificationStatus=elements.translated("GpAllergyVerificationStatus", entry.verification_status),
        type=entry.type,
        category=list(entry.category),
        criticality=entry.criticality,
        code=elements.concept(entry.code),
        patient=datatypes.subject(),
        encounter=source.reference(met_in.value_reference) if met_in else None,
        onsetDateTime=elements.date_time(entry.onset_date_time),
        recordedDate=elements.date_time(entry.asserted_date),
        recorder=source.reference(entry.recorder),
        asserter=source.reference(entry.asserter),
        lastOccurrence=elements.date_time(entry.last_occurrence),
        note=elements.annotations(entry.note),
        reaction=[_reaction(reaction) for reaction in entry.reaction],
    )


def _clinical_status(status: str, ended: stu3.Extension | None) -> Json | None:
    """The status and, inside it, as UK Core has it, when and why the allergy ended."""
    found = elements.translated("GpAllergyClinicalStatus", status)
    return {**found, "extension": [_allergy_end(ended)]} if found and ended else found


def _allergy_end(ended: stu3.Extension) -> Json:
    date = elements.extension(ended.extension, "endDate")
    reason = elements.extension(ended.extension, "reasonEnded")
    parts = []
    if date and date.value_date_time:
        parts.append({"url": "endDate", "valueDateTime": elements.date_time(date.value_date_time)})
    if reason and reason.value_string:
        parts.append({"url": "reasonEnded", "valueString": reason.value_string})
    return {"url": f"{uk_core.EXTENSION}AllergyIntoleranceEnd", "extension": parts}


def _reaction(reaction: stu3.Reaction) -> Json:
    return compact(
        substance=elements.concept(reaction.substance),
        manifestation=elements.concepts(reaction.manifestation),
        description=reaction.description,
        severity=reaction.severity,
        exposureRoute=elements.concept(reaction.exposure_route),
    )


def observation(source: Source, entry: stu3.Observation) -> Resource:
    """UKCore-Observation; the STU3 comment becomes a note.
    https://simplifier.net/hl7fhirukcorer4/ukcoreobservation"""
    return source.build(
        entry,
        status=entry.status,
        category=elements.concepts(entry.category),
        code=elements.concept(entry.code),
        subject=datatypes.subject(),
        encounter=source.reference(entry.context),
        effectiveDateTime=elements.date_time(entry.effective_date_time),
        effectivePeriod=None if entry.effective_date_time else elements.period(entry.effective_period),
        issued=elements.instant(entry.issued),
        performer=source.references(entry.performer),
        note=[{"text": entry.comment}] if entry.comment else None,
        bodySite=elements.concept(entry.body_site),
        method=elements.concept(entry.method),
        specimen=specimen[0]
        if (specimen := source.references((entry.specimen,) if entry.specimen else (), "Specimen"))
        else None,
        hasMember=_related(source, entry, "has-member"),
        derivedFrom=_related(source, entry, "derived-from"),
        component=[_component(part) for part in entry.component],
        **_result(entry),
    )


def _related(source: Source, entry: stu3.Observation, kind: str) -> list[Json]:
    return source.references(tuple(link.target for link in entry.related if link.type == kind), "Observation")


def _component(part: stu3.Component) -> Json:
    return compact(
        code=elements.concept(part.code),
        dataAbsentReason=elements.concept(part.data_absent_reason),
        **_result(part),
    )


def _result(entry: stu3.Observation | stu3.Component) -> Json:
    """value[x] (the first that is there), interpretation and reference ranges."""
    quantity = elements.quantity(entry.value_quantity)
    coded = None if quantity else elements.concept(entry.value_codeable_concept)
    interpretation = elements.concept(entry.interpretation)
    return {
        "valueQuantity": quantity,
        "valueCodeableConcept": coded,
        "valueString": None if quantity or coded else entry.value_string,
        "interpretation": [interpretation] if interpretation else None,
        "referenceRange": [_range(limits) for limits in entry.reference_range],
    }


def _range(limits: stu3.ReferenceRange) -> Json:
    return compact(low=elements.quantity(limits.low), high=elements.quantity(limits.high), text=limits.text)


def immunisation(source: Source, entry: stu3.Immunization) -> Resource:
    """UKCore-Immunization. R4 demands an occurrence; where the practice has no date it is said to be unknown.
    https://simplifier.net/hl7fhirukcorer4/ukcoreimmunization"""
    explanation = entry.explanation or stu3.Explanation()
    reasons_against = elements.concepts(explanation.reason_not_given)
    return source.build(
        entry,
        extension=_vaccination_extensions(entry),
        status="not-done" if entry.not_given and entry.status == "completed" else entry.status,
        statusReason=reasons_against[0] if reasons_against else None,
        vaccineCode=elements.concept(entry.vaccine_code),
        patient=datatypes.subject(),
        encounter=source.reference(entry.encounter),
        occurrenceDateTime=elements.date_time(entry.date),
        occurrenceString=None if entry.date else "unknown",
        recorded=_recorded(entry),
        primarySource=entry.primary_source,
        location=source.reference(entry.location),
        manufacturer=source.reference(entry.manufacturer),
        lotNumber=entry.lot_number,
        expirationDate=entry.expiration_date,
        site=elements.concept(entry.site),
        route=elements.concept(entry.route),
        doseQuantity=elements.quantity(entry.dose_quantity),
        performer=[_performer(source, actor) for actor in entry.practitioner],
        note=elements.annotations(entry.note),
        reasonCode=elements.concepts(explanation.reason),
        protocolApplied=[_protocol(step) for step in entry.vaccination_protocol if step.dose_sequence],
    )


def _vaccination_extensions(entry: stu3.Immunization) -> list[Json]:
    made: list[Json] = []
    procedure = elements.extension(entry.extension, "VaccinationProcedure-1")
    if procedure and (coded := elements.concept(procedure.value_codeable_concept)):
        made.append({"url": f"{uk_core.EXTENSION}VaccinationProcedure", "valueCodeableConcept": coded})
    parent = elements.extension(entry.extension, "ParentPresent-1")
    if parent and parent.value_boolean is not None:
        made.append({"url": f"{uk_core.EXTENSION}ParentPresent", "valueBoolean": parent.value_boolean})
    return made


def _recorded(entry: stu3.Immunization) -> str | None:
    recorded = elements.extension(entry.extension, "DateRecorded-1")
    return elements.date_time(recorded.value_date_time) if recorded else None


def _performer(source: Source, actor: stu3.ImmunizationPractitioner) -> Json:
    return compact(function=elements.concept(actor.role), actor=source.reference(actor.actor) or {"display": "unknown"})


def _protocol(step: stu3.VaccinationProtocol) -> Json:
    return compact(
        targetDisease=elements.concepts(step.target_disease),
        doseNumberPositiveInt=step.dose_sequence,
        seriesDosesPositiveInt=step.series_doses,
    )
