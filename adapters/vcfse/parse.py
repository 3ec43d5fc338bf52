"""A charity's spreadsheet -> events, one per row, and defects that name sheet, row and column.

An XLSX file may hold both sheets, known by their names; a CSV file holds one, known by its headers.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import combinations
from typing import NoReturn

import msgspec

from adapters.errors import Unreadable
from adapters.records import LONDON, Defect, Event, Parsed, SourcePatient, instant
from adapters.vcfse import values
from adapters.vcfse.columns import (
    HEADER_SEARCH_ROWS,
    KINDS,
    Kind,
    Layout,
    find_header,
    layout,
    own_score,
    plain,
    sheet_kind,
    words,
)
from adapters.vcfse.names import clearly_different, person_key
from adapters.vcfse.records import Client, Entry, Row, SharedClientId, is_identified, row_key
from adapters.vcfse.rows import RowReader, column_name, read_row
from adapters.vcfse.sheets import Cell, Sheet, read_sheets

TITLES: dict[Kind, str] = {"referral": "Referrals", "contact": "Contacts"}


REQUIRED: dict[Kind, tuple[tuple[str, str, str], ...]] = {
    "referral": (
        ("referred_on", "Referral date", "referrals without a Referral ID are kept but not published"),
        ("share", "Consent to share", "nothing of this sheet is published"),
    ),
    "contact": (("contacted_on", "Contact date", "contacts without a Contact ID are kept but not published"),),
}
"""Columns without which a sheet is poorer: field, header, consequence. Without any column that says who a row is about
(Client ID, or a name and the date of birth) it cannot be used at all."""


@dataclass
class Batch:
    """What has been read of one file so far. `rows`: where each row stood, and what it says."""

    rows: list[tuple[RowReader, Row]] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    usable_sheets: int = 0


def parse(content: bytes, *, name: str, sender: str, as_of: datetime) -> Parsed:
    """A CSV, XLSX, XLS or ODS file of the charity `sender` as it stood at `as_of` (aware). Raises Unreadable when no
    sheet of it can be used. File names may hold anything, so `name` is not repeated in defects."""
    del name
    batch = Batch()
    for sheet, kind in _wanted(read_sheets(content)):
        _read_sheet(sheet, kind, as_of.astimezone(LONDON).date(), batch)
    if not batch.usable_sheets:
        raise Unreadable(next(defect for defect in batch.defects if defect.code == "missing-column"))
    events = _events(batch, sender, instant(as_of))
    return Parsed(events=events, defects=batch.defects)


def _wanted(sheets: Sequence[Sheet]) -> list[tuple[Sheet, Kind]]:
    if [sheet.name for sheet in sheets] == [None]:
        return [(sheets[0], _kind_by_headers(sheets[0]))]
    wanted = [(sheet, kind) for sheet in sheets if sheet.name and (kind := sheet_kind(sheet.name))]
    return wanted or _wrong_sheet([sheet.name or "" for sheet in sheets])


def _wrong_sheet(found: Sequence[str]) -> NoReturn:
    raise Unreadable(
        Defect(
            code="wrong-sheet",
            where="workbook",
            reason=f"none of the workbook's sheets ({len(found)}) is named as one of referrals or contacts",
            remedy=f"Name the sheets {TITLES['referral']} and {TITLES['contact']}.",
            fragment=", ".join(found).encode(),  # a sheet may be called by a client's name
        )
    )


def _kind_by_headers(sheet: Sheet) -> Kind:
    rows = _texts(sheet)
    headers = {kind: row for kind in KINDS if (row := find_header(rows, kind)) is not None}
    scores = {kind: own_score(rows[row], kind) for kind, row in headers.items()}
    if not any(scores.values()):
        raise Unreadable(
            Defect(
                code="unknown-headers",
                where="file",
                reason="no row has the headers of a referrals or contacts sheet",
                remedy="Give each column its header: Client ID, Referral date or Contact date, and so on.",
            )
        )
    return max(scores, key=lambda kind: scores[kind])


def _texts(sheet: Sheet) -> list[list[str]]:
    return [[values.text(cell) or "" for cell in row] for row in sheet.rows[:HEADER_SEARCH_ROWS]]


def _read_sheet(sheet: Sheet, kind: Kind, today: date, batch: Batch) -> None:
    title, texts = sheet.name or TITLES[kind], _texts(sheet)
    header_row = find_header(texts, kind)
    found = layout(texts, header_row, kind) if header_row is not None else None
    if header_row is None or found is None or not _identifies(found):
        batch.defects.append(_missing_column(title, "Client ID", "nothing of this sheet can be used"))
        return
    batch.usable_sheets += 1
    batch.defects.extend(_column_defects(title, sheet, found, kind))
    for number, cells in _data_rows(sheet, header_row):
        if _is_content([values.text(cell) or "" for cell in cells], found, kind):
            _read_data(RowReader(title, number, cells, found, today), kind, batch)


def _read_data(reader: RowReader, kind: Kind, batch: Batch) -> None:
    row = read_row(reader, kind)
    if not is_identified(row):
        _report_undated(reader, "referred_on" if kind == "referral" else "contacted_on")
    batch.rows.append((reader, row))


def _report_undated(reader: RowReader, name: str) -> None:
    if reader.has(name) and reader.text(name) is None:
        reader.report(name, "missing-value", "the row has no date, so it is kept but not published", "Fill it in.")


def _identifies(found: Layout) -> bool:
    named = "name" in found.fields or "family" in found.fields
    return "client_id" in found.fields or (named and "birth_date" in found.fields)


def _column_defects(title: str, sheet: Sheet, found: Layout, kind: Kind) -> Iterator[Defect]:
    for name, header, consequence in REQUIRED[kind]:
        if name not in found.fields:
            yield _missing_column(title, header, consequence)
    for index in found.repeated:
        yield Defect(
            code="duplicate-column",
            where=f"{title} column {column_name(index)}",
            reason="a second column of one meaning is not read",
            remedy="Merge the two columns.",
        )
    for index in found.unknown:
        if any(index < len(row) and values.text(row[index]) for row in sheet.rows[found.header_row + 1 :]):
            yield Defect(
                code="unknown-column",
                where=f"{title} column {column_name(index)}",
                reason="the column has no known header, so it is not read",
                remedy="Use a known header, or add yours to columns.json.",
            )


def _missing_column(title: str, header: str, consequence: str) -> Defect:
    return Defect(
        code="missing-column",
        where=f"{title} column {header}",
        reason=f"the column is missing: {consequence}",
        remedy=f"Add a column {header}, or add its present header to columns.json.",
    )


def _data_rows(sheet: Sheet, header_row: int) -> Iterator[tuple[int, list[Cell]]]:
    """Rows below the header with their numbers; a cell merged over several rows says the same for each of them."""
    filled: dict[int, dict[int, Cell]] = defaultdict(dict)
    for (top, left), (bottom, _) in sheet.merges:
        if top > header_row and bottom < len(sheet.rows):
            for row in range(top + 1, bottom + 1):
                filled[row][left] = sheet.rows[top][left]
    for index in range(header_row + 1, len(sheet.rows)):
        yield index + 1, [filled[index].get(column, cell) for column, cell in enumerate(sheet.rows[index])]


def _is_content(texts: Sequence[str], found: Layout, kind: Kind) -> bool:
    """Neither blank, nor the header once more, nor a row of totals."""
    said = [written for index, written in enumerate(texts) if written and index not in found.indexes]
    if not said or texts == found.headers:
        return False
    return not _opens_total(said[0]) or _is_dated(texts, found, kind)


def _opens_total(said: str) -> bool:
    opening = plain(said)
    return any(opening == word or opening.startswith(f"{word} ") for word in words("total"))


def _is_dated(texts: Sequence[str], found: Layout, kind: Kind) -> bool:
    names = ("birth_date", "referred_on" if kind == "referral" else "contacted_on")
    indexes = [found.fields[name] for name in names if name in found.fields]
    return any(index < len(texts) and texts[index] for index in indexes)


def _events(batch: Batch, sender: str, at: str) -> list[Event]:
    """One event per row, in the order of the sheet; a Client ID of several people yields one marker instead."""
    shared = _shared_ids(client for _, row in batch.rows if (client := row.client).client_id)
    events, entries = list[Event](), dict[tuple[str, ...], Row]()
    for reader, row in batch.rows:
        local_id = _local_id(row.client)
        if local_id is None:
            reader.report("client_id", "no-client-id", "the row names nobody", "Give each client a Client ID.")
        elif row.client.client_id in shared:
            reader.report("client_id", "shared-client-id", "one Client ID, different people", "Give each their own ID.")
        else:
            _report_repeat(reader, entries, (local_id, *row_key(row)), row)
            events.append(_event(sender, local_id, at, row))
        batch.defects.extend(reader.defects)
    return [_event(sender, client_id, at, SharedClientId()) for client_id in sorted(shared)] + events


def _event(sender: str, local_id: str, at: str, entry: Entry) -> Event:
    return Event(patient=SourcePatient(sender, local_id), at=at, sent=at, record=msgspec.json.encode(entry))


def _local_id(client: Client) -> str | None:
    """The charity's own client id: the one thing that no edit of another column changes. (A fingerprint of the birth
    date would part a person from their own withdrawn consent when the date is corrected; that ids are shared and
    reused is met by `clearly_different`, here within a file and in `fold` between files.) Without an id: a digest of
    name and birth date."""
    if client.client_id:
        return client.client_id
    key = person_key(client)
    return f"unnumbered-{hashlib.sha256(key.encode()).hexdigest()[:24]}" if key else None


def _shared_ids(clients: Iterable[Client]) -> frozenset[str]:
    people: dict[str, list[Client]] = defaultdict(list)
    for client in dict.fromkeys(clients):
        people[client.client_id or ""].append(client)
    return frozenset(
        client_id
        for client_id, known in people.items()
        if any(clearly_different(*pair) for pair in combinations(known, 2))
    )


def _report_repeat(reader: RowReader, entries: dict[tuple[str, ...], Row], key: tuple[str, ...], row: Row) -> None:
    """Two rows of one key that say different things: the last is used."""
    if is_identified(row) and entries.get(key, row) != row:
        reader.report("", "repeated-row", "an earlier row has the same key; this one is used", "Give each row an ID.")
    entries[key] = row
