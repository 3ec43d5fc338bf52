"""Records -> HL7 v2 data types (TS, CX, XPN, XAD, XTN, XCN, XON, PL, CE) with the recommended delimiters: the reverse
of `adapters.acute.datatypes`, the null rule included."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from adapters.acute.er7 import NULL, Delimiters, escape
from adapters.acute.records import Address, Coded, Doctor, Identifier, Name, Organisation, Place, Telecom
from adapters.records import LONDON

T = TypeVar("T")
MARKS = Delimiters()


def time(value: datetime) -> str:
    """TS in Europe/London wall time, to the second; with an offset only in the second of two ambiguous autumn hours."""
    local = value.astimezone(LONDON) if value.tzinfo else value
    return local.strftime("%Y%m%d%H%M%S" + ("%z" if local.tzinfo and local.fold else ""))


def segment(name: str, fields: Mapping[int, str]) -> str:
    """A segment of already encoded fields by number; trailing empty fields are left out."""
    numbers = [number for number, value in fields.items() if value]
    return MARKS.field.join([name, *(fields.get(number, "") for number in range(1, max(numbers, default=0) + 1))])


def components(*values: str | None) -> str:
    """Escaped components, without trailing empty ones."""
    return MARKS.component.join(escape(value or "", MARKS) for value in values).rstrip(MARKS.component)


def text(value: str | None) -> str:
    """Not sent, the explicit null, or the value."""
    if value is None:
        return ""
    return escape(value, MARKS) or NULL


def when(value: str | None) -> str:
    """FHIR date or dateTime -> TS of the same precision."""
    if not value or "T" not in value:
        return text(value if value is None else value.replace("-", ""))
    return time(datetime.fromisoformat(value))


def repeats(values: tuple[T, ...] | None, write: Callable[[T], str]) -> str:
    if values is None:
        return ""
    return MARKS.repetition.join(map(write, values)) or NULL


def identifier(one: Identifier) -> str:
    return components(one.value, "", "", one.authority, one.type)


def name(one: Name) -> str:
    given = one.given or ("",)
    return components(one.family, given[0], " ".join(given[1:]), one.suffix, one.prefix, "", one.use)


def address(one: Address) -> str:
    lines = (*one.lines, "", "")
    return components(lines[0], lines[1], one.city, one.district, one.postcode, one.country, one.use)


def telecom(one: Telecom) -> str:
    return components(one.value, one.use, one.equipment)


def doctor(one: Doctor | None) -> str:
    return "" if one is None else components(one.id, one.family, one.given, "", "", one.prefix) or NULL


def organisation(one: Organisation | None) -> str:
    return "" if one is None else components(one.name, "", one.code) or NULL


def place(one: Place | None) -> str:
    if one is None:
        return ""
    if one.site:
        return components(one.site[:3] if one.ward else "", one.ward, one.bed, one.site)
    return components(one.ward, one.room, one.bed) or NULL


def coded(one: Coded | None) -> str:
    return "" if one is None else code(one) or NULL


def code(one: Coded) -> str:
    """Where the explicit null has no meaning of its own: in a part of what is sent as a whole."""
    return components(one.code, one.text, one.system, one.other_code, one.other_text, one.other_system)
