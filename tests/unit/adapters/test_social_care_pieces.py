"""Client Level Data of any length: read as a stream, in pieces, within bounds; and bytes that are none."""

import csv
import io
import random
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import openpyxl
import pytest
from hypothesis import strategies as st

from adapters.errors import Unreadable
from adapters.records import Parsed
from adapters.social_care import workbook
from adapters.social_care.parse import parse, pieces
from adapters.social_care.records import Person, Row, Service
from adapters.social_care.write import Cover, stream, write
from adapters.synthetic.social_care import LARGEST, large_file
from tests.unit.adapters.examples import examples

AS_OF = datetime(2026, 10, 20, 9, tzinfo=UTC)
COVER = Cover("999", "2025-10-01", "2026-09-30")


def read(content: bytes) -> Parsed:
    return parse(content, name="cld.csv", sender="X9L", as_of=AS_OF)


def in_pieces(file: io.IOBase) -> Iterator[Parsed]:
    return pieces(file, name="cld.csv", sender="X9L", as_of=AS_OF)


def services(count: int) -> Iterator[Row]:
    return (
        Row(
            person=Person(local_id=str(number), birth_date="1950-01-01"),
            client_type="Service user",
            detail=Service(),
            start="2026-01-01",
        )
        for number in range(count)
    )


def xlsx(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


SMALL = b"".join(large_file(12))
SMALL_BOOK = xlsx(*csv.reader(io.StringIO(SMALL.decode("utf-8-sig"))))


@pytest.fixture
def small_pieces(monkeypatch):
    """Pieces of 200 events, so that a file of several is soon read."""
    monkeypatch.setattr("adapters.social_care.parse._PIECE", 200)


def test_a_piece_has_about_two_thousand_events():
    first, _ = in_pieces(io.BytesIO(b"".join(large_file(2100))))

    assert 2000 <= len(first.events) <= 2003


@pytest.mark.usefixtures("small_pieces")
def test_the_pieces_are_the_whole_and_only_the_last_is_the_submission():
    content = b"".join(large_file(210))

    read_pieces = list(in_pieces(io.BytesIO(content)))

    whole = read(content)
    assert len(read_pieces) == 2
    assert [event for piece in read_pieces for event in piece.events] == whole.events
    assert all(len(piece.events) <= 203 for piece in read_pieces)
    assert [piece.submission for piece in read_pieces] == [None, whole.submission]
    assert [piece.defects for piece in read_pieces[:-1]] == [()]
    assert list(in_pieces(io.BytesIO(content))) == read_pieces


@pytest.mark.usefixtures("small_pieces")
def test_the_period_is_known_only_when_everything_was_read():
    ended = [msgspec.structs.replace(row, end="2026-03-04") for row in services(1)]

    *_, end = in_pieces(io.BytesIO(write([*services(250), *ended], Cover("999", "", ""))))

    assert end.submission is not None
    assert (end.submission.start, end.submission.end) == ("2026-03-04", "2026-03-04")


def test_the_file_stays_open_and_is_the_callers():
    file = io.BytesIO(SMALL)

    next(in_pieces(file))

    assert not file.closed


def test_a_character_of_cp1252_at_the_very_end_decides_the_encoding():
    rows = [msgspec.structs.replace(row, description="Zoë") for row in services(1)]
    content = write([*services(3000), *rows], COVER, encoding="cp1252")

    assert b"Zo\xeb" in content
    assert msgspec.json.decode(read(content).events[-1].record, type=Row).description == "Zoë"


@pytest.mark.usefixtures("small_pieces")
def test_memory_does_not_grow_with_the_file(tmp_path):
    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        with path.open("wb") as out:
            out.writelines(stream(services(rows), COVER))
        with path.open("rb") as file:
            tracemalloc.start()
            for _ in in_pieces(file):
                pass
            measured = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return measured

    assert peak(1600) < 1.2 * peak(800)


def test_what_is_said_of_faults_does_not_grow_with_the_file():
    rows = b"".join(b"%d,Service user,Service,x%d,\r\n" % (number, number) for number in range(3000))
    header = b"LA Person Unique Identifier,Client Type,Event Type,Event Start Date,Event End Date\r\n"

    defects = {defect.code: defect for defect in read(header + rows).defects}

    bad = defects["bad-date"]
    assert bad.where.endswith(", 21 and 2980 more Event Start Date")
    assert len(bad.fragment) < 1000


@pytest.mark.usefixtures("small_pieces")
def test_an_interrupted_reading_goes_on_where_it_was():
    content = b"".join(large_file(210))
    whole = list(in_pieces(io.BytesIO(content)))

    again = in_pieces(io.BytesIO(content))
    next(again)

    assert list(again) == whole[1:]


def test_rows_of_a_second_council_are_found_before_anything_is_told():
    content = write(services(3000), COVER) + write(services(1), Cover("998", "", "")).partition(b"\n")[2]

    with pytest.raises(Unreadable, match="more than one council"):
        next(in_pieces(io.BytesIO(content)))


def test_a_line_without_end_is_no_csv_and_is_not_held():
    header = write([], COVER)

    with pytest.raises(Unreadable) as caught:
        read(header + b'"' + b"a," * 600_000)

    assert caught.value.defect.code == "not-csv"


@pytest.mark.parametrize("place", ["XFD1048576", "A1048576"])
def test_a_workbook_whose_last_cell_is_far_away_is_refused_unopened(place):
    book = openpyxl.Workbook()
    book.active[place] = "x"
    content = io.BytesIO()
    book.save(content)
    if place.startswith("A"):
        book.active["AZ1"] = "x"
        book.save(content := io.BytesIO())

    with pytest.raises(Unreadable) as caught:
        read(content.getvalue())

    assert (caught.value.defect.code, caught.value.defect.remedy) == ("workbook-too-large", "send as CSV")


def test_a_workbook_larger_than_its_limit_goes_as_csv(monkeypatch):
    monkeypatch.setattr(workbook, "LARGEST", len(SMALL_BOOK) - 1)

    with pytest.raises(Unreadable) as caught:
        read(SMALL_BOOK)

    assert (caught.value.defect.code, caught.value.defect.remedy) == ("workbook-too-large", "send as CSV")


def test_a_workbook_that_unpacks_to_more_than_its_limit_is_refused(monkeypatch):
    content = io.BytesIO()
    monkeypatch.setattr(workbook, "BOUNDS", replace(workbook.BOUNDS, unpacked=9_000_000))
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(workbook.BOUNDS.unpacked + 1))

    with pytest.raises(Unreadable) as caught:
        read(content.getvalue())

    assert caught.value.defect.code == "workbook-too-large"


