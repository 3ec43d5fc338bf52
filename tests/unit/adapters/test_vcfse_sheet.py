"""A charity's spreadsheet as a whole: encodings, delimiters, sheets, titles, headings and what is no row."""

from datetime import datetime

import pytest

from adapters.errors import Unreadable
from adapters.vcfse.records import Contact, Referral
from tests.unit.adapters.vcfse_sheets import HEADER, entries, faults, read, workbook


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_encoding_and_delimiter(encoding, delimiter):
    text = f"{HEADER}\n7,Zoë O’Brien,01/02/1940,,05/01/2026,Y,,Open\n".replace(",", delimiter)
    parsed = read(text.encode(encoding))
    assert [row.client.name.family for row in entries(parsed)] == ["O’Brien"]
    assert parsed.defects == []


def test_titles_index_column_blank_rows_totals_and_repeated_headers_are_no_rows():
    header = f",{HEADER}"
    lines = [
        "Referrals of our project,,,,,,,,",
        ",,,,,,,,",
        header,
        "1,17,Ann Smith,01/02/1940,NULL,05/01/2026,Y,No data,Open",
        "2,,,,,,,,",
        header,
        "3,18,Bob Jones,02/02/1950,n/a,06/01/2026,Y,No Data,Open",
        ",Total: 2,,,,,,,",
    ]
    parsed = read("\n".join(lines))
    assert [row.client.client_id for row in entries(parsed)] == ["17", "18"]
    assert parsed.defects == []


def test_the_delimiter_is_not_the_comma_of_the_notes():
    notes = "came with son, daughter, and dog, again"
    parsed = read(f"Client ID;Referral date;Consent;Notes\n17;05/01/2026;Y;{notes}\n18;06/01/2026;Y;{notes}\n")
    assert [row.client.client_id for row in entries(parsed)] == ["17", "18"]
    excel = read("sep=;\nClient ID;Referral date;Consent\n17;05/01/2026;Y\n")
    assert (len(excel.events), excel.defects) == (1, [])


def test_text_in_an_encoding_that_the_file_is_not_in_is_reported():
    parsed = read(f"{HEADER}\n17,Zo\x81 Hill,01/02/1940,,05/01/2026,Y,,Open\n".encode("latin-1"))
    assert [defect.code for defect in parsed.defects] == ["damaged-text"]


def test_a_heading_between_rows_is_no_person():
    parsed = read(f"{HEADER}\nJanuary 2026,,,,,,,\n17,Ann Smith,01/02/1940,,05/01/2026,Y,,Open\n")
    assert faults(parsed) == [("lone-value", "Referrals row 2")]
    assert len(parsed.events) == 1
    rows = [["Client ID", "Referral date", "Consent"], ["January 2026"], ["17", "05/01/2026", "Y"]]
    merged = read(workbook({"Referrals": rows}, merge=("Referrals", "A2:C2")))
    assert (len(merged.events), merged.defects) == (1, [])


def test_the_example_row_of_the_template_is_not_read():
    parsed = read(f"{HEADER}\nEXAMPLE,Ann Example,31/31/1940,,05/01/2026,Y,,Open\n")
    assert (parsed.events, faults(parsed)) == ([], [("no-rows", "file")])


@pytest.mark.parametrize("rows", ["", "\n\n", "TOTAL,2\n"])
def test_a_file_without_a_row_about_anybody_says_so(rows):
    """Else a failed export would look like a month in which nothing happened."""
    parsed = read(f"{HEADER}\n{rows}")
    assert (parsed.events, faults(parsed)) == ([], [("no-rows", "file")])


