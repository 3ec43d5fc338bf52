"""Records -> ADT messages as an ITK sender writes them (HL7 v2.4, ITK v1.0.15): for the synthetic hospital and for the
round-trip test. Segments end with CR; bytes are UTF-8, declared as UNICODE in MSH-18."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from adapters.acute.encode import (
    MARKS,
    address,
    code,
    coded,
    components,
    doctor,
    identifier,
    name,
    organisation,
    place,
    repeats,
    segment,
    telecom,
    text,
    time,
    when,
)
from adapters.acute.er7 import NULL, escape
from adapters.acute.records import Allergy, Diagnosis, Identifier, Name, Person, Relative, Statement, Visit
from adapters.acute.triggers import TRIGGERS

__all__ = ["Header", "components", "segment", "time", "write_batch", "write_merge", "write_statement"]
NHS = "NHS"


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
        segment("PD1", {3: organisation(person.practice), 4: doctor(person.gp)}),
        *_nk1(person.relatives),
        *(_pv1(visit) if visit else _no_visit(statement.event)),
        *_al1(person.allergies),
        *(_iam(position, one) for position, one in enumerate(person.allergy_changes or (), start=1)),
        *(_dg1(visit.diagnoses) if visit else ()),
        *(_zu(visit, statement.kept) if visit else ()),
        *statement.kept,
    ]
    if person.sharing is not None or person.location_hiding is not None:
        segments.append(segment("ZU8", {2: text(person.sharing), 4: text(person.location_hiding)}))
    return _message(segments)


def write_merge(
    header: Header,
    recorded: str,
    survivor: Sequence[Identifier],
    discarded: Sequence[Identifier],
    person: Name,
    event: str = "A40",
) -> bytes:
    """An A40, A34 or A47: PID-3 survives, MRG-1 is discarded. `person` is the survivor's name: PID-5 is required, and
    changes nothing."""
    pid = segment("PID", {1: "1", 3: repeats(tuple(survivor), identifier), 5: name(person)})
    mrg = segment("MRG", {1: repeats(tuple(discarded), identifier), 7: name(person)})
    return _message([_msh(header, event), _evn(recorded, recorded), pid, mrg])


def write_batch(header: Header, messages: Sequence[bytes]) -> bytes:
    """The messages as one batch in one file, with the counts that its receiver checks."""
    fields = {
        1: MARKS.component + MARKS.repetition + MARKS.escape + MARKS.subcomponent,
        2: components(header.application),
        3: components(header.facility),
        6: time(header.sent),
        10: components(header.control_id),
    }
    head = [segment("FHS", fields), segment("BHS", fields)]
    tail = [segment("BTS", {1: str(len(messages))}), segment("FTS", {1: "1"})]
    return _message(head) + b"".join(messages) + _message(tail)


def _message(segments: Iterable[str]) -> bytes:
    return "".join(f"{line}\r" for line in segments).encode()


def _msh(header: Header, event: str) -> str:
    encoding = MARKS.component + MARKS.repetition + MARKS.escape + MARKS.subcomponent
    fields = {
        3: components(header.application),
        4: components(header.facility),
        5: "ROUTE",
        6: "ROUTE",
        7: time(header.sent),
        9: components("ADT", event, TRIGGERS[event].structure),
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


def _pid(person: Person) -> dict[int, str]:
    numbers = (Identifier(person.nhs_number, NHS),) if person.nhs_number else ()
    ids = None if person.identifiers is None and not numbers else (*(person.identifiers or ()), *numbers)
    return {
        1: "1",
        3: repeats(ids, identifier),
        5: repeats(person.names, name),
        7: when(person.birth_date),
        8: text(person.sex),
        11: repeats(person.addresses, address),
        13: repeats(person.telecoms, telecom),
        14: repeats(person.work_telecoms, telecom),
        15: text(person.language),
        16: text(person.marital_status),
        22: text(person.ethnicity),
        23: text(person.birth_place),
        29: when(person.died),
        30: text(person.dead),
        31: text(person.identity_unknown),
        32: _reliability(person),
    }


def _reliability(person: Person) -> str:
    if person.nhs_number_status is None and person.reliability is None:
        return ""
    status = (f"NSTS{person.nhs_number_status}",) if person.nhs_number_status else ()
    return repeats((*status, *(person.reliability or ())), components)


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
                2: name(relative.name),
                3: code(relative.relationship),
                4: MARKS.repetition.join(map(address, relative.addresses)),
                5: MARKS.repetition.join(map(telecom, relative.telecoms)),
                7: code(relative.role),
                15: escape(relative.sex, MARKS),
                16: when(relative.birth_date or None),
            },
        )
        for position, relative in enumerate(relatives, start=1)
    ]


def _al1(allergies: tuple[Allergy, ...] | None) -> list[str]:
    if allergies == ():
        return [segment("AL1", {1: "1", 3: NULL})]
    return [
        segment("AL1", {1: str(position)} | _allergy(one) | {6: when(one.identified or None)})
        for position, one in enumerate(allergies or (), start=1)
    ]


def _iam(position: int, one: Allergy) -> str:
    more = {
        6: escape(one.action, MARKS),
        7: components(one.id),
        11: when(one.identified or None),
        17: escape(one.status, MARKS),
    }
    return segment("IAM", {1: str(position)} | _allergy(one) | more)


def _allergy(one: Allergy) -> dict[int, str]:
    return {
        2: code(one.type),
        3: code(one.allergen),
        4: code(one.severity),
        5: MARKS.repetition.join(map(components, one.reactions)),
    }


def _dg1(diagnoses: tuple[Diagnosis, ...] | None) -> list[str]:
    if diagnoses == ():
        return [segment("DG1", {1: "1", 3: NULL})]
    return [
        segment(
            "DG1",
            {
                1: str(position),
                3: coded(one.code),
                5: when(one.at or None),
                6: escape(one.type, MARKS),
                15: escape(one.priority, MARKS),
                16: doctor(one.clinician),
                18: escape(one.confidential, MARKS),
                20: components(one.id),
            },
        )
        for position, one in enumerate(diagnoses or (), start=1)
    ]


def _zu(visit: Visit, kept: Sequence[str]) -> list[str]:
    """The UK's own segments, unless one that says more is kept as it came."""
    fields = {
        "ZU1": {22: text(visit.medically_fit), 24: when(visit.ready_for_discharge)},
        "ZU3": {3: text(visit.attended), 4: text(visit.attendance_outcome), 12: text(visit.first_attendance)},
        "ZU4": {6: when(visit.to_come_in), 10: when(visit.removed)},
    }
    held = {line.split(MARKS.field, 1)[0] for line in kept}
    return [segment(one, said) for one, said in fields.items() if any(said.values()) and one not in held]


def _no_visit(event: str) -> list[str]:
    """ADT_A05 requires a PV1; class N says that there is no visit."""
    return [segment("PV1", {2: "N"})] if event in ("A28", "A31") else []


def _pv1(visit: Visit) -> list[str]:
    pv1 = {
        1: "1",
        2: text(visit.patient_class),
        3: place(visit.place),
        4: text(visit.admission_method),
        6: place(visit.prior_place),
        7: doctor(visit.attending),
        8: doctor(visit.referring),
        9: repeats(visit.consulting, doctor),
        10: text(visit.treatment_function),
        14: text(visit.admission_source),
        16: text(visit.sensitive),
        17: doctor(visit.admitting),
        19: components(visit.number, "", "", visit.authority),
        36: text(visit.discharge_method),
        37: text(visit.discharge_destination),
        42: place(visit.pending_place),
        44: when(visit.admitted),
        45: when(visit.discharged),
    }
    pv2 = {
        3: coded(visit.reason),
        8: when(visit.expected_admission),
        9: when(visit.expected_discharge),
        12: text(visit.description),
        38: coded(visit.arrival_mode),
    }
    return [segment("PV1", pv1), *([segment("PV2", pv2)] if any(pv2.values()) else [])]
