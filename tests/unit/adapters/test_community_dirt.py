"""The dirt of real submissions: what is used all the same, what is left out, and that its sender is told."""

import csv
import io
from typing import Any

import pytest

from adapters.community import records, tables, titles
from adapters.community.write import write
from adapters.records import Parsed
from adapters.tables.archive import MAX_ROW
from tests.unit.adapters.community_submission import (
    HEADER,
    ROWS,
    codes,
    decoded,
    files_of,
    of_kind,
    read,
    refused,
    with_cell,
    zipped,
)


def the(parsed: Parsed, kind: type[records.Row]) -> Any:
    (row,) = of_kind(parsed, kind)
    return row


def test_a_team_that_its_referral_never_went_to_is_reported_once_and_the_contacts_used() -> None:
    strange = [
        records.CareContact(contact=f"K{n}", referral="R1", team="T99", on="2026-05-01", mechanism="01")
        for n in range(5, 8)
    ]
    parsed = read(write(HEADER, [*ROWS, *strange]))
    assert [(one.code, one.where) for one in parsed.defects] == [
        ("dangling-reference", "CYP201CareContact.csv row 3 CARE PROFESSIONAL TEAM LOCAL IDENTIFIER")
    ]
    assert parsed.defects[0].remedy
    assert parsed.defects[0].row == 3
    assert len(of_kind(parsed, records.CareContact)) == 4


def test_a_professional_who_is_no_staff_is_reported_and_the_activity_used() -> None:
    parsed = read(with_cell(write(HEADER, ROWS), "CYP202CareActivity", "CARE PROFESSIONAL LOCAL IDENTIFIER", "S9"))
    assert codes(parsed) == ["dangling-reference"]
    assert the(parsed, records.CareActivity).professional == "S9"
    assert of_kind(parsed, records.StaffMember) == []


def test_a_plan_agreement_without_its_plan_is_kept_out() -> None:
    parsed = read(write(HEADER, [*ROWS, records.CarePlanAgreement(plan="P9", agreed_by="10")]))
    assert [(one.code, one.where) for one in parsed.defects] == [
        ("orphan-row", "CYP005CarePlanAgreement.csv row 2 CARE PLAN IDENTIFIER")
    ]
    assert parsed.submission
    assert "CYP005" not in parsed.submission.tables


@pytest.mark.parametrize("code", ["08", "18", "8", "77", "QQ"])
def test_a_retired_or_unknown_code_is_reported_and_kept_as_sent(code: str) -> None:
    column = "SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE)"
    parsed = read(with_cell(write(HEADER, ROWS), "CYP102ServiceTypeReferredTo", column, code))
    assert codes(parsed) == ["unknown-code"]
    assert the(parsed, records.ServiceType).type == code.zfill(2)


@pytest.mark.parametrize(
    ("table", "column", "value", "code", "field", "kept"),
    [
        ("CYP101Referral", "SERVICE DISCHARGE DATE", "2026-04-09", "negative-period", "discharged", None),
        ("CYP101Referral", "REFERRAL REQUEST RECEIVED DATE", "2026-07-03", "future-date", "received", "2026-07-03"),
        ("CYP101Referral", "REFERRAL REQUEST RECEIVED DATE", "1998-04-10", "early-date", "received", "1998-04-10"),
        ("CYP201CareContact", "CARE CONTACT DATE", "1989-11-09", "early-date", "on", "1989-11-09"),
        ("CYP001MPI", "PERSON BIRTH DATE", "2042-03-05", "future-date", "birth_date", None),
        ("CYP001MPI", "PERSON DEATH DATE", "1941-03-05", "negative-period", "death_date", None),
        ("CYP001MPI", "PERSON DEATH DATE", "2062-03-05", "future-date", "death_date", None),
        ("CYP002GP", "END DATE (GMP PATIENT REGISTRATION)", "2012-03-31", "negative-period", "end", None),
    ],
)
def test_dates_that_cannot_be_are_reported_and_cost_at_most_themselves(
    table: str, column: str, value: str, code: str, field: str, kept: str | None
) -> None:
    parsed = read(with_cell(write(HEADER, ROWS), table, column, value))
    assert codes(parsed) == [code]
    assert parsed.defects[0].where == f"{table}.csv row 2 {column}"
    assert getattr(the(parsed, tables.TABLES[table[:6]].record), field) == kept
    assert len(parsed.events) == len(ROWS) - 1


