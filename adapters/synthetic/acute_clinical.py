"""What the synthetic hospital codes beside a movement: diagnoses, allergies, how somebody came, outpatient attendance.

Only of the people who are not named: what the named ones' hospital stays hold is told in docs and tests.
"""

from random import Random

import msgspec

import adapters.acute.records as acute
from adapters.records import local_moment
from adapters.synthetic.organisations import ACUTE
from adapters.synthetic.world import LifeEvent, Person

SNOMED = "SCT"
_ARRIVALS = ("A", "C", "F", "P")
_LATEX = acute.Allergy(acute.Coded(text="Latex"), acute.Coded("EA"), acute.Coded("MI"))


def allergies(person: Person) -> tuple[acute.Allergy, ...] | None:
    """AL1: what the person is allergic to, as the practice knows it too."""
    if person.name or not person.allergies:
        return None
    known = [
        acute.Allergy(
            allergen=acute.Coded(one.code, one.term, SNOMED),
            type=acute.Coded("DA"),
            severity=acute.Coded("SV"),
            reactions=("Rash",),
            identified=one.onset.isoformat(),
        )
        for one in person.allergies
    ]
    return (*known, _LATEX) if len(known) > 1 else tuple(known)


def arrived(visit: acute.Visit, person: Person, event: LifeEvent, draw: Random) -> acute.Visit:
    """An A&E attendance as it begins: mode of arrival, and the complaint as a working diagnosis."""
    if person.name:
        return visit
    mode = acute.Coded(draw.choice(_ARRIVALS))
    return msgspec.structs.replace(diagnosed(visit, person, event, "W"), arrival_mode=mode)


def diagnosed(visit: acute.Visit, person: Person, event: LifeEvent, kind: str) -> acute.Visit:
    """DG1 of a visit, in SNOMED CT; `kind`: A admitting, W working, F final."""
    code, reason = event.detail.get("code", ""), event.detail.get("reason", "")
    if person.name or not code:
        return visit
    found = acute.Diagnosis(acute.Coded(code, reason, SNOMED), kind, local_moment(event.at), "1")
    return msgspec.structs.replace(visit, diagnoses=(found,))


def attended(visit: acute.Visit, person: Person, event: LifeEvent) -> acute.Visit:
    """ZU3 of an outpatient who was seen."""
    if person.name:
        return visit
    outcome = event.detail.get("outcome", "")
    said = outcome if outcome in ("1", "2", "3") else None
    return msgspec.structs.replace(visit, attended="5", attendance_outcome=said, first_attendance="2")


def kept_in(event: LifeEvent, person: Person, draw: Random) -> bool:
    """Whether an outpatient needs a bed for some hours: few do."""
    return person.name is None and event.kind == "outpatient" and draw.random() < 0.08


def local_segment(event: str, number: str) -> tuple[str, ...]:
    """A Z segment of the hospital's own bed management."""
    return (f"ZBM|1|{ACUTE.code}-{number}|CLEAN",) if event in ("A01", "A02", "A06") else ()
