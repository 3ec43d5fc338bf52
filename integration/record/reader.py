"""The only way to content about a person: every read takes a Grant, which becomes conditions of the SQL.

First lock: the explicit predicates on person, label, windows and withheld resources. Second lock: the row policy of
PostgreSQL with the same settings (`record.row_policy`). What may not be seen is never fetched.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import orjson
from msgspec import structs

from adapters.records import LONDON
from integration.record.row_policy import moments, telling, told
from integration.sharing.mask import location_free
from integration.sharing.pseudonymised import NEVER, pseudonymised
from integration.sharing.request import Decision, Grant
from integration.store.connection import Connection
from integration.store.database import act_as
from integration.store.extract import directory_entries, referred
from mappings.uk_core import SUBJECT

_TOKEN = SUBJECT.encode()
_NOBODY = UUID(int=0)
Found = TypeVar("Found")


_ROW = "id, type, version, recorded, label, feed, refs, entries, body"
_ID, _LABEL, _REFS, _ENTRIES = 0, 4, 6, 7
"""Places in it: some thousand are looked up for one answer."""
_DIRECTORY = """
select id, entries, body from toldonce.directory_resource
where id = any({0} || array(select unnest(entries) from toldonce.directory_resource where id = any({0}))) order by id
"""
_NAMED = "(select ids from named)::uuid[]"
_ROWS = f"select {_ROW} from toldonce.resource where {{}}"
_ROWS_AND_DIRECTORY = f"""
with found as materialized ({_ROWS}),
named as materialized (select array(select unnest(entries) from found) as ids)
select {_ROW} from found
union all
select id, '', 0, null, null, '', '{{{{}}}}', entries, body from ({_DIRECTORY.format(_NAMED)}) directory
"""
"""Rows in their order, and after them, without a label, the directory entries that they refer to: one question."""


@dataclass(frozen=True)
class Query:
    """What of a person's record is asked for. Empty = everything; `after` continues behind that id."""

    types: Sequence[str] = ()
    ids: Sequence[UUID] = ()
    tokens: Sequence[str] = ()
    """Entries of the index, of which one must be there (`store.search_index`)."""
    start: datetime | None = None
    end: datetime | None = None
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


class Version(msgspec.Struct, frozen=True):
    """A version of a resource as it may be shown; `body` None: it was deleted then."""

    id: UUID
    type: str
    version: int
    recorded: datetime
    body: bytes | None


