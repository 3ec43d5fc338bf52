"""A charity's spreadsheet -> events, one per row, and defects that name sheet, row and column.

An XLSX file may hold both sheets, known by their names; a CSV file holds one, known by its headers. Either may hold the
charity's own mapping of words (adapters/vcfse/wording.py).
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import combinations

import msgspec

from adapters.errors import Unreadable
from adapters.records import LONDON, Defect, Event, Parsed, SourcePatient, instant
from adapters.vcfse import values
from adapters.vcfse.book import Cell, Sheet
from adapters.vcfse.choosing import SHEETS, chosen_sheets, guide_of
from adapters.vcfse.columns import DateOrder, Guide, Kind, plain, titles, words
from adapters.vcfse.header import Header, Layout, identifies, layout
from adapters.vcfse.names import clearly_different, person_key, telling
from adapters.vcfse.records import Client, Entry, Row, SharedClientId, is_identified, row_key
from adapters.vcfse.rows import DATES, Frame, RowReader, column_name, read_row
from adapters.vcfse.sheets import read_book
from adapters.vcfse.wording import TITLE

REQUIRED: dict[Kind, tuple[tuple[str, str], ...]] = {
    "referral": (
        ("referred_on", "referrals without a Referral ID are kept but not published"),
        ("share", "nothing of this sheet is published"),
    ),
    "contact": (("contacted_on", "contacts without a Contact ID are kept but not published"),),
}
"""Columns without which a sheet is poorer: field, consequence. Without any column that says who a row is about
(Client ID, or a name and the date of birth) it cannot be used at all."""

MOST_SPELLINGS = 30
"""Of one person, in one file: a Client ID whose rows name more is taken for shared."""


@dataclass
class Batch:
    """What has been read of one file so far. `rows`: where each row stood, and what it says."""

    guide: Guide
    today: date
    rows: list[tuple[RowReader, Row]] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    usable_sheets: int = 0


def parse(content: bytes, *, name: str, sender: str, as_of: datetime) -> Parsed:
    """A CSV or XLSX file of the charity `sender` as it stood at `as_of` (aware). Raises Unreadable when no sheet of it
    can be used. File names may hold anything, so `name` is not repeated in defects."""
    del name
    book = read_book(content)
    batch = Batch(guide_of(book.sheets), as_of.astimezone(LONDON).date(), defects=list(book.defects))
    for sheet, kind, header in chosen_sheets(book.sheets, batch.guide):
        _read_sheet(sheet, kind, header, batch)
    if not batch.usable_sheets:
        raise Unreadable(next(defect for defect in batch.defects if defect.code == "missing-column"))
    events = _events(batch, sender, instant(as_of))
    return Parsed(events=events, defects=batch.defects if events or batch.defects else [_NO_ROWS])


_NO_ROWS = Defect(
    code="no-rows",
    where="file",
    reason="the file has headers and no row about anybody",
    remedy="If there was nothing to say, do nothing; else send the file with its rows.",
)


def _read_sheet(sheet: Sheet, kind: Kind, header: Header | None, batch: Batch) -> None:
    title = sheet.name or SHEETS[kind]
    found = layout(header, kind, batch.guide) if header else None
    if header is None or found is None or not identifies(found):
        consequence = "nothing of this sheet can be used"
        batch.defects.append(_missing_column(title, sheet.name or "", "Client ID", consequence))
        return
    batch.usable_sheets += 1
    frame = Frame(title, sheet.name or "", found, batch.guide, _orders(sheet, found, batch.guide), batch.today)
    batch.defects.extend(_column_defects(frame, sheet, kind))
    headings = {top: right - left for (top, left), (_, right) in sheet.merges}
    for number, cells in _data_rows(sheet, header.row):
        reader = RowReader(frame, number, cells)
        if _is_content(reader, kind, is_wide=headings.get(number - 1, 0) > 1):
            row = read_row(reader, kind)
            if not is_identified(row):
                _report_undated(reader, "referred_on" if kind == "referral" else "contacted_on")
            batch.rows.append((reader, row))
        else:
            batch.defects.extend(reader.defects)


def _report_undated(reader: RowReader, name: str) -> None:
    if reader.has(name) and reader.text(name) is None:
        reader.report(name, "missing-value", "the row has no date, so it is kept but not published", "Fill it in.")


def _orders(sheet: Sheet, found: Layout, known: Guide) -> dict[str, DateOrder]:
    """How each column of dates is read: as the charity says, else with the day first; but where more than one in ten of
    the dates that can be read one way only have the month first, those that could be either are not used."""
    orders = dict[str, DateOrder]()
    for name in DATES:
        if name not in found.fields or known.order:
            orders[name] = known.order or "day first"
            continue
        columns = (found.fields[name], *found.more.get(name, ()))
        cells = (row[index] for row in sheet.rows[found.header.row + 1 :] for index in columns if index < len(row))
        only = [order for cell in cells if (order := values.only_order(cell))]
        months = only.count("month first")
        orders[name] = "unclear" if months * 10 > len(only) - months and months else "day first"
    return orders


def _column_defects(frame: Frame, sheet: Sheet, kind: Kind) -> Iterator[Defect]:
    found = frame.layout
    for name, consequence in REQUIRED[kind]:
        if name not in found.fields:
            yield _missing_column(frame.title, frame.sheet, titles(kind)[name], consequence)
    for index in found.repeated:
        letters, counts = column_name(index), any(index in columns for columns in found.more.values())
        effect = "counts too: only what both permit is shared" if counts else "is not read"
        reason = f"a second column of one meaning {effect}"
        yield frame.defect("duplicate-column", f"column {letters}", reason, "Merge the two columns.", column=letters)
    for index in found.unknown:
        if any(index < len(row) and values.text(row[index]) for row in sheet.rows[found.header.row + 1 :]):
            letters = column_name(index)
            reason = "the column has no known header, so it is not read"
            remedy = f"Use a header of the template, or name yours (or Ignore) in a {TITLE}."
            yield frame.defect("unknown-column", f"column {letters}", reason, remedy, column=letters)


def _missing_column(title: str, sheet: str, header: str, consequence: str) -> Defect:
    return Defect(
        code="missing-column",
        where=f"{title} column {header}",
        reason=f"the column is missing: {consequence}",
        remedy=f"Add a column {header}, or name your own column for it in a {TITLE}.",
        sheet=sheet,
    )


def _data_rows(sheet: Sheet, header_row: int) -> Iterator[tuple[int, list[Cell]]]:
    """Rows below the header with their numbers; a cell merged over several rows says the same for each of them."""
    filled: dict[int, dict[int, Cell]] = defaultdict(dict)
    for (top, left), (bottom, _) in sheet.merges:
        if top > header_row and bottom < len(sheet.rows):
            for row in range(top + 1, bottom + 1):
                filled[row][left] = sheet.rows[top][left]
    for index in range(header_row + 1, len(sheet.rows)):
        cells = list(sheet.rows[index])
        for column, cell in filled[index].items() if index in filled else ():
            cells[column] = cell
        yield index + 1, cells


def _is_content(reader: RowReader, kind: Kind, *, is_wide: bool) -> bool:
    """Neither blank, nor the header once more, nor a row of totals, nor the template's example, nor a heading between
    rows. One cell alone says nothing of a person: it is reported unless it is merged across, as a heading is."""
    found = reader.layout
    said = [written for index, written in enumerate(reader.texts) if written and index not in found.indexes]
    if not said or reader.texts == found.header.texts or plain(reader.text("client_id") or "") in words("example"):
        return False
    if _opens_total(said[0]):
        return _is_dated(reader, kind)
    if len(said) == 1 and not is_wide:
        reader.report("", "lone-value", "the row has one cell only, so it is taken for a heading", "Fill in the row.")
    return len(said) > 1


def _opens_total(said: str) -> bool:
    opening = plain(said)
    return any(opening == word or opening.startswith(f"{word} ") for word in words("total"))


def _is_dated(reader: RowReader, kind: Kind) -> bool:
    names = ("birth_date", "referred_on" if kind == "referral" else "contacted_on")
    return any(reader.text(name) for name in names)


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
    for client_id, client in dict.fromkeys((client.client_id or "", telling(client)) for client in clients):
        people[client_id].append(client)
    return frozenset(
        client_id
        for client_id, known in people.items()
        if len(known) > MOST_SPELLINGS or any(clearly_different(*pair) for pair in combinations(known, 2))
    )


def _report_repeat(reader: RowReader, entries: dict[tuple[str, ...], Row], key: tuple[str, ...], row: Row) -> None:
    """Two rows of one key that say different things: the last is used."""
    if is_identified(row) and entries.get(key, row) != row:
        reader.report("", "repeated-row", "an earlier row has the same key; this one is used", "Give each row an ID.")
    entries[key] = row
