"""The review queue: what a person should decide, derived from the decision log, so that it cannot drift from it.

One item is one pair of people, however many of their records look alike; its pair of records is the one with the
strongest evidence. Somebody's NOT THE SAME between two of their records settles it, until stronger evidence comes than
there was then. No item holds demographics: those are shown pair by pair (`side_by_side`), and each showing is audited.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from integration.errors import NotPossible, UnknownSourcePatient
from integration.identity.compare import compare
from integration.identity.decisions import BY_PERSON
from integration.identity.demographics import Demographics
from integration.identity.doubts import demographics_of
from integration.identity.evidence import NOTHING, Agreement, agreements
from integration.identity.score import Reason
from integration.store.connection import Connection

KINDS = {
    "possible match": "alike, and not enough to link them",
    "conflicting numbers": "alike, but two NHS numbers are stated",
    "duplicate": "one verified NHS number, two people",
    "merge refused": "a source merged them, and something stronger is against it",
    "link refused": "the rules take them for one person, and something stronger is against it",
    "decisions contradict": "people's decisions cannot all be followed",
    "decision in doubt": "the evidence turned against a person's decision since",
}
"""Why something is in the queue."""


class Item(msgspec.Struct, frozen=True):
    """One pair of people to decide about. `pairs`: how many of their records look alike; `since`: when the shown pair
    was first found."""

    a: UUID
    b: UUID
    kind: str
    reason: str
    source_a: str
    source_b: str
    pairs: int
    since: datetime


class Count(msgspec.Struct, frozen=True):
    """How many items there are of one kind between two sources."""

    kind: str
    source_a: str
    source_b: str
    items: int


@dataclass(frozen=True)
class Page:
    """Items, oldest first; `following` is where the next page begins, None at the end."""

    items: Sequence[Item]
    following: str | None


@dataclass(frozen=True)
class Side:
    """One record of a pair: whose it is, whom it is taken for, and what it says of who that is."""

    id: UUID
    source: str
    person: UUID | None
    said: Demographics

    def text(self, field: str) -> str:
        """What it says in one field of `Demographics`, to be read; empty where it says nothing."""
        value = getattr(self.said, field)
        if isinstance(value, frozenset):
            return ", ".join(sorted(map(str, value)))
        checked = " (verified)" if field == "nhs_number" and self.said.verified else ""
        return "" if value is None else f"{value}{checked}"


@dataclass(frozen=True)
class SideBySide:
    """Two records beside each other. `fields` by name: whether they agree; `outcome`, `reason` and `probability` of
    the rules, `weights` their account field by field where there is one."""

    sides: tuple[Side, Side]
    fields: dict[str, Agreement]
    outcome: str | None
    reason: str
    probability: float | None
    weights: Sequence[Reason]

    @property
    def together(self) -> bool:
        """Whether both are one person now."""
        return self.sides[0].person == self.sides[1].person


async def queue(connection: Connection, limit: int = 50, after: str | None = None) -> Page:
    """A page of the queue. `after`: what an earlier page gave as `following`. Raises NotPossible where it is not."""
    rows = await connection.fetch(_PAGE, *(_place(after) if after else (None, None, None)), limit + 1)
    items = [Item(*row) for row in rows[:limit]]
    last = items[-1] if len(rows) > limit else None
    return Page(items, f"{last.since.isoformat()}|{last.a}|{last.b}" if last else None)


def _place(after: str) -> tuple[datetime, UUID, UUID]:
    try:
        since, a, b = after.split("|")
        return datetime.fromisoformat(since).astimezone(UTC), UUID(a), UUID(b)
    except ValueError:
        raise NotPossible("no page begins there: give what the page before it ended with") from None


async def counts(connection: Connection) -> list[Count]:
    """How much waits, by kind and pair of sources."""
    return [Count(*row) for row in await connection.fetch(_COUNTS)]


async def side_by_side(connection: Connection, pair: tuple[UUID, UUID]) -> SideBySide:
    """What two sources say, compared. Where one of the two is restricted, what locates either is `withheld`, and only
    whether it agrees is shown: else the other's address would tell theirs. Raises UnknownSourcePatient."""
    rows = {row["id"]: row for row in await connection.fetch(_SIDES, list(pair))}
    if len(rows) != 2:
        raise UnknownSourcePatient("one of the two is not a source patient's id")
    a, b = (
        Side(id_, row["source"], row["person"], demographics_of(row["demographics"]))
        for id_, row in sorted(rows.items())
    )
    found = compare(a.said, b.said)
    hidden = any(row["restricted"] for row in rows.values())
    return SideBySide(
        (_unlocated(a), _unlocated(b)) if hidden else (a, b),
        agreements(a.said, b.said),
        found.outcome if found else None,
        found.reason if found else "",
        found.probability if found else None,
        found.fields if found else (),
    )