def test_nobody_was_seen_at_a_contact_that_is_yet_to_come() -> None:
    coming = records.CareContact(contact="K2", referral="R1", on="2026-07-02", attendance="5")
    planned = records.CareContact(contact="K3", referral="R1", on="2026-07-02", attendance="0")
    parsed = read(write(HEADER, [*ROWS, coming, planned]))
    assert codes(parsed) == ["future-attendance"]
    attendance = {row.key()[3]: row.attendance for row in of_kind(parsed, records.CareContact)}  # type: ignore[attr-defined]
    assert attendance == {"K1": None, "K2": None, "K3": "0"}


TWIN = records.MasterPatientIndex(local_patient="C2", organisation="X9C")
MOVED = records.Referral(referral="R1", local_patient="C2", received="2026-04-11")
REUSED = [*ROWS, TWIN, MOVED, records.CareContact(contact="K7", referral="R1", on="2026-05-05")]


def with_record_numbers(content: bytes, numbers: dict[str, list[str]]) -> bytes:
    """`content` with a column RECORD NUMBER in the tables of `numbers`, as an ICB receives it."""
    files = files_of(content)
    for name, values in numbers.items():
        lines = list(csv.reader(io.StringIO(str(files[f"{name}.csv"]))))
        text = io.StringIO()
        numbered = zip(lines, [tables.RECORD_NUMBER, *values], strict=True)
        csv.writer(text).writerows([[*line, number] for line, number in numbered])
        files[f"{name}.csv"] = text.getvalue()
    return zipped(files)


def test_a_referral_id_that_moved_to_somebody_else_is_told_apart_by_the_record_number() -> None:
    content = with_record_numbers(
        write(HEADER, REUSED), {"CYP001MPI": ["7", "8"], "CYP101Referral": ["7", "8"], "CYP201CareContact": ["7", "8"],
                                "CYP102ServiceTypeReferredTo": ["7"]},
    )  # fmt: skip
    parsed = read(content)
    assert codes(parsed) == []
    whose = {decoded(parsed)[n].key()[2:]: event.patient.local_id for n, event in enumerate(parsed.events)}
    assert (whose["R1", "K1"], whose["R1", "K7"]) == ("C1", "C2")


def test_a_contact_that_its_record_number_gives_to_another_person_is_given_to_nobody() -> None:
    content = with_record_numbers(
        write(HEADER, [*ROWS, TWIN]), {"CYP001MPI": ["7", "8"], "CYP201CareContact": ["8"], "CYP101Referral": ["7"]}
    )
    parsed = read(content)
    assert codes(parsed) == ["contradicting-reference", "orphan-row", "orphan-row"]
    assert of_kind(parsed, records.CareContact) == []


def test_a_person_is_told_of_each_professional_once() -> None:
    again = records.CareActivity(activity="A2", contact="K1", type="03", professional="S1")
    assert len(of_kind(read(write(HEADER, [*ROWS, again])), records.StaffMember)) == 1


def test_without_a_record_number_a_moved_referral_id_links_nobody() -> None:
    parsed = read(write(HEADER, REUSED))
    assert set(codes(parsed)) == {"ambiguous-reference", "orphan-row"}
    assert of_kind(parsed, records.CareContact) == []


def test_a_nul_character_costs_the_row() -> None:
    parsed = read(with_cell(write(HEADER, ROWS), "CYP101Referral", "PRIORITY TYPE CODE", "1\0"))
    assert codes(parsed)[0] == "bad-character"
    assert of_kind(parsed, records.Referral) == []


@pytest.mark.parametrize("cell", ['"' + "x" * 200_000, '"' + "x\n" * MAX_ROW, "x" * 200_000, "," * (MAX_ROW + 9)])
def test_a_row_without_end_ends_the_table_not_the_memory(cell: str) -> None:
    files = files_of(write(HEADER, ROWS))
    parsed = read(zipped({**files, "CYP103OtherReasonReferral.csv": str(files["CYP103OtherReasonReferral.csv"]) + cell,
                          "padding.bin": bytes(range(256)) * 40}))  # fmt: skip
    assert [one.code for one in parsed.defects if one.code != "unknown-table"] == ["unreadable-table"]
    assert len(parsed.events) == len(ROWS) - 1


