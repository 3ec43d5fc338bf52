"""Which person a row is about: found along the data set's own path (activity -> contact -> referral -> patient)."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from adapters.records import SourcePatient
from adapters.tables.compact import MANY, Parents
from adapters.tables.dataset import DataSet, Table
from adapters.tables.rows import Report, Row


class Place(NamedTuple):
    """Where a row belongs: its person, the ids that it inherits by field, and the date of the row it hangs on."""

    person: int
    patient: SourcePatient
    ids: dict[str, str]
    date: str | None


class Places:
    """The rows of one submission that others hang on. `parents` by table code; a table that was not sent, or of which
    nothing can be used, is missing."""

    def __init__(self, dataset: DataSet, hung_on: frozenset[str]) -> None:
        """`hung_on`: codes of the tables whose rows must be remembered."""
        self._dataset = dataset
        self._index = dataset.people.code
        self.parents: dict[str, Parents] = {}
        self._hung_on = hung_on
        self._organisations: dict[str, int] = {}
        self._names: list[str] = []
        self._by_record = Parents()
        self._last: tuple[str, int, Place] | None = None

    def start(self, table: Table) -> None:
        """Rows of `table` can be used."""
        if table.code not in self.parents:
            self.parents[table.code] = Parents()

    def add_person(self, row: Row, record_number: str | None) -> Place:
        """A row of the table that names the people."""
        organisation, local_id = row.values["organisation"], row.values["local_patient"]
        number = self._organisations.setdefault(organisation, len(self._names))
        if number == len(self._names):
            self._names.append(organisation)
        person = self.parents[self._index].add(local_id, number)
        if record_number:
            self._by_record.add(record_number, person)
        return Place(person, SourcePatient(organisation, local_id), {}, None)

    def remember(self, table: Table, row: Row, up: int, day: str | None) -> None:
        """A row that others may hang on; `up` is the entry that it hangs on."""
        if table.code in self._hung_on:
            ordinal = date.fromisoformat(day).toordinal() if day else 0
            self.parents[table.code].add(row.values[table.id_field], up, ordinal)

    def find(self, table: Table, row: Row, report: Report) -> int | None:
        """The entry that `row` hangs on; None, with a defect, when there is none or when there are several.

        Ids are reused across people and referrals. Where an ICB's copy has a record number, the row's own one says
        which person is meant, and a row that it gives to another person than its referral is given to nobody.
        """
        code, field = self._dataset.parent(table)
        entries = self.parents[code].find(row.values[field])
        meant = self._of_record(code, entries, row, report)
        if len(meant) == 1:
            return meant[0]
        other, column = self._dataset.by_code[code].name, table.title(field)
        if not entries:
            report.reject(row, "orphan-row", column, f"no usable row of {other} has this id")
        elif not meant:
            reason = f"{self._dataset.record_number} says another person than the row of {other}"
            report.reject(row, "contradicting-reference", column, reason)
        else:
            report.reject(row, "ambiguous-reference", column, f"several rows of {other} have this id")
        return None

    def place(self, table: Table, entry: int) -> Place:
        """Where the rows of `table` belong that hang on `entry`."""
        code = self._dataset.parent(table)[0]
        if self._last is None or self._last[:2] != (code, entry):
            self._last = (code, entry, self._place(code, entry))
        return self._last[2]

    def _place(self, code: str, entry: int) -> Place:
        day = self.parents[code].day[entry]
        ids: dict[str, str] = {}
        while code != self._index:
            above = self._dataset.by_code[code]
            ids[above.id_field] = self.parents[code].name(entry)
            entry, code = self.parents[code].up[entry], self._dataset.parent(above)[0]
        people = self.parents[self._index]
        patient = SourcePatient(self._names[people.up[entry]], people.name(entry))
        return Place(entry, patient, ids, date.fromordinal(day).isoformat() if day else None)

    def _of_record(self, code: str, entries: Sequence[int], row: Row, report: Report) -> Sequence[int]:
        """Those of `entries` that are about the person whom the row's record number says; all when it says none."""
        if report.record_number is None or len(entries) > MANY:
            return entries
        people = self._by_record.find(row.cells[report.record_number].strip())
        if len(people) != 1:
            return entries
        return [entry for entry in entries if self._place(code, entry).person == people[0]]
