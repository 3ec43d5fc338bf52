"""CSDS submissions as they arrive: what is read, what is reported, what is refused."""

import csv
import io
import zipfile
from datetime import UTC, datetime

import msgspec
import pytest

from adapters.community import records, tables
from adapters.community.parse import parse
from adapters.community.write import write
from adapters.errors import Unreadable
from adapters.records import Event, Parsed, SourcePatient
from adapters.tables import archive

HEADER = records.Header(
    version="1.6",
    provider="X9C",
    submitter="X9C",
    start="2026-04-01",
    end="2026-06-30",
    created="2026-07-01T06:00:00",
    system="Synthetic",
)
AS_OF = datetime(2026, 7, 2, tzinfo=UTC)
ROWS: list[records.Row] = [
    records.MasterPatientIndex(
        local_patient="C1",
        organisation="X9C",
        nhs_number="9990000018",
        nhs_number_status="01",
        birth_date="1942-03-05",
        postcode="CV1 2AB",
        gender="2",
    ),
    records.Registration(local_patient="C1", practice="X90101", start="2012-04-01"),
    records.Referral(referral="R1", local_patient="C1", received="2026-04-10", priority="1"),
    records.ServiceType(referral="R1", team="T12", type="12"),
    records.CareContact(contact="K1", referral="R1", team="T12", on="2026-04-15", time="09:30:00", mechanism="01"),
    records.CareActivity(activity="A1", contact="K1", type="02", professional="S1"),
    records.ContactAssessment(activity="A1", tool="1109000", score="7"),
    records.StaffMember(professional="S1", job_role="R0700"),
    records.StaffMember(professional="S2", job_role="R0700"),
]


def read(content: bytes, sender: str = "X9C") -> Parsed:
    return parse(content, name="csds.zip", sender=sender, as_of=AS_OF)


def decoded(parsed: Parsed) -> list[records.Row]:
    return [msgspec.json.decode(event.record, type=records.Record) for event in parsed.events]


def of_kind(parsed: Parsed, kind: type[records.Row]) -> list[records.Row]:
    return [row for row in decoded(parsed) if isinstance(row, kind)]


