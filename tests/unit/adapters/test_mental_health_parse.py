"""MHSDS submissions: what each says, and what it costs where it is broken."""

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import Unreadable
from adapters.mental_health import records
from adapters.mental_health.parse import parse
from adapters.mental_health.tables import MHSDS
from adapters.mental_health.write import write
from adapters.records import Parsed
from tests.unit.adapters.mental_health_submission import HEADER, PATIENT, PERSON, RECEIVED, ROWS, read, said


def codes(parsed: Parsed) -> list[str]:
    return [defect.code for defect in parsed.defects]


def changed(content: bytes, change: Callable[[dict[str, str]], Any]) -> bytes:
    """The submission with its files (name -> text) changed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {entry: archive.read(entry).decode() for entry in archive.namelist()}
    change(files)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, text in files.items():
            archive.writestr(entry, text)
    return packed.getvalue()


# ---- what a submission says


def test_a_submission_says_its_period_and_which_tables_it_carries_whole() -> None:
    parsed = read(write(HEADER, ROWS))

    assert parsed.submission is not None
    assert (parsed.submission.dataset, parsed.submission.start, parsed.submission.end) == (
        "mhsds",
        "2026-04-01",
        "2026-06-30",
    )
    assert parsed.submission.as_of == "2026-07-01T05:00:00.000000Z"
    assert set(parsed.submission.tables) == set(MHSDS.by_code)


def test_rows_inherit_their_path_and_their_date() -> None:
    rows = {row.table: row for row in said(read(write(HEADER, ROWS)))}

    assert rows["MHS202"].key() == ("X9C", "MHS202", "R1", "K1", "A1")
    assert rows["MHS202"].date == "2026-04-10"
    assert rows["MHS502"].key() == ("X9C", "MHS502", "R1", "H1", "W1")


def test_a_register_tells_people_of_those_whom_they_met() -> None:
    rows = said(read(write(HEADER, ROWS)))

    assert [row.professional for row in rows if isinstance(row, records.StaffMember)] == ["S1"]
    assert [row.team for row in rows if isinstance(row, records.Team)] == ["T1"]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (records.CareContact(contact="K9", referral="R9", on="2026-04-10"), "orphan-row"),
        (records.CareContact(contact="K9", referral="R1", on="yesterday"), "bad-date"),
        (records.CareContact(contact="", referral="R1", on="2026-04-10"), "missing-value"),
    ],
)
def test_a_row_that_cannot_be_used_is_reported_and_the_table_says_nothing_by_absence(
    row: records.Row, code: str
) -> None:
    parsed = read(write(HEADER, [*ROWS, row]))

    assert codes(parsed) == [code]
    assert parsed.submission is not None
    assert "MHS201" not in parsed.submission.tables
    assert len(said(parsed)) == len(said(read(write(HEADER, ROWS))))
    assert parsed.defects[0].where.startswith("MHS201CareContact.csv row 3 ")
    assert b"R" in parsed.defects[0].fragment


def test_an_id_that_two_people_have_is_ambiguous() -> None:
    other = records.MasterPatientIndex(local_patient="M1", organisation="X9D")

    assert set(codes(read(write(HEADER, [*ROWS, other])))) >= {"ambiguous-reference"}


def test_a_value_that_cannot_be_read_costs_the_value_and_an_unknown_code_nothing() -> None:
    person = msgspec.structs.replace(PERSON, nhs_number="1234567890", gender="Q")
    parsed = read(write(HEADER, [person]))
    (read_back,) = said(parsed)

    assert codes(parsed) == ["bad-check-digit", "unknown-code"]
    assert isinstance(read_back, records.MasterPatientIndex)
    assert (read_back.nhs_number, read_back.gender) == (None, "Q")


def test_two_rows_of_one_key_are_reported_where_they_differ() -> None:
    again = records.Referral(referral="R1", local_patient="M1", received="2026-04-02", team="T2")

    assert codes(read(write(HEADER, [*ROWS, again, again]))) == ["duplicate-row"]


def test_titles_may_differ_in_capitals_and_a_pseudonym_is_no_value() -> None:
    def as_an_icb_receives_it(files: dict[str, str]) -> None:
        text = files["MHS001MPI.csv"].replace("LocalPatientId,", "localpatientid,", 1)
        files["MHS001MPI.csv"] = text.replace("NHSNumber,", "NHSNumber Pseudo,", 1)

    parsed = read(changed(write(HEADER, ROWS), as_an_icb_receives_it))
    person = next(row for row in said(parsed) if isinstance(row, records.MasterPatientIndex))

    assert codes(parsed) == []
    assert person.nhs_number is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda files: files.pop("MHS002GP.csv"), "missing-table"),
        (lambda files: files.update({"notes of Mrs T.txt": "private"}), "unknown-table"),
        (lambda files: files.update({"sub/MHS002GP.csv": "LocalPatientId"}), "duplicate-table"),
        (lambda files: files.update({"MHS201CareContact.csv": 'CareContactId\n"K1'}), "missing-column"),
    ],
)
def test_a_fault_of_one_file_leaves_the_others(change: Callable[[dict[str, str]], Any], code: str) -> None:
    parsed = read(changed(write(HEADER, ROWS), change))

    assert code in codes(parsed)
    assert PATIENT in {event.patient for event in parsed.events}


def test_tables_left_out_on_purpose_are_no_defect() -> None:
    left_out = changed(write(HEADER, ROWS), lambda files: files.update({"MHS801ClusterTool.csv": "x"}))

    assert codes(read(left_out)) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda files: files.pop("MHS000Header.csv"), "missing-header"),
        (lambda files: files.update({"MHS000Header.csv": "OrgIDProvider\nX9C\n"}), "bad-header"),
        (lambda files: files.update({"../MHS001MPI.csv": "x"}), "unsafe-name"),
        (lambda files: files.update({"MHS001MPI.csv": "x" * 3_000_000}), "too-large"),
    ],
)
def test_a_submission_that_cannot_be_used_at_all(change: Callable[[dict[str, str]], Any], code: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(changed(write(HEADER, ROWS), change))
    assert refused.value.defect.code == code


def test_somebody_elses_submission_is_refused() -> None:
    with pytest.raises(Unreadable) as refused:
        parse(write(HEADER, ROWS), name="mhsds.zip", sender="X9A", as_of=RECEIVED)
    assert refused.value.defect.code == "wrong-sender"


# ---- whatever arrives

SOUND = write(HEADER, ROWS)
PRIVATE = re.compile(r"9990000018|1942|Sherbourne|M1\b")


@settings(max_examples=120, deadline=1000)
@given(st.integers(0, 2**32))
def test_no_mangled_archive_breaks_the_reading(seed: int) -> None:
    rng = random.Random(seed)
    mangled = bytearray(SOUND)
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(len(mangled))
        mangled[place : place + rng.randint(0, 4)] = rng.randbytes(rng.randint(0, 4))
    assert_read_or_refused(bytes(mangled))


@settings(max_examples=120, deadline=1000)
@given(st.integers(0, 2**32))
def test_no_mangled_table_breaks_the_reading(seed: int) -> None:
    rng = random.Random(seed)

    def mangle(files: dict[str, str]) -> None:
        name = rng.choice(sorted(files))
        lines = list(csv.reader(io.StringIO(files[name])))
        row = rng.choice(lines)
        row[rng.randrange(len(row))] = rng.choice(["", '"', "\x00", "é" * 40, "9" * 30, "2026-02-30", "²", "\ud7ff"])
        text = io.StringIO()
        csv.writer(text, quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])).writerows(lines)
        files[name] = text.getvalue()[: rng.choice([None, -1, -7])]

    assert_read_or_refused(changed(SOUND, mangle))


def assert_read_or_refused(content: bytes) -> None:
    """And no defect's words hold what a cell held."""
    try:
        defects = read(content).defects
    except Unreadable as refused:
        defects = [refused.defect]
    assert not [one for one in defects if PRIVATE.search(f"{one.where} {one.reason} {one.remedy}")]
