"""Whom the rows of one file are about: a first reading of it finds the LA ids that cannot be relied on.

The identities lie in a temporary SQLite database that spills to disk, so that memory does not grow with the file.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

Doubt = Literal["ambiguous", "mixed"]

_SETTINGS = ("temp_store = file", "cache_size = -8192", "journal_mode = off", "synchronous = off")
_DOUBTFUL = """
create table doubtful as select id, several from (
    select id,
        count(distinct nhs_number) > 1 or count(distinct pseudonym) > 1 or count(distinct birth_date) > 1 as several,
        count(nhs_number) + count(pseudonym) > 0
            and sum(nhs_number is null and pseudonym is null and birth_date is null) > 0 as mixed
    from said group by id
) where several or mixed
"""


class Identity(NamedTuple):
    """What a row says of who the person is."""

    local_id: str
    nhs_number: str | None = None
    pseudonym: str | None = None
    birth_date: str | None = None

    @property
    def unidentified(self) -> bool:
        """Whether the row names nobody but by the LA id."""
        return self.nhs_number is None and self.pseudonym is None and self.birth_date is None


class Identities:
    """The LA ids in doubt of one file."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._none = database.execute("select count(*) from doubtful").fetchone()[0] == 0
        self._last: tuple[str, Doubt | None] = ("", None)

    def doubt(self, local_id: str) -> Doubt | None:
        """`ambiguous`: the file gives the id to people who cannot be one (two NHS numbers, pseudonyms or birth dates).
        `mixed`: some of its rows have a number and others identify nobody, so that those may be somebody else's."""
        if self._none:
            return None
        if self._last[0] != local_id:
            found = self._database.execute("select several from doubtful where id = ?", (local_id,)).fetchone()
            self._last = (local_id, None if found is None else "ambiguous" if found[0] else "mixed")
        return self._last[1]


@contextmanager
def identities(said: Iterable[Identity]) -> Iterator[Identities]:
    """The ids in doubt among what all rows of a file said."""
    database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
    try:
        for setting in _SETTINGS:
            database.execute(f"pragma {setting}")
        database.execute("create table said (id text, nhs_number text, pseudonym text, birth_date text)")
        database.execute("begin")
        database.executemany("insert into said values (?, ?, ?, ?)", _without_repeats(said))
        database.execute(_DOUBTFUL)
        database.execute("drop table said")
        database.execute("create index doubtful_id on doubtful (id)")
        database.execute("commit")
        yield Identities(database)
    finally:
        database.close()


def _without_repeats(said: Iterable[Identity]) -> Iterator[Identity]:
    """A person's rows mostly follow each other."""
    last = None
    for identity in said:
        if identity != last:
            yield identity
        last = identity
