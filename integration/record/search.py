"""Searching one person's record: criteria are asked of what the caller would be served, and of nothing else.

Most rows are served as they are stored, and their stored index says what they hold. A row that is served differently
for this Grant (location removed, references to what is withheld cut, several sources' top flags united) is indexed
anew from what is served, so that nothing is found, counted or sorted by what cannot be seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from msgspec import structs

from integration.record.adjustments import TOP_FLAG, united
from integration.record.conditions import Bound
from integration.record.criteria import Criterion, Ids
from integration.record.patient import statement
from integration.record.reader import Query, Reader, Row
from integration.sharing.request import Decision, Grant
from integration.store.search_index import index
from integration.store.search_parameters import Kind
from mappings.uk_core import SUBJECT

_PERSON = SUBJECT.rpartition("/")[2]


@dataclass(frozen=True)
class SortKey:
    """What matches are ordered by: a parameter, `_id` or `_lastUpdated`."""

    name: str
    kind: Kind | None
    """None for `_id` and `_lastUpdated`."""
    descending: bool = False


@dataclass(frozen=True)
class Search:
    """What is looked for: resources of one type that meet every criterion, in this order (by id where it says
    nothing)."""

    type: str
    criteria: Sequence[Criterion] = ()
    order: Sequence[SortKey] = ()
    reached: Sequence[str] = ()
    """Other types that chains lead to."""

    @property
    def by_id(self) -> bool:
        """Whether single resources are asked for: then each source's own top flag is answered beside the one that
        unites them, as a read by its id answers it."""
        return any(isinstance(one, Ids) for one in self.criteria)


class Match(NamedTuple):
    """A resource that was found, and what it is sorted by; None = it has nothing of that."""

    id: UUID
    keys: Sequence[str | None]


class Searcher:
    """Searches in one consultation. What is served differently is looked up once for each type."""

    def __init__(self, reader: Reader, decision: Decision) -> None:
        self._reader = reader
        self._decision = decision
        self._altered: dict[str, Altered] = {}

    async def matches(self, search: Search) -> list[Match]:
        """Everything that is found, in order."""
        types = dict.fromkeys((search.type, *search.reached))  # each once: chains may lead to the type itself
        altered = [await self._served_differently(search, one) for one in types]
        bound = _About(self._decision)
        keys = ", ".join(sort_key(bound, key) for key in search.order)
        conditions = [f"it.type = {bound(search.type)}", *(one.sql(bound, "it") for one in search.criteria)]
        stored_ids = bound([id_ for one in altered for id_ in one.ids])
        shown = (
            f"shown as (select id, type, recorded, tokens from permitted where id <> all({stored_ids}::uuid[]) "
            f"union all select * from jsonb_to_recordset({bound(_json(altered))}::text::jsonb) "
            f"as served(id uuid, type text, recorded timestamptz, tokens text[]))"
        )
        rows = await self._reader.select(
            bound, f", {shown} select it.id, array[{keys}]::text[] as keys from shown as it where "
            + " and ".join(conditions),
        )  # fmt: skip
        return ordered([Match(row["id"], tuple(row["keys"])) for row in rows], search.order)

    async def rows(self, search: Search, ids: Sequence[UUID]) -> list[Row]:
        """Matches of this search as they are served, in the order of `ids`."""
        altered = await self._served_differently(search, search.type)
        served = {row.id: row for row in altered.rows}
        stored = [id_ for id_ in ids if id_ not in served]
        served |= {row.id: row for row in (await self._reader.rows(Query(ids=stored)) if stored else ())}
        return [served[id_] for id_ in ids if id_ in served]

    async def _served_differently(self, search: Search, resource_type: str) -> "Altered":
        """Where nothing is asked of what is served, only which rows there are matters: those that are united."""
        by_id = search.by_id
        if not (search.criteria or search.order or resource_type == "Flag"):
            return Altered((), ())
        key = f"{resource_type} by id" if by_id else resource_type
        if key not in self._altered:
            bound = Bound()
            found = await self._reader.select(bound, _altered(bound, resource_type, self._decision))
            ids = [row["id"] for row in found]
            rows = await self._reader.rows(Query(ids=ids)) if ids else []
            self._altered[key] = Altered(ids, _as_served(rows, self._decision, by_id))
        return self._altered[key]


class _About(Bound):
    """Values that speak of the person as what is stored does."""

    def __init__(self, decision: Decision) -> None:
        super().__init__()
        self._person = str(decision.person if isinstance(decision, Grant) else decision.request.person)

    def __call__(self, value: Any) -> str:
        if isinstance(value, str):
            value = value.replace(self._person, _PERSON)
        elif isinstance(value, list):
            value = [one.replace(self._person, _PERSON) if isinstance(one, str) else one for one in value]
        return super().__call__(value)


@dataclass(frozen=True)
class Altered:
    """Rows of one type that are served otherwise than they are stored: which, and how."""

    ids: Sequence[UUID]
    rows: Sequence[Row]

    def entries(self) -> list[Mapping[str, Any]]:
        """What the search sees of them."""
        return [
            {
                "id": str(row.id),
                "type": row.type,
                "recorded": row.recorded.isoformat(),
                "tokens": index(row.resource()),
            }
            for row in self.rows
        ]


def _altered(bound: Bound, resource_type: str, decision: Decision) -> str:
    """SQL: permitted rows of a type that are served otherwise than they are stored."""
    grant = decision if isinstance(decision, Grant) else None
    whole = grant and (
        grant.hide_location or grant.pseudonymise or (grant.location_withheld and resource_type == "Patient")
    )
    return (
        f"select id from permitted where type = {bound(resource_type)} and ({bound(bool(whole))} "
        f"or label = any({bound(list(grant.unlocated) if grant else [])}) "
        f"or (type = 'Flag' and {bound(TOP_FLAG)} = any(tokens)) "
        f"or exists (select from unnest(refs) as ref where ref not in (select id from permitted)))"
    )


def _as_served(rows: Sequence[Row], decision: Decision, by_id: bool) -> list[Row]:
    if isinstance(decision, Grant) and decision.location_withheld:
        rows = [
            structs.replace(row, body=orjson.dumps(statement(decision, row))) if row.type == "Patient" else row
            for row in rows
        ]
    shown = united(rows)
    return list({row.id: row for row in (*rows, *shown)}.values()) if by_id else shown


def _json(altered: Sequence[Altered]) -> str:
    return orjson.dumps([entry for one in altered for entry in one.entries()]).decode()


# ---- order


def sort_key(bound: Bound, key: SortKey) -> str:
    """SQL: what a resource is sorted by; of several values the one that comes first in this order
    (R4 search.html#sort). Dates sort by their beginning, tokens by their code."""
    if key.kind is None:
        return "it.id::text" if key.name == "_id" else "to_char(it.recorded at time zone 'utc', 'YYYYMMDDHH24MISSMS')"
    mark = {"date": "@", "string": "~", "token": "="}[key.kind]
    value = f"substr(entry, {len(key.name) + 2})"
    part = {
        "date": f"split_part({value}, '/', 1)",
        "string": value,
        "token": f"substr({value}, strpos({value}, '|') + 1)",
    }
    chosen = "max" if key.descending else "min"
    return (
        f'(select {chosen}({part[key.kind]} collate "C") from unnest(it.tokens) as entry '
        f"where starts_with(entry, {bound(key.name + mark)}))"
    )


def ordered(matches: Sequence[Match], order: Sequence[SortKey]) -> list[Match]:
    """Sorted by each key, then by id; what has no such value comes last."""
    found = sorted(matches, key=lambda one: one.id)
    for place, key in reversed(list(enumerate(order))):
        found.sort(key=lambda one: one.keys[place] or "", reverse=key.descending)
        found.sort(key=lambda one: one.keys[place] is None)
    return found


def behind(matches: Sequence[Match], order: Sequence[SortKey], place: Match) -> list[Match]:
    """The matches that come after `place`, be it still among them or not."""
    others = [one for one in matches if one.id != place.id]
    whole = ordered([*others, place], order)
    return whole[whole.index(place) + 1 :]
