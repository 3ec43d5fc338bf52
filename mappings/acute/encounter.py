"""PV1, PV2 and the UK's ZU1, ZU3 -> UKCore-Encounter."""

import re

from adapters.acute.records import SENSITIVE, ClassSpan, Doctor, State, Visit, VisitState
from mappings import datatypes, uk_core
from mappings.acute.datatypes import coded_concept, concept, known, labelled, slug
from mappings.acute.directory import doctor_reference
from mappings.acute.places import locations
from mappings.concept_maps import translate
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource

PATIENT_CLASS = "http://terminology.hl7.org/CodeSystem/v2-0004"
NULL_FLAVOUR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
PLANNED_END = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate"
"""R5's Encounter.plannedEndDate, carried in R4 by its cross-version extension."""
ARRIVAL_MODE = "http://hl7.org/fhir/StructureDefinition/encounter-modeOfArrival"  # R4 extension
OWN = "https://toldonce.example/StructureDefinition/"
ITK_0112 = "https://toldonce.example/CodeSystem/itk-hl7v2-0112"
RESTRICTED = datatypes.security_label(uk_core.CONFIDENTIALITY, "R")
INPATIENT = frozenset({"IMP", "SS"})
EMERGENCY = "EMER"
_DISPOSAL = "0?[0-9]|1[0-4]"


def encounters(state: State, ids: Ids) -> list[Resource]:
    """One Encounter per visit; a sensitive visit (PV1-16 = S) is labelled restricted."""
    return [_encounter(visit, state, ids) for visit in state.visits]


def is_sensitive(visit: Visit) -> bool:
    """Whether PV1-16 marks the visit: then everything that is said of it is restricted."""
    return visit.sensitive == SENSITIVE


def encounter_class(patient_class: str | None) -> Json:
    """v3-ActCode, or the sender's own class where v3-ActCode has none; the binding is extensible."""
    source = (patient_class or "").upper()
    if not source:
        return datatypes.coding(NULL_FLAVOUR, "UNK", "unknown")
    found = translate("AcutePatientClass", source)
    return found or (datatypes.coding(PATIENT_CLASS, source) if len(source) == 1 else _local_class(source))


def _local_class(source: str) -> Json:
    word = slug(source)
    if not word:
        return datatypes.coding(NULL_FLAVOUR, "OTH", "other")
    return datatypes.coding("https://toldonce.example/CodeSystem/acute-class-words", word)


def _encounter(visit: VisitState, state: State, ids: Ids) -> Resource:
    details = visit.details
    discharge, destination = _discharge(details) if visit.status == "finished" else ([], None)
    built = uk_core.resource(
        "Encounter",
        ids.own("Encounter", details.number, details.authority),
        extension=[*discharge, *_extensions(visit)],
        identifier=[_visit_number(state.organisation, details)],
        status=visit.status,
        class_=encounter_class(details.patient_class),
        classHistory=[_class_span(span) for span in visit.classes],
        type=[kind] if (kind := concept("AcuteFirstAttendance", details.first_attendance)) else None,
        serviceType=concept("AcuteTreatmentFunction", details.treatment_function),
        subject=datatypes.subject(),
        participant=_participants(details, state.organisation, ids),
        period=datatypes.period(visit.start, visit.end),
        reasonCode=_reasons(details, state.organisation),
        hospitalization=_hospitalization(details, destination),
        location=locations(visit, state.organisation, ids),
        serviceProvider=datatypes.organisation_reference(ids, state.organisation),
    )
    return labelled(built, [RESTRICTED] if is_sensitive(details) else [])


def _class_span(span: ClassSpan) -> Json:
    return {"class": encounter_class(span.patient_class), "period": datatypes.period(span.start, span.end)}


def _visit_number(organisation: str, details: Visit) -> Json:
    kind = slug(details.authority) or "visit"
    return datatypes.local_identifier(organisation, kind, details.number, type_code="VN")


