"""Keeps the people in the database true to the decisions: candidates, comparisons, the decision log, and moves.

Runs inside the ingest transaction, under its lock. What is decided is pure (`compare`, `people`); here is only
fetching and writing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from integration.errors import UnknownSourcePatient
from integration.identity.candidates import compared
from integration.identity.compare import Outcome
from integration.identity.demographics import Demographics
from integration.identity.people import Decision, People, people, person_ids
from integration.store.connection import Connection


@dataclass(frozen=True)
class Stated:
    """What a source patient now says of itself: who they are, and whom their source merged them into."""

    id: UUID
    demographics: Demographics | None
    merged_into: Sequence[str] = ()


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
    return [one for one in stated if recorded[one.id] != (False, _columns(one)[2], set(map(UUID, one.merged_into)))]


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
    wanted = {*_merges(stated), *((one, None) for one in await compared(connection, said))}
    await _replace_automatic(connection, list(said), wanted)
    await settle(connection, secret, list(said))


async def settle(connection: Connection, secret: bytes, ids: Sequence[UUID]) -> None:
    """Derive the people around these source patients from the decisions that hold, and move rows accordingly."""
    nodes = await _connected(connection, ids)
    said = {id_: who for id_, (_, who) in nodes.items()}
    grouped = people(said, await _decisions(connection, list(nodes)))
    await _mark_refused(connection, list(nodes), grouped)
    present = person_ids(secret, grouped, said)
    await _move(connection, {id_: person for id_, person in present.items() if nodes[id_][0] != person})


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
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in fields.items()}


def _merges(stated: Iterable[Stated]) -> Iterable[tuple[Decision, UUID | None]]:
    for one in stated:
        for other in map(UUID, one.merged_into):
            a, b = sorted((one.id, other))
            yield Decision(a, b, "SAME", "feed", "the source merged its own two records of this person"), one.id


_STANDING = """
select id, a, b, outcome, made_by, stated_by, reason, strength from toldonce.linkage
where until is null and made_by = 'rule' and a = any($1)
union
select id, a, b, outcome, made_by, stated_by, reason, strength from toldonce.linkage
where until is null and made_by = 'rule' and b = any($1)
union
select id, a, b, outcome, made_by, stated_by, reason, strength from toldonce.linkage
where until is null and made_by = 'feed' and stated_by = any($1)
"""


async def _replace_automatic(
    connection: Connection, ids: Sequence[UUID], wanted: set[tuple[Decision, UUID | None]]
) -> None:
    """Close automatic decisions about `ids` that no longer hold and log new ones; those that stand are untouched."""
    rows = await connection.fetch(_STANDING, list(ids))
    standing = {
        (
            Decision(row["a"], row["b"], row["outcome"], row["made_by"], row["reason"], row["strength"]),
            row["stated_by"],
        ): row["id"]
        for row in rows
    }
    await connection.execute(
        "update toldonce.linkage set until = now() where id = any($1)",
        [id_ for decision, id_ in standing.items() if decision not in wanted],
    )
    await connection.executemany(
        "insert into toldonce.linkage (a, b, outcome, made_by, stated_by, reason, strength, followed) "
        "values ($1, $2, $3, $4, $5, $6, $7, $3 = 'SAME')",
        [
            (one.a, one.b, one.outcome, one.made_by, stated_by, one.reason, one.strength)
            for one, stated_by in sorted(wanted - standing.keys(), key=lambda pair: pair[0].order())
        ],
    )


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
        where m.id = reach.id
    ) next
)
select s.id, s.person, s.demographics from reach
cross join lateral (select id, person, demographics from toldonce.source_patient where id = reach.id limit 1) s
"""
"""The limit lets the planner know that few are reached, of however many."""


async def _connected(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, tuple[UUID | None, Demographics]]:
    """These source patients, whoever is taken for the same person now, and whoever a SAME decision leads to."""
    rows = await connection.fetch(_CONNECTED, list(ids))
    return {
        id_: (person, msgspec.convert(stated, Demographics) if stated else Demographics())
        for id_, person, stated in rows
    }


async def _decisions(connection: Connection, ids: Sequence[UUID]) -> list[Decision]:
    rows = await connection.fetch(
        "select a, b, outcome, made_by, reason, strength from toldonce.linkage "
        "where until is null and a = any($1) and b = any($1)",
        list(ids),
    )
    return [Decision(**row) for row in rows]


