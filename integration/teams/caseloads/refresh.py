"""The rule of a caseload, applied to everybody whom it could concern.

The hub applies it for each practice that the rule names, to that practice's own registered patients: the question is
asked as the practice, in the role `case finder`, and goes through `Records.consult_many` like any other. So an
objection, a restriction or an agreement that has ended keeps somebody off a caseload as it keeps them from being read.
Then it is asked once more of whomever was found, on what some role of the team could see of them as a member: nobody
comes on a caseload for something that was to be kept from it. A Type 1 objection keeps people off as well.

Whom somebody took off by hand is not put back; whoever no longer meets the rule leaves it.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from adapters.records import LONDON
from integration.errors import Conflict, NotPossible
from integration.record.consult import Question
from integration.record.reader import Query, Row
from integration.sharing.decide import Policy, agreements, decide
from integration.sharing.facts import many_facts
from integration.sharing.request import Caller, Evidence, Facts, Grant, Request
from integration.store.connection import Connection
from integration.store.database import act_as
from integration.teams.caseloads import membership
from integration.teams.caseloads.document import Caseload, Rule
from integration.teams.caseloads.keeper import Keeper
from integration.teams.caseloads.membership import Place
from integration.teams.caseloads.rule import TYPES, Statement, found

ROLE, PURPOSE = "case finder", "COC"
CLIENT = "caseload rules"
NOT_MET = "rule-no-longer-met"
"""Why a membership ended that the rule had made."""
READ = Query(types=TYPES)
_TOGETHER = 100
Told = Callable[[str, Sequence[UUID], Sequence[UUID]], Awaitable[None]]
"""What is noted before it counts: for which practice, who comes on and who leaves."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Refreshed:
    """What came of it: people considered, people who meet the rule, and who came on and left by that."""

    considered: int
    found: int
    added: int
    ended: int


async def refresh(
    keeper: Keeper, caseload: Caseload, at: datetime, told: Told, progress: Progress = lambda *_: None
) -> Refreshed:
    """Apply the rule now. Raises NotPossible where no agreement in force lets it be applied for one of its practices:
    then nobody comes or goes."""
    rule = caseload.rule or Rule((), ())
    for practice in rule.practices:
        require_agreement(keeper.records.policy(), practice, at)
    considered, meets = 0, dict[tuple[str, UUID], str]()
    for practice in rule.practices:
        persons = await _registered(keeper, practice)
        meets |= {(practice, one): why for one, why in (await _found(keeper, caseload, practice, persons, at)).items()}
        considered += len(persons)
        progress(considered, len(meets))
    standing = await _standing(keeper, caseload)
    new = sorted(meets.keys() - standing)
    gone = sorted(standing - meets.keys())
    refused = await _taken_off(keeper, caseload)
    added = await _add(keeper, caseload, {key: meets[key] for key in new if key[1] not in refused}, at, told)
    ended = await _end(keeper, caseload, gone, at, told)
    result = Refreshed(considered, len(meets), added, ended)
    async with keeper.pool.acquire() as connection:
        await connection.execute(_KEEP, caseload.id, at, considered, len(meets), added, ended)
    return result


def require_agreement(policy: Policy, practice: str, at: datetime) -> None:
    """Raise NotPossible unless an agreement in force lets rules be applied for this practice."""
    if not agreements(Caller(CLIENT, practice, ROLE, PURPOSE), policy, at.astimezone(LONDON).date()):
        raise NotPossible(
            f"no agreement in force lets rules be applied for {practice} (role {ROLE}, purpose {PURPOSE})"
        )


async def _registered(keeper: Keeper, practice: str) -> list[UUID]:
    async with keeper.records.pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        return [row["person"] for row in await connection.fetch(_REGISTERED, _pattern(practice))]


async def _found(
    keeper: Keeper, caseload: Caseload, practice: str, persons: Sequence[UUID], at: datetime
) -> dict[UUID, str]:
    """Who of a practice's patients meets the rule, and the code of the finding."""
    rule, on = caseload.rule, at.astimezone(LONDON).date()
    if rule is None:
        return {}
    meets: dict[UUID, str] = {}
    question = Question(Caller(CLIENT, practice, ROLE, PURPOSE), at)
    likely: dict[UUID, list[Row]] = {}
    async with keeper.records.consult_many(question, persons, (READ,)) as consultations:
        async for one in consultations:
            rows = await one.reader.rows(READ) if isinstance(one.decision, Grant) else []
            if isinstance(one.decision, Grant) and found(rule, map(_statement, rows), on):
                likely[one.decision.person] = rows
            if len(likely) == _TOGETHER:
                meets |= await _for_the_team(keeper, caseload, practice, likely, at)
                likely = {}
    return meets | await _for_the_team(keeper, caseload, practice, likely, at)


