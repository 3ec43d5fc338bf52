"""CSDS submissions: the archive, its files, their columns, and when it was made."""

import msgspec
import pytest

from adapters.community import records
from adapters.community.write import write
from adapters.records import Event
from adapters.tables import archive
from tests.unit.adapters.community_submission import (
    HEADER,
    ROWS,
    codes,
    decoded,
    files_of,
    of_kind,
    read,
    refused,
    without_column,
    zipped,
)


def test_a_missing_key_column_names_file_column_and_remedy() -> None:
    parsed = read(without_column(write(HEADER, ROWS), "CYP101Referral", "SERVICE REQUEST IDENTIFIER"))
    defect = parsed.defects[0]
    assert (defect.code, defect.where) == ("missing-column", "CYP101Referral.csv SERVICE REQUEST IDENTIFIER")
    assert "no row of the table can be used" in defect.reason
    assert defect.remedy
    assert parsed.submission is not None
    assert "CYP101" not in parsed.submission.tables


def test_a_missing_column_that_is_no_key_is_reported_and_the_rows_used() -> None:
    parsed = read(without_column(write(HEADER, ROWS), "CYP101Referral", "PRIORITY TYPE CODE"))
    assert codes(parsed) == ["missing-column"]
    assert len(parsed.events) == len(ROWS) - 1


def test_a_mandatory_table_must_be_there() -> None:
    files = files_of(write(HEADER, ROWS))
    del files["CYP002GP.csv"]
    parsed = read(zipped(files))
    assert [(defect.code, defect.where) for defect in parsed.defects] == [("missing-table", "CYP002GP")]
    assert len(parsed.events) == len(ROWS) - 2


def test_without_the_index_of_patients_one_defect_per_table_says_so() -> None:
    files = files_of(write(HEADER, ROWS))
    del files["CYP001MPI.csv"]
    parsed = read(zipped(files))
    assert parsed.events == []
    assert codes(parsed)[0] == "missing-table"
    assert set(codes(parsed)) == {"missing-table", "orphan-table"}
    assert [defect.where for defect in parsed.defects].count("CYP201CareContact.csv") == 1


def test_unknown_files_are_reported_and_left_out_tables_are_not() -> None:
    files = files_of(write(HEADER, ROWS))
    parsed = read(
        zipped({**files, "Readme.txt": "hello", "CYP999Extra.csv": "a", "CYP007EmpStatus.csv": "SK\r\n1\r\n"})
    )
    assert [(defect.code, defect.fragment) for defect in parsed.defects] == [
        ("unknown-table", b"Readme.txt"),
        ("unknown-table", b"CYP999Extra.csv"),
    ]
    assert parsed.defects[0].where == f"file {len(files) + 1} of the archive"


def test_file_names_and_titles_in_any_case_and_in_a_folder() -> None:
    files = {f"export/{name.lower()}": str(text).replace("CARE CONTACT DATE", "care  contact Date") for name, text in
             files_of(write(HEADER, ROWS)).items()}  # fmt: skip
    parsed = read(zipped(dict(files)))
    assert not parsed.defects
    assert len(parsed.events) == len(ROWS) - 1


def test_a_table_sent_twice_is_used_once() -> None:
    files = files_of(write(HEADER, ROWS))
    parsed = read(zipped({**files, "again/CYP101Referral.csv": files["CYP101Referral.csv"]}))
    assert codes(parsed) == ["duplicate-table"]
    assert parsed.submission is not None
    assert "CYP101" not in parsed.submission.tables


def test_shifted_cells_are_kept_out() -> None:
    files = files_of(write(HEADER, ROWS))
    files["CYP002GP.csv"] = f"{files['CYP002GP.csv']}C1,X90102\r\n"
    parsed = read(zipped(files))
    assert codes(parsed) == ["wrong-cell-count"]
    assert len(of_kind(parsed, records.Registration)) == 1