class Reader:
    """Reads one person's rows in the transaction in which the decision was made, in the role `toldonce_reader`. For a
    Denial it runs the same queries over nothing, so that a person who may not be known of answers as one who does not
    exist. Its first question tells the row policy of the Grant; until then that shows nothing, or no more than another
    Grant of the same transaction did."""

    def __init__(self, connection: Connection, decision: Decision) -> None:
        self._connection = connection
        self._grant = decision if isinstance(decision, Grant) else None
        self._person = decision.person if isinstance(decision, Grant) else _NOBODY
        self._reference = f"Patient/{self._person}".encode()
        self._untold: tuple[str, ...] = told(decision)
        """What the row policy is not told yet."""
        self._directory: dict[UUID, tuple[Sequence[UUID], bytes]] = {}
        self._looked_up: set[UUID] = set()

    async def _ask(self, statement: str, values: Sequence[Any]) -> list[asyncpg.Record]:
        """What a statement finds under the row policy. `statement` selects; its columns have names."""
        untold, self._untold = self._untold, ()
        if untold:
            statement, values = telling(statement, len(values)), (*values, *untold)
        found: list[asyncpg.Record] = await self._connection.fetch(statement, *values)
        return found

    async def rows(self, query: Query, *, directory: bool = False) -> list[Row]:
        """Permitted rows in id order, at most `query.limit`. With `directory`, what they refer to there is read with
        them, and then at hand for `directory`."""
        conditions, values = _conditions(query, self._person, self._grant)
        wanted = f"{' and '.join(conditions)} order by id {f'limit {query.limit:d}' if query.limit else ''}"
        statement = _ROWS_AND_DIRECTORY if directory else _ROWS
        fetched = await self._ask(statement.format(wanted), values)
        if directory:
            fetched = self._kept(fetched)
        hidden = await self._hidden(fetched)
        shown = [self._row(row, hidden) for row in fetched]
        grant = self._grant
        if grant and (grant.hide_location or grant.unlocated):
            shown = [_unlocated(row) if grant.hides_location(row.label) else row for row in shown]
        return [_unnamed(row, grant) for row in shown] if grant and grant.pseudonymise else shown

    async def counted(self, query: Query) -> list[Row]:
        """Permitted rows as they are stored: with references to what is withheld, and not made coarser.
        They are for sums, of which nothing leaves but numbers (`teams.measures`), and never to be shown."""
        conditions, values = _conditions(query, self._person, self._grant)
        fetched = await self._ask(_ROWS.format(" and ".join(conditions)), values)
        return [self._row(row, frozenset()) for row in fetched]

    def _kept(self, fetched: list[asyncpg.Record]) -> list[asyncpg.Record]:
        """The rows, without the directory entries behind them, which are kept."""
        while fetched and fetched[-1][_LABEL] is None:
            entry = fetched.pop()
            self._directory[entry["id"]] = entry["entries"], entry["body"]
        self._looked_up.update(*[row[_ENTRIES] for row in fetched])
        return fetched

    def _row(self, row: Iterable[Any], hidden: frozenset[UUID]) -> Row:
        id_, type_, version, recorded, label, feed, refs, entries, body = row
        shown = (_without(body, refs, hidden) if hidden else body).replace(_TOKEN, self._reference)
        return Row(id_, type_, version, recorded, label, feed, entries, shown)

    async def select(self, bound: "Bound", statement: str) -> list[asyncpg.Record]:
        """What a statement finds in `permitted`, the rows that the Grant shows: their index and no content. `bound`
        holds the statement's values."""
        conditions = " and ".join(_granted(bound, self._person, self._grant))
        permitted = f"select id, type, label, recorded, refs, tokens from toldonce.resource where {conditions}"
        return await self._ask(f"with permitted as ({permitted}) {statement}", bound.values)

    async def aside(self, ask: Callable[[Connection, UUID], Awaitable[Found]]) -> Found:
        """What is asked about the person in between in the facts' role, which sees no content."""
        await act_as(self._connection, "toldonce_facts")
        try:
            return await ask(self._connection, self._person)
        finally:
            await act_as(self._connection, "toldonce_reader")

    async def newest(self, query: Query) -> dict[UUID, int]:
        """The number of the newest permitted version of each resource; of the query types and ids count."""
        conditions, values = _conditions(query, self._person, self._grant)
        where = " and ".join(conditions)
        rows = await self._ask(
            f"select id, max(version) as newest from (select id, version from toldonce.resource where {where} "
            f"union all select id, version from toldonce.resource_history where {where}) permitted group by id",
            values,
        )
        return {row["id"]: row["newest"] for row in rows}

    async def versions(self, query: Query, before: tuple[datetime, UUID, int] | None = None) -> list[Version]:
        """Permitted versions of resources, present and earlier, the newest first; of the query types, ids, `since` and
        the limit count. `before`: behind the version of that moment, id and number. Each version by its own label."""
        conditions, values = _conditions(query, self._person, self._grant)
        if before:
            values += before
            place = len(values)
            conditions.append(f"(recorded, id, version) < (${place - 2}, ${place - 1}, ${place})")
        where = " and ".join(conditions)
        kept = "id, type, version, recorded, label, body"
        fetched = await self._ask(
            f"select {kept} from toldonce.resource where {where} union all "
            f"select {kept} from toldonce.resource_history where {where} "
            f"order by recorded desc, id desc, version desc {f'limit {query.limit:d}' if query.limit else ''}",
            values,
        )
        refs = [referred(row["body"]) if row["body"] else () for row in fetched]
        hidden = await self._unseen({ref for one in refs for ref in one})
        return [self._version(row, own, hidden) for row, own in zip(fetched, refs, strict=True)]

    def _version(self, row: asyncpg.Record, refs: Sequence[UUID], hidden: frozenset[UUID]) -> Version:
        id_, type_, version, recorded, label, body = row
        if body is None:
            return Version(id_, type_, version, recorded, None)
        shown = _without(body, refs, hidden).replace(_TOKEN, self._reference)
        grant = self._grant
        hides = grant and (grant.hides_location(label) or (type_ == "Patient" and grant.location_withheld))
        located = location_free(orjson.loads(shown)) if hides else None
        return Version(id_, type_, version, recorded, shown if located is None else orjson.dumps(located))

    async def directory(self, ids: Sequence[UUID]) -> list[bytes]:
        """Directory entries (organisations, practitioners, places), and those which these refer to in turn."""
        if not self._looked_up.issuperset(ids):
            for id_, entries, body in await self._ask(_DIRECTORY.format("$1::uuid[]"), [list(ids)]):
                self._directory[id_] = entries, body
            self._looked_up.update(ids)
        named = {id_ for id_ in ids if id_ in self._directory}
        named.update(id_ for one in tuple(named) for id_ in self._directory[one][0] if id_ in self._directory)
        return [self._directory[id_][1] for id_ in sorted(named)]

    async def _hidden(self, fetched: Sequence[asyncpg.Record]) -> frozenset[UUID]:
        """Which of the resources that these rows refer to may not be seen."""
        referred_to: set[UUID] = set().union(*[row[_REFS] for row in fetched])
        return await self._unseen(referred_to.difference([row[_ID] for row in fetched]))

    async def _unseen(self, elsewhere: Collection[UUID]) -> frozenset[UUID]:
        """Which of these resources may not be seen, or are not there."""
        if not elsewhere:
            return frozenset()
        conditions, values = _conditions(Query(ids=tuple(elsewhere)), self._person, self._grant)
        seen = await self._ask(f"select id from toldonce.resource where {' and '.join(conditions)}", values)
        return frozenset(elsewhere) - {row["id"] for row in seen}


