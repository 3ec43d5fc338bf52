"""Hostile and huge spreadsheets: refused at once with a reason that helps, whatever the bytes are."""

import io
import random
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.errors import Unreadable
from adapters.vcfse import workbook
from adapters.vcfse.parse import MOST_SPELLINGS, parse
from adapters.vcfse.records import Client, Contact, Name, Referral, Sharing
from adapters.vcfse.write import contact_table, csv_bytes, referral_table, xlsx_bytes

AS_OF = datetime(2026, 9, 30, 17, tzinfo=UTC)
CLIENT = Client(client_id="17", name=Name(family="Hill", given=("Zoë",)), birth_date="1940-02-01")
REFERRAL = Referral(
    client=CLIENT, sharing=Sharing(share="yes", on="2026-01-05"), referred_on="2026-01-05", reason="“x”"
)
XLSX = xlsx_bytes([referral_table([REFERRAL]), contact_table([Contact(client=CLIENT, contacted_on="2026-02-01")])])
CSV = csv_bytes(referral_table([REFERRAL]), encoding="cp1252")
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = (
    b'<Relationship Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" '
    b'Target="/xl/sharedStrings.xml" Id="rId99" />'
)
PARTS = st.sampled_from([SHEET, "xl/workbook.xml", "xl/styles.xml"])


def code(content: bytes) -> str | None:
    """What the file is refused for, None when it is read; well within a second."""
    started = time.process_time()
    try:
        parse(content, name="f", sender="X9V01", as_of=AS_OF)
    except Unreadable as refused:
        return refused.defect.code
    finally:
        assert time.process_time() - started < 1
    return None


def rewritten(change: Callable[[str, bytes], bytes], **more: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(XLSX)) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            target.writestr(entry.filename, change(entry.filename, source.read(entry)))
        for name, content in more.items():
            target.writestr(f"xl/{name}.xml", content)
    return stream.getvalue()


def changed(part: str, change: Callable[[bytes], bytes]) -> bytes:
    return rewritten(lambda name, content: change(content) if name == part else content)


def test_the_workbook_itself_is_read():
    assert code(XLSX) is None


@pytest.mark.parametrize(
    "row",
    [
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        b"<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>",
        b'<row r = "1048576"><c r="a1048576"><v>1</v></c></row>',
        b'<row r="4"><c r="XFD4"><v>1</v></c></row>',
        b'<row r="4"><c r="B99900000193"><v>1</v></c></row>',
        b'<row r="4"><c r="B' + b"0" * 30 + b"9" * 5000 + b'"><v>1</v></c></row>',
        b'<row r="4">' + b"<c><v>1</v></c>" * 2_000 + b"</row>",
        b"<row><c><v>1</v></c></row>" * 100_000,
    ],
)
def test_a_cell_far_away_is_refused_before_the_reader_makes_a_sheet_of_that_size(row):
    """calamine ends the whole process when such a sheet does not fit into memory."""
    assert code(changed(SHEET, lambda part: part.replace(b"</sheetData>", row + b"</sheetData>"))) == "too-large"


def test_a_zip_bomb_is_refused_by_its_size_and_by_a_size_that_lies(monkeypatch):
    monkeypatch.setattr(workbook, "BOUNDS", replace(workbook.BOUNDS, unpacked=2_000_000))
    bomb = changed(SHEET, lambda part: part.replace(b"</sheetData>", b" " * 3_000_000 + b"</sheetData>"))
    assert len(bomb) < 50_000
    assert code(bomb) == "too-large"
    with zipfile.ZipFile(io.BytesIO(bomb)) as archive:
        size = archive.getinfo(SHEET).file_size.to_bytes(4, "little")
    assert code(bomb.replace(size, (1000).to_bytes(4, "little"))) == "broken-workbook"


@pytest.mark.parametrize(("length", "most"), [(30_000, 1_000_000), (workbook.LONGEST_TEXT + 1, workbook.BOUNDS.text)])
def test_a_text_that_many_cells_share_is_bounded(monkeypatch, length, most):
    text = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>%s</t></si></sst>' % (
        b"x" * length
    )
    cells = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (n, n) for n in range(50, 150))

    def share(name: str, content: bytes) -> bytes:
        if name == "xl/_rels/workbook.xml.rels":
            return content.replace(b"</Relationships>", STRINGS + b"</Relationships>")
        return content.replace(b"</sheetData>", cells + b"</sheetData>") if name == SHEET else content

    assert code(rewritten(share, sharedStrings=text.replace(b"x" * 20_000, b""))) is None
    monkeypatch.setattr(workbook, "BOUNDS", replace(workbook.BOUNDS, text=most))
    assert code(rewritten(share, sharedStrings=text)) == "too-large"


def test_other_archives_are_no_workbooks():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("content.xml", "<office:document/>")
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert code(stream.getvalue()) == "not-a-workbook"


def test_a_file_that_is_too_large_says_what_to_do(monkeypatch):
    monkeypatch.setattr("adapters.vcfse.sheets.LARGEST_FILE", 100)
    with pytest.raises(Unreadable) as refused:
        parse(CSV, name="f", sender="X9V01", as_of=AS_OF)
    assert refused.value.defect.code == "too-large"
    assert "one file for each year" in refused.value.defect.remedy


def test_a_client_id_with_thousands_of_spellings_is_shared_and_costs_no_time():
    rows = "".join(f"17,A{n} Hill,01/02/1940,05/01/2026,Y\n" for n in range(MOST_SPELLINGS * 50))
    assert code(f"Client ID,Name,DOB,Referral date,Consent\n{rows}".encode()) is None


@given(seed=st.integers(0, 2**32), original=st.sampled_from([CSV, XLSX]))
@settings(max_examples=50, deadline=None)
def test_any_damage_to_a_file_is_read_or_refused_within_a_second(seed, original):
    damage_file(seed, original)


@given(seed=st.integers(0, 2**32), part=PARTS)
@settings(max_examples=30, deadline=None)
def test_any_damage_inside_a_workbook_is_read_or_refused_within_a_second(seed, part):
    damage_part(seed, part)


@pytest.mark.slow
@given(seed=st.integers(0, 2**64), original=st.sampled_from([CSV, XLSX]), part=PARTS)
@settings(max_examples=1_000, deadline=None)
def test_much_damage_is_read_or_refused_within_a_second(seed, original, part):
    damage_file(seed, original)
    damage_part(seed, part)


def damage_file(seed: int, original: bytes) -> None:
    chance, damaged = random.Random(seed), bytearray(original)
    for _ in range(chance.choice((1, 2, 8, 64))):
        place = chance.randrange(len(damaged))
        match chance.randrange(4):
            case 0:
                damaged[place] = chance.randrange(256)
            case 1:
                del damaged[place : place + chance.randrange(40)]
            case 2:
                damaged[place:place] = chance.randbytes(chance.randrange(1, 9))
            case _:
                damaged[place:place] = chance.choice((b'"', b",", b"\n", b"\0", b";;", b"17,", b"'="))
        damaged = damaged or bytearray(b"x")
    code(bytes(damaged))


def damage_part(seed: int, part: str) -> None:
    chance = random.Random(seed)

    def damage(content: bytes) -> bytes:
        place = chance.randrange(len(content))
        insert = chance.choice((b"<", b">", b'"', b"&", b"9" * 9, b'r="ZZ99"', b"</row>", b"<c/>", chance.randbytes(3)))
        return content[:place] + insert + content[place + chance.randrange(12) :]

    code(changed(part, damage))
