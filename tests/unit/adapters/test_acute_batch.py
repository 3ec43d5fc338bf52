"""Files of several messages: each is read for itself, the counts of a batch are checked, and length costs no memory."""

import io
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from hypothesis import strategies as st

from adapters.acute import parse as acute_in
from adapters.acute.batch import LARGEST_MESSAGE
from adapters.acute.write import Header, write_batch
from adapters.errors import Unreadable
from adapters.records import Defect, Parsed
from tests.unit.adapters.acute_messages import AS_OF, adt, read
from tests.unit.adapters.examples import examples

HEADER = Header("B1", datetime.fromisoformat("2026-07-01T09:30"), "X9A")
MESSAGES = [adt("A28", "20260101", pid=f"1||{1000 + n}^^^X9A^MR||Doe^Jo", control=f"M{n}") for n in range(4)]


def patients(parsed: Parsed) -> list[str]:
    return [event.patient.local_id for event in parsed.events]


def codes(parsed: Parsed) -> list[tuple[str, str]]:
    return [(defect.code, defect.where) for defect in parsed.defects]


def in_pieces(content: bytes) -> list[Parsed]:
    return list(acute_in.pieces(io.BytesIO(content), name="test", sender="X9A", as_of=AS_OF))


def test_a_batch_that_is_whole_has_no_defects() -> None:
    parsed = read(write_batch(HEADER, MESSAGES))
    assert patients(parsed) == ["1000", "1001", "1002", "1003"]
    assert parsed.defects == []


def test_several_messages_need_no_batch_segments() -> None:
    assert patients(read(b"".join(MESSAGES))) == ["1000", "1001", "1002", "1003"]
    assert patients(read(b"\n\n".join(MESSAGES))) == ["1000", "1001", "1002", "1003"]


@pytest.mark.parametrize(
    ("trailers", "found"),
    [
        (b"BTS|5\rFTS|1\r", [("batch-count", "BTS-1")]),
        (b"BTS|4\rFTS|2\r", [("batch-count", "FTS-1")]),
        (b"BTS\rFTS", []),
        (b"BTS|four\rFTS|\r", []),
        (b"BTS|4\r", [("batch-not-ended", "FTS")]),
        (b"", [("batch-not-ended", "BTS"), ("batch-not-ended", "FTS")]),
        (b"BTS|4\rFTS|1\rgoodbye\r", [("not-hl7", "MSH")]),
    ],
)
def test_trailers_are_checked_and_every_message_is_used(trailers: bytes, found: list[tuple[str, str]]) -> None:
    parsed = read(b"FHS|^~\\&|PAS\rBHS|^~\\&|PAS\r" + b"".join(MESSAGES) + trailers)
    assert patients(parsed) == ["1000", "1001", "1002", "1003"]
    assert codes(parsed) == found


def test_several_batches_in_one_file() -> None:
    one = b"BHS|^~\\&|PAS\r" + b"".join(MESSAGES[:2]) + b"BTS|2\r"
    other = b"BHS|^~\\&|PAS\r" + b"".join(MESSAGES[2:]) + b"BTS|3\r"
    parsed = read(b"FHS|^~\\&|PAS\r" + one + other + b"FTS|2\r")
    assert patients(parsed) == ["1000", "1001", "1002", "1003"]
    assert codes(parsed) == [("batch-count", "BTS-1")]


def test_a_message_that_cannot_be_used_names_its_place() -> None:
    broken = adt("A28", "20260101", pid="1||")
    parsed = read(write_batch(HEADER, [*MESSAGES[:2], broken, *MESSAGES[2:]]))
    assert patients(parsed) == ["1000", "1001", "1002", "1003"]
    assert codes(parsed) == [("no-patient-id", "message 3, PID-3")]
    assert parsed.defects[0].fragment == broken


def test_where_no_message_can_be_used_each_says_why() -> None:
    broken = adt("A28", "20260101", pid="1||")
    assert codes(read(broken * 2)) == [("no-patient-id", "message 1, PID-3"), ("no-patient-id", "message 2, PID-3")]
    with pytest.raises(Unreadable) as caught:
        read(write_batch(HEADER, [broken]))
    assert caught.value.defect.fragment == broken


@pytest.mark.parametrize("content", [b"", b"FHS|^~\\&|\rFTS|0\r", b"%PDF-1.7"])
def test_a_file_without_any_message_is_unreadable(content: bytes) -> None:
    for tried in (read, in_pieces):
        with pytest.raises(Unreadable) as caught:
            tried(content)
        assert caught.value.defect.code == "not-hl7"


def test_a_message_that_is_too_large_costs_only_itself() -> None:
    large = MESSAGES[1].replace(b"Doe", b"D" * (LARGEST_MESSAGE + 1))
    found = in_pieces(MESSAGES[0] + large + MESSAGES[2])
    assert [patients(piece) for piece in found] == [["1000", "1002"]]
    assert codes(found[0]) == [("too-large", "message 2, message")]
    assert len(found[0].defects[0].fragment) < LARGEST_MESSAGE
    longer = MESSAGES[1].replace(b"Doe", b"D" * (5 * LARGEST_MESSAGE))
    assert [(patients(one), codes(one)) for one in in_pieces(MESSAGES[0] + longer + MESSAGES[2])] == [
        (patients(found[0]), codes(found[0]))
    ]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_in_any_unicode_encoding(codec: str) -> None:
    content = b"".join(MESSAGES).decode().replace("Doe", "Łukasz Zoë").encode(codec)
    parsed = read(content)
    assert patients(parsed) == ["1000", "1001", "1002", "1003"]
    assert "Łukasz Zoë".encode() in parsed.events[0].record
    assert parsed.defects == []


def test_broken_utf_16_says_so() -> None:
    content = b"".join(MESSAGES).decode().encode("utf-16-le") + b"\x00\xd8"
    assert ("bad-character-set", "file") in codes(read(content))


class Endless(io.RawIOBase):
    """A file of so many messages, made while it is read."""

    def __init__(self, count: int) -> None:
        self._left: Iterator[int] = iter(range(count))
        self._held = b""

    def read(self, size: int = -1) -> bytes:
        while len(self._held) < size and (number := next(self._left, None)) is not None:
            self._held += adt("A28", "20260101", pid=f"1||{number}^^^X9A^MR||Doe^Jo")
        taken, self._held = self._held[:size], self._held[size:]
        return taken


def test_a_long_file_streams_in_pieces_in_constant_memory() -> None:
    tracemalloc.start()
    sizes, last = [], ""
    for piece in acute_in.pieces(Endless(2300), name="test", sender="X9A", as_of=AS_OF):  # type: ignore[arg-type]
        sizes.append(len(piece.events))
        last = piece.events[-1].patient.local_id
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sizes == [1000, 1000, 300]
    assert last == "2299"
    assert peak < 8_000_000


@examples(
    st.lists(st.sampled_from([*MESSAGES, b"BHS|^~\\&|\r", b"BTS|1\r", b"stray\r", b"MSH|nonsense\r"]), max_size=12),
    few=40,
    many=200,
)
def test_pieces_are_the_same_every_time_and_together_what_parse_says(parts: list[bytes]) -> None:
    content = b"".join(parts)
    whole = outcome(lambda: [read(content)])
    assert outcome(lambda: in_pieces(content)) == outcome(lambda: in_pieces(content)) == whole


def outcome(tried: Callable[[], list[Parsed]]) -> list[Parsed] | Defect:
    try:
        return tried()
    except Unreadable as unreadable:
        return unreadable.defect
