"""The only way to content about a person: every read takes a Grant, which becomes conditions of the SQL.

First lock: the explicit predicates on person, label, windows and withheld resources. Second lock: the row policy of
PostgreSQL with the same settings (`record.row_policy`). What may not be seen is never fetched.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec
import orjson
from msgspec import structs

from adapters.records import LONDON
from integration.record.as_sent import ENTRIES, MOMENT, REFS, each_id, ids, moment
from integration.record.conditions import Bound, Query, conditions, granted
from integration.record.kept_facts import Entry, Kept, Named
from integration.record.references import without
from integration.record.row_policy import telling, told
from integration.sharing.mask import location_free
from integration.sharing.pseudonymised import pseudonymised
from integration.sharing.request import Decision, Grant
from integration.store.connection import Connection
from integration.store.database import act_as
from integration.store.extract import directory_entries, referred
from mappings.uk_core import SUBJECT

__all__ = ["Countable", "Query", "Reader", "Row", "Version"]

_TOKEN = SUBJECT.encode()
_NOBODY = UUID(int=0)
Found = TypeVar("Found")


ROW = f"id, type, version, {MOMENT}, label, feed, {REFS}, {ENTRIES}, body"
"""What is asked of a row, as `_shown` takes it."""
_ID, _LABEL, _REFS, _ENTRIES = 0, 4, 6, 7
"""Places in it: some hundred are looked up for one answer."""
_DIRECTORY = """
select id, version, recorded, entries, body from toldonce.directory_resource
where id = any({0} || array(select unnest(entries) from toldonce.directory_resource where id = any({0}))) order by id
"""
_NAMED = "(select ids from named)::uuid[]"
_ROWS = f"select {ROW} from toldonce.resource where {{}}"
_ROWS_AND_DIRECTORY = f"""
with found as materialized (
    select id, type, version, recorded, label, feed, refs, entries, body from toldonce.resource where {{}}),
