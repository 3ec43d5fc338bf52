"""A national data set of tables, described as data: its tables, their columns, how a row finds the person it is about,
and what must hold in a row. A submission of it is a ZIP file with a CSV file for each table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from adapters.tables.cells import CONVERT, Kind
from adapters.tables.records import Row

Need = Literal["key", "expected", "optional"]
"""What a fault costs. `key`: without it the row cannot be used. `expected`: a missing column is reported, and rows are
used without. `optional`: not in every version of the data set."""


class Doubt(NamedTuple):
    """What is doubtful about a row. `drop`: the row is used without the field's value."""

    field: str
    code: str
    reason: str
    drop: bool
    remedy: str = "correct the date and resend the row with the next submission"


Rule = Callable[[Mapping[str, Any], str], Iterator[Doubt]]
"""A row's values by field, and the ISO date on which the data set was made -> what is doubtful about them."""


def plain(title: str) -> str:
    """Exports differ in capitals and spaces: `LocalPatientID`, `LocalPatientId`, `CARE  CONTACT DATE`."""
    return "".join(title.casefold().split())


def code_of(name: str) -> str:
    """Code of a table by its name: `MHS201CareContact` -> `MHS201`."""
    return name[:6].upper()


@dataclass(frozen=True)
class Column:
    """A column by its titles: the first is written, the others are older names of the same item. `pseudonym`: the title
    that stands in its place in a copy from which identities were removed; its values are never read as the value they
    stand for. `codes`: all that its list has, where the list is known; another one is reported and kept as sent.
    `header`: the field of the header that stands in where a trust's own extract has no such column."""

    field: str
    titles: tuple[str, ...]
    kind: Kind = "text"
    need: Need = "expected"
    pseudonym: str | None = None
    codes: frozenset[str] | None = None
    header: str | None = None

    @property
    def convert(self) -> Callable[[str], str | int]:
        """Cell text (never empty) -> value. Raises `adapters.tables.cells.CellError`."""
        return CONVERT[self.kind]


def key(
    name: str, *titles: str, kind: Kind = "text", codes: frozenset[str] | None = None, header: str | None = None
) -> Column:
    """A column without whose value the row cannot be used."""
    return Column(name, titles, kind, "key", codes=codes, header=header)


def column(
    name: str,
    *titles: str,
    kind: Kind = "text",
    need: Need = "expected",
    pseudonym: str | None = None,
    codes: frozenset[str] | None = None,
) -> Column:
    """Any other column."""
    return Column(name, titles, kind, need, pseudonym, codes)


@dataclass(frozen=True)
class Table:
    """`columns`: the row's own id first.

    via: the table, and the field, by which a row finds the row it hangs on; None = it names the person by their id.
    dated: the field that places the row in a reporting period; without a value the row that it hangs on decides.
    required: every submission must carry the table.
    spans: pairs of fields of which the second cannot be before the first.
    told: fields that cannot lie after the day on which the data set was made.
    rules: what else must hold in a row.
    among: fields whose value must be that of the same field in a row of another table that hangs on the same row, as
        (field, code of that table); that table comes before this one.
    """

    name: str
    record: type[Row]
    columns: Sequence[Column]
    via: tuple[str, str] | None = None
    dated: str | None = None
    required: bool = False
    spans: tuple[tuple[str, str], ...] = ()
    told: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    among: tuple[tuple[str, str], ...] = ()

    @cached_property
    def code(self) -> str:
        return code_of(self.name)

    @cached_property
    def id_field(self) -> str:
        return self.columns[0].field

    @cached_property
    def inherits(self) -> tuple[str, ...]:
        """Ids that a row takes over from the rows above it: its record has them, its table no column for them."""
        own = {"provider", "date", *(column.field for column in self.columns)}
        return tuple(name for name in self.record.__struct_fields__ if name not in own)

    def title(self, field_name: str) -> str:
        """The title of the column that fills this field."""
        return next(column.titles[0] for column in self.columns if column.field == field_name)


@dataclass(frozen=True)
class Register(Table):
    """A table that names no person (staff, teams, wards). Each person gets the entries that their rows refer to, by
    `met`: fields of the person's rows, as (table code, field). `whole`: an id that it does not have is reported."""

    met: Sequence[tuple[str, str]] = ()
    whole: bool = False


@dataclass(frozen=True)
class DataSet:
    """`tables`: the people first, then in an order in which every table follows those that its rows hang on or refer
    to. `ignored`: codes of tables that are left out on purpose; any other file is reported.

    file_names: what trusts call tables in their own extracts -> table code, in capitals.
    titles: what they call columns there, by table code -> the title of the data set.
    record_number: the column by which, in the copy that an ICB receives, a row of any table says which person it is
        about.
    """

    name: str
    title: str
    header: str
    header_columns: Sequence[Column]
    tables: Sequence[Table]
    registers: Sequence[Register] = ()
    ignored: frozenset[str] = frozenset()
    file_names: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    record_number: str | None = None

    @property
    def people(self) -> Table:
        return self.tables[0]

    @cached_property
    def header_code(self) -> str:
        return code_of(self.header)

    @cached_property
    def by_code(self) -> Mapping[str, Table]:
        return {table.code: table for table in (*self.tables, *self.registers)}

    @cached_property
    def files(self) -> Mapping[str, str]:
        """File names without suffix, by table code, the header's too."""
        return {self.header_code: self.header} | {code: table.name for code, table in self.by_code.items()}

    @cached_property
    def above(self) -> Mapping[type[Row], Sequence[type[Row]]]:
        """For each kind of row the kinds that it hangs on, at any remove; the people are left out."""
        found: dict[type[Row], tuple[type[Row], ...]] = {one.record: () for one in (self.people, *self.registers)}
        for table in self.tables[1:]:
            over = self.by_code[self.parent(table)[0]]
            found[table.record] = () if over is self.people else (over.record, *found[over.record])
        return found

    def parent(self, table: Table) -> tuple[str, str]:
        """The table that its rows hang on, and the field that says which row of it."""
        return table.via or (self.people.code, self.people.id_field)

    def code_of_file(self, filename: str) -> str | None:
        """Table code of a file called `CYP201CareContact.csv` or `CareContact.csv` in any case; None when it is no
        table of the data set."""
        stem, _, suffix = filename.rpartition("/")[2].upper().rpartition(".")
        if suffix != "CSV":
            return None
        code = self._by_name.get(stem, code_of(stem))
        return code if code in self.files or code in self.ignored else None

    def own_title(self, code: str, title: str) -> str:
        """The data set's title, `plain`, of a column called `title` in the file of table `code`."""
        sent = plain(title)
        return self._by_title.get(code, {}).get(sent, sent)

    @cached_property
    def _by_name(self) -> Mapping[str, str]:
        return {name[6:].upper(): code for code, name in self.files.items()} | dict(self.file_names)

    @cached_property
    def _by_title(self) -> Mapping[str, Mapping[str, str]]:
        return {
            code: {plain(sent): plain(official) for sent, official in titles.items()}
            for code, titles in self.titles.items()
        }
