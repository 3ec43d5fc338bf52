"""The practice's statement of who the person is, and the objections that it tells of.

https://simplifier.net/hl7fhirukcorer4/ukcorepatient
"""

import re
from typing import Any

from adapters.gp import stu3
from adapters.gp.records import VERIFICATION, Objection, StructuredRecord
from mappings import datatypes, uk_core
from mappings.concept_maps import translate
from mappings.datatypes import compact
from mappings.gp import elements
from mappings.gp.source import Source, labelled
from mappings.uk_core import Resource

Json = dict[str, Any]

OBJECTION = "https://toldonce.example/policy/objection-to-sharing"
_INTERPRETER = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
_VERIFIED, _NOT_TRACED = "01", "02"


def patient(source: Source) -> Resource:
    """UKCore-Patient. After "not found" only what tells whose record it was remains: the answer may mean that the
    person's whereabouts are secret. After a refusal the statement stays whole, under the Consent that withholds it."""
    record = source.state.record
    if record is None:
        return _asked_for(source)
    whole = not source.state.withheld or any(objection.end is None for objection in source.state.objections)
    made = _resource(source, record, _whereabouts(source, record.patient) if whole else {})
    tags = [translate("GpListWarning", code) for code in sorted({warning.code for warning in record.warnings})]
    if known := [tag for tag in tags if tag]:
        made["meta"]["tag"] = known
    return labelled(made, _labels(record.patient))


def _asked_for(source: Source) -> Resource:
    """Refused at the first request: we know the number we asked for, which a GP Connect consumer must have traced on
    PDS before; so it is verified, and the objection finds its person."""
    number = source.state.nhs_number
    identifier = [datatypes.nhs_number(number, _VERIFIED)] if number else None
    return uk_core.resource("Patient", source.ids.own("Patient"), identifier=identifier)


def _resource(source: Source, record: StructuredRecord, whereabouts: Json) -> Resource:
    person = record.patient
    return uk_core.resource(
        "Patient",
        source.ids.own("Patient"),
        extension=_interpreter(person),
        identifier=_identifiers(source, record),
        active=person.active,
        name=[elements.human_name(name) for name in person.name],
        gender=person.gender,
        birthDate=person.birth_date,
        deceasedDateTime=elements.date_time(person.deceased_date_time),
        communication=_communication(person),
        **whereabouts,
    )


def _whereabouts(source: Source, person: stu3.Patient) -> Json:
    """What locates the person: address, telecom, contacts, practice."""
    practice = datatypes.organisation_reference(source.ids, source.practice, practice_name(source))
    return {
        "telecom": [elements.plain(point) for point in person.telecom],
        "address": [elements.address(place) for place in person.address],
        "contact": [_contact(source, contact) for contact in person.contact],
        "generalPractitioner": [practice, *source.references(person.general_practitioner, "Practitioner")],
        "managingOrganization": practice,
    }


def practice_name(source: Source) -> str | None:
    """The practice's name, as its record gives it."""
    from_record = (entry for entry in source.of(stu3.Organization) if source.id(entry) == _practice_id(source))
    return next((entry.name for entry in from_record), None)


def _practice_id(source: Source) -> str:
    return source.ids.directory("Organization", source.practice)


def _identifiers(source: Source, record: StructuredRecord) -> list[Json]:
    """The NHS number with its status, unless its check digit is wrong, and the practice's own id of the person."""
    numbers = [entry for entry in record.patient.identifier if entry.system == uk_core.NHS_NUMBER]
    made = []
    if record.nhs_number:
        made.append(_nhs_number(record.nhs_number, numbers))
    others = tuple(entry for entry in record.patient.identifier if entry not in numbers)
    own = datatypes.local_identifier(source.practice, "gp-patient", record.patient.id)
    return [*made, *elements.identifiers(others), own]


