"""PID, PD1, NK1, AL1, IAM and ZU8 -> Person (ITK HL7 v2.4 v1.0.15).

Deliberately not read: PID-2/4 (ids that count are in PID-3), PID-6 (mother's maiden name), PID-9 (ITK forbids it),
PID-10/26/27/28 (race, citizenship, veteran, nationality: nothing that care here needs), PID-12, PID-17 (religion: UK
Core retired the element), PID-18 to 21, 24, 25, and ZU8-1 (sexual orientation: no purpose of this record needs it).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from adapters.acute.clinical import read_allergies, read_allergy_changes
from adapters.acute.datatypes import address, coded, name, one_doctor, organisation, telecom, telecoms, time
from adapters.acute.er7 import Composite, Delimiters, Message, Segment
from adapters.acute.identifiers import NOT_TRACED, is_placeholder, read_ids
from adapters.acute.records import Coded, Identifier, Person, Relative
from adapters.acute.times import birth_date
from adapters.records import Defect

T = TypeVar("T")
_OF_PERSON = ("PD1", "NK1", "AL1", "IAM", "ZU8")
"""Segments that, beside PID, say something of the person."""
_KEPT = 1 << 13
"""Characters of these segments: what is longer is read each time, so that little memory is kept."""
_STATUSES = frozenset({"01", "02", "03", "04", "05", "06", "07", "08"})


def read_person(message: Message, pid: Segment, defects: list[Defect]) -> Person:
    """What a message says of the person, with HL7's three meanings kept (see `records`). All messages of one stay say
    the same of the person: what was read a moment ago is not read again."""
    said = [pid, *(segment for name in _OF_PERSON for segment in message.every(name))]
    lines = [segment.line for segment in said]
    read = _read if sum(map(len, lines)) <= _KEPT else _read.__wrapped__
    person, found = read(pid.delimiters, *lines)
    defects += found
    return person


@lru_cache(maxsize=1024)
def _read(delimiters: Delimiters, pid_line: str, *lines: str) -> tuple[Person, tuple[Defect, ...]]:
    """From the lines of these segments, the first of them PID."""
    pid, defects = Segment(pid_line, delimiters), list[Defect]()
    others = [Segment(line, delimiters) for line in lines]
    sent = {name: [one for one in others if one.name == name] for name in _OF_PERSON}
    pd1, zu8 = (next(iter(sent[name]), None) for name in ("PD1", "ZU8"))
    number, identifiers = _ids(pid, defects)
    status, reliability = _reliability(pid)
    unknown = pid.value(31)
    if number and (is_placeholder(number) or unknown == "Y"):
        status = NOT_TRACED
    person = Person(
        nhs_number=number,
        nhs_number_status=status if number else None,  # a status never speaks for a number of another message
        identifiers=identifiers,
        names=_each(pid, 5, name),
        birth_date=time(pid, 7, defects, birth_date),
        sex=pid.value(8),
        birth_place=pid.value(23),
        addresses=_each(pid, 11, address),
        telecoms=telecoms(pid.repetitions(13)),
        work_telecoms=telecoms(pid.repetitions(14)),
        language=pid.value(15),
        marital_status=pid.value(16),
        ethnicity=pid.value(22),
        died=_death_time(pid, defects),
        dead=pid.value(30),
        identity_unknown=unknown,
        reliability=reliability,
        practice=organisation(pd1.repetitions(3)) if pd1 else None,
        gp=one_doctor(pd1.repetitions(4)) if pd1 else None,
        relatives=_relatives(sent["NK1"], defects),
        allergies=read_allergies(sent["AL1"], defects),
        allergy_changes=read_allergy_changes(sent["IAM"], defects),
        sharing=zu8.value(2) if zu8 else None,
        location_hiding=zu8.value(4) if zu8 else None,
    )
    return person, tuple(defects)


def _each(segment: Segment, number: int, read: Callable[[Composite], T]) -> tuple[T, ...] | None:
    found = segment.repetitions(number)
    return None if found is None else tuple([read(one) for one in found])


def read_identifiers(pid: Segment, defects: list[Defect]) -> Person:
    """Only the ids of PID-3, and the status of the NHS number: what an A47 corrects."""
    number, identifiers = _ids(pid, defects)
    status, _ = _reliability(pid)
    if number and is_placeholder(number):
        status = NOT_TRACED
    return Person(nhs_number=number, nhs_number_status=status if number else None, identifiers=identifiers)


def _ids(pid: Segment, defects: list[Defect]) -> tuple[str | None, tuple[Identifier, ...] | None]:
    found = pid.repetitions(3)
    if found is None:
        return None, None
    number, others = read_ids(found, "PID-3", defects)
    return number, tuple(others)


def _reliability(pid: Segment) -> tuple[str | None, tuple[str, ...] | None]:
    """PID-32: (NSTS code without its letters, the other codes)."""
    found = pid.repetitions(32)
    if found is None:
        return None, None
    codes = [one.part(1) or "" for one in found]
    traced = [code[4:] for code in codes if code.startswith("NSTS") and code[4:] in _STATUSES]
    return (traced or [""])[0], tuple(code for code in codes if not code.startswith("NSTS"))


def _death_time(pid: Segment, defects: list[Defect]) -> str | None:
    died = time(pid, 29, defects)
    if died and pid.value(30) == "N":
        defects.append(
            Defect(
                code="death-contradicted",
                where="PID-30",
                reason="PID-29 gives a time of death and PID-30 says the person is alive; the time of death was used",
                remedy="send PID-29 as the explicit null if the person is alive",
            )
        )
    return died


def _relatives(segments: list[Segment], defects: list[Defect]) -> tuple[Relative, ...] | None:
    """NK1 segments are a snapshot: sent at all, they replace those held; an NK1 whose name is the explicit null
    deletes them."""
    if not segments:
        return None
    return tuple(relative for relative in (_relative(segment, defects) for segment in segments) if relative)


def _relative(nk1: Segment, defects: list[Defect]) -> Relative | None:
    named = nk1.composite(2)
    if named is None:
        return None
    numbers = (*(nk1.repetitions(5) or ()), *(nk1.repetitions(6) or ()))
    return Relative(
        name=name(named),
        relationship=coded(nk1.repetitions(3)) or Coded(),
        addresses=_each(nk1, 4, address) or (),
        telecoms=tuple(one for one in map(telecom, numbers) if one),
        role=coded(nk1.repetitions(7)) or Coded(),
        sex=nk1.value(15) or "",
        birth_date=time(nk1, 16, defects, birth_date) or "",
    )
