"""Records -> ADT messages as an ITK sender writes them (HL7 v2.4, ITK v1.0.15): for the synthetic hospital and for the
round-trip test. Segments end with CR; bytes are UTF-8, declared as UNICODE in MSH-18."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from adapters.acute.er7 import NULL, Delimiters, escape
from adapters.acute.records import (
    Address,
    Coded,
    Doctor,
    Identifier,
    Name,
    Organisation,
    Person,
    Place,
    Relative,
    Statement,
    Telecom,
    Visit,
)
from adapters.records import LONDON

T = TypeVar("T")
NHS = "NHS"
STRUCTURES = {
    "A02": "ADT_A02",
    "A03": "ADT_A03",
    "A05": "ADT_A05",
    "A11": "ADT_A09",
    "A12": "ADT_A09",
    "A28": "ADT_A05",
    "A31": "ADT_A05",
    "A38": "ADT_A38",
    "A40": "ADT_A39",
}
"""Trigger event -> message structure (ITK 3.1); every other event is ADT_A01."""
_MARKS = Delimiters()


class Header(msgspec.Struct, frozen=True):
    """What an envelope says of itself: MSH-3, 4, 7, 10 and 11."""

    control_id: str
    sent: datetime
    """Aware, or naive Europe/London wall time."""
    facility: str
    application: str = "PAS"
    processing: str = "P"


def write_statement(header: Header, statement: Statement) -> bytes:
    """The ADT message that says this. Inverse of `parse` for records whose values HL7 can carry."""
    person, visit = statement.person, statement.visit
    segments = [
        _msh(header, statement.event),
        _evn(statement.recorded, statement.occurred),
        segment("PID", _pid(person)),
        segment("PD1", {3: _organisation(person.practice), 4: _doctor(person.gp)}),
        *_nk1(person.relatives),
        *(_pv1(visit) if visit else _no_visit(statement.event)),
    ]
    if person.sharing is not None or person.location_hiding is not None:
        segments.append(segment("ZU8", {2: _text(person.sharing), 4: _text(person.location_hiding)}))
    return _message(segments)


def write_merge(
    header: Header, recorded: str, survivor: Sequence[Identifier], discarded: Sequence[Identifier], name: Name
) -> bytes:
    """An A40: PID-3 survives, MRG-1 is discarded. `name` is the survivor's: PID-5 is required, and changes nothing."""
    pid = segment("PID", {1: "1", 3: _repeats(tuple(survivor), _identifier), 5: _name(name)})
    mrg = segment("MRG", {1: _repeats(tuple(discarded), _identifier), 7: _name(name)})
    return _message([_msh(header, "A40"), _evn(recorded, recorded), pid, mrg])


def time(value: datetime) -> str:
    """TS in Europe/London wall time, to the second; with an offset only in the second of two ambiguous autumn hours."""
    local = value.astimezone(LONDON) if value.tzinfo else value
    return local.strftime("%Y%m%d%H%M%S" + ("%z" if local.tzinfo and local.fold else ""))


def segment(name: str, fields: Mapping[int, str]) -> str:
    """A segment of already encoded fields by number; trailing empty fields are left out."""
    numbers = [number for number, value in fields.items() if value]
    return _MARKS.field.join([name, *(fields.get(number, "") for number in range(1, max(numbers, default=0) + 1))])


def components(*values: str | None) -> str:
    """Escaped components, without trailing empty ones."""
    return _MARKS.component.join(escape(value or "", _MARKS) for value in values).rstrip(_MARKS.component)


def _message(segments: Iterable[str]) -> bytes:
    return "".join(f"{line}\r" for line in segments).encode()


def _msh(header: Header, event: str) -> str:
    encoding = _MARKS.component + _MARKS.repetition + _MARKS.escape + _MARKS.subcomponent
    fields = {
        3: components(header.application),
        4: components(header.facility),
        5: "ROUTE",
        6: "ROUTE",
        7: time(header.sent),
        9: components("ADT", event, STRUCTURES.get(event, "ADT_A01")),
        10: components(header.control_id),
        11: header.processing,
        12: "2.4",
        17: "GBR",
        18: "UNICODE",
        19: "EN",
        21: "ITKv1.0",
    }
    # MSH-1 is the separator itself, so MSH-2 is what stands first after the name
    return segment("MSH", {1: encoding} | {number - 1: value for number, value in fields.items()})


def _evn(recorded: str, occurred: str) -> str:
    return segment("EVN", {2: time(datetime.fromisoformat(recorded)), 6: time(datetime.fromisoformat(occurred))})


def _text(value: str | None) -> str:
    """Not sent, the explicit null, or the value."""
    if value is None:
        return ""
    return escape(value, _MARKS) or NULL


