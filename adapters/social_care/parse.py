"""Client Level Data -> events. One file is one submission; one row is one event of one person.

A file is read twice, each time as a stream: first for whom its rows are about, then for what they say. Nothing is
guessed: rows under an id that the same file gives to two people are not used, and the submission is then told as
saying nothing about that id (`Unattributed`), so that what it said before is not taken as withdrawn.
"""

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import BinaryIO

import msgspec

from adapters.errors import Unreadable
from adapters.records import LONDON, Event, Parsed, SourcePatient, Submission, instant
from adapters.social_care import records
from adapters.social_care.columns import CLEAR, PSEUDONYMISED, RELEASE_1, Column, recognise
from adapters.social_care.faults import Faults
from adapters.social_care.identities import Identities, Identity, identities
from adapters.social_care.period import Reported
from adapters.social_care.rows import RowReader, Statement
from adapters.social_care.sheet import Sheet, open_sheet

_PIECE = 2000
"""Events."""
Told = tuple[str, records.Record]
"""(LA Person Unique Identifier, what is said of that person)."""


def parse(content: bytes, *, name: str, sender: str, as_of: datetime) -> Parsed:
    """CSV or workbook of CLD (either layout, either release's values) -> one event per row, one more for each adult
    that a carer's row links to, and the submission. `sender`: ODS code of the council. Raises Unreadable when no sheet
    holds CLD's columns or the rows are of several councils."""
    read = list(pieces(io.BytesIO(content), name=name, sender=sender, as_of=as_of))
    return Parsed(
        events=[event for piece in read for event in piece.events],
        defects=[defect for piece in read for defect in piece.defects],
        submission=read[-1].submission,
    )


def pieces(content: BinaryIO, *, name: str, sender: str, as_of: datetime) -> Iterator[Parsed]:
    """`parse` for a seekable binary file of any length, in memory that does not grow with a CSV file (a workbook is
    held whole). Every piece has about 2,000 events; the last one also the defects and the submission. The same bytes
    give the same pieces. What makes the file Unreadable is raised before the first piece. Nobody else may move the
    file's position meanwhile."""
    faults = Faults(name)
    today = as_of.astimezone(LONDON).date().isoformat()
    moment = instant(as_of)
    sheet = open_sheet(content, name)
    reader = RowReader(_columns(sheet.header, faults), today, faults)
    submission = _Submission()
    events: list[Event] = []
    encode = msgspec.json.Encoder().encode
    with identities(_identities(sheet, reader, name)) as doubtful:
        for number, texts in sheet.rows():
            statement = reader.read(number, texts)
            submission.add(statement)
            events += (
                Event(patient=SourcePatient(sender, told), at=moment, sent=moment, record=encode(record))
                for told, record in _told(statement, doubtful, faults)
            )
            if len(events) >= _PIECE:
                yield Parsed(events=events)
                events = []
    period = submission.reported.period(today, faults)
    yield Parsed(
        events=events,
        defects=faults.defects(),
        submission=Submission(
            dataset=records.DATASET, sender=sender, as_of=moment, tables=submission.tables(), **period._asdict()
        ),
    )


class _Submission:
    """Collects, row by row, what the submission as a whole says."""

    def __init__(self) -> None:
        self.reported = Reported()
        self._present: set[str] = set()
        self._anybodys: set[str] = set()

    def add(self, statement: Statement) -> None:
        self.reported.add(statement.period, statement.row.end if statement.row else None)
        if statement.local_id is None:
            self._anybodys.update(statement.tables)
        elif len(statement.tables) == 1:
            self._present.update(statement.tables)

    def tables(self) -> tuple[str, ...]:
        """The tables whose absences count: those present, but for those that a row of nobody known belongs to."""
        counted = self._present - self._anybodys
        return tuple(table for table in records.TABLES if table in counted)


def _columns(header: Sequence[str], faults: Faults) -> list[Column | None]:
    """The header's columns in its order; None for those that are not read."""
    columns: list[Column | None] = []
    for title in header:
        column = recognise(title) if title else None
        if title and column is None:
            faults.add("unknown-column", column=title[:80])  # a place in the quarantine, not a copy of it
        elif column in columns and column is not None:
            faults.add("repeated-column", column=column.title)
            column = None
        columns.append(column)
    _report_missing({column.title for column in columns if column}, faults)
    return columns


def _report_missing(titles: set[str], faults: Faults) -> None:
    expected = [column.title for column in RELEASE_1 if column.title not in (*CLEAR, PSEUDONYMISED)]
    expected += [] if PSEUDONYMISED in titles else CLEAR
    for title in expected:
        if title not in titles:
            faults.add("missing-column", column=title)


def _identities(sheet: Sheet, reader: RowReader, name: str) -> Iterator[Identity]:
    """Of every row that tells, whom it is about. Raises Unreadable when the rows are of several councils."""
    council = ""
    for _, texts in sheet.rows():
        said = reader.council(texts)
        if said and council and said != council:
            faults = Faults(name)
            faults.add("several-councils", column="LA Code")
            raise Unreadable(faults.defects()[0])
        council = council or said
        identity = reader.identity(texts)
        if identity:
            yield identity


def _told(statement: Statement, doubtful: Identities, faults: Faults) -> Iterator[Told]:
    """What one row says, of whom: itself and, to the adults whom it links to, that they are cared for. A row that
    cannot be used says nothing about any of them, which is not the same as being absent."""
    local_id, row, person = statement.local_id, statement.row, statement.person
    if local_id is None or person is None:
        return
    doubt = doubtful.doubt(local_id)
    if doubt == "ambiguous":
        faults.add("ambiguous-person", row=statement.number, about=local_id)
        yield from ((told, records.Unattributed(tables=records.TABLES)) for told in (local_id, *statement.linked))
    elif row is None:
        yield from ((told, records.Unattributed(tables=statement.tables)) for told in (local_id, *statement.linked))
    elif doubt == "mixed" and _identity(person).unidentified:
        faults.add("unidentified-row", row=statement.number)
        yield local_id, records.Unattributed(tables=statement.tables)
        yield from _links(row, statement.number, faults)
    else:
        yield local_id, row
        yield from _links(row, statement.number, faults)


def _identity(person: records.Person) -> Identity:
    return Identity(person.local_id, person.nhs_number, person.pseudonym, person.birth_date)


def _links(row: records.Row, number: int, faults: Faults) -> Iterator[Told]:
    carer = row.person.local_id
    for adult in row.caring.linked:
        if adult == carer:
            faults.add("linked-to-self", row=number)
        else:
            yield adult, records.CaredFor(carer=carer, table=records.table(row), start=row.start, end=row.end)