def test_a_table_saved_as_unicode_text_is_read() -> None:
    files = {name: str(text).encode("utf-16") for name, text in files_of(write(HEADER, ROWS)).items()}
    parsed = read(zipped(dict(files)))
    assert codes(parsed) == []
    assert len(parsed.events) == len(ROWS) - 1


def barts(code: str, titles_in_order: list[str], kept: dict[str, str]) -> str:
    """The table under the titles of a trust's own extract."""
    own = {official: short for short, official in titles.TITLES[code].items()}
    text = io.StringIO()
    writer = csv.DictWriter(text, titles_in_order, restval="")
    writer.writeheader()
    writer.writerow({own.get(title, title): value for title, value in kept.items()})
    return text.getvalue()


def test_a_trusts_own_extract_is_read_by_its_titles() -> None:
    """Titles in capitals: how the extract spells them does not matter."""
    files = files_of(write(HEADER, ROWS))
    for name in ("CYP001MPI.csv", "CYP201CareContact.csv", "CYP202CareActivity.csv"):
        del files[name]
    patient = {"LOCAL PATIENT IDENTIFIER (EXTENDED)": "C1", "PERSON BIRTH DATE": "1942-03-05", "ISCONFIDENTIAL": "True"}
    contact = {"CARE CONTACT IDENTIFIER": "K1", "SERVICE REQUEST IDENTIFIER": "R1", "CARE CONTACT DATE": "15/04/2026",
               "CLINICAL CONTACT DURATION OF CARE CONTACT": "-5", "ATTENDANCE STATUS": "5"}  # fmt: skip
    activity = {"CARE ACTIVITY IDENTIFIER": "A1", "CARE CONTACT IDENTIFIER": "K1", "COMMUNITY CARE ACTIVITY TYPE": "2"}
    files["PatientLookup.csv"] = barts("CYP001", [*titles.TITLES["CYP001"], "ISCONFIDENTIAL", "ARCHIVED"], patient)
    files["CareContact.csv"] = barts("CYP201", [*titles.TITLES["CYP201"], "CDB"], contact)
    files["CareActivity.csv"] = barts("CYP202", [*titles.TITLES["CYP202"], "CDB"], activity)
    parsed = read(zipped(files))
    person = the(parsed, records.MasterPatientIndex)
    assert (person.organisation, person.confidential, person.birth_date) == ("X9C", True, "1942-03-05")
    assert the(parsed, records.CareContact).on == "2026-04-15"
    assert the(parsed, records.CareActivity).type == "02"
    assert set(codes(parsed)) == {"missing-column", "bad-number"}
    assert any("provider of the header stands in" in one.reason for one in parsed.defects)


@pytest.mark.parametrize(
    ("sent", "marked"),
    [("1", True), ("Y", True), ("yes", True), ("?", True), ("0", False), ("false", False), ("N", False)],
)
def test_what_is_not_plainly_a_no_marks_a_record_as_confidential(sent: str, marked: bool) -> None:
    parsed = read(with_cell(write(HEADER, ROWS), "CYP001MPI", "IsConfidential", sent))
    assert the(parsed, records.MasterPatientIndex).confidential is marked


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"resourceType": "Bundle", "type": "message"}', "fhir-message"),
        (b'<Bundle xmlns="http://hl7.org/fhir"><type value="message"/></Bundle>', "fhir-message"),
        (b"CCI,SRI,LPI\r\n1,2,3\r\n", "not-a-zip"),
        (b"", "not-a-zip"),
    ],
)
def test_what_is_no_submission_is_refused_with_what_to_do(content: bytes, code: str) -> None:
    assert refused(content) == code


def test_waiting_times_onward_referrals_and_closures_are_read() -> None:
    rows = [
        records.WaitingTime(referral="R1", type="02", start="2026-04-10", end="2026-05-01", status="30"),
        records.OnwardReferral(referral="R1", on="2026-05-02", reason="03", receiver="X9A"),
    ]
    parsed = read(write(HEADER, [*ROWS, *rows]))
    assert codes(parsed) == []
    assert the(parsed, records.WaitingTime).key() == ("X9C", "CYP104", "R1", "02", "2026-04-10")
    assert the(parsed, records.OnwardReferral).key() == ("X9C", "CYP105", "R1", "2026-05-02", "03", "X9A")
