"""Reading what is asked of many people in one statement, where each of them could be read alone.

The locks are those of `reader`. The statement joins the pairs of person and label that these people's own Grants name;
the row policy of the role `toldonce_cohort` (migration 0020) knows the same pairs from a setting of the transaction. A
Grant that withholds more than labels do is not read here: `plain` says which are.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import orjson

from integration.record.as_sent import each_id
from integration.record.reader import ROW, Query, Reader, Row
from integration.sharing.request import Decision, Grant
from integration.store.connection import Connection
from integration.store.database import act_as

_ROWS = f"""
select {{asked}} as asked, r.person, {ROW} from unnest($1::uuid[], $2::int[]) as g(person, granted)
cross join lateral (
    select * from toldonce.resource r where r.person = g.person and r.label = g.granted and ({{any}}) offset 0) r
order by r.person, id
"""
"""`offset 0`: each pair is looked up in the index by itself, however few or many there are in the table beside them."""
_SEEN = """
select r.person, r.id from toldonce.resource r
join unnest($1::uuid[], $2::int[]) as g(person, label) on r.person = g.person and r.label = g.label
where r.id = any($3)
"""
_Rows = dict[UUID, list[asyncpg.Record]]
_Pairs = tuple[list[UUID], list[int]]


def plain(decision: Decision) -> bool:
    """Whether a decision is a Grant of which labels are the whole."""
    return isinstance(decision, Grant) and not (
        decision.withheld or decision.windows or decision.hide_location or decision.unlocated or decision.pseudonymise
    )


class Announced(Reader):
    """A person's reader that has at hand what was announced, and asks for anything else alone."""

    def __init__(self, connection: Connection, decision: Decision) -> None:
        super().__init__(connection, decision)
        self._at_hand: dict[Query, list[Row]] = {}

    def hold(self, query: Query, fetched: Sequence[asyncpg.Record], hidden: frozenset[UUID]) -> None:
        """Keep what was found of this person (`_ROWS`)."""
        self._at_hand[query] = self._shown([row[2:] for row in fetched], hidden)

    async def rows(self, query: Query, *, directory: bool = False) -> list[Row]:
        if not directory and query in self._at_hand:
            return self._at_hand[query]
        return await super().rows(query, directory=directory)


async def announced(connection: Connection, decisions: Sequence[Decision], queries: Sequence[Query]) -> list[Announced]:
    """A reader for each decision, in their order, on the connection that is then in the reader's role; where it is a
    plain Grant, with what these queries find at hand. A query names types, and may name tokens; anything else raises
    ValueError."""
    if any(query != Query(types=query.types, tokens=query.tokens) or not query.types for query in queries):
        raise ValueError("of many people only types and tokens can be asked for at once")
    readers = [Announced(connection, one) for one in decisions]
    grants = [one for one in decisions if isinstance(one, Grant) and plain(one)] if queries else []
    pairs = sorted({(one.person, label) for one in grants for label in one.labels})
    await _step(connection, pairs)
    bound = [person for person, _ in pairs], [label for _, label in pairs]
    found = await _found(connection, bound, queries)
    hidden = await _hidden(connection, bound, found)
    for decision, reader in zip(decisions, readers, strict=True):
        if isinstance(decision, Grant) and plain(decision):
            for query, rows in zip(queries, found, strict=True):
                reader.hold(query, rows.get(decision.person, ()), hidden.get(decision.person, frozenset()))
    await act_as(connection, "toldonce_reader")
    return readers


async def _step(connection: Connection, pairs: Sequence[tuple[UUID, int]]) -> None:
    """Into the role of many, with the pairs as the row policy reads them."""
    labels: dict[str, list[int]] = defaultdict(list)
    for person, label in pairs:
        labels[str(person)].append(label)
    granted = [{"person": person, "labels": each} for person, each in labels.items()]
    await connection.execute(
        "select set_config('role', 'toldonce_cohort', true), set_config('toldonce.cohort', $1, true)",
        orjson.dumps(granted).decode(),
    )


async def _found(connection: Connection, bound: _Pairs, queries: Sequence[Query]) -> list[_Rows]:
    """What each query finds of each person: all of them in one statement, for they mostly look at the same rows."""
    found: list[_Rows] = [defaultdict(list) for _ in queries]
    if not queries:
        return found
    values: list[object] = [*bound]
    for query in queries:
        values += [list(query.types), list(query.tokens)]
    conditions = [
        f"(r.type = any(${place}::text[]) and (cardinality(${place + 1}::text[]) = 0 or r.tokens && ${place + 1}))"
        for place in range(3, 3 + 2 * len(queries), 2)
    ]
    statement = _ROWS.format(asked=f"array[{', '.join(conditions)}]", any=" or ".join(conditions))
    for row in await connection.fetch(statement, *values):
        for rows, asked in zip(found, row["asked"], strict=True):
            if asked:
                rows[row["person"]].append(row)
    return found


async def _hidden(connection: Connection, bound: _Pairs, found: Sequence[_Rows]) -> dict[UUID, frozenset[UUID]]:
    """By person, which of the resources that these rows refer to may not be seen, or are not there."""
    shown: dict[UUID, set[UUID]] = defaultdict(set)
    named: dict[UUID, set[UUID]] = defaultdict(set)
    for rows in found:
        for person, each in rows.items():
            shown[person].update(row["id"] for row in each)
            named[person].update(UUID(bytes=one) for row in each for one in each_id(row["refs"]))
    elsewhere = {person: ids - shown[person] for person, ids in named.items()}
    wanted = set[UUID]().union(*elsewhere.values())
    seen = {(row["person"], row["id"]) for row in await connection.fetch(_SEEN, *bound, list(wanted))} if wanted else ()
    return {person: frozenset(id_ for id_ in ids if (person, id_) not in seen) for person, ids in elsewhere.items()}
