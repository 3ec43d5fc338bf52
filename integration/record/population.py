"""The effect of new agreements on everybody whose record is held: their facts are read once, in one snapshot; then how
many resources carry which label, for those alone who would be seen differently. Content is never read.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from time import monotonic
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from integration.record.conditions import permitted
from integration.sharing.effect import Asker, Differences, People, Population, Seen, concerned, differences
from integration.sharing.facts import everybody
from integration.sharing.policy import Policy
from integration.sharing.request import Label
from integration.sharing.tally import Row, Tally
from integration.store.connection import Connection
from integration.store.database import act_as
from integration.store.labels import Labels

_LONDON = ZoneInfo("Europe/London")
_PERSONS = "select count(distinct person) from toldonce.facts where until = 'infinity'"
_ROWS = """
select person, label, count(*)::int as number from toldonce.resource
where person = any($1) and label = any($2) group by person, label order by person
"""
_CHUNK = 2000
_ASKERS = 10
Progress = Callable[[str, int, int], None]
"""What is being done, how much of it is done, how much there is."""


class Effect(Struct, frozen=True):
    """What new agreements would do to the people there are, at one moment."""

    at: datetime
    people: int
    """How many there are."""
    concerned: int
    """Of how many at least one organisation would see something else."""
    askers: int
    """Organisations in a role and for a purpose whose terms differ."""
    groups: int
    """Groups of people whom no decision tells apart."""
    seconds: float
    rows: tuple[Row, ...]


async def effect(connection: Connection, before: Policy, after: Policy, at: datetime, progress: Progress) -> Effect:
    """Who would newly see or lose what. The connection is in a REPEATABLE READ transaction, so that all is counted at
    one moment; it steps into `toldonce_facts`."""
    began = monotonic()
    await act_as(connection, "toldonce_facts")
    askers = concerned(before, after)
    population = await _read(connection, Population((before, after), askers, at.astimezone(_LONDON).date()), progress)
    found = await _decided(population, before, after, at, progress)
    tally = Tally()
    for people, changed in found:
        tally.count_known(people.organisation, changed, len(people.persons))
    touched = {
        person for people, changed in found if _shows_people(changed) for person in people.persons
    } | await _count(connection, found, tally, progress)
    return Effect(
        at=at,
        people=population.size,
        concerned=len(touched),
        askers=len(askers),
        groups=len(population.groups()),
        seconds=monotonic() - began,
        rows=tuple(tally.rows()),
    )


async def _read(connection: Connection, population: Population, progress: Progress) -> Population:
    total = await connection.fetchval(_PERSONS)
    labels = Labels()
    async for facts in everybody(connection, labels):
        population.add(facts)
        if population.size % 500 == 0:
            progress("reading what decides", population.size, total)
    progress("reading what decides", population.size, total)
    return population


Found = Sequence[tuple[People, Differences]]


async def _decided(population: Population, before: Policy, after: Policy, at: datetime, progress: Progress) -> Found:
    """After a few decisions, whoever else works in this process has a turn."""
    found = []
    groups = population.groups()
    for number, (people, askers) in enumerate(groups, 1):
        changed: dict[Asker, tuple[Seen, Seen]] = {}
        for start in range(0, len(askers), _ASKERS):
            changed |= differences(people, askers[start : start + _ASKERS], before, after, at)
            await asyncio.sleep(0)
        if changed:
            found.append((people, changed))
        progress("deciding", number, len(groups))
    return found


def _shows_people(changed: Differences) -> bool:
    return any(now.known != then.known for now, then in changed.values())


async def _count(connection: Connection, found: Found, tally: Tally, progress: Progress) -> set[UUID]:
    """Count resources and the people who have them; those people."""
    touched = await _count_single(connection, [one for one in found if one[0].rows_matter], tally)
    plain = [one for one in found if not one[0].rows_matter]
    membership: dict[UUID, list[int]] = {}
    for place, (people, _) in enumerate(plain):
        for person in people.persons:
            membership.setdefault(person, []).append(place)
    labels = [_labels(changed) for _, changed in plain]
    wanted = sorted({label for some in labels for label in some})
    held: list[Counter[frozenset[int]]] = [Counter() for _ in plain]
    rows: list[Counter[int]] = [Counter() for _ in plain]
    persons = sorted(membership)
    for start in range(0, len(persons) if wanted else 0, _CHUNK):
        for person, counts in (await _rows(connection, persons[start : start + _CHUNK], wanted)).items():
            for place in membership[person]:
                mine = {label: number for label, number in counts.items() if label in labels[place]}
                if mine:
                    held[place][frozenset(mine)] += 1
                    rows[place].update(mine)
                    touched.add(person)
        progress("counting resources", min(start + _CHUNK, len(persons)), len(persons))
    for (people, changed), sets, numbers in zip(plain, held, rows, strict=True):
        tally.count(sets, numbers, _changed(changed), people.labels.__getitem__)
        tally.count_located(people.organisation, changed, sets)
    return touched


async def _rows(connection: Connection, persons: Sequence[UUID], labels: Sequence[int]) -> dict[UUID, dict[int, int]]:
    found: dict[UUID, dict[int, int]] = {}
    for person, label, number in await connection.fetch(_ROWS, persons, labels):
        found.setdefault(person, {})[label] = number
    return found


def _labels(changed: Differences) -> frozenset[int]:
    """Labels that make a difference."""
    return frozenset(
        label for now, then in changed.values() for label in (now.labels ^ then.labels) | (now.located ^ then.located)
    )


def _changed(changed: Differences) -> dict[Asker, tuple[frozenset[int], frozenset[int]]]:
    return {asker: (then.labels - now.labels, now.labels - then.labels) for asker, (now, then) in changed.items()}


async def _count_single(connection: Connection, found: Found, tally: Tally) -> set[UUID]:
    """People of whom a choice withholds single rows: row by row, as a read of each Grant would find them."""
    touched = set()
    for people, changed in found:
        shown: dict[object, frozenset[tuple[int, UUID]]] = {}
        moves = {
            asker: (await _shown(connection, now, shown), await _shown(connection, then, shown))
            for asker, (now, then) in changed.items()
        }
        units = {asker: (then - now, now - then) for asker, (now, then) in moves.items()}
        all_ = frozenset(unit for both in units.values() for some in both for unit in some)
        if all_:
            tally.count({all_: 1}, dict.fromkeys(all_, 1), units, _label_of(people.labels))
        located = {
            asker: (_located(now, moves[asker][0]), _located(then, moves[asker][1]))
            for asker, (now, then) in changed.items()
        }
        tally.count_located(people.organisation, located, {frozenset(people.labels): 1})
        if all_ or any(now.located != then.located for now, then in located.values()):
            touched.add(people.example.person)
    return touched


def _located(seen: Seen, rows: Iterable[tuple[int, UUID]]) -> Seen:
    """With those labels only of which there are rows that are shown."""
    return replace(seen, located=seen.located & {label for label, _ in rows})


def _label_of(labels: Mapping[int, Label]) -> Callable[[tuple[int, UUID]], Label]:
    return lambda unit: labels[unit[0]]


async def _shown(
    connection: Connection, seen: Seen, known: dict[object, frozenset[tuple[int, UUID]]]
) -> frozenset[tuple[int, UUID]]:
    if seen.grant is None:
        return frozenset()
    key = (seen.labels, seen.rows)
    if key not in known:
        conditions, values = permitted(seen.grant)
        rows = await connection.fetch(
            f"select label, id from toldonce.resource where {' and '.join(conditions)}", *values
        )
        known[key] = frozenset((label, id_) for label, id_ in rows)
    return known[key]
