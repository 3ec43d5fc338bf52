"""ADT messages -> events of source patients (HL7 v2.4, ITK v1.0.15 section 3.1).

One content is one message, several in a row, or an FHS/BHS batch. In a batch, a message that cannot be used becomes a
Defect with its bytes and the others are stored; a message alone raises `Unreadable`.
"""

import re
from collections.abc import Sequence
from datetime import datetime

import msgspec

from adapters.acute.er7 import Message, Segment, read, split
from adapters.acute.identifiers import identifier, local_id, read_ids
from adapters.acute.person import read_person
from adapters.acute.records import Identifier, Record, Replaced, Statement, Survives
from adapters.acute.times import moment, utc
from adapters.acute.visit import read_visit
from adapters.errors import Unreadable
from adapters.records import Defect, Event, Parsed, SourcePatient

MOVEMENTS = frozenset({"A01", "A02", "A03", "A04", "A05"})
"""Ordered by when they occurred; everything else by when it was recorded."""
VISIT_EVENTS = MOVEMENTS | {"A08", "A11", "A12", "A13", "A38"}
PERSON_EVENTS = frozenset({"A28", "A31"})
"""About the person only: a PV1 in them (class N) is no visit."""
MERGE = "A40"
SUPPORTED = VISIT_EVENTS | PERSON_EVENTS | {MERGE}
_ODS = re.compile(r"[A-Z][A-Z0-9]{2}(?:[A-Z0-9]{2})?")
_encode = msgspec.json.Encoder().encode


class _Times(msgspec.Struct, frozen=True):
    occurred: str
    recorded: str
    sent: str


def parse(content: bytes, *, name: str, sender: str, as_of: datetime) -> Parsed:  # noqa: ARG001 every feed's shape
    """Events and defects of one envelope. `sender` is the ODS code used when MSH-4 holds none; `as_of` (aware) stands
    in for a message without any time. Raises Unreadable when no message of it can be used and there is only one."""
    contents, defects = split(content)
    events: list[Event] = []
    for one in contents:
        try:
            parsed = parse_message(one, sender=sender, as_of=as_of)
        except Unreadable as unreadable:
            if len(contents) == 1:
                raise
            defects.append(unreadable.defect)
        else:
            events += parsed.events
            defects += parsed.defects
    return Parsed(events=events, defects=defects)


def parse_message(content: bytes, *, sender: str, as_of: datetime) -> Parsed:
    """Events and defects of one message. Raises Unreadable when it cannot be used at all."""
    message = read(content)
    header = message.segments[0]
    event = _trigger(message, header)
    defects = message.defects
    organisation = _organisation(header, sender)
    times = _times(message, header, as_of, defects)
    events = _merge(message, organisation, times, defects) if event == MERGE else None
    if events is None:
        events = [_statement(message, event, organisation, times, defects)]
    return Parsed(events=events, defects=defects)


def refusal(code: str, where: str, reason: str, remedy: str, content: bytes) -> Unreadable:
    """An Unreadable with its Defect."""
    return Unreadable(Defect(code=code, where=where, reason=reason, remedy=remedy, fragment=content))


def _trigger(message: Message, header: Segment) -> str:
    """The trigger event: MSH-9.2, or EVN-1 when a legacy sender leaves that out. EVN-1 never outranks MSH-9."""
    kind = header.value(9) or ""
    evn = message.first("EVN")
    event = header.value(9, 2) or (evn.value(1) if evn else None) or ""
    if kind != "ADT":
        raise refusal(
            "unsupported-message-type",
            "MSH-9",
            "the message is no ADT message" if kind else "the message is cut off before its type, or says none",
            "send ADT here, whole",
            message.content,
        )
    if (header.value(11) or "P").upper() != "P":
        raise refusal(
            "not-production",
            "MSH-11",
            "the message is marked as training or debugging, which must not reach live records",
            "send production messages with MSH-11 = P",
            message.content,
        )
    if event not in SUPPORTED:
        raise refusal(
            "unsupported-event",
            "MSH-9",
            "the trigger event is not one that this feed reads",
            f"send one of {', '.join(sorted(SUPPORTED))}; a merge as A40, a change of class as A08",
            message.content,
        )
    return event


def _organisation(header: Segment, sender: str) -> str:
    facility = (header.value(4) or "").upper()
    return facility[:3] if _ODS.fullmatch(facility) else sender


