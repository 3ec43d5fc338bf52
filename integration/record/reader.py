"""The only way to content about a person: every read takes a Grant, which becomes conditions of the SQL.

First lock: the explicit predicates on person, label, windows and withheld resources. Second lock: the row policy of
PostgreSQL with the same settings (migration 0002). What may not be seen is never fetched.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import orjson
from msgspec import structs

from adapters.records import LONDON
from integration.sharing.mask import location_free
from integration.sharing.request import DataWindow, Decision, Denial, Grant
from integration.store.connection import Connection
from integration.store.extract import directory_entries
from mappings.uk_core import SUBJECT

_TOKEN = SUBJECT.encode()
_NOBODY = UUID(int=0)


_DIRECTORY = """
select body from toldonce.directory_resource
where id = any($1 || array(select unnest(entries) from toldonce.directory_resource where id = any($1))) order by id
"""


@dataclass(frozen=True)
class Query:
    """What of a person's record is asked for. Empty = everything; `after` continues behind that id."""

    types: Sequence[str] = ()
    ids: Sequence[UUID] = ()
    tokens: Sequence[tuple[str, Sequence[str]]] = ()
    """Search parameter, and alternatives of which one must be there: `system|code`, `code` or `system|`."""
    statuses: Sequence[str] = ()
    start: datetime | None = None
    end: datetime | None = None
    dated: bool = False
    """Only what says when it was."""
    since: datetime | None = None
    after: UUID | None = None
    limit: int | None = None


class Row(msgspec.Struct, frozen=True):
    """A resource as it may be shown: location removed where it must be, references to withheld resources cut."""

    id: UUID
    type: str
    version: int
    recorded: datetime
    label: int
    feed: str
    entries: Sequence[UUID]
    """Directory entries it refers to."""
    body: bytes

    def resource(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.body)
        return parsed


class Reader:
    """Reads one person's rows in the transaction in which the decision was made. For a Denial it runs the same
    queries over nothing, so that a person who may not be known of answers as one who does not exist."""

    def __init__(self, connection: Connection, decision: Decision) -> None:
        self._connection = connection
        self._grant = decision if isinstance(decision, Grant) else None
        self._person = decision.person if isinstance(decision, Grant) else _NOBODY
        self._reference = f"Patient/{self._person}".encode()

    @classmethod
    async def open(cls, connection: Connection, decision: Decision) -> "Reader":
        """Step from the facts' role into the reader's, with the Grant as settings of the row policy."""
        await connection.execute(
            "select set_config('role', 'toldonce_reader', true), set_config('toldonce.person', $1, true), "
            "set_config('toldonce.labels', $2, true), set_config('toldonce.withheld', $3, true), "
            "set_config('toldonce.windows', $4, true)",
            "" if isinstance(decision, Denial) else str(decision.person),
            _array(() if isinstance(decision, Denial) else decision.labels),
            _array(() if isinstance(decision, Denial) else decision.withheld),
            "[]" if isinstance(decision, Denial) else _window_setting(decision.windows),
        )
        return cls(connection, decision)

    async def rows(self, query: Query) -> list[Row]:
        """Permitted rows in id order, at most `query.limit`."""
        conditions, values = _conditions(query, self._person, self._grant)
        fetched = await self._connection.fetch(
            f"select id, type, version, recorded, label, feed, refs, entries, body from toldonce.resource "
            f"where {' and '.join(conditions)} order by id {f'limit {query.limit:d}' if query.limit else ''}",
            *values,
        )
        hidden = await self._hidden(fetched)
        shown = [self._row(row, hidden) for row in fetched]
        grant = self._grant
        return [_unlocated(row) if grant and grant.hides_location(row.label) else row for row in shown]

    def _row(self, row: asyncpg.Record, hidden: frozenset[UUID]) -> Row:
        id_, type_, version, recorded, label, feed, refs, entries, body = row
        shown = _without(body, refs, hidden).replace(_TOKEN, self._reference)
        return Row(id_, type_, version, recorded, label, feed, entries, shown)

    async def directory(self, ids: Sequence[UUID]) -> list[bytes]:
        """Directory entries (organisations, practitioners, places), and those which these refer to in turn."""
        rows = await self._connection.fetch(_DIRECTORY, list(ids))
        return [row["body"] for row in rows]

    async def _hidden(self, fetched: Sequence[asyncpg.Record]) -> frozenset[UUID]:
        """Which of the resources that these rows refer to may not be seen."""
        there = {row["id"] for row in fetched}
        elsewhere = {ref for row in fetched for ref in row["refs"]} - there
        if not elsewhere:
            return frozenset()
        conditions, values = _conditions(Query(ids=tuple(elsewhere)), self._person, self._grant)
        seen = await self._connection.fetch(
            f"select id from toldonce.resource where {' and '.join(conditions)}", *values
        )
        return frozenset(elsewhere - {row["id"] for row in seen})