named as materialized (select array(select unnest(entries) from found) as ids)
select {ROW} from found
union all
select id, '', version, {MOMENT}, null, '', '', {ENTRIES}, body from ({_DIRECTORY.format(_NAMED)}) directory
"""
"""Rows in their order, and after them, without a label, the directory entries that they refer to: one question."""


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


class Countable(msgspec.Struct, frozen=True):
    """A resource as it is stored, for sums of which nothing leaves but numbers (`teams.measures`): with references to
    what is withheld, and not made coarser. It is no Row and has no body, so that nothing which answers can take it."""

    type: str
    feed: str
    _stored: bytes

    def resource(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self._stored)
        return parsed


class Version(msgspec.Struct, frozen=True):
    """A version of a resource as it may be shown; `body` None: it was deleted then."""

    id: UUID
    type: str
    version: int
    recorded: datetime
    body: bytes | None


class AnotherQuestionError(Exception):
    """More than one question was to be asked where a single one may be."""


class Reader:
    """Reads one person's rows in the transaction in which the decision was made, in the role `toldonce_reader`. For a
    Denial it runs the same queries over nothing, so that a person who may not be known of answers as one who does not
    exist. Its first question tells the row policy of the Grant; until then that shows nothing, or no more than another
    Grant of the same transaction did. `decided_from`: see `row_policy.told`.

    `at_once`: it may ask one question, which is a transaction of its own. What that leaves open, directory entries that
    are not kept among it, raises AnotherQuestionError."""

    def __init__(
        self, connection: Connection, decision: Decision, decided_from: Kept | None = None, *, at_once: bool = False
    ) -> None:
        self._connection = connection
        self._grant = decision if isinstance(decision, Grant) else None
        self._person = decision.person if isinstance(decision, Grant) else _NOBODY
        self._reference = f"Patient/{self._person}".encode()
        self._untold = told(decision, decided_from)
        """What the row policy is not told yet."""
        self._at_once = at_once
        self._questions = 0
        named = decided_from.named if decided_from else None
        self._directory: dict[UUID, Entry] = dict(named.entries) if named else {}
        self._looked_up: set[UUID] = set(named.ids) if named else set()
        """Of the directory: all that was asked for, with what is not there."""

    async def _ask(self, statement: str, values: Sequence[Any]) -> list[asyncpg.Record]:
        """What a statement finds under the row policy. `statement` selects; its columns have names."""
        self._another()
        untold, self._untold = self._untold, ()
        if untold:
            statement, values = telling(statement, len(values), len(untold)), (*values, *untold)
        found: list[asyncpg.Record] = await self._connection.fetch(statement, *values)
        return found

    def _another(self) -> None:
        if self._at_once and self._questions:
            raise AnotherQuestionError
        self._questions += 1

    def go_on(self) -> None:
        """Say that more will be asked. Raises AnotherQuestionError where no more may be."""
        self._another()

    @property
    def named(self) -> Named | None:
        """What was looked up in the directory; None if one question was not enough."""
        return Named(sorted(self._looked_up), self._directory) if self._questions == 1 else None

    async def tell(self) -> None:
        """Tell the row policy of the Grant, unless a question has done so."""
        if self._untold:
            await self._ask("select 1 as told", ())

    async def rows(self, query: Query, *, directory: bool = False) -> list[Row]:
        """Permitted rows in id order, at most `query.limit`. With `directory`, what they refer to there is read with
        them, and then at hand for `directory`."""
        found, values = conditions(query, self._person, self._grant)
        wanted = f"{' and '.join(found)} order by id {f'limit {query.limit:d}' if query.limit else ''}"
        named = directory and not self._at_once
        statement = _ROWS_AND_DIRECTORY if named else _ROWS
        fetched = await self._ask(statement.format(wanted), values)
        if named:
            self._keep_directory(fetched)
        shown = self._shown(fetched, await self._hidden(fetched))
        grant = self._grant
        if grant and (grant.hide_location or grant.unlocated):
            shown = [_unlocated(row) if grant.hides_location(row.label) else row for row in shown]
        return [_unnamed(row, grant) for row in shown] if grant and grant.pseudonymise else shown

    async def counted(self, query: Query) -> list[Countable]:
        """Permitted resources for sums."""
        found, values = conditions(query, self._person, self._grant)
        fetched = await self._ask(_ROWS.format(" and ".join(found)), values)
        return [Countable(row["type"], row["feed"], row["body"]) for row in fetched]

    def _keep_directory(self, fetched: list[asyncpg.Record]) -> None:
        """Take the directory entries from behind the rows, and keep them."""
        while fetched and fetched[-1][_LABEL] is None:
            id_, _, version, recorded, _, _, _, entries, body = fetched.pop()
            self._directory[id_] = Entry(version, moment(recorded), ids(entries), body)
        named = set().union(*[ids(row[_ENTRIES]) for row in fetched])
        self._looked_up.update(named, *[self._directory[id_].entries for id_ in named if id_ in self._directory])

    def _shown(self, fetched: Iterable[Iterable[Any]], hidden: frozenset[UUID]) -> list[Row]:
        """Rows as they come from the database (`ROW`), without references to what is hidden."""
        reference = self._reference
        return [
            Row(
                id_,
                type_,
                version,
                moment(recorded),
                label,
                feed,
                ids(entries),
                (without(body, ids(refs), hidden) if hidden else body).replace(_TOKEN, reference),
            )
            for id_, type_, version, recorded, label, feed, refs, entries, body in fetched
        ]

    async def select(self, bound: Bound, statement: str) -> list[asyncpg.Record]:
        """What a statement finds in `permitted`, the rows that the Grant shows: their index and no content. `bound`
        holds the statement's values."""
        where = " and ".join(granted(bound, self._person, self._grant))
        permitted = f"select id, type, label, recorded, refs, tokens from toldonce.resource where {where}"
        return await self._ask(f"with permitted as ({permitted}) {statement}", bound.values)

    async def aside(self, ask: Callable[[Connection, UUID], Awaitable[Found]]) -> Found:
        """What is asked about the person in between in the facts' role, which sees no content."""
        if self._at_once:
            raise AnotherQuestionError
        self._another()
        await act_as(self._connection, "toldonce_facts")
        try:
            return await ask(self._connection, self._person)
        finally:
            await act_as(self._connection, "toldonce_reader")

    async def newest(self, query: Query) -> dict[UUID, int]:
        """The number of the newest permitted version of each resource; of the query types and ids count."""
        found, values = conditions(query, self._person, self._grant)
        where = " and ".join(found)
        rows = await self._ask(
            f"select id, max(version) as newest from (select id, version from toldonce.resource where {where} "
            f"union all select id, version from toldonce.resource_history where {where}) permitted group by id",
            values,
        )
        return {row["id"]: row["newest"] for row in rows}

    async def versions(self, query: Query, before: tuple[datetime, UUID, int] | None = None) -> list[Version]:
        """Permitted versions of resources, present and earlier, the newest first; of the query types, ids, `since` and
        the limit count. `before`: behind the version of that moment, id and number. Each version by its own label."""
        found, values = conditions(query, self._person, self._grant)
        if before:
            values += before
            place = len(values)
            found.append(f"(recorded, id, version) < (${place - 2}, ${place - 1}, ${place})")
        where = " and ".join(found)
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
        shown = without(body, refs, hidden).replace(_TOKEN, self._reference)
        grant = self._grant
        hides = grant and (grant.hides_location(label) or (type_ == "Patient" and grant.location_withheld))
        located = location_free(orjson.loads(shown)) if hides else None
        return Version(id_, type_, version, recorded, shown if located is None else orjson.dumps(located))

    async def directory(self, ids: Sequence[UUID]) -> list[bytes]:
        """Directory entries (organisations, practitioners, places), and those which these refer to in turn."""
        if not self._looked_up.issuperset(ids):
            for id_, *entry in await self._ask(_DIRECTORY.format("$1::uuid[]"), [list(ids)]):
                self._directory[id_] = Entry(*entry)
            self._looked_up.update(ids)
        named = {id_ for id_ in ids if id_ in self._directory}
        named.update(id_ for one in tuple(named) for id_ in self._directory[one].entries if id_ in self._directory)
        return [self._directory[id_].body for id_ in sorted(named)]

    async def _hidden(self, fetched: Sequence[asyncpg.Record]) -> frozenset[UUID]:
        """Which of the resources that these rows refer to may not be seen."""
        referred_to: set[bytes] = set().union(*[each_id(row[_REFS]) for row in fetched])
        return await self._unseen(
            [UUID(bytes=one) for one in referred_to.difference([row[_ID].bytes for row in fetched])]
        )

    async def _unseen(self, elsewhere: Collection[UUID]) -> frozenset[UUID]:
        """Which of these resources may not be seen, or are not there."""
        if not elsewhere:
            return frozenset()
        found, values = conditions(Query(ids=tuple(elsewhere)), self._person, self._grant)
        seen = await self._ask(f"select id from toldonce.resource where {' and '.join(found)}", values)
        return frozenset(elsewhere) - {row["id"] for row in seen}


def _unlocated(row: Row) -> Row:
    """The row without what locates a restricted person; nor may the places that were taken out be sent beside it."""
    freed = location_free(row.resource())
    return row if freed is None else structs.replace(row, body=orjson.dumps(freed), entries=directory_entries(freed))


def _unnamed(row: Row, grant: Grant) -> Row:
    """The row for a purpose beyond care; nor is any organisation, practitioner or place sent beside it."""
    left = pseudonymised(row.resource(), grant.request.at.astimezone(LONDON).date())
    return structs.replace(row, body=orjson.dumps(left), entries=())
