"""Bytes of an XLSX workbook -> sheets of cells, within bounds that are known before it is opened."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from python_calamine import CalamineSheet

from adapters import spreadsheet
from adapters.records import Defect
from adapters.vcfse.book import MOST_CELLS, Book, Cell, Merge, Sheet, refuse, too_large

BOUNDS = spreadsheet.Bounds(
    parts=2_000, unpacked=64 * 1024 * 1024, cells=MOST_CELLS, text=128 * 1024 * 1024, columns=1_000
)
"""A workbook of 80,000 rows."""
MOST_MERGES = 5_000
LONGEST_TEXT = 200_000
"""Bytes of one shared text as XML; Excel holds 32,767 characters."""

_TEXTS = re.compile(rb"<(?:\w+:)?sst\b")
_UNSAVED = re.compile(rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>|</(?:\w+:)?c>)")


def read_workbook(content: bytes) -> Book:
    """All worksheets. Raises Unreadable when it is no XLSX workbook, is broken or too large."""
    parts = _measured(content)
    unsaved = any(_UNSAVED.search(part) for part in parts.values() if b"sheetData" in part)
    with _in_our_words():
        return Book(spreadsheet.worksheets(parts, _sheet), [_UNSAVED_FORMULAS] if unsaved else [])


def measured(content: bytes) -> bytes:
    """The same workbook, packed anew of what was measured: safe to hand to a reader. Raises Unreadable as above."""
    return spreadsheet.packed(_measured(content))


_UNSAVED_FORMULAS = Defect(
    code="unsaved-formula",
    where="workbook",
    reason="formulas have no saved value, so their cells are read as blank",
    remedy="Open the workbook in Excel, save it, and send it again.",
)


def _measured(content: bytes) -> spreadsheet.Parts:
    with _in_our_words():
        parts = spreadsheet.measured(content, BOUNDS)
    for part in parts.values():
        if b"sheetData" in part and part.count(b"mergeCell ") > MOST_MERGES:
            too_large("a sheet")
        if _TEXTS.search(part) and max(map(len, part.split(b"si>"))) > LONGEST_TEXT:
            too_large("a text")
    return parts


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Raises Unreadable for what is wrong with the workbook, with a remedy for somebody who works with Excel."""
    try:
        yield
    except spreadsheet.TooLarge as beyond:
        too_large(beyond.what)
    except spreadsheet.AnotherKind:
        refuse(
            "not-a-workbook",
            "this is no XLSX workbook, but another kind of file",
            "Save the spreadsheet as XLSX, or each sheet as CSV, and send that.",
        )
    except spreadsheet.Locked:
        refuse("password", "the workbook is locked by a password", "Save it without a password; the transfer is safe.")
    except spreadsheet.Broken:
        refuse("broken-workbook", "the workbook cannot be opened", "Open it, save it as XLSX and send it again.")


def _sheet(name: str, sheet: CalamineSheet) -> Sheet:
    top, left = sheet.start or (0, 0)
    rows: list[Sequence[Cell]] = [[] for _ in range(top)]
    rows += ([""] * left + row for row in sheet.iter_rows())
    merges: Sequence[Merge] = sheet.merged_cell_ranges or ()
    return Sheet(name, rows, merges)
