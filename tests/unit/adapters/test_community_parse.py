"""CSDS submissions as they arrive: what is read, what is reported, what is refused."""

import pytest

from adapters.community import records, tables
from adapters.community.write import write
from adapters.records import SourcePatient
from tests.unit.adapters.community_submission import HEADER, ROWS, codes, files_of, of_kind, read, with_cell, zipped


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
