"""HL7 v2 data types -> records: XPN, XAD, XTN, XCN, XON, PL, CE, TS. A value that cannot be used becomes a Defect and
counts as not sent, so that what is already held stays."""

import re
from collections.abc import Callable

from adapters.acute.er7 import Composite, Segment
from adapters.acute.records import Address, Coded, Doctor, Name, Organisation, Place, Telecom
from adapters.acute.times import fhir
from adapters.records import Defect

ODS_SITE = re.compile(r"[A-Z][A-Z0-9]{4}")
NATIONAL_CODE = re.compile(r"[CG][0-9]{7}")
"""Consultant (C and GMC number) and general practitioner (G ...): told by shape, since senders mislabel XCN-9."""


def name(found: Composite) -> Name:
    """XPN; the middle name joins the given names."""
    family, first, middle, suffix, prefix, _, use = found.parts(7)
    return Name(family, tuple([part for part in (first, middle) if part]), prefix, suffix, use)


def address(found: Composite) -> Address:
    first, second, city, district, postcode, country, use = found.parts(7)
    return Address(tuple([part for part in (first, second) if part]), city, district, postcode, country, use)


def telecom(found: Composite) -> Telecom | None:
    """XTN: one string in XTN-1 (ITK), an e-mail in XTN-4, or the number in pieces (XTN-5 to 7); None when empty."""
    value, use, equipment, email, *pieces = found.parts(7)
    value = value or email or " ".join(part for part in pieces if part)
    return Telecom(value, use, equipment) if value else None


def telecoms(found: tuple[Composite, ...] | None) -> tuple[Telecom, ...] | None:
    return None if found is None else tuple(one for one in map(telecom, found) if one)


def doctor(found: Composite) -> Doctor:
    id_, family, given, _, _, prefix = found.parts(6)
    return Doctor(id_, family, given, prefix)


def doctors(found: tuple[Composite, ...] | None) -> tuple[Doctor, ...] | None:
    """XCN repetitions, one per doctor: some senders repeat a doctor once per id, then the national code wins."""
    if found is None:
        return None
    by_name: dict[tuple[str, ...], Doctor] = {}
    for one in map(doctor, found):
        key = (one.family.upper(), one.given.upper()) if one.family else (one.id,)
        held = by_name.get(key)
        if held is None or (NATIONAL_CODE.fullmatch(one.id) and not NATIONAL_CODE.fullmatch(held.id)):
            by_name[key] = one
    return tuple(by_name.values())


def one_doctor(found: tuple[Composite, ...] | None) -> Doctor | None:
    """The doctor of a field that is about one; the explicit null is an empty Doctor."""
    several = doctors(found)
    if several is None:
        return None
    coded = [one for one in several if NATIONAL_CODE.fullmatch(one.id)]
    return (coded or list(several) or [Doctor()])[0]


def organisation(found: tuple[Composite, ...] | None) -> Organisation | None:
    """XON of the first repetition; the explicit null is an empty Organisation."""
    if found is None:
        return None
    return Organisation(found[0].part(3) or "", found[0].part(1) or "") if found else Organisation()


def place(found: tuple[Composite, ...] | None) -> Place | None:
    """PL. ITK puts the ward into PL-2, beside an ODS site code in PL-4; other senders put ward, room, bed into 1, 2, 3.
    The explicit null is an empty Place."""
    if found is None:
        return None
    if not found:
        return Place()
    first, second, bed, facility = found[0].parts(4)
    if ODS_SITE.fullmatch(facility):
        return Place(ward=second or first, bed=bed, site=facility)
    return Place(ward=first or second, room=second if first else "", bed=bed)


def coded(found: tuple[Composite, ...] | None) -> Coded | None:
    """CE; the explicit null is an empty Coded."""
    if found is None:
        return None
    return code(found[0]) if found else Coded()


def code(found: Composite) -> Coded:
    """CE of one repetition, with its alternate code where it has one."""
    return Coded(*found.parts(min(6, len(found.components))))


def time(segment: Segment, number: int, defects: list[Defect], read: Callable[[str], str] = fhir) -> str | None:
    """TS as FHIR text; None = not sent or (with a Defect `bad-time`) unusable, "" = delete."""
    text = segment.value(number)
    if not text:
        return text
    try:
        return read(text)
    except (ValueError, OverflowError):
        defects.append(
            Defect(
                code="bad-time",
                where=f"{segment.name}-{number}",
                reason="the field holds no possible date or time; the message was used without it",
                remedy="send CCYYMMDD[HHMM[SS]]",
                fragment=text.encode(),
            )
        )
        return None
