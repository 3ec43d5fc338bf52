"""Keeps the people in the database true to the decisions: candidates, comparisons, the decision log, and moves.

Runs inside the ingest transaction, under its lock. What is decided is pure (`compare`, `people`); here is only
fetching and writing. People's own decisions: `decisions`; what waits for one: `review`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import msgspec

from integration.identity.candidates import compared
from integration.identity.demographics import Demographics, kept
from integration.identity.doubts import reconsider
from integration.identity.moving import move
from integration.identity.people import OF_AUTHORITY, OF_SOURCE, Decision, People, issued_to, people, person_ids
from integration.identity.score import WEIGHED_BY
from integration.store.connection import Connection


@dataclass(frozen=True)
class Stated:
    """What a source patient now says of itself: who they are, and whom their source merged them into."""

    id: UUID
    demographics: Demographics | None
    merged_into: Sequence[str] = ()

    def replaced_by(self) -> set[UUID]:
        """The records that took this one's place; a source that names the record itself has said nothing."""
        return set(map(UUID, self.merged_into)) - {self.id}


AUTHORITIES = frozenset({"pds"})
"""Feeds of the authority that issues NHS numbers: the Personal Demographics Service says which number replaces which,
and for everybody. Any other source merges its own records, and cannot make two verified numbers one person's."""
_ONE_AT_A_TIME = 0x70_1D_0CE
"""Advisory lock of every transaction that changes who somebody is."""


async def alone(connection: Connection) -> None:
    """Wait for the lock of linkage, and hold it until the transaction ends: ingest and people's decisions never see
    each other half done."""
    await connection.execute("select pg_advisory_xact_lock($1)", _ONE_AT_A_TIME)


async def unmoved(connection: Connection) -> None:
    """Until the transaction ends, nobody changes who anybody is."""
    await connection.execute("select pg_advisory_xact_lock_shared($1)", _ONE_AT_A_TIME)


async def changed(connection: Connection, stated: Sequence[Stated]) -> list[Stated]:
    """Those who say something else of who they are than what is recorded, or for the first time."""
    rows = await connection.fetch(_RECORDED, [one.id for one in stated])
    recorded = {id_: (nobody_yet, who, set(merges)) for id_, nobody_yet, who, merges in rows}
    return [one for one in stated if recorded[one.id] != (False, _columns(one)[2], one.replaced_by())]


_RECORDED = """
select s.id, s.person is null, s.demographics, array(
    select case when l.a = s.id then l.b else l.a end from toldonce.linkage l
    where l.until is null and l.made_by = 'feed' and l.stated_by = s.id)
from toldonce.source_patient s where s.id = any($1)
"""


