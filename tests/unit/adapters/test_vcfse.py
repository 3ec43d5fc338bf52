"""Parsing a charity's spreadsheet: real dirt, defects that name the place, whole files that cannot be used."""

import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from adapters.errors import Unreadable
from adapters.vcfse.records import Name, Referral, SharedClientId
from tests.unit.adapters.examples import examples
from tests.unit.adapters.vcfse_sheets import HEADER, entries, faults, read, workbook


def test_a_row_becomes_an_event_of_its_client():
    parsed = read(f"{HEADER}\n0042,Mrs Ann Smith,01/02/1940,999 000 0018,05/01/2026,Y,05/01/2026,Open\n")
    [event], [row] = parsed.events, entries(parsed)
    assert isinstance(row, Referral)
    assert (event.patient.organisation, event.patient.local_id) == ("X9V01", "42")
    assert event.at == event.sent == "2026-09-30T17:00:00.000000Z"
    assert row.client.name == Name(family="Smith", given=("Ann",), prefix="Mrs", text="Mrs Ann Smith")
    assert (row.client.birth_date, row.client.nhs_number) == ("1940-02-01", "9990000018")
    assert (row.referred_on, row.sharing.share, row.sharing.on) == ("2026-01-05", "yes", "2026-01-05")
    assert parsed.defects == []
    assert parsed.submission is None


def test_months_first_in_a_column_make_what_could_be_either_a_defect_and_not_a_date():
    """Of a column exported by an American program 07/13/2026 shows itself, and 03/04/2026 would be misread."""
    dates = ["07/13/2026", "03/04/2026", "05/05/2026", "12/31/2025"]
    rows = "".join(f"{n},Ann Smith,01/02/1940,,{day},Y,,Open\n" for n, day in enumerate(dates, start=1))
    parsed = read(f"{HEADER}\n{rows}")
    assert [row.referred_on for row in entries(parsed)] == [None, None, "2026-05-05", None]
    assert [defect.code for defect in parsed.defects] == ["bad-date", "ambiguous-date", "bad-date"]


def test_one_slip_in_a_column_spoils_no_other_date():
    days = [f"{n}/04/2026" for n in range(13, 25)]
    rows = "".join(
        f"{n},Ann Smith,01/02/1940,,{d},Y,,Open\n" for n, d in enumerate([*days, "04/31/2026", "03/04/2026"])
    )
    parsed = read(f"{HEADER}\n{rows}")
    assert [defect.code for defect in parsed.defects] == ["bad-date"]
    assert entries(parsed)[-1].referred_on == "2026-04-03"


def test_one_client_id_of_a_couple_is_told_by_sex_or_age_where_no_names_are_sent():
    header = "PSN,Referral Date,Referral reason,Age,Gender,Consent\n"
    couple = read(header + "PSN-000123,05/01/2026,Falls,71,Male,Y\nPSN-000123,06/01/2026,Falls,69,Female,Y\n")
    assert [type(entry) for entry in entries(couple)] == [SharedClientId]
    one = read(header + "PSN-000123,05/01/2026,Falls,71,Male,Y\nPSN-000123,06/01/2027,Falls,72,M,Y\n")
    assert [type(entry) for entry in entries(one)] == [Referral, Referral]


def test_an_nhs_number_in_notes_or_anywhere_else_but_its_column_is_not_taken():
    parsed = read("Client ID,Name,Referral date,Consent,Notes\n1,Ann Smith,05/01/2026,Y,NHS no 999 000 0018\n")
    assert entries(parsed)[0].client.nhs_number is None
    assert b"999" not in parsed.events[0].record


def test_hidden_rows_and_columns_are_read_like_others_and_a_formula_without_value_is_reported():
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Referrals"
    for row in (["Client ID", "Referral date", "Consent"], ["17", "05/01/2026", "Y"], ["18", "=TODAY()", "Y"]):
        sheet.append(row)
    sheet.row_dimensions[2].hidden = True
    sheet.column_dimensions["C"].hidden = True
    stream = io.BytesIO()
    book.save(stream)
    parsed = read(stream.getvalue())
    assert [(row.client.client_id, row.sharing.share) for row in entries(parsed)] == [("17", "yes"), ("18", "yes")]
    assert [defect.code for defect in parsed.defects] == ["unsaved-formula", "missing-value"]


def test_a_defect_says_sheet_row_and_column_apart():
    parsed = read(workbook({"Caseload": [["Client ID", "Referral date", "Consent"], ["17", "soon", "Y"]]}))
    [defect] = parsed.defects
    assert (defect.sheet, defect.row, defect.column) == ("Caseload", 2, "B")


def test_a_surname_that_sounds_like_a_total_is_a_person():
    parsed = read("Name,DOB,Referral date,Consent\nSum Lee,01/02/1940,05/01/2026,Y\n")
    assert len(parsed.events) == 1


