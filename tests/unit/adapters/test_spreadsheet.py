"""A workbook is measured before a reader opens it: what it could mean at most, however it is written."""

import io
import zipfile

import openpyxl
import pytest

from adapters.spreadsheet import AnotherKind, Bounds, Broken, NotOpened, Parts, TooLarge, measured, packed, worksheets

BOUNDS = Bounds(parts=20, unpacked=5_000_000, cells=50_000, text=200_000, columns=100)
SHEET = "xl/worksheets/sheet1.xml"
LONG = b"<si><t>" + b"x" * 10_000 + b"</t></si>"
SHORT = b"<si><t>Coventry</t></si>"


def book(**more: bytes) -> dict[str, bytes]:
    """The parts of a workbook of one cell, `more` among them."""
    stream = io.BytesIO()
    workbook = openpyxl.Workbook()
    workbook.active["A1"] = 7
    workbook.save(stream)
    with zipfile.ZipFile(stream) as archive:
        return {name: archive.read(name) for name in archive.namelist()} | more


def with_rows(rows: bytes, texts: bytes = b"") -> dict[str, bytes]:
    parts = book()
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", rows + b"</sheetData>")
    parts["xl/sharedStrings.xml"] = (
        b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' + texts + b"</sst>"
    )
    return parts


def column(*values: bytes) -> bytes:
    """Rows of one cell each."""
    return b"".join(b'<row r="%d"><c r="A%d" t="s"><v>%s</v></c></row>' % (n, n, v) for n, v in enumerate(values, 2))


def measure(parts: Parts) -> Parts:
    return measured(packed(parts), BOUNDS)


def test_what_was_measured_is_what_a_reader_gets():
    parts = book()
    assert measure(parts) == parts
    assert worksheets(measure(parts), lambda name, sheet: (name, sheet.to_python())) == [("Sheet", [[7.0]])]


@pytest.mark.parametrize(
    "row",
    [
        b'<row r="60000"><c r="A60000"><v>1</v></c></row>',
        b'<row r="2"><c r="ZZ2"><v>1</v></c></row>',
        b"<row>" + b"<c><v>1</v></c>" * 100 + b"</row>",
        b"<x:row>" + b"<x:c><x:v>1</x:v></x:c>" * 100 + b"</x:row>",
        b"<x-y:row>" + b"<x-y:c/>" * 100 + b"</x-y:row>",
        b"<row><c/></row>" * 30_000,
    ],
)
def test_a_cell_far_away_is_too_large_however_it_is_written(row):
    with pytest.raises(TooLarge, match="a sheet"):
        measure(with_rows(row))


@pytest.mark.parametrize("change", [{"parts": 3}, {"unpacked": 1_000}])
def test_a_workbook_of_many_parts_or_bytes_is_too_large(change):
    parts = packed(book())
    with pytest.raises(TooLarge, match="the workbook"):
        measured(parts, Bounds(**{**vars(BOUNDS), **change}))


@pytest.mark.parametrize("value", [b"1", b"001", b"0000000000001", b"+1", b" 1 ", b"&#49;", b"<!---->1", b"1<?x?>"])
def test_a_long_text_that_many_cells_share_is_counted_however_they_refer_to_it(value):
    """The reader makes a text for each of them: a file of 30 kB took gigabytes."""
    with pytest.raises(TooLarge, match="a sheet"):
        measure(with_rows(column(*[value] * 21), SHORT + LONG))


@pytest.mark.parametrize("decoy", [b"<!--<si>-->", b"<?x <si>?>", b'<si a="><si>"/>'])
def test_no_decoy_makes_a_long_text_look_like_another(decoy):
    with pytest.raises(TooLarge, match="a sheet"):
        measure(with_rows(column(*[b"1"] * 21), decoy * 3 + SHORT + LONG))


@pytest.mark.parametrize("value", [b"0", b"45000.5", b"", b"99999999999", b"Coventry", b"-1", b"2"])
def test_cells_that_say_something_else_do_not_count_as_the_long_text_that_a_few_share(value):
    measure(with_rows(column(*[value] * 400, *[b"1"] * 19), SHORT + LONG))


@pytest.mark.parametrize("other", ["content.xml", "xl/workbook.bin"])
def test_a_workbook_that_another_reader_would_take_for_another_kind_is_none(other):
    with pytest.raises(AnotherKind):
        measure(book(**{other: b"<x/>"}))


def test_what_cannot_be_unpacked_or_opened_is_broken():
    for content in (b"PK\x03\x04", packed(book())[:-30]):
        with pytest.raises(Broken):
            measured(content, BOUNDS)
    with pytest.raises(NotOpened):
        worksheets(measure(book(**{"xl/workbook.xml": b"<workbook"})), lambda name, _: name)
