"""The columnar extract: rows of the tables of `columns`, person by person, each consulted at the moment they are read.

Every id is a pseudonym: for purposes beyond care those by which the API knows people, for care others, so that what an
organisation was given for planning cannot be put together with what it was given for care.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from adapters.records import LONDON
from integration.record.longitudinal import Page
from integration.sharing.pseudonymised import NEVER
from integration.sharing.pseudonyms import Pseudonyms, pseudonyms
from integration.sharing.request import Caller
from integration.teams.caseloads import Member
from integration.teams.export.column import Column, Item, Table, Value
from integration.teams.export.columns import TABLES
from integration.teams.export.person_tables import MEMBERSHIP, PERSON
from mappings.uk_core import Resource

TYPES = tuple(sorted({"Patient", *(one for table in TABLES for one in table.types)} - set(NEVER)))
"""What of each person's record is read."""
_BY_TYPE: Mapping[str, Sequence[Table]] = {
    type_: [table for table in TABLES if type_ in table.types and table is not PERSON] for type_ in TYPES
}
Row = tuple[Value, ...]
"""The values of a row: of `person`, then of the table's columns."""


@dataclass(frozen=True)
class Extract:
    """For whom rows are made. `beyond_care`: moments are months, and who says so and when it was stored is not said."""

    names: Pseudonyms
    beyond_care: bool

    @classmethod
    def of(cls, caller: Caller, secret: bytes, *, beyond_care: bool) -> "Extract":
        """The extract for an organisation and purpose; `secret` is the deployment's of pseudonyms."""
        recipient = caller.organisation if beyond_care else f"{caller.organisation}, extract for {caller.purpose}"
        return cls(pseudonyms(secret, recipient), beyond_care)

    def person(self, person: UUID, patient: Resource | None) -> tuple[Table, Row]:
        """The row of a person; without what is not shown of who they are."""
        return self._row(person, PERSON, Item(patient or {}, patient or {}))

    def rows(self, person: UUID, page: Page) -> Iterator[tuple[Table, Row]]:
        """The other rows of one page of a person's record."""
        for row in page.rows:
            resource = row.resource()
            feed, recorded = (None, None) if self.beyond_care else (row.feed, row.recorded)
            for table in _BY_TYPE[row.type]:
                for element in table.rows(resource):
                    yield self._row(person, table, Item(element, resource, feed, recorded))

    def membership(self, person: UUID, memberships: Sequence[Member]) -> Iterator[tuple[Table, Row]]:
        """The rows of one person's times on a caseload."""
        for one in memberships:
            told = replace(one, since=_month(one), until=None, reason="") if self.beyond_care else one
            yield self._row(person, MEMBERSHIP, Item(told, {}))

    def _row(self, person: UUID, table: Table, item: Item) -> tuple[Table, Row]:
        return table, (str(self.names.of(person)), *(self._value(column, item) for column in table.columns))

    def _value(self, column: Column, item: Item) -> Value:
        value = column.of(item)
        return str(self.names.of(value)) if isinstance(value, UUID) else value


def _month(one: Member) -> datetime:
    """The month in which a membership began, as its first instant in London."""
    day = one.since.astimezone(LONDON)
    return datetime(day.year, day.month, 1, tzinfo=LONDON)