def test_a_defect_names_sheet_row_and_column_and_the_rest_of_the_row_is_used():
    parsed = read(f"Our list\n{HEADER}\n17,Ann Smith,01/02/1940,999 000 0019,31/02/2026,perhaps,05/01/2026,Open\n")
    assert faults(parsed) == [
        ("bad-check-digit", "Referrals row 3 column D (NHS No.)"),
        ("unclear-consent", "Referrals row 3 column F (Consent to share)"),
        ("bad-date", "Referrals row 3 column E (Referral date)"),
    ]
    [row] = entries(parsed)
    assert row.client.nhs_number is None
    assert row.client.birth_date == "1940-02-01"
    assert row.sharing.share == "unclear"
    assert {defect.fragment for defect in parsed.defects} == {b"999 000 0019", b"perhaps", b"31/02/2026"}


def test_no_defect_repeats_what_a_cell_says():
    secret = "Zebedee"
    parsed = read(
        f"{HEADER}\n{secret},{secret},{secret},{secret},{secret},{secret},{secret},{secret}\n,{secret},,,,,,\n"
    )
    assert len(parsed.defects) >= 5
    assert not [defect for defect in parsed.defects if secret in defect.where + defect.reason + defect.remedy]


def test_missing_and_unknown_columns_are_reported_once():
    parsed = read("PSN,Referral Date,Age,Shoe size,Referral comments\nPSN-000001,05/01/2026,84,9,lives with x\n")
    assert faults(parsed) == [
        ("missing-column", "Referrals column Consent to share"),
        ("unknown-column", "Referrals column D"),
    ]
    assert len(parsed.events) == 1


def test_two_columns_of_one_meaning():
    parsed = read("Client ID,Referral date,Consent,Phone,Telephone\n1,05/01/2026,Y,0247600011,0247600022\n")
    assert faults(parsed) == [("duplicate-column", "Referrals column E")]
    assert entries(parsed)[0].client.phone == "0247600011"


@pytest.mark.parametrize(
    ("headers", "cells", "share", "withdrawn"),
    [
        ("Consent,Consent to share", "Y,N", "no", None),
        ("Consent to share,Consent", "N,Y", "no", None),
        ("Consent,Consent to share", "Y,ask her", "unclear", None),
        ("Consent,Consent to share", "Y,", None, None),
        ("Consent,Consent to share", "Y,Y", "yes", None),
        ("Consent,Consent withdrawn,Withdrawal date", "Y,,15/02/2026", "no", "2026-02-15"),
        ("Consent,Consent withdrawn,Withdrawal date", "Y,Y,15/02/2026", "no", "2026-02-15"),
        ("Consent,Consent withdrawn,Withdrawal date", "Y,N,", "yes", None),
    ],
)
def test_of_two_columns_that_permit_something_no_cell_is_passed_over(headers, cells, share, withdrawn):
    parsed = read(f"Client ID,Referral date,{headers}\n1,05/01/2026,{cells}\n")
    (duplicate,) = [defect for defect in parsed.defects if defect.code == "duplicate-column"]
    assert "only what both permit is shared" in duplicate.reason
    (row,) = entries(parsed)
    assert (row.sharing.share, row.sharing.withdrawn_on) == (share, withdrawn)


def test_a_referrals_id_is_the_same_however_excel_writes_it():
    rows = [f"1,05/01/2026,Y,{written}" for written in ("0042", "42", "42.0", "r-42", "R-42")]
    parsed = read("\n".join(["Client ID,Referral date,Consent,Referral ID", *rows]) + "\n")
    assert [row.referral_id for row in entries(parsed)] == ["42", "42", "42", "R-42", "R-42"]


def test_notes_are_read_only_where_the_row_says_that_they_may_be_shared():
    text = "Client ID,Referral date,Consent,Consent to share notes,Notes,Comments\n"
    rows = [
        (answer, f"1,05/01/2026,Y,{answer},likes cats,and dogs\n") for answer in ("Y", "N", "", "ask her", "withheld")
    ]
    shared = {answer: entries(read(text + row))[0].notes for answer, row in rows}
    assert shared == {"Y": "likes cats\nand dogs", "N": None, "": None, "ask her": None, "withheld": None}


def test_a_withdrawal_ends_the_sharing_of_notes_too():
    text = "Client ID,Referral date,Consent,Consent to share notes,Consent withdrawn,Notes\n"
    [row] = entries(read(text + "1,05/01/2026,Y,Y,01/09/2026,likes cats\n"))
    assert (row.sharing.notes, row.notes) == ("no", None)


def test_notes_are_never_read_without_that():
    parsed = read(
        "Client ID,Referral date,Consent,Notes,Referral comments\n1,05/01/2026,Y,her son drinks,neighbour says\n"
    )
    assert parsed.defects == []
    assert b"drinks" not in parsed.events[0].record
    assert b"neighbour" not in parsed.events[0].record