def _nhs_number(number: str, stated: list[stu3.Identifier]) -> Json:
    concepts = (
        entry.value_codeable_concept
        for identifier in stated
        for entry in identifier.extension
        if entry.url in VERIFICATION or entry.url.endswith("NHSNumberVerificationStatus-1")
    )
    codes = (entry.code for concept in concepts if concept for entry in concept.coding if entry.code)
    status = translate("GpNhsNumberVerificationStatus", next(codes, _NOT_TRACED))
    status = status or {"code": _NOT_TRACED}
    return datatypes.nhs_number(number, status["code"], status.get("display"))


def _contact(source: Source, contact: stu3.Contact) -> Json:
    return compact(
        relationship=elements.concepts(contact.relationship),
        name=elements.human_name(contact.name) if contact.name else None,
        telecom=[elements.plain(point) for point in contact.telecom],
        address=elements.address(contact.address) if contact.address else None,
        gender=contact.gender,
        organization=source.reference(contact.organization),
    )


def _nhs_communication(person: stu3.Patient) -> list[stu3.Extension]:
    return [entry for entry in person.extension if entry.url.endswith("NHSCommunication-1")]


def _communication(person: stu3.Patient) -> list[Json]:
    """NHSCommunication is retired in UK Core: language and preference go to Patient.communication. Mode and
    proficiency are left out: no caller has a use for how well somebody reads their own language."""
    made = []
    for entry in _nhs_communication(person):
        language = elements.extension(entry.extension, "language")
        preferred = elements.extension(entry.extension, "preferred")
        if language and language.value_codeable_concept:
            made.append(
                compact(
                    language=_language(language.value_codeable_concept),
                    preferred=preferred.value_boolean if preferred else None,
                )
            )
    return made


def _language(source: stu3.CodeableConcept) -> Json:
    """ISO codes are BCP 47 tags; the NHS's own code for signing is translated, any other is kept as it is."""
    for entry in source.coding:
        if found := translate("GpLanguage", entry.code or ""):
            return compact(coding=[found], text=source.text)
        if entry.code and _LANGUAGE.fullmatch(entry.code):
            return datatypes.concept("urn:ietf:bcp:47", entry.code, entry.display, text=source.text)
    return elements.concept(source) or {}


def _interpreter(person: stu3.Patient) -> list[Json]:
    answers = (elements.extension(entry.extension, "interpreterRequired") for entry in _nhs_communication(person))
    values = [entry.value_boolean for entry in answers if entry and entry.value_boolean is not None]
    return [{"url": _INTERPRETER, "valueBoolean": any(values)}] if values else []


def _labels(person: stu3.Patient) -> list[Json]:
    """The source's labels; a restricted Patient means that the whereabouts are restricted."""
    labels = elements.security(person.meta)
    if datatypes.security_label(uk_core.CONFIDENTIALITY, "R") in labels:
        labels.append(datatypes.security_label(uk_core.ACT_CODE, "LOCIS"))
    return labels


def objections(source: Source) -> list[Resource]:
    """A UKCore-Consent for each spell in which the practice refused; ended ones are kept as inactive."""
    return [_objection(source, objection) for objection in source.state.objections]


def _objection(source: Source, objection: Objection) -> Resource:
    consent_scope = "http://terminology.hl7.org/CodeSystem/consentscope"
    return uk_core.resource(
        "Consent",
        source.ids.own("Consent", "objection", objection.start),
        status="inactive" if objection.end else "active",
        scope=datatypes.concept(consent_scope, "patient-privacy", "Privacy Consent"),
        category=[datatypes.concept(uk_core.ACT_CODE, "INFA", "information access")],
        patient=datatypes.subject(),
        dateTime=objection.start,
        performer=[datatypes.subject()],
        organization=[datatypes.organisation_reference(source.ids, source.practice, practice_name(source))],
        policy=[{"uri": OBJECTION}],
        provision={"type": "deny", "period": datatypes.period(objection.start, objection.end)},
    )
