"""PDS Patient -> UKCore-Patient: the national statement of who this is.

https://simplifier.net/hl7fhirukcorer4/ukcorepatient
"""

from collections.abc import Iterator

from adapters.pds import resources as r4
from adapters.pds.records import NHS_NUMBER, ODS_CODE, State, is_restricted
from mappings import datatypes, uk_core
from mappings.concept_maps import translate
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.pds import elements
from mappings.uk_core import Resource

_INTERPRETER = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
_BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
_VERIFICATION = "NHSNumberVerificationStatus"
_NOT_TRACED = "02"


def patient(state: State, ids: Ids) -> Resource:
    """The Patient of one NHS number.

    A number that another has replaced is an inactive Patient that refers to the other one's: PDS answers for it with
    the other's record, so name and birth date are those; where the person lives is said there alone. Of a restricted
    person nothing that locates them is kept, whatever came."""
    source, restricted = state.patient, is_restricted(state.patient)
    located = not (restricted or state.superseded or state.lost)
    built = uk_core.resource(
        "Patient",
        ids.own("Patient"),
        extension=_extensions(source, located=located),
        identifier=[_nhs_number(state)],
        active=not state.superseded,
        name=[elements.plain(name) for name in source.name],
        gender=source.gender,
        birthDate=source.birth_date,
        multipleBirthInteger=source.multiple_birth_integer,
        deceasedDateTime=elements.day(source.deceased_date_time),
        communication=elements.language(source.extension),
        **(_whereabouts(state, ids) if located else {}),
        link=[_replaced_by(state, ids)] if state.superseded else None,
    )
    return {**built, "meta": {**built["meta"], "security": _security(source, restricted=restricted)}}


def practices(state: State) -> list[str]:
    """ODS codes of the practices with which the person was registered when PDS answered. A period that had ended by
    then is a former registration, which is no relationship any more."""
    if is_restricted(state.patient) or state.superseded or state.lost:
        return []
    return sorted(set(_registered(state)))


def _registered(state: State) -> Iterator[str]:
    for reference in state.patient.general_practitioner:
        stated = reference.identifier
        if stated and stated.system == ODS_CODE and stated.value and not _ended(stated.period, state.as_at):
            yield stated.value


def _ended(period: r4.Period | None, at: str) -> bool:
    return period is not None and period.end is not None and period.end < at[: len(period.end)]


def _whereabouts(state: State, ids: Ids) -> Json:
    source = state.patient
    return {
        "telecom": [elements.telecom(one) for one in source.telecom],
        "address": [elements.address(one) for one in source.address],
        "contact": [elements.plain(one) for one in source.contact],
        "generalPractitioner": [datatypes.organisation_reference(ids, code) for code in practices(state)],
    }


def _nhs_number(state: State) -> Json:
    """The number that was asked for, with the status that PDS states of the one in the record: a number that another
    has replaced was this person's too, and who still states it is to be found."""
    stated = (one for one in state.patient.identifier if one.system == NHS_NUMBER)
    concepts = (
        extension.value_codeable_concept
        for one in stated
        for extension in one.extension
        if extension.url.endswith(_VERIFICATION)
    )
    codes = (coding.code for found in concepts if found for coding in found.coding if coding.code)
    status = translate("PdsNhsNumberStatus", next(codes, _NOT_TRACED)) or {"code": _NOT_TRACED}
    return datatypes.nhs_number(state.number, status["code"], status.get("display"))


def _extensions(source: r4.Patient, *, located: bool) -> list[Json]:
    found = [
        *elements.carried(source.extension, "DeathNotificationStatus"),
        *elements.carried(source.extension, "ContactPreference"),
    ]
    interpreter = elements.interpreter(source.extension)
    if interpreter is not None:
        found.append({"url": _INTERPRETER, "valueBoolean": interpreter})
    place = elements.extension(source.extension, "patient-birthPlace")
    if located and place and place.value_address:
        found.append({"url": _BIRTH_PLACE, "valueAddress": elements.plain(place.value_address)})
    return found


def _security(source: r4.Patient, *, restricted: bool) -> list[Json]:
    """PDS's own label, and where the whereabouts are restricted the one that says so. What is not marked as
    unrestricted counts as restricted."""
    stated = [datatypes.security_label(one.system, one.code) for one in _labels(source) if one.system and one.code]
    if not restricted:
        return stated
    wanted = [
        datatypes.security_label(uk_core.CONFIDENTIALITY, "R"),
        datatypes.security_label(uk_core.ACT_CODE, "LOCIS"),
    ]
    return [*stated, *(label for label in wanted if label not in stated)]


def _labels(source: r4.Patient) -> tuple[r4.Coding, ...]:
    return source.meta.security if source.meta else ()


def _replaced_by(state: State, ids: Ids) -> Json:
    return {"other": {"reference": f"Patient/{ids.other_patient(state.patient.id)}"}, "type": "replaced-by"}