def permitted(grant: Grant) -> tuple[list[str], list[Any]]:
    """SQL conditions, and their values, that hold for exactly the rows of `toldonce.resource` that a Grant shows."""
    return _conditions(Query(), grant.person, grant)


class Bound:
    """Values of a statement: each call takes one and gives its placeholder."""

    def __init__(self) -> None:
        self.values: list[Any] = []

    def __call__(self, value: Any) -> str:
        self.values.append(value)
        return f"${len(self.values)}"


def _conditions(query: Query, person: UUID, grant: Grant | None) -> tuple[list[str], list[Any]]:
    """SQL conditions and their values: the Grant's first, then the query's."""
    bound = Bound()
    conditions = _granted(bound, person, grant)
    if query.types:
        conditions.append(f"type = any({bound(list(query.types))})")
    if query.ids:
        conditions.append(f"id = any({bound(list(query.ids))})")
    if query.tokens:
        conditions.append(f"tokens && {bound(list(query.tokens))}")
    if query.start:
        conditions.append(f"(ends is null or ends >= {bound(query.start)})")
    if query.end:
        conditions.append(f"(starts is null or starts <= {bound(query.end)})")
    if query.since:
        conditions.append(f"recorded > {bound(query.since)}")
    if query.after:
        conditions.append(f"id > {bound(query.after)}")
    return conditions, bound.values


def _granted(bound: Bound, person: UUID, grant: Grant | None) -> list[str]:
    """SQL conditions that hold for exactly the rows of `toldonce.resource` that a Grant shows; for None, no row."""
    conditions = [f"person = {bound(person)}", f"label = any({bound(list(grant.labels) if grant else [])})"]
    if grant and grant.withheld:
        conditions.append(f"id <> all({bound(list(grant.withheld))})")
    if grant and grant.pseudonymise:
        conditions.append(f"type <> all({bound(list(NEVER))})")
    for labels, since, until in moments(grant.windows) if grant else ():
        conditions.append(f"not {_within(bound, labels, since, until)}")
    return conditions


def _within(bound: Bound, labels: list[int], since: datetime | None, until: datetime | None) -> str:
    """SQL: the row belongs to a withheld window. A row without dates does: nothing says that it is not of that time."""
    parts = [f"label = any({bound(labels)})"]
    if since:
        parts.append(f"(ends is null or ends >= {bound(since)})")
    if until:
        parts.append(f"(starts is null or starts < {bound(until)})")
    return f"({' and '.join(parts)})"


def _unlocated(row: Row) -> Row:
    """The row without what locates a restricted person; nor may the places that were taken out be sent beside it."""
    freed = location_free(row.resource())
    return row if freed is None else structs.replace(row, body=orjson.dumps(freed), entries=directory_entries(freed))


def _unnamed(row: Row, grant: Grant) -> Row:
    """The row for a purpose beyond care; nor is any organisation, practitioner or place sent beside it."""
    left = pseudonymised(row.resource(), grant.request.at.astimezone(LONDON).date())
    return structs.replace(row, body=orjson.dumps(left), entries=())


def _without(body: bytes, refs: Sequence[UUID], hidden: frozenset[UUID]) -> bytes:
    """The body, without references to what is hidden. Only then is it parsed."""
    if hidden.isdisjoint(refs):
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