def test_a_client_id_of_clearly_different_people_is_used_for_neither():
    rows = "17,Ann Smith,01/02/1940,,05/01/2026,Y,,Open\n17,Bob Jones,02/02/1980,,06/01/2026,Y,,Open\n"
    parsed = read(f"{HEADER}\n{rows}18,Cat Hill,03/03/1950,,06/01/2026,Y,,Open\n")
    assert faults(parsed) == [
        ("shared-client-id", "Referrals row 2 column A (Client ID)"),
        ("shared-client-id", "Referrals row 3 column A (Client ID)"),
    ]
    assert [type(entry) for entry in entries(parsed)] == [SharedClientId, Referral]
    assert parsed.events[0].patient.local_id == "17"


def test_without_client_id_name_and_birth_date_make_the_key_and_edits_elsewhere_keep_it():
    first = read("Name,DOB,Referral date,Consent,Phone\nAnn Smith,01/02/1940,05/01/2026,Y,1\n")
    later = read('Name,DOB,Referral date,Consent,Phone\n"SMITH, Ann",1 Feb 1940,05/03/2026,N,2\n')
    assert first.events[0].patient == later.events[0].patient
    assert "smith" not in first.events[0].patient.local_id.casefold()


def test_a_row_that_names_nobody_is_a_defect():
    parsed = read(f"{HEADER}\n,Ann Smith,,,05/01/2026,Y,,Open\n")
    assert [defect.code for defect in parsed.defects] == ["no-client-id"]
    assert parsed.events == []


def test_two_rows_of_one_key_are_reported():
    rows = "17,Ann Smith,01/02/1940,,05/01/2026,Y,,Open\n17,Ann Smith,01/02/1940,,05/01/2026,Y,,Closed\n"
    assert faults(read(f"{HEADER}\n{rows}")) == [("repeated-row", "Referrals row 3")]


def test_a_withdrawal_in_its_own_column_ends_both_consents_however_it_is_written():
    for written, day in (("01/09/2026", "2026-09-01"), ("Y", None), ("last spring", None)):
        text = "Client ID,Referral date,Consent,Consent to view,Consent withdrawn\n1,05/01/2026,Y,Y,"
        [row] = entries(read(text + written + "\n"))
        assert (row.sharing.share, row.sharing.view, row.sharing.withdrawn_on) == ("no", "no", day)


def test_a_consent_to_view_needs_its_date_and_who_took_it():
    parsed = read("Client ID,Referral date,Consent,Consent to view\n1,05/01/2026,Y,Y\n")
    assert faults(parsed) == [("consent-evidence", "Referrals row 2 column D (Consent to view)")]


def test_a_consent_in_the_future_has_no_date():
    parsed = read(f"{HEADER}\n17,Ann Smith,01/02/1940,,05/01/2026,Y,05/01/2062,Open\n")
    assert faults(parsed) == [("bad-date", "Referrals row 2 column G (Consent date)")]
    assert entries(parsed)[0].sharing.on is None


@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
@example(b"PK\x03\x04")
@example(b"Client ID,Referral date\n\x00,\x81")
@settings(max_examples=150)
def test_any_bytes_are_read_or_refused(content):
    try:
        parsed = read(content)
    except Unreadable as refused:
        assert refused.defect.code  # noqa: PT017 (either outcome is right)
    else:
        assert all(event.patient.local_id for event in parsed.events)


@examples(
    rows=st.lists(
        st.lists(
            st.sampled_from(["", "Y", "N", "17", "05/01/2026", "Ann Smith", "NULL", "x\ny", "=1+1", "“q”", "84"]),
            max_size=9,
        ),
        max_size=6,
    ),
    few=30,
    many=200,
)
def test_any_cells_below_a_good_header_are_read(rows):
    quoted = "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
    parsed = read(f"{HEADER}\n{quoted}\n")
    assert all(re.match(r"file|Referrals( row \d+)?( column [A-Z]+.*)?$", defect.where) for defect in parsed.defects)
    assert all(json.loads(event.record) for event in parsed.events)


SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples" / "vcfse"


@pytest.mark.samples
@pytest.mark.parametrize(
    ("folder", "count", "code"),
    [("british_red_cross", 1, "unknown-headers"), ("openreferral_uk", 33, "service-directory")],
)
def test_real_files_of_the_sector_are_refused_with_the_right_reason(folder, count, code):
    """The samples are directories and a list of words, not people: nothing of them may turn into a client."""
    found = [path for path in (SAMPLES / folder).rglob("*") if path.is_file()]
    if not found:
        pytest.skip("no sample files: ../shared/samples/vcfse is not part of the repository")
    codes = []
    for path in found:
        with pytest.raises(Unreadable) as refused:
            read(path.read_bytes())
        codes.append(refused.value.defect.code)
    assert codes == [code] * count
