"""A workbook (.xlsx) as tables of text, within bounds that are known before it is opened; a larger file goes as CSV."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import BinaryIO

from python_calamine import CalamineSheet

from adapters import spreadsheet
from adapters.errors import Unreadable
from adapters.records import Defect

LARGEST = 8_000_000
"""Bytes of a workbook file: about 40,000 rows of CLD."""
BOUNDS = spreadsheet.Bounds(parts=1_000, unpacked=96_000_000, cells=2_000_000, text=128_000_000)
"""40,000 rows of CLD."""
START = b"PK\x03\x04"
"""First bytes of a ZIP file."""


def worksheets(content: BinaryIO, name: str) -> list[Iterator[Sequence[str]]]:
    """The rows of each worksheet as text. Raises Unreadable when it is no workbook, or too large a one."""
    content.seek(0)
    held = content.read(LARGEST + 1)
    if len(held) > LARGEST:
        raise _too_large(name)
    try:
        sheets = spreadsheet.worksheets(spreadsheet.measured(held, BOUNDS), _cells)
    except spreadsheet.TooLarge:
        raise _too_large(name) from None
    except spreadsheet.NotOpened:
        raise _unopened(name) from None
    return [([_text(cell) for cell in cells] for cells in sheet) for sheet in sheets]


def _cells(_: str, sheet: CalamineSheet) -> Sequence[Sequence[object]]:
    """From the sheet's first row and column, so that rows have the numbers that a spreadsheet shows."""
    cells: Sequence[Sequence[object]] = sheet.to_python(skip_empty_area=False)
    return cells


def _too_large(name: str) -> Unreadable:
    return Unreadable(
        Defect(
            code="workbook-too-large",
            where=name,
            reason=f"a workbook may have {LARGEST // 10**6} MB and {BOUNDS.cells} cells, empty ones included",
            remedy="send as CSV",
        )
    )


def _unopened(name: str) -> Unreadable:
    return Unreadable(
        Defect(
            code="not-a-workbook",
            where=name,
            reason="it is no .xlsx workbook that can be opened",
            remedy="save it again as .xlsx without a password, or as CSV",
        )
    )


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # numbers come as floats: an NHS number must not become 9990000018.0
    return str(value)
