"""What a spreadsheet is once it is read, and how large it may be."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import NoReturn

from adapters.errors import Unreadable
from adapters.records import Defect

Cell = str | int | float | bool | date | datetime | time | timedelta
Merge = tuple[tuple[int, int], tuple[int, int]]
"""First and last cell of a merged area, as (row, column) from 0."""

LARGEST_FILE = 32 * 1024 * 1024
"""Bytes of a file as it is sent. A charity's caseload has some thousand rows of about 200 bytes."""
MOST_CELLS = 2_000_000
"""Cells of a sheet, blank ones too: 80,000 rows of 25 columns."""
SAVE_AGAIN = "Open it in Excel, save it as XLSX (or as CSV UTF-8) and send that."


@dataclass(frozen=True)
class Sheet:
    """`name` is None for a CSV file, which has no sheet names."""

    name: str | None
    rows: Sequence[Sequence[Cell]]
    merges: Sequence[Merge] = ()


@dataclass(frozen=True)
class Book:
    """All sheets of a file. `defects`: what of it cannot be seen in them."""

    sheets: Sequence[Sheet]
    defects: Sequence[Defect] = field(default=())


def too_large(what: str) -> NoReturn:
    """Raises Unreadable."""
    refuse(
        "too-large",
        f"{what} is far larger than a charity's caseload",
        "Remove pictures, delete empty rows and columns below and beside the table, or send one file for each year.",
    )


def refuse(code: str, reason: str, remedy: str) -> NoReturn:
    """Raises Unreadable about the file as a whole."""
    raise Unreadable(Defect(code=code, where="file", reason=reason, remedy=remedy))