def test_csv_and_workbook_say_the_same():
    assert read(SMALL_BOOK).events == read(SMALL).events


def test_a_large_file_has_as_many_rows_as_asked_for_and_no_fault():
    parsed = read(b"".join(large_file(600)))

    assert len([event for event in parsed.events if b'"cared-for"' not in event.record]) == 600
    assert not parsed.defects
    assert list(large_file(40)) == list(large_file(40))
    with pytest.raises(ValueError, match="at most"):
        large_file(LARGEST + 1)


def mutated(content: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    changed = bytearray(content)
    for _ in range(chance.choice((1, 2, 8))):
        place = chance.randrange(len(changed) + 1)
        match chance.randrange(4):
            case 0:
                changed[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del changed[place : place + chance.choice((1, 40, 900))]
            case 2:
                changed[place:place] = chance.choice((b'"', b",", b"\n", b"\0", b"\xff\xfe", b"9" * 40, b"\x1a"))
            case _:
                changed[place:place] = changed[:200]
    return bytes(changed)


def with_broken_parts(book: bytes, seed: int) -> bytes:
    """A sound ZIP file whose XML is broken: what gets past the checksums."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as archive, zipfile.ZipFile(changed, "w") as out:
        names = archive.namelist()
        for name in names:
            part = archive.read(name)
            out.writestr(name, mutated(part, seed) if name == names[seed % len(names)] else part)
    return changed.getvalue()


_BREAKERS: tuple[Callable[[int], bytes], ...] = (
    lambda seed: mutated(SMALL, seed),
    lambda seed: mutated(SMALL_BOOK, seed),
    lambda seed: with_broken_parts(SMALL_BOOK, seed),
)


@examples(st.sampled_from(_BREAKERS), st.integers(0, 10**9), few=40, many=1000)
def test_no_broken_file_does_worse_than_unreadable_or_takes_a_second(breaking, seed):
    content = breaking(seed)
    started = time.process_time()
    outcome: Parsed | Unreadable
    try:
        outcome = read(content)
    except Unreadable as unreadable:
        outcome = unreadable

    assert time.process_time() - started < 1
    assert outcome.submission if isinstance(outcome, Parsed) else outcome.defect.remedy