@pytest.mark.parametrize("where", ["header", "first row", "last row"])
def test_a_cell_that_is_never_closed_does_not_take_other_peoples_rows_into_itself(where):
    lines = [HEADER, *(f"{n},Ann Smith,01/02/1940,,05/01/2026,Y,,Open" for n in (1, 2, 3))]
    at = {"header": 0, "first row": 1, "last row": 3}[where]
    lines[at] = lines[at].replace(",", ',"', 1)
    for ending in ("", "\n", "\r\n"):
        with pytest.raises(Unreadable) as refused:
            read("\n".join(lines) + ending)
        assert refused.value.defect.code == "broken-csv"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty-file"),
        (b" \n ", "empty-file"),
        (b"a,b,c\n1,2,3\n", "unknown-headers"),
        (b"id,service_id,name,title\n1,2,Ann Persona,Manager\n", "service-directory"),
        (b'{"id": "1", "name": "Lunch club", "uri": "http://example.org"}', "service-directory"),
        (b'{"resourceType": "Bundle"}', "not-a-spreadsheet"),
        (b"<html><table><tr><td>Client ID</td></tr></table></html>", "not-a-spreadsheet"),
        (b"Referral date,Reason,Status\n05/01/2026,Loneliness,Open\n", "missing-column"),
        (b"PK\x03\x04 not a workbook", "broken-workbook"),
        (b"\xd0\xcf\x11\xe0 not a workbook", "old-workbook"),
        (b"\xd0\xcf\x11\xe0 " + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"%PDF-1.7 ...", "not-a-spreadsheet"),
        (b'Client ID,Referral date\n"' + b"x" * 200_000, "broken-csv"),
    ],
)
def test_what_cannot_be_used_at_all_is_unreadable(content, code):
    with pytest.raises(Unreadable) as raised:
        read(content)
    assert raised.value.defect.code == code
    assert raised.value.defect.remedy


def test_a_workbook_without_our_sheets_keeps_the_names_of_the_sheets_found():
    with pytest.raises(Unreadable) as raised:
        read(workbook({"Edith Tanner": [["Name"]], "Stock": [["Item"]]}))
    assert raised.value.defect.code == "wrong-sheet"
    assert raised.value.defect.fragment == b"Edith Tanner, Stock"
    assert "Tanner" not in raised.value.defect.reason
    assert "Referrals" in raised.value.defect.remedy


def test_a_workbook_of_both_sheets_with_instructions_and_titles():
    parsed = read(
        workbook(
            {
                "Read me first": [["Please fill in every column"]],
                "SP referrals": [
                    ["Companions 2026"],
                    [],
                    ["Client ID", "First name", "Surname", "DOB", "Referral date", "Consent"],
                    [17, "Ann", "Smith", datetime(1940, 2, 1), 46027, True],  # noqa: DTZ001 (Excel has no zones)
                ],
                "Session log": [["Client ID", "Date", "Time", "Type"], [17.0, "12/01/2026", "2pm", "Home visit"]],
            }
        )
    )
    referral, contact = entries(parsed)
    assert isinstance(referral, Referral)
    assert isinstance(contact, Contact)
    assert (referral.client.birth_date, referral.referred_on, referral.sharing.share) == (
        "1940-02-01",
        "2026-01-05",
        "yes",
    )
    assert (contact.contacted_on, contact.contacted_at, contact.sharing) == ("2026-01-12", "14:00", None)
    assert len({event.patient for event in parsed.events}) == 1
    assert parsed.defects == []


def test_a_cell_merged_over_rows_speaks_for_each_of_them():
    rows: list[list[object]] = [
        ["Client ID", "Referral date", "Consent"],
        ["17", "05/01/2026", "Y"],
        [None, "06/02/2026", "Y"],
    ]
    parsed = read(workbook({"Referrals": rows}, merge=("Referrals", "A2:A3")))
    assert [row.client.client_id for row in entries(parsed)] == ["17", "17"]


def test_one_usable_sheet_is_enough():
    parsed = read(
        workbook({"Referrals": [["Colour"], ["red"]], "Contacts": [["Client ID", "Contact date"], [1, "05/01/2026"]]})
    )
    assert [defect.code for defect in parsed.defects] == ["missing-column"]
    assert len(parsed.events) == 1
