"""PV1 and PV2 -> Visit (ITK HL7 v2.4 v1.0.15).

Deliberately not read: PV1-5, 11, 13, 15, 18, 20 to 35, 38 to 43 and 46 to 52 (preadmit, temporary location, patient
type in local words, finance, consultant episode: the visit is the unit here); PV2 apart from 3, 8, 9 and 12; ZU1, ZU3
and ZU4 (commissioning data set fields and the waiting list, which is no encounter); and AL1, DG1, PR1, OBX, whose
statements come from the clinical systems that own them. Their bytes stay in the inbox.
"""

from adapters.acute.datatypes import coded, doctors, one_doctor, place, time
from adapters.acute.er7 import Message, Segment
from adapters.acute.records import Visit
from adapters.records import Defect


def read_visit(message: Message, pv1: Segment, defects: list[Defect]) -> Visit | None:
    """What a message says of the visit; None, with a Defect `no-visit-number`, when PV1-19 does not say which visit."""
    number = pv1.composite(19)
    value = number.part(1) if number else None
    if number is None or value is None:
        defects.append(_no_number())
        return None
    pv2 = message.first("PV2")
    return Visit(
        number=value,
        authority=number.part(4) or number.part(5) or "",
        patient_class=pv1.value(2),
        place=place(pv1.repetitions(3)),
        prior_place=place(pv1.repetitions(6)),
        admission_method=pv1.value(4),
        attending=one_doctor(pv1.repetitions(7)),
        referring=one_doctor(pv1.repetitions(8)),
        consulting=doctors(pv1.repetitions(9)),
        admitting=one_doctor(pv1.repetitions(17)),
        treatment_function=pv1.value(10),
        admission_source=pv1.value(14),
        sensitive=pv1.value(16),
        discharge_method=pv1.value(36),
        discharge_destination=pv1.value(37),
        admitted=time(pv1, 44, defects),
        discharged=time(pv1, 45, defects),
        reason=coded(pv2.repetitions(3)) if pv2 else None,
        description=pv2.value(12) if pv2 else None,
        expected_admission=time(pv2, 8, defects) if pv2 else None,
        expected_discharge=time(pv2, 9, defects) if pv2 else None,
    )


def _no_number() -> Defect:
    return Defect(
        code="no-visit-number",
        where="PV1-19",
        reason="the message does not say which visit it is about; only what it says of the person was used",
        remedy="send the visit number in PV1-19",
    )
