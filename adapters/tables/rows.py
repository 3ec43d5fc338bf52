"""One table's lines -> values by field, row by row, with a defect for everything that could not be used."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from adapters.records import Defect
from adapters.tables.archive import Lines, Sheet
from adapters.tables.cells import CellError
from adapters.tables.dataset import Column, DataSet, plain

_RESEND = "correct the row and resend it with the next submission"
_CODES_KEPT = 4096
"""Distinct codes of a column that are remembered as checked; more means that it holds no codes."""


class Row(NamedTuple):
    """A row's values by field name; `number` is its line in the file (the header is line 1)."""

    number: int
    values: dict[str, Any]
    cells: Sequence[str]


@dataclass
class Report:
    """What is said of one table's file. `complete`: every row sent could be used, so that absence means withdrawn.
    `defects` are taken away as the reading goes on."""

    file: str
    defects: list[Defect]
    complete: bool = True
    record_number: int | None = None
    """Place of the column that says which person a row is about."""
    once: set[object] = field(default_factory=set)
    """What is reported for its first row only."""

    def reject(self, row: Row, code: str, column: str, reason: str, remedy: str = _RESEND) -> None:
        """Records why `row` is kept out. Its earlier version stands, so the table says nothing by absence."""
        self.complete = False
        self.report(row, code, column, reason, remedy)

    def report(self, row: Row, code: str, column: str, reason: str, remedy: str = _RESEND) -> None:
        """Records what is wrong with a row that is used."""
        where = f"{self.file} row {row.number} {column}".rstrip()
        fragment = _line(row.cells)
        self.defects.append(
            Defect(code=code, where=where, reason=reason, remedy=remedy, fragment=fragment, row=row.number)
        )

    def report_first(self, row: Row, code: str, column: str, about: str, reason: str, remedy: str) -> None:
        """As `report`, for the first row that has the value `about` there: a fault of a list is not said a thousand
        times."""
        if len(self.once) < _CODES_KEPT and (code, column, about) not in self.once:
            self.once.add((code, column, about))
            self.report(row, code, column, f"{reason} (first of the rows that have it)", remedy)

    def table(self, code: str, where: str, reason: str, remedy: str) -> None:
        """Records a fault of the table or of a column."""
        self.defects.append(Defect(code=code, where=where, reason=reason, remedy=remedy))


def _line(cells: Sequence[str]) -> bytes:
    """The row as it came, for quarantine."""
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode("utf-8", "replace")


class _Reader(NamedTuple):
    """How one column is read. `as_sent`: the text is the value."""

    column: Column
    field: str
    title: str
    position: int
    older: tuple[int, ...]
    as_sent: bool
    convert: Callable[[str], str | int]
    checked: dict[str, str | int]


def read_rows(
    dataset: DataSet,
    sheet: Sheet,
    lines: Lines,
    columns: Sequence[Column],
    report: Report,
    header: Mapping[str, Any],
) -> Iterator[Row]:
    """Every usable row of the table. A column that must be there and is not makes all rows unusable; `header`: values
    of the header by field, for a column that a trust's own extract does not have."""
    table = csv.reader(lines, strict=True)
    try:
        titles = [dataset.own_title(sheet.code, title) for title in next(table, [])]
        lines.size = 0
        constants: dict[str, Any] = {}
        place = {title: position for position, title in reversed(list(enumerate(titles)))}
        report.record_number = place.get(plain(dataset.record_number)) if dataset.record_number else None
        readers = _readers(place, columns, report, header, constants)
        if readers is None:
            return
        for cells in table:
            lines.size = 0
            row = Row(table.line_num, dict(constants), cells)
            if _read(row, readers, len(titles), report):
                yield row
    except csv.Error:
        report.complete = False
        report.table(
            "unreadable-table",
            f"{report.file} row {table.line_num}",
            "not CSV from here on; the rows before are used",
            "quote cells that hold commas, quotes or line breaks",
        )


def _readers(
    place: Mapping[str, int],
    columns: Sequence[Column],
    report: Report,
    header: Mapping[str, Any],
    constants: dict[str, Any],
) -> list[_Reader] | None:
    """A reader per column that is there, by its place among the titles; None when a key column is missing."""
    readers = []
    usable = True
    for column in columns:
        positions = [place[plain(title)] for title in column.titles if plain(title) in place]
        if positions:
            readers.append(_reader(column, positions))
        elif column.header is not None and header.get(column.header):
            constants[column.field] = header[column.header]
            _missing(report, column, f"the {column.header} of the header stands in")
        elif column.need == "key":
            usable = False
            _missing(report, column, "no row of the table can be used")
        elif column.need == "expected" and not (column.pseudonym and plain(column.pseudonym) in place):
            _missing(report, column, "rows are used without it")
    report.complete = report.complete and usable
    return readers if usable else None


def _reader(column: Column, positions: Sequence[int]) -> _Reader:
    first, *older = positions
    as_sent = column.kind == "text" and column.codes is None
    return _Reader(column, column.field, column.titles[0], first, tuple(older), as_sent, column.convert, {})


def _missing(report: Report, column: Column, cost: str) -> None:
    report.table(
        "missing-column",
        f"{report.file} {column.titles[0]}",
        f"the column is missing; {cost}",
        "send every column of the table under its title, also when it is empty",
    )


def _read(row: Row, readers: Sequence[_Reader], width: int, report: Report) -> bool:
    """Fills the row's values; False when the row is blank or cannot be used."""
    cells, values = row.cells, row.values
    if len(cells) != width:
        # Cells may have shifted, and a value in the wrong column is worse than none.
        if any(cell.strip() for cell in cells):
            report.reject(row, "wrong-cell-count", "", "the row has more or fewer cells than the header")
        return False
    for reader in readers:
        value = cells[reader.position].strip() or (_older(cells, reader.older) if reader.older else "")
        if not value:
            if reader.column.need == "key":
                return _without_key(row, reader, report)
        elif "\0" in value:
            return _reject(row, reader, report, "bad-character", "a cell holds a NUL character")
        elif reader.as_sent:
            values[reader.field] = value
        elif (known := reader.checked.get(value)) is not None:
            values[reader.field] = known
        else:
            try:
                values[reader.field] = _converted(value, row, reader, report)
            except CellError as bad:
                if reader.column.need == "key":
                    return _reject(row, reader, report, bad.code, bad.reason, bad.remedy)
                report.report(row, bad.code, reader.title, f"{bad.reason}; the row is used without it", bad.remedy)
    return True


def _older(cells: Sequence[str], positions: Sequence[int]) -> str:
    return next((value for position in positions if (value := cells[position].strip())), "")


def _converted(value: str, row: Row, reader: _Reader, report: Report) -> str | int:
    """The value of a cell; a code that its list does not have is reported for its first row, and kept as sent."""
    converted = reader.convert(value)
    codes = reader.column.codes
    if codes is not None:
        if converted not in codes:
            report.report_first(
                row,
                "unknown-code",
                reader.title,
                str(converted),
                "a code that its list does not have, or has no longer; kept as sent",
                "send a code of the list in force",
            )
        if len(reader.checked) < _CODES_KEPT:
            reader.checked[value] = converted
    return converted


def _without_key(row: Row, reader: _Reader, report: Report) -> bool:
    if any(cell.strip() for cell in row.cells):
        report.reject(row, "missing-value", reader.title, "a mandatory value is empty")
    return False


def _reject(row: Row, reader: _Reader, report: Report, code: str, reason: str, remedy: str = _RESEND) -> bool:
    report.reject(row, code, reader.title, reason, remedy)
    return False
