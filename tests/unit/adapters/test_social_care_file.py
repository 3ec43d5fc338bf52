"""Client Level Data: a whole file, its layout, its encoding and its period."""

import csv
import io
from datetime import datetime
from pathlib import Path

import msgspec
import openpyxl
import pytest

from adapters.errors import Unreadable
from adapters.social_care import columns
from adapters.social_care.records import (
    Person,
    Request,
    Row,
)
from adapters.social_care.write import write
from tests.unit.adapters.social_care_files import CARE, COVER, MARY, found, read, records, table

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples" / "social_care"


def test_a_file_is_one_submission_of_the_tables_it_has():
    request = Row(
        person=MARY,
        client_type="Service user",
        detail=Request(),
        start="2025-03-01",
        end="2025-03-02",
        outcome="NFA: Other",
    )

    submission = read(write([CARE, request], COVER)).submission

    assert submission is not None
    assert (submission.dataset, submission.sender, submission.start, submission.end) == (
        "cld", "X9L", "2024-10-01", "2025-09-30",
    )  # fmt: skip
    assert submission.tables == ("request", "service")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding):
    row = msgspec.structs.replace(CARE, description="Zoë’s care")

    assert records(read(write([row], COVER, encoding=encoding))) == [row]


def test_the_layout_an_icb_receives_has_no_nhs_number():
    row = msgspec.structs.replace(CARE, person=Person(local_id="101", pseudonym="9990000018"))

    parsed = read(write([row], COVER, pseudonymised=True))

    person = records(parsed)[0].person
    assert (person.nhs_number, person.pseudonym) == (None, "9990000018")
    assert not parsed.defects


def test_workbook_with_dates_and_numbers_in_cells():
    book = openpyxl.Workbook()
    book.create_sheet("Notes").append(["Please read"])
    sheet = book.create_sheet("CLD")
    sheet.append([*columns.REQUIRED, "NHS Number", "Date of Birth"])
    sheet.append([101, "Service User", "Service", datetime(2025, 2, 1), None, 9990000018, datetime(1941, 5, 6)])  # noqa: DTZ001
    content = io.BytesIO()
    book.save(content)

    row = records(read(content.getvalue(), "cld.xlsx"))[0]

    assert (row.person.local_id, row.person.nhs_number, row.person.birth_date) == ("101", "9990000018", "1941-05-06")
    assert (row.client_type, row.start, row.end) == ("Service user", "2025-02-01", None)


def test_a_workbook_without_the_cld_sheet_is_unreadable_and_says_what_to_do():
    book = openpyxl.Workbook()
    book.active.append(["Safeguarding Adults Collection"])
    content = io.BytesIO()
    book.save(content)

    with pytest.raises(Unreadable) as caught:
        read(content.getvalue(), "sac.xlsx")

    assert caught.value.defect.code == "no-header"
    assert "send the CLD sheet" in caught.value.defect.remedy


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no-header"),
        (b"\x00\x01\x02", "not-text"),
        (b"PK\x03\x04broken", "not-a-workbook"),
        (b"name;dob\r\nA;1941", "no-header"),
    ],
)
def test_what_is_no_cld_at_all_is_unreadable(content, code):
    with pytest.raises(Unreadable) as caught:
        read(content)

    assert caught.value.defect.code == code


def test_rows_of_several_councils_are_unreadable():
    with pytest.raises(Unreadable, match="LA Code names more than one council"):
        read(table({"LA Code": "998"}, {}))


@pytest.mark.parametrize(
    ("common", "code", "period"),
    [
        ({}, None, ("2024-10-01", "2025-09-30")),
        ({"Reporting Period End Date": "2026-03-31"}, "period-overstated", ("2024-12-24", "2025-06-30")),
        ({"Reporting Period Start Date": "2023-04-01"}, "period-overstated", ("2024-12-24", "2025-09-30")),
        ({"Reporting Period Start Date": "2025-12-01"}, "period-disagrees", ("2024-12-24", "2025-06-30")),
        ({"Reporting Period Start Date": ""}, "period-disagrees", ("2024-12-24", "2025-06-30")),
    ],
)
def test_a_reporting_period_that_cannot_be_true_is_derived_from_the_events(common, code, period):
    ended = ({"Event Start Date": "2020-01-01", "Event End Date": end} for end in ("2024-12-24", "2025-06-30"))

    parsed = read(table(*ended, {}, **common))

    assert parsed.submission is not None
    assert (parsed.submission.start, parsed.submission.end) == period
    assert (code is None) == (not any(defect.code.startswith("period") for defect in parsed.defects))
    assert code is None or found(parsed, code) == ["cld_2025q3.csv"]


def test_a_file_without_rows_says_so_and_withdraws_nothing():
    parsed = read(write([], COVER))

    assert [defect.code for defect in parsed.defects] == ["no-rows"]
    assert parsed.submission is not None
    assert parsed.submission.tables == ()


def test_columns_that_are_not_known_or_not_there_are_named():
    parsed = read(table({"Favourite colour": "blue"}))

    assert found(parsed, "unknown-column") == ["cld_2025q3.csv Favourite colour"]
    assert "cld_2025q3.csv Dementia" in found(parsed, "missing-column")


def test_titles_may_come_with_underscores_and_in_any_order():
    header = b"event_end_date,EVENT_START_DATE,Event_Type,Client_Type,LA_Person_Unique_Identifier\r\n"

    row = records(read(header + b",2025-02-01,Service,Carer,7\r\n"))[0]

    assert (row.person.local_id, row.client_type, row.start) == ("7", "Unpaid carer", "2025-02-01")


@pytest.mark.samples
def test_the_sample_header_is_exactly_release_1():
    sample = SAMPLES / "cld_release1_header_as_received.csv"
    if not sample.exists():
        pytest.skip(f"no sample header: {sample} is missing")

    header = next(csv.reader(sample.read_text("utf-8-sig").splitlines()))

    assert header == [column.title for column in columns.layout(pseudonymised=True)]


SAMPLE_FILES = sorted(path for path in SAMPLES.rglob("*") if path.is_file())


@pytest.mark.samples
@pytest.mark.skipif(not SAMPLE_FILES, reason=f"no samples: {SAMPLES} is missing")
def test_every_sample_is_read_or_refused_for_the_right_reason():
    came_to: dict[str, set[str]] = {}
    for path in SAMPLE_FILES:
        try:
            codes = {defect.code for defect in read(path.read_bytes(), path.name).defects}
        except Unreadable as unreadable:
            codes = {unreadable.defect.code}
        came_to.setdefault(path.suffix, set()).update(codes)

    # the only file with CLD's columns has no row; the others are definitions of Interweave's code systems and profiles
    assert came_to == {".csv": {"no-rows"}, ".fsh": {"no-header"}}