def permitted(grant: Grant) -> tuple[list[str], list[Any]]:
    """SQL conditions, and their values, that hold for exactly the rows of `toldonce.resource` that a Grant shows."""
    return _conditions(Query(), grant.person, grant)


def _conditions(query: Query, person: UUID, grant: Grant | None) -> tuple[list[str], list[Any]]:
    """SQL conditions and their values: the Grant's first, then the query's."""
    values: list[Any] = []

    def bound(value: Any) -> str:
        values.append(value)
        return f"${len(values)}"

    conditions = [f"person = {bound(person)}", f"label = any({bound(list(grant.labels) if grant else [])})"]
    if grant and grant.withheld:
        conditions.append(f"id <> all({bound(list(grant.withheld))})")
    for labels, since, until in _moments(grant.windows) if grant else ():
        conditions.append(f"not {_within(bound, labels, since, until)}")
    if query.types:
        conditions.append(f"type = any({bound(list(query.types))})")
    if query.ids:
        conditions.append(f"id = any({bound(list(query.ids))})")
    for parameter, alternatives in query.tokens:
        conditions.append(_token_condition(bound, parameter, alternatives))
    if query.statuses:
        conditions.append(f"status = any({bound(list(query.statuses))})")
    if query.start:
        conditions.append(f"(ends is null or ends >= {bound(query.start)})")
    if query.end:
        conditions.append(f"(starts is null or starts <= {bound(query.end)})")
    if query.dated:
        conditions.append("(starts is not null or ends is not null)")
    if query.since:
        conditions.append(f"recorded > {bound(query.since)}")
    if query.after:
        conditions.append(f"id > {bound(query.after)}")
    return conditions, values


def _moments(windows: Sequence[DataWindow]) -> Iterator[tuple[list[int], datetime | None, datetime | None]]:
    """Windows as moments: from the first day's start to the last day's end, exclusive, in London."""
    for window in windows:
        since = datetime.combine(window.start, time(), LONDON) if window.start else None
        until = datetime.combine(window.end + timedelta(days=1), time(), LONDON) if window.end else None
        yield list(window.labels), since, until


def _within(bound: Any, labels: list[int], since: datetime | None, until: datetime | None) -> str:
    """SQL: the row belongs to a withheld window. A row without dates does: nothing says that it is not of that time."""
    parts = [f"label = any({bound(labels)})"]
    if since:
        parts.append(f"(ends is null or ends >= {bound(since)})")
    if until:
        parts.append(f"(starts is null or starts < {bound(until)})")
    return f"({' and '.join(parts)})"


def _token_condition(bound: Any, parameter: str, alternatives: Sequence[str]) -> str:
    """`system|code` must be there whole; a bare `code` may have any system; `system|` means any code of the system."""
    named = [one for one in alternatives if "|" in one and not one.endswith("|")]
    whole = [f"{parameter}={one}" for one in named]
    patterns = [f"{parameter}={_pattern(one)}" for one in alternatives if one not in named]
    parts = [f"tokens && {bound(whole)}"] if whole else []
    if patterns:
        parts.append(f"exists (select from unnest(tokens) as token where token like any({bound(patterns)}))")
    return f"({' or '.join(parts)})"


def _pattern(alternative: str) -> str:
    literal = re.sub(r"([\\%_])", r"\\\1", alternative)
    return f"{literal}%" if alternative.endswith("|") else f"%|{literal}"


def _array(values: Sequence[Any]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


def _window_setting(windows: Sequence[DataWindow]) -> str:
    """The windows as the row policy reads them."""
    return orjson.dumps(
        [{"labels": labels, "since": since, "until": until} for labels, since, until in _moments(windows)]
    ).decode()


def _unlocated(row: Row) -> Row:
    """The row without what locates a restricted person; nor may the places that were taken out be sent beside it."""
    freed = location_free(row.resource())
    return row if freed is None else structs.replace(row, body=orjson.dumps(freed), entries=directory_entries(freed))


def _without(body: bytes, refs: Sequence[UUID], hidden: frozenset[UUID]) -> bytes:
    """The body, without references to what is hidden. Only then is it parsed."""
    if not hidden or hidden.isdisjoint(refs):
        return body
    return orjson.dumps(_cut(orjson.loads(body), {str(id_) for id_ in hidden}))


def _says(node: dict[str, Any]) -> bool:
    return any(name != "url" and not (name == "role" and isinstance(value, str)) for name, value in node.items())


def _cut(node: Any, hidden: set[str]) -> Any:
    """`node` without Reference objects to `hidden`, nor anything that becomes empty by that: an extension's url, or
    the role of a Provenance.entity, says nothing alone."""
    if isinstance(node, dict):
        reference = node.get("reference")
        if isinstance(reference, str) and reference.rpartition("/")[2] in hidden:
            return None
        kept = {name: cut for name, value in node.items() if (cut := _cut(value, hidden)) is not None}
        return kept if _says(kept) or not _says(node) else None
    if isinstance(node, list):
        return [cut for value in node if (cut := _cut(value, hidden)) is not None] or None
    return node
