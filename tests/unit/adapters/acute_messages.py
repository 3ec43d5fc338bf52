"""Short ADT messages for the acute tests: segments by name, everything else as an ITK sender would send it."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from adapters.acute.parse import parse
from adapters.acute.records import State
from adapters.acute.state import fold
from adapters.records import FoldedEvent, Parsed, SourcePatient

AS_OF = datetime(2026, 11, 1, 12, tzinfo=UTC)
NUMBER, OTHER_NUMBER = "9990000018", "9990000026"
PATIENT = SourcePatient("X9A", "1000001")


def adt(
    event: str,
    at: str,
    *,
    recorded: str = "",
    sent: str = "",
    pid: str = "1||1000001^^^X9A^MR||Doe^Jo^^^^^L|",
    more: Sequence[str] = (),
    control: str = "M1",
    msh: str = "",
) -> bytes:
    """One message; `at` is EVN-6, `recorded` EVN-2 and `sent` MSH-7 (each defaults to the one before)."""
    recorded = recorded or at
    head = f"MSH|^~\\&|PAS|X9A|ROUTE|ROUTE|{sent or recorded}||ADT^{event}|{control}|P|2.4|||||GBR|UNICODE"
    lines = [msh or head, f"EVN||{recorded}||||{at}"]
    if pid:
        lines.append(f"PID|{pid}")
    return "".join(f"{line}\r" for line in (*lines, *more)).encode()


def pv1(number: str = "7001", **fields: str) -> str:
    """A PV1 for that visit; other fields by number: `pv1(f2="I", f45="...")`."""
    values = {19: number, 2: "I"} | {int(name[1:]): value for name, value in fields.items()}
    return "PV1|" + "|".join(values.get(position, "") for position in range(1, max(values) + 1))


def read(content: bytes, sender: str = "X9A") -> Parsed:
    return parse(content, name="test.hl7", sender=sender, as_of=AS_OF)


def folded(envelopes: Sequence[bytes]) -> list[tuple[SourcePatient, tuple[str, str, str, int], FoldedEvent]]:
    """Every event of the envelopes with its patient and its place in the pipeline's total order."""
    found = []
    for content in envelopes:
        digest = hashlib.sha256(content).hexdigest()
        for position, event in enumerate(read(content).events):
            one = FoldedEvent(at=event.at, sent=event.sent, digest=digest, name="test.hl7", record=event.record)
            found.append((event.patient, (event.at, event.sent, digest, position), one))
    return found


def state(*envelopes: bytes, patient: SourcePatient = PATIENT) -> State:
    """What the hospital says of `patient` after these envelopes, sorted as the pipeline does."""
    events = {key: event for owner, key, event in folded(envelopes) if owner == patient}
    result = fold(patient, [events[key] for key in sorted(events)], [])
    assert result is not None
    assert msgspec.json.decode(msgspec.json.encode(result), type=State) == result
    return result