async def _mark_refused(connection: Connection, ids: Sequence[UUID], grouped: People) -> None:
    """Note which SAME decisions are not followed: they are work for the review queue."""
    refused = [(one.a, one.b) for one in grouped.refused]
    await connection.execute(
        "update toldonce.linkage set followed = not refused from (select l.id, exists (select from "
        "unnest($2::uuid[], $3::uuid[]) as r(a, b) where r.a = l.a and r.b = l.b) as refused from toldonce.linkage l "
        "where l.until is null and l.outcome = 'SAME' and l.a = any($1) and l.b = any($1)) as now "
        "where toldonce.linkage.id = now.id and toldonce.linkage.followed = now.refused",
        list(ids),
        [a for a, _ in refused],
        [b for _, b in refused],
    )


async def _move(connection: Connection, moves: Mapping[UUID, UUID]) -> None:
    """Let rows of source patients follow them to another person; every id ever issued keeps resolving."""
    if not moves:
        return
    before = await connection.fetch(_MOVING, list(moves), list(moves.values()))
    await connection.execute(_MOVE, [row["key"] for row in before], [row["new"] for row in before])
    held = [row for row in before if row["old"]]
    for statement in _FOLLOW if held else ():
        await connection.execute(statement, [row["key"] for row in held], [row["new"] for row in held])
    await connection.execute(_ISSUE, list({*moves.values(), *(row["old"] for row in held)}))


_MOVING = """
select s.key, s.person as old, m.person as new from unnest($1::uuid[], $2::uuid[]) as m(id, person)
join toldonce.source_patient s on s.id = m.id order by s.id
"""
_MOVED = "from unnest($1::bigint[], $2::uuid[]) as m(key, person) where"
_MOVE = f"update toldonce.source_patient s set person = m.person {_MOVED} s.key = m.key"
_FOLLOW = (
    f"update toldonce.resource r set person = m.person {_MOVED} r.source_patient = m.key",
    f"update toldonce.resource_history r set person = m.person {_MOVED} r.source_patient = m.key",
    f"with closed as (update toldonce.facts f set until = statement_timestamp() {_MOVED} f.source_patient = m.key "
    "and f.until = 'infinity' returning f.source_patient, m.person, f.labels, f.evidence, f.choices, f.restricted) "
    "insert into toldonce.facts (source_patient, person, labels, evidence, choices, restricted, recorded) "
    "select *, statement_timestamp() from closed",
)
"""Of source patients who were somebody before. The moment is that of the statement: the transaction may have waited."""
_ISSUE = """
insert into toldonce.person (id, issued_to)
select distinct on (person) person, id from toldonce.source_patient where person = any($1) order by person, id
on conflict (id) do update set issued_to = excluded.issued_to where not exists (
    select from toldonce.source_patient s where s.id = toldonce.person.issued_to and s.person = toldonce.person.id)
"""
"""An id stays with the source patient it was issued for as long as that one has it; then whoever else has it. When
nobody does any more, it means whom that source patient is then."""


_POSSIBLE = """
select l.a, l.b, l.reason, l.made_by, sa.feed || ' ' || sa.organisation as source_a,
    sb.feed || ' ' || sb.organisation as source_b
from toldonce.linkage l join toldonce.source_patient sa on sa.id = l.a join toldonce.source_patient sb on sb.id = l.b
where l.until is null and sa.person is distinct from sb.person
    and (l.outcome = 'POSSIBLE' or (l.outcome = 'SAME' and not l.followed))
    and (l.made_by not in ('rule', 'feed') or not exists (select from toldonce.linkage d where d.until is null
        and d.a = l.a and d.b = l.b and d.made_by not in ('rule', 'feed')))
order by l.id
"""


async def possible_matches(connection: Connection) -> list[dict[str, object]]:
    """Pairs of source patients that wait for a person's decision, with the fields that speak for and against."""
    return [dict(row) for row in await connection.fetch(_POSSIBLE)]


async def decide(
    connection: Connection, secret: bytes, pair: tuple[UUID, UUID], outcome: Outcome, user: str, reason: str
) -> None:
    """Log a person's decision about two source patients, which replaces an earlier one, and let it take effect.
    Raises UnknownSourcePatient."""
    await alone(connection)
    a, b = sorted(pair)
    known = await connection.fetchval("select count(*) from toldonce.source_patient where id = any($1)", [a, b])
    if known != 2:
        raise UnknownSourcePatient("one of the two is not a source patient's id")
    await connection.execute(
        "update toldonce.linkage set until = now() where until is null and a = $1 and b = $2 "
        "and made_by not in ('rule', 'feed')",
        a,
        b,
    )
    await connection.execute(
        "insert into toldonce.linkage (a, b, outcome, made_by, reason, strength, followed) "
        "values ($1, $2, $3, $4, $5, 0, $6)",
        a,
        b,
        outcome,
        user,
        reason,
        outcome == "SAME",
    )
    await settle(connection, secret, [a, b])
