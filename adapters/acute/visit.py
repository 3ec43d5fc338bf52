"""PV1, PV2, DG1 and the UK's ZU1, ZU3, ZU4 -> Visit (ITK HL7 v2.4 v1.0.15 5.6, 5.7, 5.10 to 5.15).

Deliberately not read: PV1-5, 11, 13, 15, 18, 20 to 35, 38 to 41, 43 and 46 to 52 (preadmit, temporary location, patient
type in local words, finance, consultant episode: the visit is the unit here); PV2 apart from 3, 8, 9, 12, 22, 38. What
else ZU1, ZU3 and ZU4 say is kept as it came (`adapters.acute.kept`).
"""

from adapters.acute.clinical import read_diagnoses
from adapters.acute.datatypes import coded, doctors, one_doctor, place, time
from adapters.acute.er7 import Message, Segment
from adapters.acute.records import SENSITIVE, Visit
from adapters.records import Defect

PROTECTED = "Y"
"""PV2-22."""


def read_visit(message: Message, pv1: Segment, defects: list[Defect]) -> Visit | None:
    """What a message says of the visit; None, with a Defect `no-visit-number`, when PV1-19 does not say which visit."""
    number = pv1.composite(19)
    value = number.part(1) if number else None
    if number is None or value is None:
        defects.append(_no_number())
        return None
    pv2, zu1, zu3, zu4 = (message.first(name) for name in ("PV2", "ZU1", "ZU3", "ZU4"))
    return Visit(
        number=value,
        authority=number.part(4) or number.part(5) or "",
        patient_class=pv1.value(2),
        place=place(pv1.repetitions(3)),
        prior_place=place(pv1.repetitions(6)),
        pending_place=place(pv1.repetitions(42)),
        admission_method=pv1.value(4),
        attending=one_doctor(pv1.repetitions(7)),
        referring=one_doctor(pv1.repetitions(8)),
        consulting=doctors(pv1.repetitions(9)),
        admitting=one_doctor(pv1.repetitions(17)),
        treatment_function=pv1.value(10),
        admission_source=pv1.value(14),
        sensitive=_sensitive(pv1, pv2),
        discharge_method=pv1.value(36),
        discharge_destination=pv1.value(37),
        admitted=time(pv1, 44, defects),
        discharged=time(pv1, 45, defects),
        reason=coded(pv2.repetitions(3)) if pv2 else None,
        description=pv2.value(12) if pv2 else None,
        expected_admission=time(pv2, 8, defects) if pv2 else None,
        expected_discharge=time(pv2, 9, defects) if pv2 else None,
        arrival_mode=coded(pv2.repetitions(38)) if pv2 else None,
        diagnoses=read_diagnoses(message.every("DG1"), defects),
        medically_fit=zu1.value(22) if zu1 else None,
        ready_for_discharge=time(zu1, 24, defects) if zu1 else None,
        attended=zu3.value(3) if zu3 else None,
        attendance_outcome=zu3.value(4) if zu3 else None,
        first_attendance=zu3.value(12) if zu3 else None,
        to_come_in=time(zu4, 6, defects) if zu4 else None,
        removed=time(zu4, 10, defects) if zu4 else None,
    )


def _sensitive(pv1: Segment, pv2: Segment | None) -> str | None:
    """PV1-16, which may say several things of which one is that the visit is sensitive; so does PV2-22, that it is
    protected."""
    said = [(one.part(1) or "").upper() for one in pv1.repetitions(16) or ()]
    protected = pv2 is not None and (pv2.value(22) or "").upper() == PROTECTED
    return SENSITIVE if protected or SENSITIVE in said else pv1.value(16)


def _no_number() -> Defect:
    return Defect(
        code="no-visit-number",
        where="PV1-19",
        reason="the message does not say which visit it is about; only what it says of the person was used",
        remedy="send the visit number in PV1-19",
    )
