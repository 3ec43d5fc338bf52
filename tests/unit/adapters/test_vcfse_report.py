"""The report that goes back to a charity: its own file, what to fix beside each row, and fit to be sent again."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from adapters.errors import Unreadable
from adapters.records import Defect
from adapters.vcfse.parse import parse
from adapters.vcfse.report import report
from adapters.vcfse.template import LISTS, columns, template
from tests.unit.adapters.examples import examples
from tests.unit.adapters.vcfse_sheets import workbook

AS_OF = datetime(2026, 9, 30, 17, tzinfo=UTC)
ROWS = [
    ["Client ID", "Name", "DOB", "Referral date", "Consent"],
    ["17", "=1+1", "84", "31/02/2026", "Y"],
    ["18", "Bob Jones", "02/02/1950", "06/01/2026", "Y"],
]


def defects_of(content: bytes) -> list[Defect]:
    try:
        return list(parse(content, name="f", sender="X9V01", as_of=AS_OF).defects)
    except Unreadable as refused:
        return [refused.defect]


def events_of(content: bytes):
    return parse(content, name="f", sender="X9V01", as_of=AS_OF).events


def reported(content: bytes) -> bytes:
    return report(content, defects_of(content)).content


def csv_of(rows: list[list[str]], encoding: str, delimiter: str) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows(rows)
    return stream.getvalue().encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_file_comes_back_in_its_own_encoding_and_delimiter(encoding, delimiter):
    rows = [["Our list “2026”"], *ROWS]
    answer = reported(csv_of(rows, encoding, delimiter))
    lines = list(csv.reader(io.StringIO(answer.decode(encoding)), delimiter=delimiter))
    said = [line for line in lines if line[0] != "What to fix"]
    assert [line[:5] for line in said] == [["Our list “2026”"], rows[1], ["17", "'=1+1", *rows[2][2:]], rows[3]]
    assert said[1][5] == "What to fix"
    assert said[2][5].split("\n") == [
        "Column C: An age stands where a birth date should. Give the full date of birth.",
        "Column D: This is no date that can be read. Write it as 03/07/2024.",
    ]
    assert said[3][5] == ""
    assert lines[0] == ["What to fix", "Rows with something to fix: 1. See their column What to fix."]


@pytest.mark.parametrize("content", [csv_of(ROWS, "utf-8", ","), workbook({"Referrals": ROWS})])
def test_what_comes_back_says_the_same_and_its_own_report_is_itself(content):
    answer = reported(content)
    assert events_of(answer) == events_of(content)
    assert [(one.code, one.column) for one in defects_of(answer)] == [
        (one.code, one.column) for one in defects_of(content)
    ]
    assert reported(answer) == answer


def test_a_corrected_workbook_has_nothing_to_fix_any_more():
    book = load_workbook(io.BytesIO(reported(workbook({"Referrals": ROWS}))))
    book["Referrals"]["B2"], book["Referrals"]["C2"], book["Referrals"]["D2"] = "Ann Hill", "01/02/1940", "28/02/2026"
    stream = io.BytesIO()
    book.save(stream)
    answer = load_workbook(io.BytesIO(reported(stream.getvalue())))
    assert answer.worksheets[0]["A1"].value == "Everything could be read. There is nothing to fix."
    assert [cell.value for cell in answer["Referrals"]["F"]] == ["What to fix", None, None]
    assert answer.sheetnames == ["What to fix", "Referrals"]


def test_a_workbook_keeps_sheets_formats_formulas_and_text_that_looks_like_one():
    book = Workbook()
    sheet, other = book.worksheets[0], book.create_sheet("Rota")
    sheet.title = "Referrals"
    for row in ROWS:
        sheet.append(row)
    sheet["B2"].data_type, sheet["B3"].font = "s", Font(bold=True)
    sheet.column_dimensions["B"].width = 33
    other["A1"] = "=SUM(1,2)"
    stream = io.BytesIO()
    book.save(stream)
    answer = load_workbook(io.BytesIO(reported(stream.getvalue())))
    assert answer.sheetnames == ["What to fix", "Referrals", "Rota"]
    assert (answer["Referrals"]["B2"].value, answer["Referrals"]["B2"].data_type) == ("=1+1", "s")
    assert (answer["Referrals"]["B3"].font.bold, answer["Referrals"].column_dimensions["B"].width) == (True, 33)
    assert (answer["Rota"]["A1"].value, answer["Rota"]["A1"].data_type) == ("=SUM(1,2)", "f")


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 broken", b"", b"\xd0\xcf\x11\xe0", workbook({"Stock": [["Item"]]}), b"a,b\n1,2\n"]
)
def test_a_file_of_which_nothing_can_be_used_is_answered_too(content):
    defects = defects_of(content)
    answer = report(content, defects)
    assert defects[0].remedy in (
        answer.content.decode("utf-8") if answer.suffix == ".csv" else
        "".join(str(row[0].value) for row in load_workbook(io.BytesIO(answer.content)).worksheets[0])
    )  # fmt: skip


@examples(
    cells=st.lists(
        st.lists(
            st.sampled_from(["", "=1+1", "+44 24", "-5", "@x", "17", "'=x", "05/01/2026", "N", "a\nb", "“"]), max_size=7
        ),
        max_size=5,
    ),
    few=30,
    many=200,
)
def test_no_cell_of_a_csv_report_is_a_formula_and_it_says_the_same(cells):
    content = csv_of([ROWS[0], *cells], "utf-8", ",")
    answer = reported(content)
    assert events_of(answer) == events_of(content)
    for line in csv.reader(io.StringIO(answer.decode())):
        for cell in line:
            assert not cell.startswith(("=", "@", "\t", "\r"))
            assert not cell.startswith(("+", "-")) or cell[1:].isdecimal()


def test_the_template_is_blank_and_otherwise_right_and_always_the_same():
    parsed = parse(template(), name="t", sender="X9V01", as_of=AS_OF)
    assert (parsed.events, [defect.code for defect in parsed.defects]) == ([], ["no-rows"])
    assert template() == template()


def test_a_template_that_was_filled_in_is_read_whole():
    book = load_workbook(io.BytesIO(template()))
    for kind, sheet in (("referral", book["Referrals"]), ("contact", book["Contacts"])):
        for column in columns(kind):
            if example := sheet.cell(2, column.number).value:
                sheet.cell(3, column.number).value = "C1" if column.field == "client_id" else example
    stream = io.BytesIO()
    book.save(stream)
    parsed = parse(stream.getvalue(), name="t", sender="X9V01", as_of=AS_OF)
    assert ([event.patient.local_id for event in parsed.events], parsed.defects) == (["C1", "C1"], [])
    validations = book["Referrals"].data_validations.dataValidation
    assert {one.formula1 for one in validations} >= {'"Y,N"', f'"{",".join(LISTS["gender"])}"'}
