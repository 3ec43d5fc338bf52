"""One table's rows -> events of the people they are about, or defects that say why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from adapters.records import Defect, Event
from adapters.tables.archive import Archive
from adapters.tables.compact import Seen
from adapters.tables.dataset import Table
from adapters.tables.place import Place, Places
from adapters.tables.plausible import doubts
from adapters.tables.records import Header
from adapters.tables.records import Row as Record
from adapters.tables.registers import Entries
from adapters.tables.rows import Report, Row

ENCODER = msgspec.json.Encoder()
"""Of a row's record."""


@dataclass
class Reading:
    """One submission while it is read. `events` and `defects` are those of the piece that is being filled; `registers`
    by table code, of those that were sent; `sent`: when it counts as created (UTC, from `instant`)."""

    archive: Archive
    header: Header
    sent: str
    places: Places
    events: list[Event] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)
    reports: dict[str, Report] = field(default_factory=dict)
    registers: dict[str, Entries] = field(default_factory=dict)
    values: Mapping[tuple[str, str], Seen] = field(default_factory=dict)
    """By table code and field: digests of (entry that the row hangs on, value), where other tables ask for them."""


class Reader:
    """Reads the rows of one table, one after the other."""

    def __init__(self, table: Table, report: Report, reading: Reading) -> None:
        self._table, self._report, self._reading = table, report, reading
        self._dataset = reading.archive.dataset
        self._names_people = table is self._dataset.people
        self._questionable = bool(table.spans or table.told or table.rules)
        self._seen = Seen()
        self._asked = [(name, seen) for (code, name), seen in reading.values.items() if code == table.code]
        self._among = [(name, code) for name, code in table.among if code in reading.places.parents]
        self._met = [
            (name, register, reading.registers[register.code])
            for register in self._dataset.registers
            if register.code in reading.registers
            for code, name in register.met
            if code == table.code
        ]

    def read(self, row: Row) -> None:
        """One row -> its event and those of the register entries that it refers to, or a defect."""
        table, reading = self._table, self._reading
        if self._questionable:
            self._drop_doubtful(row)
        if self._names_people:
            place = reading.places.add_person(row, self._record_number(row))
            up = place.person
        else:
            found = reading.places.find(table, row, self._report)
            if found is None:
                return
            up, place = found, reading.places.place(table, found)
        day = (row.values.get(table.dated) if table.dated else None) or place.date
        for name in table.inherits:
            row.values[name] = place.ids[name]
        record = table.record(**row.values, provider=reading.header.provider, date=day)
        encoded = ENCODER.encode(record)
        self._check_repeat(row, up, record, encoded)
        if not self._names_people:
            reading.places.remember(table, row, up, day)
        self._check_siblings(row, up)
        reading.events.append(Event(patient=place.patient, at=reading.sent, sent=reading.sent, record=encoded))
        self._tell(row, place)

    def _drop_doubtful(self, row: Row) -> None:
        for doubt in doubts(self._table, row.values, self._reading.sent[:10]):
            self._report.report(row, doubt.code, self._table.title(doubt.field), doubt.reason, doubt.remedy)
            if doubt.drop:
                del row.values[doubt.field]

    def _record_number(self, row: Row) -> str | None:
        position = self._report.record_number
        return row.cells[position].strip() if position is not None else None

    def _check_repeat(self, row: Row, up: int, record: Record, encoded: bytes) -> None:
        digest = hash(encoded) & 0xFFFFFFFF
        before = self._seen.put(hash((up, record.key())), digest)
        if before is not None and before != digest:
            reason = "another row of the file has the same key and says otherwise; the last one is used"
            title = self._table.columns[0].titles[0]
            self._report.report(row, "duplicate-row", title, reason, "send each row once")

    def _check_siblings(self, row: Row, up: int) -> None:
        """What a row of another table that hangs on the same row must say too. The row is used all the same."""
        for name, seen in self._asked:
            seen.put(hash((up, row.values.get(name))))
        for name, code in self._among:
            value = row.values.get(name)
            if value and hash((up, value)) not in self._reading.values[code, name]:
                other, above = (self._dataset.by_code[one].name for one in (code, self._dataset.parent(self._table)[0]))
                self._dangling(row, name, f"no row of {other} has it for the row of {above}")

    def _tell(self, row: Row, place: Place) -> None:
        """The events that tell the person of whom or what they met, once of each."""
        reading = self._reading
        for name, register, entries in self._met:
            value = row.values.get(name)
            entry = entries.find(value) if value else None
            if entry is not None:
                record = entries.tell(place.person, entry)
                if record is not None:
                    event = Event(patient=place.patient, at=reading.sent, sent=reading.sent, record=record)
                    reading.events.append(event)
            elif value and register.whole:
                self._dangling(row, name, f"no row of {register.name} has this id")

    def _dangling(self, row: Row, name: str, reason: str) -> None:
        title, remedy = self._table.title(name), "send the row that is referred to in the same submission"
        self._report.report_first(
            row, "dangling-reference", title, row.values[name], f"{reason}; the row is used", remedy
        )
