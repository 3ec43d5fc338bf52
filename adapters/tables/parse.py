"""One submission of a table data set (a ZIP file of CSV tables) -> events of the people it is about.

Rows find their person along the data set's own path (activity -> contact -> referral -> patient); a row whose path
breaks, or ends in more than one place, is kept out with a defect, and the rest is stored. A table of which any row had
to be kept out does not count for absence: its missing rows may be among the unusable ones. A row that names a team or a
professional whom the submission does not describe is used, and reported where the data set says that it should.

Tables are read as streams. What stays in memory is an index of the rows that others hang on (patients, care plans,
referrals, contacts ...; about 40 bytes each), digests of the rows of the table that is being read and of who met whom
(about 25 bytes each), the registers (staff, teams, wards), and one piece. Measured with CSDS: 48 MB beside the
interpreter for a million rows, 91 MB for two (docs/performance.md); `archive.MAX_BYTES` bounds it at about half a
gigabyte.
"""

import io
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

import msgspec

from adapters.records import Defect, Parsed, Submission
from adapters.tables.archive import Archive, Sheet, opened
from adapters.tables.compact import Seen
from adapters.tables.dataset import DataSet, Register, Table
from adapters.tables.header import created, read_header
from adapters.tables.place import Places
from adapters.tables.reader import ENCODER, Reader, Reading
from adapters.tables.registers import Entries
from adapters.tables.rows import Report, read_rows

PIECE = 2000
"""Events and defects of one piece, about."""


def parse_submission(dataset: DataSet, content: bytes, *, name: str, sender: str, as_of: datetime) -> Parsed:
    """A submission's events, defects and period. The order of submissions is that of the time of creation in the
    header; `as_of` (aware) stands in where it is missing.

    Raises Unreadable when the ZIP file, its header, or the organisation it comes from is not as it must be.
    """
    read = list(submission_pieces(dataset, io.BytesIO(content), name=name, sender=sender, as_of=as_of))
    return Parsed(
        events=[event for piece in read for event in piece.events],
        defects=[defect for piece in read for defect in piece.defects],
        submission=read[-1].submission,
    )


def submission_pieces(
    dataset: DataSet, content: BinaryIO, *, name: str, sender: str, as_of: datetime
) -> Iterator[Parsed]:
    """As `parse_submission`, of a seekable binary file, in pieces of about PIECE events and defects; the same bytes
    make the same pieces. The last one has the submission."""
    with opened(dataset, content, name) as archive:
        reading = _begin(archive, name, sender, as_of)
        for register in dataset.registers:
            _read_register(register, reading)
        for table in dataset.tables:
            for _ in _read_table(table, reading):
                if len(reading.events) + len(reading.defects) >= PIECE:
                    yield _take(reading)
        yield _take(
            reading,
            Submission(
                dataset=dataset.name,
                sender=sender,
                start=reading.header.start,
                end=reading.header.end,
                as_of=reading.sent,
                tables=tuple(code for code, report in sorted(reading.reports.items()) if report.complete),
            ),
        )


def _begin(archive: Archive, name: str, sender: str, as_of: datetime) -> Reading:
    dataset = archive.dataset
    header, defects = read_header(archive, sender, name)
    sent, doubtful = created(header, as_of, dataset, name)
    with_rows = [table for table in dataset.tables if _has_rows(archive.sheets.get(table.code))]
    hung_on = frozenset({dataset.people.code} | {dataset.parent(table)[0] for table in with_rows})
    return Reading(
        archive,
        header,
        sent,
        Places(dataset, hung_on),
        defects=[*archive.defects, *defects, *doubtful],
        values={(code, field): Seen() for table in dataset.tables for field, code in table.among},
    )


def _has_rows(sheet: Sheet | None) -> bool:
    return sheet is not None and sheet.has_rows


def _take(reading: Reading, submission: Submission | None = None) -> Parsed:
    """What has been read since the last piece."""
    piece = Parsed(events=reading.events[:], defects=reading.defects[:], submission=submission)
    reading.events.clear()
    reading.defects.clear()
    return piece


def _report(sheet: Sheet, reading: Reading) -> Report:
    report = Report(sheet.file, reading.defects, complete=sheet.complete)
    reading.reports[sheet.code] = report
    return report


def _read_register(register: Register, reading: Reading) -> None:
    sheet = reading.archive.sheets.get(register.code)
    if sheet is None:
        return
    entries = reading.registers[register.code] = Entries()
    report = _report(sheet, reading)
    with reading.archive.lines(sheet) as lines:
        for row in read_rows(reading.archive.dataset, sheet, lines, register.columns, report, {}):
            record = register.record(**row.values, provider=reading.header.provider)
            entries.add(row.values[register.id_field], ENCODER.encode(record))


def _read_table(table: Table, reading: Reading) -> Iterator[None]:
    """Reads one table; one step for each row that can be used."""
    dataset = reading.archive.dataset
    sheet = reading.archive.sheets.get(table.code)
    if sheet is None:
        if table.required:
            reading.defects.append(_missing_table(table))
        return
    report = _report(sheet, reading)
    header = msgspec.structs.asdict(reading.header)
    above = dataset.parent(table)[0]
    hangs = table is dataset.people or above in reading.places.parents
    reader = Reader(table, report, reading)
    with reading.archive.lines(sheet) as lines:
        for row in read_rows(dataset, sheet, lines, table.columns, report, header):
            if not hangs:
                _orphaned(dataset.by_code[above], report)
                return
            reading.places.start(table)
            reader.read(row)
            yield
    if hangs and report.complete:
        reading.places.start(table)


def _missing_table(table: Table) -> Defect:
    return Defect(
        code="missing-table",
        where=table.name,
        reason="the data set requires this table",
        remedy=f"include {table.name}.csv in every submission",
    )


def _orphaned(above: Table, report: Report) -> None:
    """One defect says for all rows that the table they hang on is missing."""
    report.complete = False
    report.table(
        "orphan-table",
        report.file,
        f"no row can be used, for {above.name} was not sent or cannot be used",
        f"send {above.name} with every submission",
    )
