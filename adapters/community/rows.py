"""One CSDS table's CSV text -> records, with a defect for everything that could not be used."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.community.archive import TableText
from adapters.community.cells import CONVERT, CellError
from adapters.community.tables import Column
from adapters.records import Defect

_RESEND = "correct the row and resend it with the next submission"


@dataclass(frozen=True)
class RawRow:
    """A row's values by field name; `number` is its line in the file (the header is line 1)."""

    number: int
    values: dict[str, Any]
    cells: Sequence[str]

    @property
    def fragment(self) -> bytes:
        """The row as it came, for quarantine."""
        line = io.StringIO()
        csv.writer(line).writerow(self.cells)
        return line.getvalue().encode()


@dataclass
class TableRows:
    """What one table's file held. `complete`: every row sent is in `rows`, so that absence means withdrawn."""

    file: str
    rows: list[RawRow] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    complete: bool = True

    def reject(self, row: RawRow, code: str, column: str, reason: str, remedy: str = _RESEND) -> None:
        """Records why `row` is kept out. Its earlier version stands, so the table says nothing by absence."""
        self.complete = False
        self.report(row, code, column, reason, remedy)

    def report(self, row: RawRow, code: str, column: str, reason: str, remedy: str) -> None:
        where = f"{self.file} row {row.number} {column}".rstrip()
        self.defects.append(Defect(code=code, where=where, reason=reason, remedy=remedy, fragment=row.fragment))


@dataclass(frozen=True)
class _Reader:
    column: Column
    title: str
    positions: tuple[int, ...]
    convert: Callable[[str], str | int]


def read_rows(table: TableText, columns: Sequence[Column]) -> TableRows:
    """Every usable row of `table`. A column that must be there and is not makes all rows unusable."""
    found = TableRows(table.file, complete=table.complete)
    lines = csv.reader(io.StringIO(table.text, newline=""), strict=True)
    try:
        titles = [" ".join(title.upper().split()) for title in next(lines, [])]
        readers = _readers(titles, columns, found)
        if readers is None:
            return found
        for cells in lines:
            if any(cell.strip() for cell in cells):
                _read(RawRow(lines.line_num, {}, cells), readers, len(titles), found)
    except csv.Error:
        found.complete = False
        found.defects.append(_unreadable_rest(table.file, lines.line_num))
    return found


def _readers(titles: Sequence[str], columns: Sequence[Column], found: TableRows) -> list[_Reader] | None:
    """A reader per column that is there; None when a key column is missing."""
    place = {title: position for position, title in reversed(list(enumerate(titles)))}
    readers = []
    usable = True
    for column in columns:
        positions = tuple(place[title.upper()] for title in column.titles if title.upper() in place)
        if positions:
            readers.append(_Reader(column, column.titles[0], positions, CONVERT[column.kind]))
        elif column.need == "key" or (column.need == "expected" and not _has_pseudonym(column, place)):
            usable = usable and column.need != "key"
            found.defects.append(_missing_column(found.file, column))
    found.complete = found.complete and usable
    return readers if usable else None


def _has_pseudonym(column: Column, place: dict[str, int]) -> bool:
    return column.pseudonym is not None and column.pseudonym.upper() in place


def _read(row: RawRow, readers: Sequence[_Reader], width: int, found: TableRows) -> None:
    if len(row.cells) != width:
        # Cells may have shifted, and a value in the wrong column is worse than none.
        found.reject(row, "wrong-cell-count", "", "the row has more or fewer cells than the header")
        return
    for reader in readers:
        value = _first_value(row.cells, reader.positions)
        if not value:
            if reader.column.need == "key":
                found.reject(row, "missing-value", reader.title, "a mandatory value is empty")
                return
            continue
        try:
            row.values[reader.column.field] = reader.convert(value)
        except CellError as bad:
            if reader.column.need == "key":
                found.reject(row, bad.code, reader.title, bad.reason, bad.remedy)
                return
            found.report(row, bad.code, reader.title, f"{bad.reason}; the row is used without it", bad.remedy)
    found.rows.append(row)


def _first_value(cells: Sequence[str], positions: Sequence[int]) -> str:
    for position in positions:
        if value := cells[position].strip():
            return value
    return ""


def _missing_column(file: str, column: Column) -> Defect:
    cost = "no row of the table can be used" if column.need == "key" else "rows are used without it"
    return Defect(
        code="missing-column",
        where=f"{file} {column.titles[0]}",
        reason=f"the column is missing; {cost}",
        remedy="send every column of the table under its title, also when it is empty",
    )


def _unreadable_rest(file: str, line: int) -> Defect:
    return Defect(
        code="unreadable-table",
        where=f"{file} row {line}",
        reason="not CSV from here on; the rows before are used",
        remedy="quote cells that hold commas, quotes or line breaks",
    )