async def persons(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Whom these source patients are taken to be now."""
    rows = await connection.fetch("select id, person from toldonce.source_patient where id = any($1)", list(ids))
    return {row["id"]: row["person"] for row in rows}


async def relink(connection: Connection, secret: bytes, stated: Sequence[Stated]) -> None:
    """Record what sources now say, decide anew every pair it touches, and move what belongs to another person now.
    Under the lock of `alone`."""
    await _record(connection, stated)
    said = {one.id: one.demographics or Demographics() for one in stated}
    ids, decisions = await compared(connection, said)
    wanted = await _merges(connection, stated) | decisions
    left = await _replace_automatic(connection, ids, list(said), wanted)
    await reconsider(connection, ids)
    await settle(connection, secret, [*ids, *left])


class _Logged(NamedTuple):
    """A decision that holds, as the log has it."""

    id: int
    followed: bool
    decision: Decision


async def settle(connection: Connection, secret: bytes, ids: Sequence[UUID]) -> None:
    """Derive the people around these source patients from the decisions that hold, and move rows accordingly."""
    nodes = await _connected(connection, ids)
    said = {id_: who for id_, (_, who) in nodes.items()}
    logged = await _decisions(connection, list(nodes))
    grouped = people(said, [one.decision for one in logged])
    await _mark_refused(connection, logged, grouped)
    present = person_ids(secret, grouped, said)
    moves = {id_: person for id_, person in present.items() if nodes[id_][0] != person}
    await move(connection, moves, issued_to(secret, present, said))


async def _record(connection: Connection, stated: Sequence[Stated]) -> None:
    await connection.executemany(
        "update toldonce.source_patient set nhs_number = $2, birth_date = $3, demographics = $4 where id = $1",
        [(one.id, *_columns(one)) for one in sorted(stated, key=lambda one: one.id)],
    )


def _columns(stated: Stated) -> tuple[str | None, str | None, object]:
    """What is recorded of who a source patient is: number, birth date, and what linkage compares."""
    who = stated.demographics
    if who is None:
        return None, None, None
    return who.nhs_number, who.birth_date, msgspec.to_builtins(_sorted(who))


def _sorted(who: Demographics) -> dict[str, object]:
    fields = msgspec.structs.asdict(who)
    plain = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in fields.items()}
    return plain | {"weighed_by": WEIGHED_BY}


async def _merges(connection: Connection, stated: Sequence[Stated]) -> set[Decision]:
    """Merges that these sources state of their own records."""
    merged = [(one.id, other) for one in stated for other in one.replaced_by()]
    if not merged:
        return set()
    rows = await connection.fetch(_OF_AUTHORITY, [id_ for id_, _ in merged], list(AUTHORITIES))
    of_authority = {row["id"] for row in rows}
    return {_merge(old, new, by_authority=old in of_authority) for old, new in merged}


_OF_AUTHORITY = "select id from toldonce.source_patient where id = any($1) and feed = any($2)"


def _merge(old: UUID, new: UUID, *, by_authority: bool) -> Decision:
    a, b = sorted((old, new))
    if by_authority:
        return Decision(a, b, "SAME", "feed", "the NHS number was superseded by the other", OF_AUTHORITY, old)
    return Decision(a, b, "SAME", "feed", "the source merged its own two records of this person", OF_SOURCE, old)


_COLUMNS = "a, b, outcome, made_by, reason, strength, stated_by"
_STANDING = f"""
select id, {_COLUMNS} from toldonce.linkage where until is null and made_by = 'rule' and a = any($1)
union
select id, {_COLUMNS} from toldonce.linkage where until is null and made_by = 'rule' and b = any($1)
union
select id, {_COLUMNS} from toldonce.linkage where until is null and made_by = 'feed' and stated_by = any($2)
"""


async def _replace_automatic(
    connection: Connection, ids: Sequence[UUID], stated: Sequence[UUID], wanted: set[Decision]
) -> set[UUID]:
    """Close decisions by rule about `ids`, and merges that `stated` stated, that no longer hold, and log new ones;
    those that stand are untouched. Returns whom the closed ones were about: nothing else may lead to them now."""
    rows = await connection.fetch(_STANDING, ids, stated)
    standing = {Decision(*columns): id_ for id_, *columns in rows}
    closed = standing.keys() - wanted
    if closed:
        await connection.execute(_CLOSED, [standing[decision] for decision in closed])
    if made := sorted(wanted - standing.keys(), key=Decision.order):
        said = [(one.a, one.b, one.outcome, one.made_by, one.reason, one.strength, one.stated_by) for one in made]
        await connection.execute(_MADE, *map(list, zip(*said, strict=True)))
    return {id_ for decision in closed for id_ in (decision.a, decision.b)}


_CLOSED = "update toldonce.linkage set until = statement_timestamp() where id = any($1)"
_MADE = f"""
insert into toldonce.linkage ({_COLUMNS}, followed, recorded) select {_COLUMNS}, outcome = 'SAME', statement_timestamp()
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::int[], $7::uuid[]) with ordinality
    as made({_COLUMNS}, place) order by place
"""
"""In one statement, so that what audits them (migration `0028`) is asked once."""

_CONNECTED = """
with recursive reach(id) as (
    select id from toldonce.source_patient where id = any($1)
    union
    select next.id from reach cross join lateral (
        select b as id from toldonce.linkage where a = reach.id and until is null and outcome = 'SAME'
        union all
        select a from toldonce.linkage where b = reach.id and until is null and outcome = 'SAME'
        union all
        select o.id from toldonce.source_patient m join toldonce.source_patient o on o.person = m.person
        where m.id = reach.id and o.about is null
    ) next
)
select s.id, s.person, s.demographics::text from reach
cross join lateral (select id, person, demographics from toldonce.source_patient where id = reach.id limit 1) s
"""
"""The limit lets the planner know that few are reached, of however many."""


async def _connected(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, tuple[UUID | None, Demographics]]:
    """These source patients, whoever is taken for the same person now, and whoever a SAME decision leads to."""
    rows = await connection.fetch(_CONNECTED, list(ids))
    return {id_: (person, kept(stated) if stated else Demographics()) for id_, person, stated in rows}


async def _decisions(connection: Connection, ids: Sequence[UUID]) -> list[_Logged]:
    rows = await connection.fetch(_DECISIONS, ids)
    return [_Logged(id_, followed, Decision(*said)) for id_, followed, *said in rows]


_DECISIONS = (
    f"select id, followed, {_COLUMNS} from toldonce.linkage where until is null and a = any($1) and b = any($1)"
)


async def _mark_refused(connection: Connection, logged: Sequence[_Logged], grouped: People) -> None:
    """Note which SAME decisions are not followed: they are work for the review queue."""
    refused = set(grouped.refused)
    turned = [one.id for one in logged if one.decision.outcome == "SAME" and one.followed == (one.decision in refused)]
    if turned:
        await connection.execute("update toldonce.linkage set followed = not followed where id = any($1)", turned)
