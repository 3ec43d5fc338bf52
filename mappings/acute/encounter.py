"""PV1 and PV2 -> UKCore-Encounter."""

import re

from adapters.acute.records import Doctor, State, Stay, Visit, VisitState
from mappings import datatypes, uk_core
from mappings.acute.datatypes import concept, labelled, slug
from mappings.acute.directory import doctor_reference, ward_reference
from mappings.concept_maps import translate
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource

PATIENT_CLASS = "http://terminology.hl7.org/CodeSystem/v2-0004"
NULL_FLAVOUR = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
PLANNED_END = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate"
"""R5's Encounter.plannedEndDate, carried in R4 by its cross-version extension."""
SENSITIVE = "S"
INPATIENT = frozenset({"IMP", "SS"})


def encounters(state: State, ids: Ids) -> list[Resource]:
    """One Encounter per visit; a sensitive visit (PV1-16 = S) is labelled restricted."""
    return [_encounter(visit, state, ids) for visit in state.visits]


def encounter_class(visit: Visit) -> Json:
    """v3-ActCode, or the sender's own class where v3-ActCode has none; the binding is extensible."""
    source = (visit.patient_class or "").upper()
    if not source:
        return datatypes.coding(NULL_FLAVOUR, "UNK", "unknown")
    found = translate("AcutePatientClass", source)
    return found or (datatypes.coding(PATIENT_CLASS, source) if len(source) == 1 else _local_class(visit))


def _local_class(visit: Visit) -> Json:
    return datatypes.coding("https://toldonce.example/CodeSystem/acute-class-words", slug(visit.patient_class or ""))


def _encounter(visit: VisitState, state: State, ids: Ids) -> Resource:
    details = visit.details
    discharge_method, destination = _discharge(details) if visit.status == "finished" else (None, None)
    built = uk_core.resource(
        "Encounter",
        ids.own("Encounter", details.number, details.authority),
        extension=_extensions(visit, discharge_method),
        identifier=[_visit_number(state.organisation, details)],
        status=visit.status,
        class_=encounter_class(details),
        serviceType=concept("AcuteTreatmentFunction", details.treatment_function),
        subject=datatypes.subject(),
        participant=_participants(details, state.organisation, ids),
        period=datatypes.period(visit.start, visit.end),
        reasonCode=_reasons(details),
        hospitalization=_hospitalization(details, destination),
        location=[_location(stay, visit, state.organisation, ids) for stay in visit.stays],
        serviceProvider=datatypes.organisation_reference(ids, state.organisation),
    )
    restricted = details.sensitive == SENSITIVE
    return labelled(built, [datatypes.security_label(uk_core.CONFIDENTIALITY, "R")] if restricted else [])


def _visit_number(organisation: str, details: Visit) -> Json:
    kind = slug(details.authority) or "visit"
    return datatypes.local_identifier(organisation, kind, details.number, type_code="VN")


def _extensions(visit: VisitState, discharge_method: Json | None) -> list[Json]:
    found: list[Json] = []
    if discharge_method:
        found.append({"url": f"{uk_core.EXTENSION}DischargeMethod", "valueCodeableConcept": discharge_method})
    if visit.status in ("planned", "in-progress") and visit.details.expected_discharge:
        found.append({"url": PLANNED_END, "valueDateTime": visit.details.expected_discharge})
    return found


def _discharge(details: Visit) -> tuple[Json | None, Json | None]:
    """(discharge method, destination). The ITK tables say method in PV1-36 and destination in PV1-37, HL7 UK and NHS
    England's own sample put the destination into PV1-36: told by value. What is neither stays text."""
    method, destination = details.discharge_method or "", details.discharge_destination or ""
    if method and not destination and not re.fullmatch(r"[0-9]", method):
        method, destination = "", method
    return concept("AcuteDischargeMethod", method), concept("AcuteDischargeDestination", destination)


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


def _reasons(details: Visit) -> list[Json]:
    """PV2-3 and PV2-12 as text: their codes are of local lists, or ICD-10 without saying so."""
    reason = details.reason
    texts = (reason.text or reason.code if reason else "", details.description or "")
    return [{"text": text} for text in dict.fromkeys(texts) if text]


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


def _location(stay: Stay, visit: VisitState, organisation: str, ids: Ids) -> Json:
    last = stay is visit.stays[-1]
    if visit.status == "planned":
        status = "planned"
    else:
        status = "active" if last and visit.status == "in-progress" else "completed"
    return datatypes.compact(
        location=ward_reference(ids, organisation, stay.place),
        status=status,
        period=datatypes.period(stay.start, stay.end),
    )
