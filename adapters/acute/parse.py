"""ADT messages -> events of source patients (HL7 v2.4, ITK v1.0.15 section 3.1).

One content is one message, several in a row, or an FHS/BHS batch (`adapters.acute.batch`). Where there are several, a
message that cannot be used becomes a Defect with its bytes and the others are stored; a message alone raises
`Unreadable`.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import BytesIO
from itertools import chain
from typing import BinaryIO

import msgspec
from msgspec.structs import replace

from adapters.acute.batch import found_in, nothing_in
from adapters.acute.er7 import Message, Segment, read
from adapters.acute.identifiers import local_id
from adapters.acute.kept import kept
from adapters.acute.merge import merged, renamed
from adapters.acute.person import read_person
from adapters.acute.records import Record, Statement
from adapters.acute.refusal import no_patient, refusal
from adapters.acute.times import received, utc
from adapters.acute.triggers import TRIGGERS, VISIT_EVENTS
from adapters.acute.visit import read_visit
from adapters.errors import Unreadable
from adapters.records import Defect, Event, Parsed, SourcePatient

SUPPORTED = frozenset(TRIGGERS)
LARGEST_PIECE = 1000
"""Messages of a piece: a message is one event, a merge two or more."""
_ODS = re.compile(r"[A-Z][A-Z0-9]{2}(?:[A-Z0-9]{2})?")
_encode = msgspec.json.Encoder().encode


class _Times(msgspec.Struct, frozen=True):
    occurred: str
    recorded: str
    sent: str


def parse(content: bytes, *, name: str, sender: str, as_of: datetime) -> Parsed:
    """Events and defects of one envelope. `sender` is the ODS code used when MSH-4 holds none; `as_of` (aware) stands
    in for a message without any time. Raises Unreadable when no message of it can be used and there is only one."""
    found = list(pieces(BytesIO(content), name=name, sender=sender, as_of=as_of))
    if len(found) == 1:
        return found[0]
    return Parsed(
        events=[event for piece in found for event in piece.events],
        defects=[defect for piece in found for defect in piece.defects],
    )


def pieces(content: BinaryIO, *, name: str, sender: str, as_of: datetime) -> Iterator[Parsed]:  # noqa: ARG001 every feed's shape
    """What `parse` says, of a file of any length in constant memory: a piece for each LARGEST_PIECE messages. Raises
    Unreadable as `parse` does, and then before any piece."""
    units = found_in(content)
    begun = list(_up_to_second_message(units))
    messages = [one for one in begun if isinstance(one, bytes)]
    defects = [one for one in begun if isinstance(one, Defect)]
    if not messages:
        raise Unreadable(nothing_in(defects))
    if len(messages) == 1:
        alone = parse_message(messages[0], sender=sender, as_of=as_of)
        yield Parsed(events=alone.events, defects=[*defects, *alone.defects])
        return
    yield from _several(chain(begun, units), sender, as_of)


def _up_to_second_message(units: Iterator[bytes | Defect]) -> Iterator[bytes | Defect]:
    messages = 0
    for unit in units:
        yield unit
        messages += isinstance(unit, bytes)
        if messages == 2:
            return


def _several(units: Iterable[bytes | Defect], sender: str, as_of: datetime) -> Iterator[Parsed]:
    """Each message for itself; what is wrong with one names its place in the file."""
    events: list[Event] = []
    defects: list[Defect] = []
    number = 0
    for unit in units:
        if isinstance(unit, Defect):
            defects.append(unit)
            continue
        if number and number % LARGEST_PIECE == 0:
            yield Parsed(events=events, defects=defects)
            events, defects = [], []
        number += 1
        try:
            parsed = parse_message(unit, sender=sender, as_of=as_of)
        except Unreadable as unreadable:
            parsed = Parsed(defects=[unreadable.defect])
        events += parsed.events
        defects += [replace(one, where=f"message {number}, {one.where}") for one in parsed.defects]
    yield Parsed(events=events, defects=defects)


def parse_message(content: bytes, *, sender: str, as_of: datetime) -> Parsed:
    """Events and defects of one message. Raises Unreadable when it cannot be used at all."""
    message = read(content)
    header = message.segments[0]
    event = _trigger(message, header)
    defects = message.defects
    organisation = _organisation(header, sender)
    times = _times(message, header, as_of, defects)
    about = TRIGGERS[event].about
    if about == "merge":
        said = merged(message, organisation, times.recorded, defects)
    elif about == "identifiers":
        said = renamed(message, organisation, times.occurred, times.recorded, defects)
    else:
        said = [_statement(message, event, organisation, times, defects)]
    at = times.occurred if about == "movement" else times.recorded
    events = [
        Event(patient=SourcePatient(organisation, patient), at=at, sent=times.sent, record=_encode(record))
        for patient, record in said
    ]
    return Parsed(events=events, defects=defects)


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
            f"send one of {', '.join(sorted(SUPPORTED))}; a merge as A40",
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
    recorded = recorded or sent or occurred or received(as_of)
    return _Times(occurred or recorded, recorded, sent or recorded)


def _instant(segment: Segment, number: int, defects: list[Defect]) -> str | None:
    text = segment.value(number)
    if not text:
        return None
    try:
        return utc(text)
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


def _statement(
    message: Message, event: str, organisation: str, times: _Times, defects: list[Defect]
) -> tuple[str, Record]:
    """(local id, what is said)."""
    pid = message.first("PID")
    if pid is None:
        raise refusal("no-pid", "PID", "the message has no PID segment", "send PID", message.content)
    person = read_person(message, pid, defects)
    patient = local_id(person.nhs_number, person.identifiers or (), organisation, person)
    if patient is None:
        raise no_patient("PID-3", message.content)
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
    more = kept(message, visit=visit is not None)
    return patient, Statement(event, times.occurred, times.recorded, person, visit, more)
