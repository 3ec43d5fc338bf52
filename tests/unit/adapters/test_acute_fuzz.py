"""Whatever bytes arrive, the answer is events, defects or Unreadable, and soon."""

import time
from collections.abc import Callable
from contextlib import suppress
from random import Random

import pytest

from adapters.acute.batch import LARGEST_MESSAGE
from adapters.acute.er7 import MOST_MARKS
from adapters.acute.state import fold
from adapters.errors import Unreadable
from mappings.acute import to_resources
from mappings.ids import Ids
from tests.unit.adapters.acute_messages import folded, read
from tests.unit.adapters.test_acute_events import STORY as EVENTS
from tests.unit.adapters.test_acute_state import STORY

MESSAGES = (*STORY, *EVENTS)
HL7 = b'|^~\\&\r\n"\x00\x0b\x1c\xff\xc3 0A'
LONGEST = 1.0
"""Seconds."""


def _lines(draw: Random, content: bytes) -> bytes:
    """Segments dropped, repeated or in another order."""
    lines = content.split(b"\r")
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(lines))
        match draw.randint(0, 2):
            case 0:
                lines.insert(at, draw.choice(lines))
            case 1 if len(lines) > 1:
                del lines[at]
            case _:
                draw.shuffle(lines)
    return b"\r".join(lines)


def _bytes(draw: Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(draw.randint(1, 12)):
        at = draw.randrange(len(changed))
        changed[at] = draw.choice(HL7) if draw.random() < 0.6 else draw.randrange(256)
    return bytes(changed)


def _cut(draw: Random, content: bytes) -> bytes:
    return content[draw.randrange(len(content)) :][: draw.randrange(len(content))]


def _fields(draw: Random, content: bytes) -> bytes:
    """One field holds what another does, or something nobody expects."""
    fields = content.split(b"|")
    odd = (
        b'""',
        b"~~",
        b"^^^",
        b"&&",
        b"\\X\\",
        b"\\XFF\\",
        b"99999999",
        b"00000000000000",
        b"20260101+9999",
        b"\xf0\x9f",
    )
    fields[draw.randrange(len(fields))] = draw.choice((*odd, draw.choice(fields)))
    return b"|".join(fields)


def _joined(draw: Random, content: bytes) -> bytes:
    parts = [content, draw.choice(MESSAGES), b"BHS|^~\\&\r", b"BTS|99\r", b"FTS|x\r"]
    return b"".join(draw.sample(parts, draw.randint(2, 5)))


def consequences(content: bytes) -> str:
    """Reads, folds and maps, as the pipeline would; returns what became of it."""
    try:
        read(content)
    except Unreadable as unreadable:
        return unreadable.defect.code
    ordered = sorted(((patient, key, event) for patient, key, event in folded([content])), key=lambda one: one[1])
    for patient in {one[0] for one in ordered}:
        held = fold(patient, [event for owner, _, event in ordered if owner == patient], [])
        assert held is not None
        to_resources(held, Ids(b"test", patient, "acute"))
    return "read"


@pytest.mark.parametrize("mutate", [_lines, _bytes, _cut, _fields, _joined])
def test_mutated_messages_are_read_or_refused(mutate: Callable[[Random, bytes], bytes]) -> None:
    draw = Random(f"acute {mutate.__name__}")
    seen = {consequences(mutate(draw, draw.choice(MESSAGES))) for _ in range(120)}
    assert len(seen) > 1  # else the mutation reaches nothing


@pytest.mark.slow
def test_many_mutated_messages_are_read_or_refused() -> None:
    draw = Random("acute, many")
    for _ in range(6_000):
        content = draw.choice(MESSAGES)
        for mutate in draw.sample([_lines, _bytes, _cut, _fields, _joined], 2):
            content = mutate(draw, content) or content
        consequences(content)


ROOM = LARGEST_MESSAGE - 2000
GIANTS = {
    "one long name": b"D" * ROOM,
    "repetitions": b"1~" * (ROOM // 2),
    "identifiers": b"1^^^X^MR~" * (ROOM // 9),
    "components": b"^" * ROOM,
    "escapes": b"\\E\\" * (ROOM // 3),
    "broken escapes": b"\\" * ROOM,
    "nulls": b'""~' * (ROOM // 3),
    "line ends": b"\r" * ROOM,
    "segments": b"\rZZZ|1" * (ROOM // 6),
    "relatives": b"\rNK1|1|A^B|1" * (ROOM // 12),
    "no segments": b"\r?" * (ROOM // 2),
    "messages that are none": b"\rMSH|" * 10_000,
    "fields": b"|" * ROOM,
    "spaces": b" " * ROOM,
}


GIANTS |= {
    "as many repetitions as may be": b"1~" * (MOST_MARKS - 100),
    "as many escapes as may be": b"\\E\\" * (MOST_MARKS // 2 - 100),
    "as many relatives as may be": b"\rNK1|1|A^B|1" * (MOST_MARKS - 100),
}


@pytest.mark.parametrize("field", [3, 5])
@pytest.mark.parametrize("giant", GIANTS)
def test_a_giant_field_is_no_hang(giant: str, field: int) -> None:
    pid = [b"PID", b"1", b"", b"77^^^X9A^MR", b"", b"Doe^Jo", *[b""] * 9]
    pid[field] = GIANTS[giant]
    content = MESSAGES[1].split(b"PID|")[0] + b"|".join(pid) + b"\r"
    started = time.process_time()
    with suppress(Unreadable):
        read(content)
    assert time.process_time() - started < LONGEST
