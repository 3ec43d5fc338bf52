"""Acknowledgements (HL7 v2.4 2.13.1, ITK: original mode, one ACK per message): MSH, MSA, and ERR when refused.

AA may be sent only after the message is stored; AR says that it can never be processed (wrong type, event or
processing id, or no HL7), AE that its content is at fault. No text here ever holds patient data.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from adapters.acute.encode import components, segment, time
from adapters.acute.er7 import Segment, header, split
from adapters.errors import Unreadable
from adapters.records import Defect

Code = Literal["AA", "AE", "AR"]
CONDITIONS = {
    "0": "Message accepted",
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "206": "Application record locked",
    "207": "Application internal error",
}
"""Table 0357."""

_REFUSALS: dict[str, tuple[Code, str]] = {
    "not-hl7": ("AR", "100"),
    "bad-delimiters": ("AR", "100"),
    "unsupported-message-type": ("AR", "200"),
    "unsupported-event": ("AR", "201"),
    "not-production": ("AR", "202"),
    "no-pid": ("AE", "100"),
    "no-mrg": ("AE", "100"),
    "no-patient-id": ("AE", "101"),
    "merge-with-itself": ("AE", "205"),
    "too-large": ("AR", "207"),
    "unexpected-failure": ("AE", "207"),
}
_FIELD = re.compile(r"([A-Z][A-Z0-9]{2})-(\d+)")


class Outcome(msgspec.Struct, frozen=True):
    """What became of a message: MSA-1, the table 0357 condition, MSA-3 text, and where the fault is (`PID-3`)."""

    code: Code
    condition: str
    text: str
    where: str = ""


def accepted(defects: Sequence[Defect] = ()) -> Outcome:
    """The message is stored. What of it could not be used is told by code and place."""
    remarks = "; ".join(f"{defect.code} {defect.where}" for defect in defects)
    return Outcome("AA", "0", remarks or CONDITIONS["0"])


def refused(defect: Defect) -> Outcome:
    """The message as a whole cannot be used."""
    code, condition = _REFUSALS.get(defect.code, ("AE", "102"))
    return Outcome(code, condition, f"{defect.code}: {defect.reason}. {defect.remedy}", defect.where)


def failed() -> Outcome:
    """The message could not be stored, for reasons on this side: its sender should send it again."""
    return Outcome("AE", "207", CONDITIONS["207"])


def acknowledge(message: bytes, outcome: Outcome, *, control_id: str, at: datetime) -> bytes:
    """The ACK of a message. `control_id` is the ACK's own MSH-10, `at` its MSH-7. MSA-2 echoes the message's MSH-10; it
    is empty when the message has none, or is no HL7."""
    msh = _header(message)
    echo = (msh.value(10) if msh else None) or ""
    lines = [
        _msh(msh, control_id, at),
        segment(
            "MSA",
            {
                1: outcome.code,
                2: components(echo),
                3: components(outcome.text[:200]),
                6: components(outcome.condition, CONDITIONS[outcome.condition], "HL70357"),
            },
        ),
    ]
    if outcome.code != "AA":
        lines.append(_err(outcome))
    return "".join(f"{line}\r" for line in lines).encode()


def _header(message: bytes) -> Segment | None:
    try:
        return header(message if message.startswith(b"MSH") else split(message)[0][0])
    except Unreadable:
        return None


def _msh(original: Segment | None, control_id: str, at: datetime) -> str:
    """Sender and receiver change places."""

    def echo(number: int, component: int = 1) -> str:
        return components((original.value(number, component) if original else None) or "")

    event = (original.value(9, 2) if original else None) or ""
    return segment(
        "MSH",
        {
            1: "^~\\&",
            2: echo(5),
            3: echo(6),
            4: echo(3),
            5: echo(4),
            6: time(at),
            8: components("ACK", event, "ACK"),
            9: components(control_id),
            10: echo(11) or "P",
            11: "2.4",
            16: "GBR",
            17: "UNICODE",
            18: "EN",
        },
    )


def _err(outcome: Outcome) -> str:
    """ERR-1 (ELD): segment, its number, field, and the condition as subcomponents."""
    found = _FIELD.match(outcome.where)
    name, field = found.groups() if found else ("", "")
    condition = "&".join((outcome.condition, CONDITIONS[outcome.condition], "HL70357"))
    return segment("ERR", {1: "^".join((name, "1" if name else "", field, condition))})