def _extensions(visit: VisitState) -> list[Json]:
    details, here = visit.details, visit.status in ("planned", "in-progress", "onleave")
    found: list[Json] = []
    if mode := _arrival_mode(details):
        found.append({"url": ARRIVAL_MODE, "valueCoding": mode})
    if outcome := concept("AcuteAttendanceOutcome", details.attendance_outcome):
        found.append({"url": f"{uk_core.EXTENSION}OutcomeOfAttendance", "valueCodeableConcept": outcome})
    if attended := concept("AcuteAttendance", details.attended):
        found.append({"url": f"{OWN}attended-or-did-not-attend", "valueCodeableConcept": attended})
    if here and details.expected_discharge:
        found.append({"url": PLANNED_END, "valueDateTime": details.expected_discharge})
    if here and details.medically_fit in ("Y", "N"):
        found.append({"url": f"{OWN}medically-fit-for-discharge", "valueBoolean": details.medically_fit == "Y"})
    if here and details.ready_for_discharge:
        found.append({"url": f"{OWN}ready-for-discharge", "valueDateTime": details.ready_for_discharge})
    return found


def _arrival_mode(details: Visit) -> Json | None:
    """PV2-38: table 0430, a code of the Emergency Care Data Set, or the sender's word."""
    sent = details.arrival_mode
    if sent is None or not (sent.code or sent.text):
        return None
    table = known("AcuteArrivalMode", (sent.code or sent.text).upper()) if not sent.system else None
    if table:
        return {**table["coding"][0]}
    codings = (coded_concept(sent, "", "arrival-mode") or {}).get("coding", ())
    if sent.system and codings:
        return {**codings[0]}
    return {"display": sent.text or sent.code}


def _discharge(details: Visit) -> tuple[list[Json], Json | None]:
    """(extension that says how the visit ended, destination). The ITK tables say method in PV1-36 and destination in
    PV1-37, HL7 UK and NHS England's own sample put the destination into PV1-36: told by value. Of an A&E attendance
    PV1-36 is the disposal. What is neither stays text."""
    method, destination = details.discharge_method or "", details.discharge_destination or ""
    emergency = encounter_class(details.patient_class)["code"] == EMERGENCY
    if method and not destination and not re.fullmatch(_DISPOSAL if emergency else "[0-9]", method):
        method, destination = "", method
    name = "EmergencyCareDischargeStatus" if emergency else "DischargeMethod"
    said = _disposal(method.lstrip("0")) if emergency else concept("AcuteDischargeMethod", method)
    extension = [{"url": f"{uk_core.EXTENSION}{name}", "valueCodeableConcept": said}] if said else []
    return extension, concept("AcuteDischargeDestination", destination)


def _disposal(code: str) -> Json | None:
    """A code of two meanings is kept without either (see the map)."""
    return known("AcuteEmergencyDisposal", code) or (datatypes.concept(ITK_0112, code) if code else None)


def _participants(details: Visit, organisation: str, ids: Ids) -> list[Json]:
    roles: list[tuple[str, str, Doctor | None]] = [
        ("ATND", "attender", details.attending),
        ("REF", "referrer", details.referring),
        *(("CON", "consultant", doctor) for doctor in details.consulting or ()),
        ("ADM", "admitter", details.admitting),
    ]
    found = []
    for code, display, doctor in roles:
        individual = doctor_reference(ids, organisation, doctor) if doctor else None
        if individual:
            role = datatypes.concept(uk_core.PARTICIPATION, code, display)
            found.append({"type": [role], "individual": individual})
    return found


def _reasons(details: Visit, organisation: str) -> list[Json]:
    """PV2-3 with its code where it names SNOMED CT or ICD-10 (else codes are of local lists, and only text), and
    PV2-12."""
    reason = details.reason
    if reason and known("AcuteCodingSystem", reason.system.upper()):
        found = [coded_concept(reason, organisation, "reason")]
    else:
        found = [datatypes.text_concept(reason.text or reason.code) if reason else None]
    if details.description and details.description != (reason.text or reason.code if reason else ""):
        found.append(datatypes.text_concept(details.description))
    return [one for one in found if one]


def _hospitalization(details: Visit, destination: Json | None) -> Json | None:
    method = concept("AcuteAdmissionMethod", (details.admission_method or "").upper())
    extension = {"url": f"{uk_core.EXTENSION}AdmissionMethod", "valueCodeableConcept": method}
    return (
        datatypes.compact(
            extension=[extension] if method else None,
            admitSource=concept("AcuteSourceOfAdmission", details.admission_source),
            dischargeDisposition=destination,
        )
        or None
    )
