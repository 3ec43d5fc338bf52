"""Client Level Data -> events. One file is one submission; one row is one event of one person.

Nothing is guessed: rows under an id that the same file gives to two people are not used, and the submission is then
told as saying nothing about that id (`Unattributed`), so that what it said before is not taken as withdrawn.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from adapters.errors import Unreadable
from adapters.records import LONDON, Event, Parsed, SourcePatient, Submission, instant
from adapters.social_care import period, records, rows
from adapters.social_care.columns import CLEAR, PSEUDONYMISED, RELEASE_1, Column, recognise
from adapters.social_care.faults import Faults, named_rows
from adapters.social_care.rows import Statement
from adapters.social_care.sheet import read_sheet


def parse(content: bytes, *, name: str, sender: str, as_of: datetime) -> Parsed:
    """CSV or workbook of CLD (either layout, either release's values) -> one event per row, one more for each adult
    that a carer's row links to, and the submission. `sender`: ODS code of the council. Raises Unreadable when no sheet
    holds CLD's columns or the rows are of several councils."""
    sheet = read_sheet(content, name)
    faults = Faults(name)
    today = as_of.astimezone(LONDON).date().isoformat()
    columns = _columns(sheet.header, faults)
    statements = [rows.read_row(number, cells, columns, today, faults) for number, cells in sheet.rows]
    _one_council(statements, name)
    ambiguous = _ambiguous(statements, faults)
    submission = Submission(
        dataset=records.DATASET,
        sender=sender,
        as_of=instant(as_of),
        tables=_tables(statements),
        **period.reporting_period(statements, today, faults)._asdict(),
    )
    events = [
        Event(
            patient=SourcePatient(sender, local_id),
            at=submission.as_of,
            sent=submission.as_of,
            record=msgspec.json.encode(record),
        )
        for local_id, record in _records(statements, ambiguous, faults)
    ]
    return Parsed(events=events, defects=faults.defects(), submission=submission)


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


def _one_council(statements: Iterable[Statement], name: str) -> None:
    if len({statement.council.casefold() for statement in statements if statement.council}) > 1:
        faults = Faults(name)
        faults.add("several-councils", column="LA Code")
        raise Unreadable(faults.defects()[0])


def _tables(statements: Sequence[Statement]) -> tuple[str, ...]:
    """The tables whose absences count: those present, or none when a row could be anybody's."""
    if any(statement.unreadable for statement in statements):
        return ()
    present = {table for statement in statements for table in statement.tables}
    return tuple(table for table in records.TABLES if table in present)


def _ambiguous(statements: Iterable[Statement], faults: Faults) -> set[str]:
    """LA ids that the file gives to people who cannot be one person."""
    by_id: Mapping[str, list[Statement]] = defaultdict(list)
    for statement in statements:
        if statement.local_id:
            by_id[statement.local_id].append(statement)
    ambiguous = {local_id for local_id, said in by_id.items() if _several_people(said)}
    for local_id in sorted(ambiguous):
        # one defect per id, naming its rows: the council mends them id by id
        faults.add("ambiguous-person", column=named_rows([statement.number for statement in by_id[local_id]]))
    return ambiguous


def _several_people(said: Sequence[Statement]) -> bool:
    people = [statement.person for statement in said if statement.person]
    identities = (
        {person.nhs_number for person in people},
        {person.pseudonym for person in people},
        {person.birth_date for person in people},
    )
    return any(len(identity - {None}) > 1 for identity in identities)


def _records(
    statements: Iterable[Statement], ambiguous: set[str], faults: Faults
) -> Iterator[tuple[str, records.Record]]:
    """(LA id, record) in the order of the rows; what is unusable becomes one Unattributed per id."""
    unusable: dict[str, set[str]] = defaultdict(set)
    for statement in statements:
        row = statement.row
        if not statement.local_id:
            continue
        if statement.local_id in ambiguous:
            for told in (statement.local_id, *(row.caring.linked if row else ())):
                unusable[told].update(records.TABLES)
            continue
        if row is None:
            unusable[statement.local_id].update(statement.tables or records.TABLES)
            continue
        yield statement.local_id, row
        yield from _links(row, statement.number, faults)
    for local_id, tables in sorted(unusable.items()):
        yield local_id, records.Unattributed(tables=tuple(sorted(tables)))


def _links(row: records.Row, number: int, faults: Faults) -> Iterator[tuple[str, records.CaredFor]]:
    carer = row.person.local_id
    for adult in row.caring.linked:
        if adult == carer:
            faults.add("linked-to-self", row=number)
        else:
            told = records.CaredFor(carer=carer, table=records.table(row), start=row.start, end=row.end)
            yield adult, told