def _when(value: str | None) -> str:
    """FHIR date or dateTime -> TS of the same precision."""
    if not value or "T" not in value:
        return _text(value if value is None else value.replace("-", ""))
    return time(datetime.fromisoformat(value))


def _repeats(values: tuple[T, ...] | None, write: Callable[[T], str]) -> str:
    if values is None:
        return ""
    return _MARKS.repetition.join(map(write, values)) or NULL


def _identifier(one: Identifier) -> str:
    return components(one.value, "", "", one.authority, one.type)


def _name(name: Name) -> str:
    given = name.given or ("",)
    return components(name.family, given[0], " ".join(given[1:]), name.suffix, name.prefix, "", name.use)


def _address(one: Address) -> str:
    lines = (*one.lines, "", "")
    return components(lines[0], lines[1], one.city, one.district, one.postcode, one.country, one.use)


def _telecom(one: Telecom) -> str:
    return components(one.value, one.use, one.equipment)


def _doctor(one: Doctor | None) -> str:
    return "" if one is None else components(one.id, one.family, one.given, "", "", one.prefix) or NULL


def _organisation(one: Organisation | None) -> str:
    return "" if one is None else components(one.name, "", one.code) or NULL


def _place(one: Place | None) -> str:
    if one is None:
        return ""
    if one.site:
        return components(one.site[:3] if one.ward else "", one.ward, one.bed, one.site)
    return components(one.ward, one.room, one.bed) or NULL


def _coded(one: Coded | None) -> str:
    return "" if one is None else components(one.code, one.text, one.system) or NULL


def _pid(person: Person) -> dict[int, str]:
    numbers = (Identifier(person.nhs_number, NHS),) if person.nhs_number else ()
    ids = None if person.identifiers is None and not numbers else (*(person.identifiers or ()), *numbers)
    return {
        1: "1",
        3: _repeats(ids, _identifier),
        5: _repeats(person.names, _name),
        7: _when(person.birth_date),
        8: _text(person.sex),
        11: _repeats(person.addresses, _address),
        13: _repeats(person.telecoms, _telecom),
        14: _repeats(person.work_telecoms, _telecom),
        15: _text(person.language),
        16: _text(person.marital_status),
        22: _text(person.ethnicity),
        23: _text(person.birth_place),
        29: _when(person.died),
        30: _text(person.dead),
        31: _text(person.identity_unknown),
        32: _reliability(person),
    }


def _reliability(person: Person) -> str:
    if person.nhs_number_status is None and person.reliability is None:
        return ""
    status = (f"NSTS{person.nhs_number_status}",) if person.nhs_number_status else ()
    return _repeats((*status, *(person.reliability or ())), components)


def _nk1(relatives: tuple[Relative, ...] | None) -> list[str]:
    if relatives is None:
        return []
    if not relatives:
        return [segment("NK1", {1: "1", 2: NULL})]
    return [
        segment(
            "NK1",
            {
                1: str(position),
                2: _name(relative.name),
                3: _coded(relative.relationship).replace(NULL, ""),
                4: _MARKS.repetition.join(map(_address, relative.addresses)),
                5: _MARKS.repetition.join(map(_telecom, relative.telecoms)),
                7: _coded(relative.role).replace(NULL, ""),
                15: escape(relative.sex, _MARKS),
                16: _when(relative.birth_date or None),
            },
        )
        for position, relative in enumerate(relatives, start=1)
    ]


def _no_visit(event: str) -> list[str]:
    """ADT_A05 requires a PV1; class N says that there is no visit."""
    return [segment("PV1", {2: "N"})] if event in ("A28", "A31") else []


def _pv1(visit: Visit) -> list[str]:
    pv1 = {
        1: "1",
        2: _text(visit.patient_class),
        3: _place(visit.place),
        4: _text(visit.admission_method),
        6: _place(visit.prior_place),
        7: _doctor(visit.attending),
        8: _doctor(visit.referring),
        9: _repeats(visit.consulting, _doctor),
        10: _text(visit.treatment_function),
        14: _text(visit.admission_source),
        16: _text(visit.sensitive),
        17: _doctor(visit.admitting),
        19: components(visit.number, "", "", visit.authority),
        36: _text(visit.discharge_method),
        37: _text(visit.discharge_destination),
        44: _when(visit.admitted),
        45: _when(visit.discharged),
    }
    pv2 = {
        3: _coded(visit.reason),
        8: _when(visit.expected_admission),
        9: _when(visit.expected_discharge),
        12: _text(visit.description),
    }
    return [segment("PV1", pv1), *([segment("PV2", pv2)] if any(pv2.values()) else [])]
