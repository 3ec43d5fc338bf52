"""What is wrong with a charity's file, as the same file: a column `What to fix` beside the rows and a summary before
them.

The charity corrects its rows in it and sends it again: the column and the summary are known and not read, and the
next report replaces them. A CSV file stays CSV in its own encoding and delimiter; of a workbook everything is kept
that openpyxl keeps (formulas, formats, widths, lists; not pictures and macros).

Our words never begin as a formula does. Cells of the file that do are shielded in CSV by an apostrophe, which `parse`
takes off again; in a workbook text is text.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.cell.cell import Cell as BookCell
from openpyxl.cell.cell import MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from adapters.errors import Unreadable
from adapters.records import Defect
from adapters.vcfse.book import Sheet
from adapters.vcfse.choosing import chosen_sheets, guide_of
from adapters.vcfse.columns import plain
from adapters.vcfse.delimited import csv_rows, read_text
from adapters.vcfse.editing import opened, saved
from adapters.vcfse.sheets import ZIP, read_book
from adapters.vcfse.write import blank_workbook

COLUMN = "What to fix"
SUMMARY = "What to fix"
"""Name of the summary's sheet; in CSV the first cell of its rows, which stand above the header."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARK = PatternFill("solid", fgColor="FFEB9C")
_WRAP = Alignment(wrap_text=True, vertical="top")


@dataclass(frozen=True)
class Report:
    """The file that goes back. `suffix`: `.xlsx` or `.csv`."""

    content: bytes
    suffix: str


def report(content: bytes, defects: Sequence[Defect]) -> Report:
    """The file `content` with `defects` (of `parse`, or the one of its Unreadable) beside the rows they are about. A
    file that cannot be opened at all becomes a workbook of the summary alone."""
    try:
        book = read_book(content)
        headers = _headers(book.sheets)
    except Unreadable as refused:
        return Report(_alone([*defects] or [refused.defect]), ".xlsx")
    if not content.startswith(ZIP):
        return Report(_csv(content, headers, defects), ".csv")
    try:
        return Report(_workbook(content, headers, defects), ".xlsx")
    except Exception:  # noqa: BLE001  openpyxl fails in many ways on what Excel opens; the charity is told all the same
        return Report(_alone(defects), ".xlsx")


def _headers(sheets: Sequence[Sheet]) -> Mapping[str, int]:
    """Row number of each sheet's header, by the sheet's name; only of sheets that have one."""
    try:
        chosen = chosen_sheets(sheets, guide_of(sheets))
    except Unreadable:
        return {}
    return {sheet.name or "": header.row + 1 for sheet, _, header in chosen if header}


def _messages(headers: Mapping[str, int], defects: Sequence[Defect]) -> tuple[Mapping[tuple[str, int], str], list[str]]:
    """By sheet and row, and of the file as a whole: all that is not about a row of a sheet with people."""
    rows, whole = defaultdict[tuple[str, int], list[str]](list), list[str]()
    for defect in defects:
        if defect.row is None or defect.sheet not in headers:
            whole.append(f"{_capital(defect.where)}: {defect.reason}. {defect.remedy}")
        else:
            column = f"Column {defect.column}: " if defect.column else ""
            rows[defect.sheet, defect.row].append(f"{column}{_capital(defect.reason)}. {defect.remedy}")
    return {place: "\n".join(dict.fromkeys(lines)) for place, lines in rows.items()}, list(dict.fromkeys(whole))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _summary(headers: Mapping[str, int], defects: Sequence[Defect]) -> list[str]:
    """In plain words: what is wrong with the file, then how many rows have what."""
    rows, whole = _messages(headers, defects)
    if not defects:
        return ["Everything could be read. There is nothing to fix."]
    counted = Counter(
        (_capital(defect.reason), defect.remedy) for defect in defects if defect.row and defect.sheet in headers
    )
    lines = [f"Rows with something to fix: {len(rows)}. See their column {COLUMN}."] if rows else []
    lines += whole
    return lines + [
        f"{count} {'cell' if count == 1 else 'cells'}: {reason}. {remedy}"
        for (reason, remedy), count in counted.most_common()
    ]


