"""Who a message is about: NHS number and local id out of PID-3 and MRG-1, in every dialect seen in England.

Sources: ITK HL7 v2.4 (`3333333333^^^NHS`), HL7 UK A.3 (`^^^NHS^NH`), Epic (`^^^NHS^HN`), Cerner (`^^^NHSNBR^NHSNMBR`),
and senders that put the type in CX-5 and leave CX-4 empty.
"""

import hashlib
import re
from collections.abc import Sequence

from nhs_number.validate import is_valid

from adapters.acute.er7 import Composite
from adapters.acute.records import Identifier, Person
from adapters.records import Defect

NHS_AUTHORITIES = frozenset({"NHS", "NHSNBR", "NHSNMBR", "NHSNO", "NHS NUMBER"})
NHS_TYPES = frozenset({"NHS", "NH", "HN", "NHSNBR", "NHSNMBR", "NHSNO"})
MRN_WORDS = frozenset({"MR", "MRN", "MEDREC", "MRENTR", "PI", "PAS", "HOSP", "HOSPITAL"})
NOT_A_PATIENT = frozenset({"SS", "AN", "VN", "DL", "PPN", "VISITID"})
"""v2-0203 types whose value names an account, a visit or a document, not a record of the person."""
NOT_TRACED = "02"
ASSIGNED = "^^^"
"""Between a local id and who assigned it, as in a CX."""


def identifier(found: Composite) -> Identifier:
    """CX-1, CX-4.1 and CX-5."""
    value, _, _, authority, kind = found.parts(5)
    return Identifier(value, authority, kind)


def is_nhs(one: Identifier) -> bool:
    """Whether a CX claims to be an NHS number, whatever its digits."""
    authority, kind = one.authority.upper(), one.type.upper()
    return authority in NHS_AUTHORITIES or (not authority and kind in NHS_TYPES)


def is_placeholder(digits: str) -> bool:
    """Ten equal digits: they pass the check digit and are what people type when they do not know the number."""
    return len(set(digits)) == 1


def nhs_digits(one: Identifier) -> str | None:
    """Ten digits with a valid check digit, or None. Spaces and hyphens between digits are forgiven."""
    digits = re.sub(r"[\s-]", "", one.value)
    return digits if re.fullmatch(r"[0-9]{10}", digits) and is_valid(digits) else None


def nhs_defect(one: Identifier, segment: str) -> Defect:
    """Why an NHS number cannot be used: `bad-check-digit` or `bad-nhs-number`."""
    if re.fullmatch(r"[0-9]{10}", re.sub(r"[\s-]", "", one.value)):
        return Defect(
            code="bad-check-digit",
            where=segment,
            reason="the check digit of the NHS number is wrong, or it is a Scottish number that holds no date; "
            "the message was used without the number",
            remedy="correct the NHS number and send an A31",
            fragment=one.value.encode(),
        )
    return Defect(
        code="bad-nhs-number",
        where=segment,
        reason="the NHS number is not ten digits; the message was used without the number",
        remedy="send ten digits, or leave the repetition out",
        fragment=one.value.encode(),
    )


def read_ids(found: Sequence[Composite], where: str, defects: list[Defect]) -> tuple[str | None, list[Identifier]]:
    """(NHS number, other identifiers). The number is "" when there is no such repetition, None when there is one that
    cannot be used, or two that differ (a Defect says so)."""
    claims = [one for one in map(identifier, found) if one.value]
    others = [one for one in claims if not is_nhs(one)]
    claimed = [one for one in claims if is_nhs(one)]
    defects += [nhs_defect(one, where) for one in claimed if nhs_digits(one) is None]
    numbers = {digits for digits in map(nhs_digits, claimed) if digits}
    if len(numbers) > 1:
        defects.append(_two_numbers(where))
        return None, others
    if numbers:
        return numbers.pop(), others
    return (None if claimed else ""), others


def _two_numbers(where: str) -> Defect:
    return Defect(
        code="several-nhs-numbers",
        where=where,
        reason="there are two different NHS numbers; the message was used without either",
        remedy="send the one NHS number of this person",
    )


def local_id(
    number: str | None,
    others: Sequence[Identifier],
    organisation: str,
    person: Person | None = None,
    *,
    assigner: str = "",
) -> str | None:
    """The source's own id: the MRN (`numbered`), else `nhs:` and the NHS number, else None. `assigner`: who assigned an
    MRN that does not say so.

    A placeholder number belongs to many people: without an MRN it needs a digest of a full name beside it, so that two
    strangers never become one record.
    """
    known = [one for one in others if {one.type.upper(), *one.authority.upper().split()} & MRN_WORDS]
    plausible = [one for one in others if one.type.upper() not in NOT_A_PATIENT]
    if chosen := (known or plausible):
        return numbered(chosen[0], organisation, assigner)
    if not number:
        return None
    return f"nhs:{number}" if not is_placeholder(number) else _placeholder_id(number, person)


def numbered(one: Identifier, organisation: str, assigner: str = "") -> str:
    """An MRN, and behind ASSIGNED who assigned it, where that is neither the organisation itself nor a mere word for a
    hospital's number: a trust of two hospitals may have given one number to two people."""
    words = [word for word in one.authority.upper().split() if word not in MRN_WORDS and word != organisation]
    by = " ".join(words) or assigner
    return f"{one.value}{ASSIGNED}{by}" if by else one.value


def _placeholder_id(number: str, person: Person | None) -> str | None:
    name = person.names[0] if person and person.names else None
    if name is None or not name.given or name.family.upper() in ("", "UNKNOWN"):
        return None
    known = "\x1f".join((name.family, *name.given, (person.sex or "") if person else "")).upper()
    return f"nhs:{number}:{hashlib.sha256(known.encode()).hexdigest()[:16]}"
