"""The file as rows of text: CSV (UTF-8 with or without byte order mark, UTF-16 with one, cp1252) or a workbook."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from python_calamine import CalamineError, CalamineWorkbook

from adapters.errors import Unreadable
from adapters.records import Defect
from adapters.social_care import columns

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # ZIP (xlsx), OLE2 (xls)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Sheet:
    """`rows` are (number as a spreadsheet shows it, cells as stripped text); empty rows are left out."""

    header: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]


def read_sheet(content: bytes, name: str) -> Sheet:
    """The rows of a CSV file, or of the one worksheet of a workbook that holds CLD. Raises Unreadable."""
    tables = _worksheets(content, name) if content.startswith(_WORKBOOKS) else [_delimited(content, name)]
    found = [sheet for sheet in map(_sheet, tables) if columns.is_header(sheet.header)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise _unreadable(
            name,
            "no-header",
            f"no sheet begins with a header row that has the columns {', '.join(columns.REQUIRED)}",
            "send the CLD sheet with Release 1 or 2 titles in its first row, comma-separated if it is a CSV file",
        )
    raise _unreadable(
        name, "several-sheets", f"{len(found)} sheets hold CLD columns", "send a workbook with one CLD sheet"
    )


def _sheet(table: Iterator[Sequence[str]]) -> Sheet:
    numbered = [(number, cells) for number, cells in enumerate(table, start=1) if any(cells)]
    return Sheet(numbered[0][1], numbered[1:]) if numbered else Sheet((), ())


def _delimited(content: bytes, name: str) -> Iterator[Sequence[str]]:
    reader = csv.reader(io.StringIO(_text(content, name), newline=""))
    try:
        return iter([[cell.strip() for cell in cells] for cells in reader])
    except csv.Error:
        raise _unreadable(
            name, "not-csv", "the text is not comma-separated values", "export it again as CSV with quotes doubled"
        ) from None


def _text(content: bytes, name: str) -> str:
    encodings = ("utf-16",) if content.startswith(_UTF_16) else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _unreadable(name, "not-text", "the bytes are no text in UTF-8, UTF-16 or cp1252", "export it again as UTF-8")


def _worksheets(content: bytes, name: str) -> list[Iterator[Sequence[str]]]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [workbook.get_sheet_by_name(title).to_python(skip_empty_area=False) for title in workbook.sheet_names]
    except CalamineError:
        raise _unreadable(
            name, "not-a-workbook", "the workbook cannot be opened", "save it again as .xlsx without a password"
        ) from None
    return [([_cell(cell) for cell in cells] for cells in sheet) for sheet in sheets]


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # numbers come as floats: an NHS number must not become 9990000018.0
    return str(value).strip()


def _unreadable(name: str, code: str, reason: str, remedy: str) -> Unreadable:
    return Unreadable(Defect(code=code, where=name, reason=reason, remedy=remedy))
