"""DG1 -> UKCore-Condition, AL1 and IAM -> UKCore-AllergyIntolerance, with codes as the sender sent them.

The diagnosis refers to its encounter and not the other way round: a diagnosis may be more sensitive than the visit.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from adapters.acute.records import Allergy, Coded, Diagnosis, State, Visit
from mappings import datatypes, uk_core
from mappings.acute.datatypes import code, coded_concept, known, labelled
from mappings.acute.directory import doctor_reference
from mappings.acute.encounter import RESTRICTED, is_sensitive
from mappings.datatypes import Json
from mappings.ids import Ids
from mappings.uk_core import Resource

CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"  # R4
ALLERGY_STATUS = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"  # R4
DATA_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"  # R4
CONFIDENTIAL = "Y"
"""DG1-18."""
INACTIVE = "I"
"""IAM-17: confirmed but inactive."""


def conditions(state: State, ids: Ids) -> list[Resource]:
    """One Condition per diagnosis of a visit; none of a visit that was cancelled."""
    found: list[Resource] = []
    for visit in state.visits:
        diagnoses = () if visit.status == "cancelled" else visit.details.diagnoses or ()
        for one, key in zip(diagnoses, _keys(one.id or _words(one.code) for one in diagnoses), strict=True):
            found.append(_condition(one, key, visit.details, state.organisation, ids))
    return found


def allergies(state: State, ids: Ids) -> list[Resource]:
    """One AllergyIntolerance per entry."""
    entries = state.person.allergies or ()
    keys = _keys(one.id or _words(one.allergen) for one in entries)
    return [_allergy(one, key, state.organisation, ids) for one, key in zip(entries, keys, strict=True)]


def _words(coded: Coded) -> str:
    return "\x1f".join((coded.code, coded.text, coded.other_code, coded.other_text))


def _keys(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """A key for each entry: set ids are only places in the message's list. Two of one name are counted."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield name, str(seen[name])


def _condition(diagnosis: Diagnosis, key: tuple[str, str], visit: Visit, organisation: str, ids: Ids) -> Resource:
    kind = diagnosis.type.upper()
    certainty, role = known("AcuteDiagnosisCertainty", kind), known("AcuteDiagnosisRole", kind)
    if not (certainty or role):
        role = datatypes.text_concept(diagnosis.type)
    asserter = doctor_reference(ids, organisation, diagnosis.clinician) if diagnosis.clinician else None
    built = uk_core.resource(
        "Condition",
        ids.own("Condition", visit.number, visit.authority, *key),
        verificationStatus=certainty,
        category=[
            datatypes.concept(CONDITION_CATEGORY, "encounter-diagnosis", "Encounter Diagnosis"),
            *([role] if role else []),
        ],
        code=coded_concept(diagnosis.code, organisation, "diagnosis"),
        subject=datatypes.subject(),
        encounter=datatypes.own_reference(ids, "Encounter", visit.number, visit.authority),
        recordedDate=diagnosis.at,
        asserter=asserter,
    )
    secret = diagnosis.confidential == CONFIDENTIAL
    return labelled(built, [RESTRICTED] if secret or is_sensitive(visit) else [])


def _allergy(allergy: Allergy, key: tuple[str, str], organisation: str, ids: Ids) -> Resource:
    category = code("AcuteAllergyCategory", allergy.type.code.upper())
    status = ("inactive", "Inactive") if allergy.status == INACTIVE else ("active", "Active")
    return uk_core.resource(
        "AllergyIntolerance",
        ids.own("AllergyIntolerance", *key),
        clinicalStatus=datatypes.concept(ALLERGY_STATUS, *status),
        verificationStatus=known("AcuteAllergyVerification", allergy.status),
        type=code("AcuteAllergyType", allergy.type.code.upper()),
        category=[category] if category else None,
        code=coded_concept(allergy.allergen, organisation, "allergen"),
        patient=datatypes.subject(),
        recordedDate=allergy.identified,
        reaction=_reactions(allergy),
    )


def _reactions(allergy: Allergy) -> list[Json]:
    """AL1-4 and AL1-5. A severity that R4 has no code for stays as the sender's word beside the reaction."""
    sent = allergy.severity.text or allergy.severity.code
    severity = code("AcuteAllergySeverity", allergy.severity.code.upper())
    if not (allergy.reactions or sent):
        return []
    unknown = datatypes.concept(DATA_ABSENT, "unknown", "Unknown", text="Not stated")
    return [
        datatypes.compact(
            manifestation=[{"text": one} for one in allergy.reactions] or [unknown],
            description=None if severity or not sent else f"Severity: {sent}",
            severity=severity,
        )
    ]
