"""The file as rows of text: a CSV file, or the one worksheet of a workbook that holds CLD."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from adapters.errors import Unreadable
from adapters.records import Defect
from adapters.social_care import columns, delimited, workbook

Numbered = tuple[int, Sequence[str]]
"""A row: its number as a spreadsheet shows it, and its cells as they stand (not stripped)."""


@dataclass(frozen=True)
class Sheet:
    """`header` is stripped text. `rows` gives the rows after it from the start, each time it is called; empty rows are
    left out. It raises Unreadable where a CSV file stops being one."""

    header: Sequence[str]
    rows: Callable[[], Iterator[Numbered]]


def open_sheet(content: BinaryIO, name: str) -> Sheet:
    """The CLD in a seekable binary file, of which nobody else may move the position meanwhile. Raises Unreadable when
    no sheet, or more than one, begins with CLD's columns."""
    content.seek(0)
    if content.read(4) == workbook.START:
        tables = [list(table) for table in workbook.worksheets(content, name)]
        sources: list[Callable[[], Iterator[Sequence[str]]]] = [table.__iter__ for table in tables]
    else:
        sources = [partial(delimited.rows, content, delimited.encoding_of(content, name), name)]
    found = [sheet for source in sources if columns.is_header((sheet := _sheet(source)).header)]
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


def _sheet(source: Callable[[], Iterator[Sequence[str]]]) -> Sheet:
    header = next(_numbered(source), (0, ()))[1]
    return Sheet([title.strip() for title in header], partial(_after_header, source))


def _after_header(source: Callable[[], Iterator[Sequence[str]]]) -> Iterator[Numbered]:
    numbered = _numbered(source)
    next(numbered, None)
    return numbered


def _numbered(source: Callable[[], Iterator[Sequence[str]]]) -> Iterator[Numbered]:
    return ((number, cells) for number, cells in enumerate(source(), start=1) if any(map(str.strip, cells)))


def _unreadable(name: str, code: str, reason: str, remedy: str) -> Unreadable:
    return Unreadable(Defect(code=code, where=name, reason=reason, remedy=remedy))
