"""Bytes of a spreadsheet -> sheets of cells, whatever it was saved as: CSV in three encodings, XLSX, XLS, ODS.

Row and column numbers are those that the spreadsheet program shows.
"""

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NoReturn

import python_calamine

from adapters.errors import Unreadable
from adapters.records import Defect

Cell = str | int | float | bool | date | datetime | time | timedelta
Merge = tuple[tuple[int, int], tuple[int, int]]

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
LARGEST_WORKBOOK = 256 * 1024 * 1024
"""Bytes of a workbook when unpacked; a charity's caseload is far below one hundredth of it."""


@dataclass(frozen=True)
class Sheet:
    """`name` is None for a CSV file, which has no sheet names. `merges`: first and last cell, from 0."""

    name: str | None
    rows: Sequence[Sequence[Cell]]
    merges: Sequence[Merge] = ()


def read_sheets(content: bytes) -> list[Sheet]:
    """All sheets of a file. Raises Unreadable when it is no spreadsheet, is locked, broken or far too large."""
    if not content.strip():
        _refuse("empty-file", "the file is empty", "Save the sheet again and send it once more.")
    if content.startswith((ZIP, OLE)):
        return _workbook(content)
    return [Sheet(None, _csv_rows(_decoded(content)))]


def _workbook(content: bytes) -> list[Sheet]:
    _check_size(content)
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        return [_sheet(workbook, entry.name) for entry in workbook.sheets_metadata if _is_worksheet(entry)]
    except python_calamine.PasswordError:
        _refuse("password", "the workbook is locked by a password", "Save it without a password; the transfer is safe.")
    except (python_calamine.CalamineError, zipfile.BadZipFile, ValueError, OSError):
        _refuse("broken-workbook", "the workbook cannot be opened", "Open it, save it as XLSX and send it again.")


def _is_worksheet(entry: python_calamine.SheetMetadata) -> bool:
    return bool(entry.typ == python_calamine.SheetTypeEnum.WorkSheet)


def _sheet(workbook: python_calamine.CalamineWorkbook, name: str) -> Sheet:
    sheet = workbook.get_sheet_by_name(name)
    return Sheet(name, sheet.to_python(skip_empty_area=False), sheet.merged_cell_ranges or ())


def _check_size(content: bytes) -> None:
    if not content.startswith(ZIP):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError):
        _refuse("broken-workbook", "the workbook cannot be opened", "Open it, save it as XLSX and send it again.")
    if unpacked > LARGEST_WORKBOOK:
        _refuse(
            "too-large", "the workbook is far too large", "Remove pictures and empty formatted rows; send it again."
        )


def _decoded(content: bytes) -> str:
    """UTF-8 (with or without byte-order mark), UTF-16 with one, else Windows-1252, as Excel saves CSV in England."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _csv_rows(text: str) -> list[list[Cell]]:
    try:
        return [list(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))]
    except csv.Error:
        _refuse("broken-csv", "the file is no table", "Save the sheet as CSV (comma separated) or XLSX and send it.")


def _delimiter(text: str) -> str:
    opening = text[:4096]
    return max(",;\t", key=opening.count)


def _refuse(code: str, reason: str, remedy: str) -> NoReturn:
    raise Unreadable(Defect(code=code, where="file", reason=reason, remedy=remedy))