async def _for_the_team(
    keeper: Keeper, caseload: Caseload, practice: str, likely: Mapping[UUID, Sequence[Row]], at: datetime
) -> dict[UUID, str]:
    """Who of these meets the rule by what the team itself could see."""
    rule, on = caseload.rule, at.astimezone(LONDON).date()
    if rule is None or not likely:
        return {}
    async with keeper.records.pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        known = await many_facts(connection, keeper.records.labels, list(likely))
    meets: dict[UUID, str] = {}
    for facts in known:
        shown = visible_to_team(facts, caseload, practice, keeper.records.policy(), at)
        rows = [row for row in likely.get(facts.person, ()) if row.label in shown]
        if not facts.type_1_objection and (finding := found(rule, map(_statement, rows), on)):
            meets[facts.person] = finding.code
    return meets


def visible_to_team(facts: Facts, caseload: Caseload, practice: str, policy: Policy, at: datetime) -> frozenset[int]:
    """The labels that some role of the caseload's owner could see without restriction, were this person on it. Nothing
    is read with these Grants."""
    on = at.astimezone(LONDON).date()
    as_member = replace(facts, evidence=(*facts.evidence, _place(caseload, practice, on)))
    shown: set[int] = set()
    for organisation, role, purpose in policy.terms:
        if organisation == caseload.organisation and purpose == PURPOSE:
            caller = Caller(CLIENT, organisation, role, purpose)
            decision = decide(Request(caller, facts.person, at), as_member, policy)
            if isinstance(decision, Grant) and not decision.withheld:
                shown |= set(decision.labels) - {label for one in decision.windows for label in one.labels}
    return frozenset(shown)


def _place(caseload: Caseload, practice: str, on: date) -> Evidence:
    return Evidence("caseload", caseload.organisation, practice, on)


def _statement(row: Row) -> Statement:
    return Statement(row.feed, row.resource())


async def _standing(keeper: Keeper, caseload: Caseload) -> set[tuple[str, UUID]]:
    """Who is on it by rule, and for which practice."""
    async with keeper.pool.acquire() as connection:
        rows = await connection.fetch(_STANDING, caseload.id)
    return {(row["organisation"], row["person"]) for row in rows}


async def _taken_off(keeper: Keeper, caseload: Caseload) -> Collection[UUID]:
    """Whom somebody took off by hand, and nobody put back since."""
    async with keeper.pool.acquire() as connection:
        return {row["person"] for row in await connection.fetch(_TAKEN_OFF, caseload.id, NOT_MET)}


async def _add(
    keeper: Keeper, caseload: Caseload, new: Mapping[tuple[str, UUID], str], at: datetime, told: Told
) -> int:
    by = f"{CLIENT}: {caseload.id}"

    async def add(connection: Connection, practice: str, persons: Sequence[UUID]) -> int:
        places = [Place(one, practice, new[practice, one], by_rule=True, added_by=by) for one in persons]
        added = await membership.add(connection, keeper.secret, caseload, places, at)
        await told(practice, added, ())
        return len(added)

    return await _each(keeper, list(new), add)


async def _end(keeper: Keeper, caseload: Caseload, gone: Sequence[tuple[str, UUID]], at: datetime, told: Told) -> int:
    async def end(connection: Connection, practice: str, persons: Sequence[UUID]) -> int:
        ended = await membership.end(connection, caseload, persons, (CLIENT, NOT_MET), at, by_rule_of=practice)
        await told(practice, (), ended)
        return len(ended)

    return await _each(keeper, gone, end)


async def _each(
    keeper: Keeper,
    keys: Sequence[tuple[str, UUID]],
    change: Callable[[Connection, str, Sequence[UUID]], Awaitable[int]],
) -> int:
    """Change so many together as a transaction can hold locks for, practice by practice."""
    changed = 0
    for practice in sorted({one for one, _ in keys}):
        persons = [person for one, person in keys if one == practice]
        for start in range(0, len(persons), _TOGETHER):
            with suppress(Conflict):  # somebody is somebody else by now: the next time finds whom it concerns
                async with keeper.pool.acquire() as connection, connection.transaction():
                    changed += await change(connection, practice, persons[start : start + _TOGETHER])
    return changed


def _pattern(practice: str) -> list[dict[str, str]]:
    return [{"kind": "registration", "organisation": practice}]


_REGISTERED = """
select distinct person from toldonce.facts where until = 'infinity' and evidence @> $1::jsonb order by person
"""
_STANDING = """
select s.organisation, s.person from toldonce.caseload_member m
join toldonce.source_patient s on s.key = m.source_patient where m.caseload = $1 and m.by_rule and m.until is null
"""
_TAKEN_OFF = """
select last.person from (
    select distinct on (s.person) s.person, m.until, m.ended_why from toldonce.caseload_member m
    join toldonce.source_patient s on s.key = m.source_patient where m.caseload = $1
    order by s.person, m.until desc nulls first) last
where last.until is not null and last.ended_why <> $2
"""
_KEEP = """
insert into toldonce.caseload_refresh (caseload, at, considered, found, added, ended) values ($1, $2, $3, $4, $5, $6)
"""
