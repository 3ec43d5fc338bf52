"""Bytes that no trust sends, or only once: read, or refused as Unreadable, and never slow."""

import io
import struct
import time
import zipfile
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.community import records, tables
from adapters.community.parse import parse
from adapters.community.write import write
from adapters.errors import Unreadable
from adapters.records import Parsed
from adapters.tables import archive
from adapters.tables.dataset import Table
from tests.unit.adapters.community_submission import AS_OF, HEADER, ROWS, files_of, refused, zipped

GOOD = write(HEADER, ROWS)
STORED = io.BytesIO()
with zipfile.ZipFile(STORED, "w", zipfile.ZIP_STORED) as _plain:
    for _name, _text in files_of(GOOD).items():
        _plain.writestr(_name, _text)
LIMIT = 1.0
"""Seconds for one input."""


def survives(content: bytes) -> Parsed | None:
    """What was read; None when it was refused. Any other exception, and slowness, is a failure."""
    started = time.process_time()
    try:
        parsed = parse(content, name="csds.zip", sender="X9C", as_of=AS_OF)
    except Unreadable as refusal:
        refused_with, parsed = refusal.defect.remedy, None
        assert refused_with
    assert time.process_time() - started < LIMIT
    return parsed


def mutated(content: bytes, random: Random) -> bytes:
    """`content` with a few bytes flipped, overwritten, cut out, doubled or cut off."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 6)):
        at = random.randrange(len(changed) or 1)
        kind = random.randrange(5)
        if kind == 0 and changed:
            changed[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            changed[at : at + 4] = struct.pack("<I", random.choice([0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF]))
        elif kind == 2:
            del changed[at : at + random.randint(1, 60)]
        elif kind == 3:
            changed[at:at] = changed[at : at + random.randint(1, 60)]
        else:
            changed[at:at] = random.choice([b'"', b"\0", b"\r", b",", b"\xff\xfe", b"PK\x05\x06", b"9" * 5000])
    return bytes(changed[: random.randrange(len(changed))]) if random.random() < 0.1 else bytes(changed)


def fuzz(rounds: int, seed: int) -> None:
    """Half of the rounds spoil the archive; half spoil one table inside, whose checksum then is right."""
    random = Random(seed)
    files = files_of(GOOD)
    for number in range(rounds):
        if number % 2:
            survives(mutated(random.choice([GOOD, STORED.getvalue()]), random))
        else:
            name = random.choice(sorted(files))
            survives(zipped({**files, name: mutated(str(files[name]).encode(), random)}))


def test_mutated_archives_are_read_or_refused() -> None:
    fuzz(100, 1)


@pytest.mark.slow
def test_four_thousand_mutated_archives_are_read_or_refused() -> None:
    fuzz(4_000, 2)


_CELLS = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(
    ["²", "٣", "9" * 5000, '"', "\0", "\r", "0001-01-01", "9999-12-31", "24:00", "-1", "NaN", "Infinity", "1e999"]
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(tables.TABLES.values(), key=lambda table: table.code)), st.lists(_CELLS, max_size=30))
@example(tables.TABLES["CYP201"], ["K9", "R1", "T12", "2026-05-01", "", "²"])
def test_no_cell_breaks_the_reading(table: Table, cells: list[str]) -> None:
    """The cells are written as a row of the right width, so that they reach the conversions."""
    files = files_of(GOOD)
    padded = (cells + [""] * len(table.columns))[: len(table.columns)]
    row = ",".join('"' + cell.replace('"', '""') + '"' for cell in padded)
    parsed = survives(zipped({**files, f"{table.name}.csv": str(files[f"{table.name}.csv"]) + row + "\r\n"}))
    assert parsed is not None
    assert all(event.record for event in parsed.events)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_no_header_breaks_the_reading(text: str) -> None:
    survives(zipped({**files_of(GOOD), "CYP000Header.csv": text}))


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_break_the_reading(junk: bytes, in_front: bool) -> None:
    survives(junk + GOOD if in_front else GOOD + junk)
    survives(zipped({**files_of(GOOD), "CYP201CareContact.csv": junk}))


def test_an_archive_that_understates_its_sizes_is_not_inflated_beyond_the_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 1 << 21)
    bomb = bytearray(zipped({**files_of(GOOD), "CYP103OtherReasonReferral.csv": "0" * (3 << 20)}))
    size = struct.pack("<I", 3 << 20)
    while (at := bomb.find(size)) >= 0:
        bomb[at : at + 4] = struct.pack("<I", 1000)
    assert refused(bytes(bomb)) in ("too-large", "not-a-zip")


def test_files_packed_by_unusual_methods_are_refused_before_they_are_opened() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_BZIP2) as out:
        out.writestr("CYP000Header.csv", "x")
    assert refused(content.getvalue()) == "unknown-compression"


def test_an_id_that_two_thousand_rows_share_is_not_slow() -> None:
    rows = [
        row
        for number in range(2000)
        for row in (
            records.MasterPatientIndex(local_patient=f"C{number}", organisation="X9C"),
            records.Referral(referral="R9", local_patient=f"C{number}", received="2026-04-10"),
            records.CareContact(contact=f"K{number}", referral="R9", on="2026-04-15"),
        )
    ]
    parsed = survives(write(HEADER, rows))
    assert parsed is not None
    assert sum(one.code == "ambiguous-reference" for one in parsed.defects) == 2000