def test_broken_csv_keeps_the_rows_before_it() -> None:
    files = files_of(write(HEADER, ROWS))
    files["CYP002GP.csv"] = f'{files["CYP002GP.csv"]}"C1"x,"'
    parsed = read(zipped(files))
    assert codes(parsed) == ["unreadable-table"]
    assert len(of_kind(parsed, records.Registration)) == 1


def test_windows_1252_is_read() -> None:
    files = files_of(write(HEADER, ROWS))
    text = str(files["CYP901StaffDetails.csv"]).replace("R0700", "Infirmière")
    parsed = read(zipped({**files, "CYP901StaffDetails.csv": text.encode("cp1252")}))
    (member,) = of_kind(parsed, records.StaffMember)
    assert isinstance(member, records.StaffMember)
    assert member.job_role == "Infirmière"


def test_without_a_creation_time_the_time_of_receipt_orders_the_submission() -> None:
    header = msgspec.structs.replace(HEADER, created=None)
    submission = read(write(header, ROWS)).submission
    assert submission is not None
    assert submission.as_of == "2026-07-02T00:00:00.000000Z"


@pytest.mark.parametrize("created", ["01/07/2026 06:00:00", "2026-07-01T06:00:00+01:00", "2026-07-01 06:00"])
def test_creation_times_as_exports_write_them(created: str) -> None:
    submission = read(write(msgspec.structs.replace(HEADER, created=created), ROWS)).submission
    assert submission is not None
    assert submission.as_of == "2026-07-01T05:00:00.000000Z"


def test_an_unreadable_creation_time_is_reported() -> None:
    parsed = read(write(msgspec.structs.replace(HEADER, created="yesterday"), ROWS))
    assert codes(parsed) == ["bad-date"]
    assert parsed.submission is not None
    assert parsed.submission.as_of == "2026-07-02T00:00:00.000000Z"


def test_what_cannot_be_used_at_all_is_refused() -> None:
    good = files_of(write(HEADER, ROWS))
    headless = {name: text for name, text in good.items() if not name.startswith("CYP000")}
    assert refused(b"CYP000Header") == "not-a-zip"
    assert refused(write(HEADER, ROWS)[:-40]) == "not-a-zip"
    assert refused(zipped(headless)) == "missing-header"
    assert refused(zipped({**good, "CYP000Header.csv": "nothing"})) == "bad-header"
    assert refused(write(msgspec.structs.replace(HEADER, start="2026-07-01"), ROWS)) == "bad-header"
    assert refused(write(HEADER, ROWS), sender="X9A") == "wrong-sender"


@pytest.mark.parametrize("name", ["../CYP001MPI.csv", "/etc/CYP001MPI.csv", "a\\..\\CYP001MPI.csv", "C:CYP001MPI.csv"])
def test_names_that_lead_out_of_the_archive_are_refused(name: str) -> None:
    assert refused(zipped({name: "x"})) == "unsafe-name"


def test_zip_bombs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(zipped({"CYP001MPI.csv": "0" * (4 << 20)})) == "too-large"
    assert refused(zipped({f"{n}.csv": "" for n in range(archive.MAX_FILES + 1)})) == "too-many-files"
    monkeypatch.setattr(archive, "MAX_BYTES", 100)
    assert refused(write(HEADER, ROWS)) == "too-large"


def test_a_corrupted_file_inside_is_refused() -> None:
    content = bytearray(write(HEADER, ROWS))
    content[60] ^= 0xFF
    assert refused(bytes(content)) == "not-a-zip"


def test_a_submitter_may_send_for_the_provider() -> None:
    header = msgspec.structs.replace(HEADER, submitter="X9S")
    parsed = read(write(header, ROWS), sender="X9S")
    assert parsed.submission is not None
    assert parsed.submission.sender == "X9S"
    assert all(isinstance(event, Event) for event in parsed.events)
    assert {row.provider for row in decoded(parsed)} == {"X9C"}