def _unlocated(side: Side) -> Side:
    withheld = {name: frozenset({"withheld"}) for name in _LOCATING if getattr(side.said, name)}
    return replace(side, said=msgspec.structs.replace(side.said, **withheld))


_LOCATING = ("postcodes", "uprns", "phones", "practices", "ids")
"""What locates somebody, of what linkage compares; ids name the organisation that gave them."""
_SIDES = """
select id, feed || ' ' || organisation as source, person, demographics, exists(select from toldonce.facts f
    where f.person = s.person and f.until = 'infinity' and f.restricted) as restricted
from toldonce.source_patient s where id = any($1)
"""
_RANK = f"""case when l.outcome <> 'SAME' then {NOTHING} when l.made_by = 'feed' then 10 + l.strength
    when l.made_by = 'rule' then 20 + l.strength else 0 end"""
"""As `evidence.rank`; a person's own SAME that is refused comes first."""
_KIND = f"""case
    when l.doubt is not null then 'decision in doubt'
    when l.{BY_PERSON} then 'decisions contradict'
    when l.outcome = 'SAME' and l.made_by = 'feed' then 'merge refused'
    when l.outcome = 'SAME' and l.strength = 0 then 'duplicate'
    when l.outcome = 'SAME' then 'link refused'
    when sa.nhs_number <> sb.nhs_number then 'conflicting numbers'
    else 'possible match' end"""
_ITEMS = f"""
with waiting as materialized (
    select l.a, l.b, l.reason, l.doubt, l.{BY_PERSON} as by_person, {_RANK} as rank, {_KIND} as kind,
        least(sa.person, sb.person) as p, greatest(sa.person, sb.person) as q,
        sa.feed || ' ' || sa.organisation as source_a, sb.feed || ' ' || sb.organisation as source_b
    from toldonce.linkage l join toldonce.source_patient sa on sa.id = l.a
    join toldonce.source_patient sb on sb.id = l.b
    where l.until is null and (l.outcome = 'POSSIBLE' or (l.outcome = 'SAME' and not l.followed)
        or l.doubt is not null) and (sa.person <> sb.person or l.doubt is not null)
), decided as materialized (
    select w.p, w.q, min(coalesce((d.evidence ->> 'strongest')::int, 0)) as strongest
    from (select distinct p, q from waiting) w join toldonce.source_patient m on m.person = w.p
    cross join lateral (
        select b as other, evidence from toldonce.linkage
        where a = m.id and until is null and outcome = 'NOT THE SAME' and doubt is null
        union all
        select a, evidence from toldonce.linkage
        where b = m.id and until is null and outcome = 'NOT THE SAME' and doubt is null
    ) d join toldonce.source_patient o on o.id = d.other and o.person = w.q group by w.p, w.q
), open as (
    select *, count(*) over (partition by p, q) as pairs,
        row_number() over (partition by p, q order by doubt is null, rank, a, b) as place
    from waiting w where by_person or doubt is not null
        or not exists (select from decided d where d.p = w.p and d.q = w.q and d.strongest <= w.rank)
), item as (
    select o.a, o.b, o.kind, coalesce(o.doubt, o.reason) as reason, o.source_a, o.source_b, o.pairs::int as pairs,
        (select min(f.recorded) from toldonce.linkage f where f.a = o.a and f.b = o.b) as since
    from open o where o.place = 1
)"""
"""A person's NOT THE SAME settles what is not stronger than the strongest automatic SAME that it knew of."""
_PAGE = f"""{_ITEMS}
select a, b, kind, reason, source_a, source_b, pairs, since from item
where $1::timestamptz is null or (since, a, b) > ($1, $2::uuid, $3::uuid) order by since, a, b limit $4
"""
_COUNTS = f"""{_ITEMS}
select kind, least(source_a, source_b), greatest(source_a, source_b), count(*)::int from item
group by 1, 2, 3 order by 4 desc, 1, 2, 3
"""
