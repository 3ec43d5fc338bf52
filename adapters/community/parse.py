"""One CSDS submission (a ZIP file of CSV tables) -> events of the people it is about.

Rows find their person along the data set's own path (activity -> contact -> referral -> patient); a row whose path
breaks, or ends in more than one place, is kept out with a defect, and the rest is stored. A table of which any row had
to be kept out does not count for absence: its missing rows may be among the unusable ones.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from adapters.community import records, tables
from adapters.community.archive import TableText, read_tables
from adapters.community.cells import CellError, moment
from adapters.community.rows import RawRow, TableRows, read_rows
from adapters.errors import Unreadable
from adapters.records import Defect, Event, Parsed, SourcePatient, Submission, instant

DATASET = "csds"

_ENCODER = msgspec.json.Encoder()
_PATH = ("referral", "contact")
"""Ids that a row inherits from the row it hangs on."""


@dataclass(frozen=True)
class _Placed:
    """A row with the person it is about; other rows hang on it."""

    patient: SourcePatient
    record: records.Row


@dataclass
class _Read:
    """What has been read so far. `placed`: per table and id, every row that has that id."""

    header: records.Header
    tables: dict[str, TableRows] = field(default_factory=dict)
    placed: dict[str, defaultdict[str, list[_Placed]]] = field(default_factory=dict)
    defects: list[Defect] = field(default_factory=list)


def parse(content: bytes, *, name: str, sender: str, as_of: datetime) -> Parsed:
    """A submission's events, defects and period. The order of submissions is that of `DATE AND TIME DATA SET CREATED`
    in the header; `as_of` (aware) stands in where it is missing.

    Raises Unreadable when the ZIP file, its header, or the organisation it comes from is not as it must be.
    """
    texts, defects = read_tables(content, name)
    header, header_defects = _header(texts.pop("CYP000", None), name)
    _check_sender(header, sender, name)
    read = _Read(header, defects=[*defects, *header_defects])
    sent, created_defects = _created(header, as_of, name)
    for table in tables.PERSON_TABLES:
        _place(table, texts.get(table.code), read)
    staff = _staff(texts.get(tables.STAFF.code), read)
    all_defects = [*read.defects, *created_defects, *(d for rows in read.tables.values() for d in rows.defects)]
    return Parsed(
        events=[
            Event(patient=placed.patient, at=sent, sent=sent, record=_ENCODER.encode(placed.record))
            for placed in (*_all_placed(read), *_staff_of_people(read, staff))
        ],
        defects=all_defects,
        submission=Submission(
            dataset=DATASET,
            sender=sender,
            start=header.start,
            end=header.end,
            as_of=sent,
            tables=tuple(code for code, rows in sorted(read.tables.items()) if rows.complete),
        ),
    )


def _header(table: TableText | None, name: str) -> tuple[records.Header, list[Defect]]:
    remedy = f"include {tables.HEADER_NAME}.csv with exactly one row: provider, period and creation time"
    if table is None:
        raise Unreadable(
            Defect(code="missing-header", where=f"{name} {tables.HEADER_NAME}", reason="no header table", remedy=remedy)
        )
    found = read_rows(table, tables.HEADER)
    if len(found.rows) != 1:
        reason = found.defects[0].reason if found.defects else f"{len(found.rows)} rows"
        where = found.defects[0].where if found.defects else f"{name} {table.file}"
        raise Unreadable(Defect(code="bad-header", where=where, reason=reason, remedy=remedy))
    header = msgspec.convert(found.rows[0].values, records.Header)
    if header.start > header.end:
        raise Unreadable(
            Defect(
                code="bad-header", where=f"{name} {table.file}", reason="period ends before it starts", remedy=remedy
            )
        )
    return header, found.defects


def _check_sender(header: records.Header, sender: str, name: str) -> None:
    if sender not in (header.provider, header.submitter):
        raise Unreadable(
            Defect(
                code="wrong-sender",
                where=f"{name} {tables.HEADER_NAME}",
                reason="neither provider nor submitting organisation is the organisation whose feed this is",
                remedy="ingest it under the sender that its header names",
            )
        )


def _created(header: records.Header, as_of: datetime, name: str) -> tuple[str, list[Defect]]:
    if not header.created:
        return instant(as_of), []
    try:
        return instant(moment(header.created)), []
    except CellError as bad:
        where = f"{name} {tables.HEADER_NAME} DATE AND TIME DATA SET CREATED"
        reason = f"{bad.reason}; the time of receipt is used"
        return instant(as_of), [Defect(code=bad.code, where=where, reason=reason, remedy=bad.remedy)]


def _place(table: tables.Table, text: TableText | None, read: _Read) -> None:
    """Reads one table and gives every row its person."""
    if text is None:
        if table.mandatory:
            read.defects.append(_missing_table(table))
        return
    found = read_rows(text, table.columns)
    read.tables[table.code] = found
    placed: defaultdict[str, list[_Placed]] = defaultdict(list)
    id_field = table.columns[0].field
    parents = _parents(table, found, read)
    seen: dict[tuple[SourcePatient, tuple[str, ...]], records.Row] = {}
    for row in found.rows:
        one = _placed(table, row, found, parents, read.header.provider)
        if one is None:
            continue
        _report_repeat(table, row, found, seen, one)
        placed[row.values[id_field]].append(one)
    if parents is not None and (found.rows or found.complete):
        read.placed[table.code] = placed


def _parents(table: tables.Table, found: TableRows, read: _Read) -> defaultdict[str, list[_Placed]] | None:
    """The rows that those of `table` hang on. None when none of that table can be used: one defect
    says so for all."""
    via = table.via[0] if table.via else "CYP001"
    if table.code == "CYP001":
        return defaultdict(list)
    if via not in read.placed and found.rows:
        found.complete = False
        found.defects.append(
            Defect(
                code="orphan-table",
                where=found.file,
                reason=f"no row can be used, for {tables.TABLES[via].name} was not sent or cannot be used",
                remedy=f"send {tables.TABLES[via].name} with every submission",
            )
        )
    return read.placed.get(via)


def _placed(
    table: tables.Table,
    row: RawRow,
    found: TableRows,
    parents: defaultdict[str, list[_Placed]] | None,
    provider: str,
) -> _Placed | None:
    if table.code == "CYP001":
        person = SourcePatient(row.values["organisation"], row.values["local_patient"])
        return _Placed(person, _record(table, row, provider, None))
    if parents is None:
        return None
    parent = _parent(table, row, found, parents)
    return _Placed(parent.patient, _record(table, row, provider, parent.record)) if parent else None


def _parent(
    table: tables.Table, row: RawRow, found: TableRows, parents: defaultdict[str, list[_Placed]]
) -> _Placed | None:
    """The one row that `row` hangs on; None, with a defect, when there is none or when there are several."""
    code, key = table.via or ("CYP001", "local_patient")
    column = next(column.titles[0] for column in table.columns if column.field == key)
    candidates = {(one.patient, one.record.key()): one for one in parents.get(row.values[key], ())}
    if len(candidates) == 1:
        return next(iter(candidates.values()))
    other = tables.TABLES[code].name
    if not candidates:
        found.reject(row, "orphan-row", column, f"no usable row of {other} has this id")
    else:
        found.reject(row, "ambiguous-reference", column, f"several rows of {other} have this id")
    return None


def _record(table: tables.Table, row: RawRow, provider: str, parent: records.Row | None) -> records.Row:
    values: dict[str, Any] = {**row.values, "provider": provider}
    own_date = values.get(table.dated) if table.dated else None
    inherited = parent.date if parent is not None and table.via else None
    if table.via:
        for name in _PATH:
            if name not in values and name in table.record.__struct_fields__:
                values[name] = getattr(parent, name)
    return table.record(**values, date=own_date or inherited)


def _report_repeat(
    table: tables.Table,
    row: RawRow,
    found: TableRows,
    seen: dict[tuple[SourcePatient, tuple[str, ...]], records.Row],
    one: _Placed,
) -> None:
    identity = (one.patient, one.record.key())
    if seen.setdefault(identity, one.record) != one.record:
        reason = "another row of the file has the same key and says otherwise; the last one is used"
        found.report(row, "duplicate-row", table.columns[0].titles[0], reason, "send each row once")
    seen[identity] = one.record


def _missing_table(table: tables.Table) -> Defect:
    return Defect(
        code="missing-table",
        where=table.name,
        reason="the data set requires this table",
        remedy=f"include {table.name}.csv in every submission",
    )


def _all_placed(read: _Read) -> Iterator[_Placed]:
    for by_id in read.placed.values():
        for placed in by_id.values():
            yield from placed


def _staff(text: TableText | None, read: _Read) -> dict[str, records.StaffMember]:
    if text is None:
        return {}
    found = read_rows(text, tables.STAFF.columns)
    read.tables[tables.STAFF.code] = found
    members = (records.StaffMember(**row.values, provider=read.header.provider) for row in found.rows)
    return {member.professional: member for member in members}


def _staff_of_people(read: _Read, staff: dict[str, records.StaffMember]) -> Iterable[_Placed]:
    """CYP901 names no patient: each person gets the details of the professionals who saw them."""
    met: dict[tuple[SourcePatient, str], None] = {}
    for placed in (one for many in read.placed.get("CYP202", {}).values() for one in many):
        professional = getattr(placed.record, "professional", None)
        if professional in staff:
            met[placed.patient, professional] = None
    return [_Placed(patient, staff[professional]) for patient, professional in met]