def _alone(defects: Sequence[Defect]) -> bytes:
    workbook = blank_workbook()
    _summarise(workbook, _summary({}, defects))
    return saved(workbook)


def _workbook(content: bytes, headers: Mapping[str, int], defects: Sequence[Defect]) -> bytes:
    workbook = opened(content)
    rows, _ = _messages(headers, defects)
    if SUMMARY in workbook.sheetnames:
        del workbook[SUMMARY]
    for sheet in workbook.worksheets:
        if sheet.title in headers:
            said = {row: text for (name, row), text in rows.items() if name == sheet.title}
            _annotate(sheet, headers[sheet.title], said)
    _summarise(workbook, _summary(headers, defects))
    return saved(workbook)


def _annotate(sheet: Worksheet, header: int, said: Mapping[int, str]) -> None:
    """The column is one of an earlier report, emptied, or a new one right of everything."""
    place = _place([plain(str(cell.value or "")) for cell in sheet[header]]) or sheet.max_column + 1
    for row in range(header + 1, sheet.max_row + 1):
        cell = sheet.cell(row, place)
        if not isinstance(cell, MergedCell):
            cell.value, cell.fill = None, PatternFill()
    _write(sheet.cell(header, place), COLUMN, bold=True)
    for row, text in said.items():
        _write(sheet.cell(row, place), text)
    sheet.column_dimensions[get_column_letter(place)].width = 60


def _place(headers: Sequence[str]) -> int | None:
    return headers.index(plain(COLUMN)) + 1 if plain(COLUMN) in headers else None


def _write(cell: BookCell | MergedCell, text: str, *, bold: bool = False) -> None:
    if isinstance(cell, MergedCell):
        return
    cell.value, cell.data_type = text, "s"
    cell.fill, cell.alignment = _MARK, _WRAP
    if bold:
        cell.font = Font(bold=True)


def _summarise(workbook: Workbook, lines: Sequence[str]) -> None:
    sheet = workbook.create_sheet(SUMMARY, 0)
    workbook.active = 0
    for other in workbook.worksheets[1:]:
        other.sheet_view.tabSelected = False
    sheet.column_dimensions["A"].width = 110
    for row, line in enumerate(lines, start=1):
        cell = sheet.cell(row, 1)
        cell.value, cell.data_type, cell.alignment = line, "s", _WRAP


def _csv(content: bytes, headers: Mapping[str, int], defects: Sequence[Defect]) -> bytes:
    read, header = read_text(content), headers.get("", 0)
    rows, _ = _messages(headers, defects)
    lines = [[_shielded(str(cell)) for cell in row] for row in csv_rows(read)]
    place = _place([plain(cell) for cell in lines[header - 1]]) if header else None
    width = max((len(line) for line in lines[max(header - 1, 0) :]), default=0)
    for number, line in enumerate(lines[header - 1 :] if header else [], start=header):
        text = COLUMN if number == header else rows.get(("", number), "")
        line += [""] * (width - len(line) + (not place))
        line[(place or len(line)) - 1] = text
    summary = [[SUMMARY, line] for line in _summary(headers, defects)]
    kept = [line for line in lines if line[:1] != [SUMMARY]]
    place = 1 if kept and kept[0][:1] == ["sep="] else 0  # Excel wants that line first
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=read.delimiter).writerows([*kept[:place], *summary, *kept[place:]])
    return stream.getvalue().encode(read.encoding, errors="replace")


def _shielded(cell: str) -> str:
    """A cell that a spreadsheet program would run as a formula, as text. A number with its sign is none."""
    if not cell.startswith(_FORMULA) or cell.removeprefix("+").removeprefix("-").replace(".", "", 1).isdecimal():
        return cell
    return f"'{cell}"
