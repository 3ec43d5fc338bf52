"""Which caseloads there are, and who is or was on them. The connection is in a transaction as `toldonce_facts`.

There is no clinical content here; but who is on a caseload is for those alone who may know of the person, which
`record.consult` says of each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from integration.store.connection import Connection
from integration.teams.caseloads.document import Caseload, kept

ID = re.compile(r"[a-z][a-z0-9-]{0,62}")
"""Of a caseload, as the schema has it."""


@dataclass(frozen=True)
class Member:
    """One person's place on a caseload. `person` is their present id, whoever they were when they came on it."""

    caseload: str
    person: UUID
    since: datetime
    until: datetime | None
    reason: str
    """A code of the caseload's description (`Caseload.reason` has its words)."""
    by_rule: bool
    organisation: str
    """ODS code of who says so: who added by hand, or the practice for which the rule was applied."""
    added_by: str
    """User who added them, or the software's name and the description's number."""
    ended_by: str | None = None
    ended_why: str | None = None


async def caseloads(connection: Connection, organisation: str | None = None) -> list[Caseload]:
    """Every caseload, or those that an organisation (ODS code) owns or works with, by id."""
    every = [kept(row["content"]) for row in await connection.fetch(_CASELOADS)]
    return [one for one in every if organisation is None or organisation in one.organisations]


async def described(connection: Connection, organisation: str) -> list[tuple[Caseload, datetime]]:
    """The caseloads of an organisation, and since when each is described as it is."""
    rows = await connection.fetch(_CASELOADS)
    every = [(kept(row["content"]), row["applied"]) for row in rows]
    return [one for one in every if organisation in one[0].organisations]


async def caseload(connection: Connection, id_: str) -> Caseload | None:
    """One caseload as it is described now."""
    row = await connection.fetchrow(_CASELOAD, id_) if ID.fullmatch(id_) else None
    return kept(row["content"]) if row else None


async def members(connection: Connection, id_: str, at: datetime | None = None) -> list[Member]:
    """Who is on a caseload at a moment (now, where none is given), each person once, by the person's id: where several
    reasons put them on it, by the earliest that still holds."""
    return await _read(connection, _MEMBERS, id_, at)


async def lately(connection: Connection, id_: str, since: datetime) -> list[Member]:
    """Who is on a caseload, or was after a moment, each person once, by the person's id: as they are on it now, else as
    they were last."""
    return await _read(connection, _LATELY, id_, since)


async def history(connection: Connection, id_: str, person: UUID | None = None) -> list[Member]:
    """Every membership there ever was on a caseload (of a person, present id), the latest first."""
    return await _read(connection, _HISTORY, id_, person)


async def on_which(connection: Connection, persons: Sequence[UUID]) -> list[Member]:
    """Every membership that holds now of these persons (present ids)."""
    return await _read(connection, _ON_WHICH, list(persons))


async def _read(connection: Connection, statement: str, *values: object) -> list[Member]:
    return [Member(*row) for row in await connection.fetch(statement, *values)]


_CASELOADS = """
select distinct on (caseload) content, applied from toldonce.caseload_document order by caseload, id desc
"""
_CASELOAD = "select content from toldonce.caseload_document where caseload = $1 order by id desc limit 1"
_COLUMNS = (
    "m.caseload, s.person, m.since, m.until, m.reason, m.by_rule, s.organisation, m.added_by, m.ended_by, m.ended_why"
)
_FROM = "toldonce.caseload_member m join toldonce.source_patient s on s.key = m.source_patient"
_MEMBERS = f"""
select distinct on (s.person) {_COLUMNS} from {_FROM}
where m.caseload = $1 and m.since <= coalesce($2, 'infinity'::timestamptz)
    and (m.until is null or m.until > coalesce($2, 'infinity'::timestamptz))
order by s.person, m.since, m.id
"""
_LATELY = f"""
select distinct on (s.person) {_COLUMNS} from {_FROM}
where m.caseload = $1 and (m.until is null or m.until > $2)
order by s.person, m.until desc nulls first, m.since, m.id
"""
_HISTORY = f"""
select {_COLUMNS} from {_FROM} where m.caseload = $1 and ($2::uuid is null or s.person = $2)
order by m.since desc, m.id desc
"""
_ON_WHICH = f"select {_COLUMNS} from {_FROM} where s.person = any($1) and m.until is null order by s.person, m.caseload"
