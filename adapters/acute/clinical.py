"""AL1, IAM and DG1 -> what somebody is allergic to, and what was diagnosed in a visit (ITK HL7 v2.4 v1.0.15 5.8, 5.10).

AL1 and DG1 segments are snapshots: sent at all, they replace those held; one whose code is the explicit null deletes
them, and a DG1 that is marked as deleted (DG1-21) is none. IAM (A60) says with each entry whether it is new, changed or
deleted; one that was erroneous (IAM-17) is deleted too. Codes are kept as sent: ITK wants ICD-10,
emergency departments send SNOMED CT of the Emergency Care Data Set, others words.

Deliberately not read of DG1: 7 to 14, 17 and 19 (groupers and attestation), which ITK does not use.
"""

from adapters.acute.datatypes import coded, one_doctor, time
from adapters.acute.er7 import Segment
from adapters.acute.records import DELETED, Allergy, Coded, Diagnosis
from adapters.records import Defect

CODING_METHODS = frozenset({"I9", "I10", "ICD10", "SCT", "SNCT"})
"""DG1-2 of senders before HL7 v2.4: where DG1-3 names no coding system."""
ERRONEOUS = "E"
"""IAM-17, table 0438."""


def read_allergies(segments: list[Segment], defects: list[Defect]) -> tuple[Allergy, ...] | None:
    """Every AL1 of a message; None = none sent."""
    return tuple(one for one in (_allergy(al1, defects) for al1 in segments) if one) if segments else None


def read_allergy_changes(segments: list[Segment], defects: list[Defect]) -> tuple[Allergy, ...] | None:
    """Every IAM of a message; None = none sent."""
    return tuple(one for one in (_change(iam, defects) for iam in segments) if one) if segments else None


def read_diagnoses(segments: list[Segment], defects: list[Defect]) -> tuple[Diagnosis, ...] | None:
    """Every DG1 of a message; None = none sent."""
    return tuple(one for one in (_diagnosis(dg1, defects) for dg1 in segments) if one) if segments else None


def _allergy(al1: Segment, defects: list[Defect]) -> Allergy | None:
    allergen = _code(al1, 3)
    if allergen is None:
        return None
    return Allergy(
        allergen=allergen,
        type=coded(al1.repetitions(2)) or Coded(),
        severity=coded(al1.repetitions(4)) or Coded(),
        reactions=_texts(al1, 5),
        identified=time(al1, 6, defects) or "",
    )


def _change(iam: Segment, defects: list[Defect]) -> Allergy | None:
    allergen, entry, status = _code(iam, 3), iam.value(7) or "", (iam.value(17) or "").upper()
    if allergen is None and not entry:
        return None
    erroneous = status == ERRONEOUS
    return Allergy(
        allergen=allergen or Coded(),
        type=coded(iam.repetitions(2)) or Coded(),
        severity=coded(iam.repetitions(4)) or Coded(),
        reactions=_texts(iam, 5),
        identified=time(iam, 11, defects) or time(iam, 13, defects) or "",
        id=entry,
        action=DELETED if erroneous else (iam.value(6) or "A").upper(),
        status="" if erroneous else status,
    )


def _diagnosis(dg1: Segment, defects: list[Defect]) -> Diagnosis | None:
    code, described = _code(dg1, 3), dg1.value(4) or ""
    if (code is None and not described) or (dg1.value(21) or "").upper() == DELETED:
        return None
    code = code or Coded()
    method = (dg1.value(2) or "").upper()
    return Diagnosis(
        code=Coded(
            code.code,
            code.text or described,
            code.system or (method if code.code and method in CODING_METHODS else ""),
            code.other_code,
            code.other_text,
            code.other_system,
        ),
        type=dg1.value(6) or "",
        at=time(dg1, 5, defects) or "",
        priority=dg1.value(15) or "",
        clinician=one_doctor(dg1.repetitions(16)),
        confidential=dg1.value(18) or "",
        id=dg1.value(20) or "",
    )


def _code(segment: Segment, number: int) -> Coded | None:
    found = coded(segment.repetitions(number))
    return found if found and (found.code or found.text or found.other_code or found.other_text) else None


def _texts(segment: Segment, number: int) -> tuple[str, ...]:
    return tuple(text for one in segment.repetitions(number) or () if (text := one.part(1)))