def zipped(files: dict[str, str | bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in files.items():
            out.writestr(name, text)
    return content.getvalue()


def files_of(content: bytes) -> dict[str, str | bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as source:
        return {name: source.read(name).decode() for name in source.namelist()}


def with_cell(content: bytes, table: str, column: str, value: str, row: int = 1) -> bytes:
    """`content` with one cell overwritten; `row` counts data rows from 1."""
    files = files_of(content)
    lines = list(csv.reader(io.StringIO(str(files[f"{table}.csv"]))))
    lines[row][lines[0].index(column)] = value
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return zipped({**files, f"{table}.csv": text.getvalue()})


def without_column(content: bytes, table: str, column: str) -> bytes:
    files = files_of(content)
    lines = list(csv.reader(io.StringIO(str(files[f"{table}.csv"]))))
    place = lines[0].index(column)
    text = io.StringIO()
    csv.writer(text).writerows([line[:place] + line[place + 1 :] for line in lines])
    return zipped({**files, f"{table}.csv": text.getvalue()})


def codes(parsed: Parsed) -> list[str]:
    return [defect.code for defect in parsed.defects]


def test_a_submission_becomes_one_event_per_row_of_its_person() -> None:
    parsed = read(write(HEADER, ROWS))
    assert not parsed.defects
    assert {event.patient for event in parsed.events} == {SourcePatient("X9C", "C1")}
    assert len(parsed.events) == len(ROWS) - 1  # S2 saw nobody
    assert {event.at for event in parsed.events} == {"2026-07-01T05:00:00.000000Z"}


def test_the_submission_names_its_period_and_complete_tables() -> None:
    submission = read(write(HEADER, ROWS)).submission
    assert submission is not None
    assert (submission.dataset, submission.sender) == ("csds", "X9C")
    assert (submission.start, submission.end) == ("2026-04-01", "2026-06-30")
    assert submission.as_of == "2026-07-01T05:00:00.000000Z"
    assert set(submission.tables) == set(tables.TABLES)


def test_rows_inherit_ids_and_date_along_their_path() -> None:
    parsed = read(write(HEADER, ROWS))
    (activity,) = of_kind(parsed, records.CareActivity)
    (assessment,) = of_kind(parsed, records.ContactAssessment)
    assert activity.key() == ("X9C", "CYP202", "R1", "K1", "A1")
    assert assessment.key() == ("X9C", "CYP612", "R1", "K1", "A1", "1109000")
    assert (activity.date, assessment.date) == ("2026-04-15", "2026-04-15")
    (team,) = of_kind(parsed, records.ServiceType)
    assert team.date == "2026-04-10"


def test_staff_details_go_to_the_people_they_saw() -> None:
    (member,) = of_kind(read(write(HEADER, ROWS)), records.StaffMember)
    assert isinstance(member, records.StaffMember)
    assert member.professional == "S1"


def test_a_bad_check_digit_is_reported_and_the_row_used_without_the_number() -> None:
    parsed = read(with_cell(write(HEADER, ROWS), "CYP001MPI", "NHS NUMBER", "9990000019"))
    assert codes(parsed) == ["bad-check-digit"]
    assert parsed.defects[0].where == "CYP001MPI.csv row 2 NHS NUMBER"
    (person,) = of_kind(parsed, records.MasterPatientIndex)
    assert isinstance(person, records.MasterPatientIndex)
    assert person.nhs_number is None
    assert person.birth_date == "1942-03-05"


@pytest.mark.parametrize(("value", "code"), [("1111111111", "placeholder-nhs-number"), ("6f3c0e", "bad-nhs-number")])
def test_placeholders_and_pseudonyms_are_no_nhs_number(value: str, code: str) -> None:
    parsed = read(with_cell(write(HEADER, ROWS), "CYP001MPI", "NHS NUMBER", value))
    assert codes(parsed) == [code]
    (person,) = of_kind(parsed, records.MasterPatientIndex)
    assert isinstance(person, records.MasterPatientIndex)
    assert person.nhs_number is None


def test_defects_hold_the_row_only_in_the_fragment() -> None:
    parsed = read(with_cell(write(HEADER, ROWS), "CYP001MPI", "NHS NUMBER", "9990000019"))
    (defect,) = parsed.defects
    assert b"9990000019" in defect.fragment
    assert "9990000019" not in f"{defect.where}{defect.reason}{defect.remedy}"


def test_the_copy_of_an_icb_has_pseudonyms_and_is_accepted() -> None:
    files = files_of(write(HEADER, ROWS))
    text = str(files["CYP001MPI.csv"]).replace("NHS NUMBER,", "", 1)
    text = text.replace("PERSON BIRTH DATE", "DateOfBirth Pseudo").replace(
        "POSTCODE OF USUAL ADDRESS", "Postcode Pseudo"
    )
    text = text.replace("9990000018,", "").replace("1942-03-05", "ab12").replace("CV1 2AB", "cd34")
    parsed = read(zipped({**files, "CYP001MPI.csv": text}))
    assert not parsed.defects
    (person,) = of_kind(parsed, records.MasterPatientIndex)
    assert isinstance(person, records.MasterPatientIndex)
    assert (person.nhs_number, person.birth_date, person.postcode) == (None, None, None)


def test_a_contact_without_its_referral_is_kept_out_and_the_rest_stored() -> None:
    rows = [*ROWS, records.CareContact(contact="K9", referral="R9", on="2026-05-01")]
    parsed = read(write(HEADER, rows))
    assert codes(parsed) == ["orphan-row"]
    assert parsed.defects[0].where == "CYP201CareContact.csv row 3 SERVICE REQUEST IDENTIFIER"
    assert [row.key()[3] for row in of_kind(parsed, records.CareContact)] == ["K1"]
    assert len(parsed.events) == len(ROWS) - 1


def test_a_table_with_an_unusable_row_says_nothing_by_absence() -> None:
    rows = [*ROWS, records.CareContact(contact="K9", referral="R9", on="2026-05-01")]
    submission = read(write(HEADER, rows)).submission
    assert submission is not None
    assert "CYP201" not in submission.tables
    assert "CYP101" in submission.tables


def test_a_referral_id_of_two_people_is_ambiguous_and_links_nothing() -> None:
    other = records.MasterPatientIndex(local_patient="C2", organisation="X9C")
    twice = records.Referral(referral="R1", local_patient="C2", received="2026-04-11")
    parsed = read(write(HEADER, [*ROWS, other, twice]))
    assert set(codes(parsed)) == {"ambiguous-reference", "orphan-row"}
    assert of_kind(parsed, records.CareContact) == []
    assert len(of_kind(parsed, records.Referral)) == 2


def test_a_contact_id_reused_under_another_referral_of_the_same_person_is_kept_apart() -> None:
    rows = [
        *ROWS[:5],
        records.Referral(referral="R2", local_patient="C1", received="2026-05-01"),
        records.CareContact(contact="K1", referral="R2", on="2026-05-03"),
    ]
    parsed = read(write(HEADER, rows))
    assert not parsed.defects
    assert [row.key()[2:] for row in of_kind(parsed, records.CareContact)] == [("R1", "K1"), ("R2", "K1")]


def test_the_same_local_id_of_two_organisations_is_two_people() -> None:
    twin = records.MasterPatientIndex(local_patient="C1", organisation="X9D")
    parsed = read(write(HEADER, [*ROWS, twin]))
    assert {event.patient.organisation for event in parsed.events} == {"X9C", "X9D"}
    assert "ambiguous-reference" in codes(parsed)
    assert of_kind(parsed, records.Referral) == []


def test_a_repeated_row_is_harmless_and_a_contradicting_one_is_reported() -> None:
    assert not read(write(HEADER, [*ROWS, ROWS[2]])).defects
    changed = records.Referral(referral="R1", local_patient="C1", received="2026-04-10", priority="2")
    parsed = read(write(HEADER, [*ROWS, changed]))
    assert codes(parsed) == ["duplicate-row"]
    assert [row.priority for row in of_kind(parsed, records.Referral) if isinstance(row, records.Referral)] == [
        "1",
        "2",
    ]


def test_leading_zeros_that_a_spreadsheet_stripped_are_put_back() -> None:
    parsed = read(with_cell(write(HEADER, ROWS), "CYP201CareContact", "CONSULTATION MECHANISM (COMMUNITY CARE)", "2"))
    (contact,) = of_kind(parsed, records.CareContact)
    assert isinstance(contact, records.CareContact)
    assert contact.mechanism == "02"
    assert not parsed.defects


@pytest.mark.parametrize("value", ["15/04/2026", "20260415", "15-Apr-2026", "2026-04-15 00:00:00"])
def test_dates_of_access_and_excel_exports(value: str) -> None:
    parsed = read(with_cell(write(HEADER, ROWS), "CYP201CareContact", "CARE CONTACT DATE", value))
    (contact,) = of_kind(parsed, records.CareContact)
    assert isinstance(contact, records.CareContact)
    assert contact.on == "2026-04-15"


@pytest.mark.parametrize("value", ["9:30", "09:30", "1899-12-30 09:30:00"])
def test_times_of_access_and_excel_exports(value: str) -> None:
    parsed = read(with_cell(write(HEADER, ROWS), "CYP201CareContact", "CARE CONTACT TIME", value))
    (contact,) = of_kind(parsed, records.CareContact)
    assert isinstance(contact, records.CareContact)
    assert contact.time == "09:30:00"


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("CARE CONTACT TIME", "half nine", "bad-time"),
        ("CLINICAL CONTACT DURATION OF CARE CONTACT", "-20", "bad-number"),
        ("CLINICAL CONTACT DURATION OF CARE CONTACT", "10000", "bad-number"),
        ("CARE CONTACT CANCELLATION DATE", "2026-02-30", "bad-date"),
        ("CARE CONTACT CANCELLATION DATE", "0206-02-03", "bad-date"),
    ],
)
def test_a_bad_value_costs_the_value_not_the_row(column: str, value: str, code: str) -> None:
    parsed = read(with_cell(write(HEADER, ROWS), "CYP201CareContact", column, value))
    assert codes(parsed) == [code]
    assert parsed.defects[0].where == f"CYP201CareContact.csv row 2 {column}"
    assert len(of_kind(parsed, records.CareContact)) == 1


@pytest.mark.parametrize(("value", "code"), [("", "missing-value"), ("soon", "bad-date")])
def test_a_mandatory_value_that_is_no_value_costs_the_row(value: str, code: str) -> None:
    parsed = read(with_cell(write(HEADER, ROWS), "CYP201CareContact", "CARE CONTACT DATE", value))
    assert codes(parsed)[0] == code
    assert of_kind(parsed, records.CareContact) == []
    assert len(of_kind(parsed, records.Referral)) == 1


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


def refused(content: bytes, sender: str = "X9C") -> str:
    with pytest.raises(Unreadable) as caught:
        read(content, sender)
    assert caught.value.defect.remedy
    return caught.value.defect.code


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
