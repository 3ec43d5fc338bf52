"""Headers as charities make them: two rows, merged cells, groups."""

from datetime import UTC, datetime

import msgspec
import pytest
from openpyxl import load_workbook

from adapters.vcfse.parse import parse
from adapters.vcfse.records import Entry, Measure
from tests.unit.adapters.vcfse_sheets import workbook

UPPER = ["Client", None, "Referral", None, "ONS4", None, "Consent", None]
LOWER = ["ID", "Name", "Date", "Reason", "start", "end", "to share", "date"]
ROW = ["17", "Ann Hill", "05/01/2026", "Falls", "7", "8", "Y", "06/01/2026"]


def read(content: bytes):
    parsed = parse(content, name="f", sender="X9V01", as_of=datetime(2026, 9, 30, 17, tzinfo=UTC))
    return [msgspec.json.decode(event.record, type=Entry) for event in parsed.events], parsed.defects


def understood(content: bytes) -> None:
    rows, defects = read(content)
    assert defects == []
    [row] = rows
    assert (row.client.client_id, row.client.name.family, row.referred_on, row.reason) == (
        "17",
        "Hill",
        "2026-01-05",
        "Falls",
    )
    assert row.measures == (
        Measure(instrument="ONS4", point="start", value="7"),
        Measure(instrument="ONS4", point="end", value="8"),
    )
    assert (row.sharing.share, row.sharing.on) == ("yes", "2026-01-06")


def merged(*areas: str) -> bytes:
    import io

    book = load_workbook(io.BytesIO(workbook({"Referrals": [["Our project"], [], UPPER, LOWER, ROW]})))
    for area in areas:
        book["Referrals"].merge_cells(area)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("areas", [(), ("A1:H1", "A3:B3", "C3:D3", "E3:F3", "G3:H3")])
def test_groups_over_columns(areas):
    understood(merged(*areas))


def test_groups_over_columns_in_csv():
    lines = [[cell or "" for cell in line] for line in (["Our project"], UPPER, LOWER, ROW)]
    understood("\n".join(",".join(line) for line in lines).encode())


def test_a_header_cell_merged_over_both_rows():
    upper = ["Client ID", "Name", "Referral date", "ONS4", None, "Consent"]
    lower = [None, None, None, "start", "end", None]
    content = workbook({"Referrals": [upper, lower, ["17", "Ann Hill", "05/01/2026", "7", "8", "Y"]]})
    rows, defects = read(content)
    assert defects == []
    assert [(row.client.client_id, len(row.measures), row.sharing.share) for row in rows] == [("17", 2, "yes")]


def test_the_header_once_more_on_the_next_page_is_no_row():
    header = ["Client ID", "Referral date", "Consent"]
    rows, defects = read(
        workbook({"Referrals": [header, ["17", "05/01/2026", "Y"], header, ["18", "06/01/2026", "Y"]]})
    )
    assert (len(rows), defects) == (2, [])


def test_a_title_above_the_header_is_no_group():
    rows, defects = read(b"Referral,,\nClient ID,Date referred,Consent\n17,05/01/2026,Y\n")
    assert (len(rows), defects) == (1, [])