def _times(message: Message, header: Segment, as_of: datetime, defects: list[Defect]) -> _Times:
    """EVN-6 occurred, EVN-2 recorded, MSH-7 sent; each stands in for the one before it that is missing or unusable."""
    evn = message.first("EVN")
    sent = _instant(header, 7, defects)
    recorded = _instant(evn, 2, defects) if evn else None
    occurred = _instant(evn, 6, defects) if evn else None
    recorded = recorded or sent or occurred or utc(as_of)
    return _Times(occurred or recorded, recorded, sent or recorded)


def _instant(segment: Segment, number: int, defects: list[Defect]) -> str | None:
    text = segment.value(number)
    if not text:
        return None
    try:
        return moment(text).utc
    except (ValueError, OverflowError):
        defects.append(
            Defect(
                code="bad-time",
                where=f"{segment.name}-{number}",
                reason="the field holds no possible date and time; another time of the message was used for the order",
                remedy="send CCYYMMDDHHMM[SS]",
                fragment=text.encode(),
            )
        )
        return None


def _statement(message: Message, event: str, organisation: str, times: _Times, defects: list[Defect]) -> Event:
    pid = message.first("PID")
    if pid is None:
        raise refusal("no-pid", "PID", "the message has no PID segment", "send PID", message.content)
    person = read_person(message, pid, defects)
    patient = local_id(person.nhs_number, person.identifiers or (), person)
    if patient is None:
        raise _no_patient("PID-3", message)
    pv1 = message.first("PV1")
    visit = read_visit(message, pv1, defects) if pv1 and event in VISIT_EVENTS else None
    if pv1 is None and event in VISIT_EVENTS:
        defects.append(
            Defect(
                code="no-pv1",
                where="PV1",
                reason="the event is about a visit and has no PV1; only what it says of the person was used",
                remedy="send PV1",
            )
        )
    record = Statement(event, times.occurred, times.recorded, person, visit)
    at = times.occurred if event in MOVEMENTS else times.recorded
    return _event(SourcePatient(organisation, patient), at, times.sent, record)


def _merge(message: Message, organisation: str, times: _Times, defects: list[Defect]) -> list[Event]:
    """Two events for each PID/MRG pair: one for the survivor, one for the discarded record."""
    events: list[Event] = []
    pid: Segment | None = None
    for segment in message.segments:
        if segment.name == "PID":
            pid = segment
        elif segment.name == "MRG" and pid is not None:
            survivor, _ = _merge_ids(pid, 3, message, defects)
            discarded, identifiers = _merge_ids(segment, 1, message, defects)
            if survivor == discarded:
                raise refusal(
                    "merge-with-itself",
                    "MRG-1",
                    "survivor and discarded record are the same",
                    "send the discarded id in MRG-1",
                    message.content,
                )
            kept = Survives(times.recorded, discarded, identifiers)
            events += (
                _event(SourcePatient(organisation, survivor), times.recorded, times.sent, kept),
                _event(
                    SourcePatient(organisation, discarded),
                    times.recorded,
                    times.sent,
                    Replaced(times.recorded, survivor),
                ),
            )
    if not events:
        raise refusal("no-mrg", "MRG", "the merge has no PID and MRG pair", "send PID and MRG", message.content)
    return events


def _merge_ids(
    segment: Segment, number: int, message: Message, defects: list[Defect]
) -> tuple[str, tuple[Identifier, ...]]:
    """The local id that a field of identifiers names, by the same rule as everywhere, and its identifiers."""
    found: Sequence[Identifier] = ()
    nhs: str | None = None
    repetitions = segment.repetitions(number)
    if repetitions:
        nhs, found = read_ids(repetitions, f"{segment.name}-{number}", defects)
    patient = local_id(nhs, found)
    if patient is None:
        raise _no_patient(f"{segment.name}-{number}", message)
    return patient, tuple(found) or tuple(map(identifier, repetitions or ()))


def _no_patient(where: str, message: Message) -> Unreadable:
    return refusal(
        "no-patient-id",
        where,
        "there is neither a local patient id nor a usable NHS number",
        "send the local patient id (MRN) or a valid NHS number",
        message.content,
    )


def _event(patient: SourcePatient, at: str, sent: str, record: Record) -> Event:
    return Event(patient=patient, at=at, sent=sent, record=_encode(record))
