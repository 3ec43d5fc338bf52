"""The product's answers beside those of the oracle, query by query."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.searching.expressions import DIRECTORY, R4
from tests.searching.oracle import Json, search
from tests.searching.queries import Queries, Query
from tests.spec.neighbourhood import NOW, Connected, Neighbourhood, resources

CALLERS = ("GP", "A&E doctor", "social worker", "link worker", "paramedic, glass broken", "IG officer")
TYPES = [one for one in R4 if one not in (*DIRECTORY, "Patient")]


@dataclass
class Tally:
    """What was compared."""

    queries: int = 0
    with_matches: int = 0
    pages: int = 0
    parameters: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return (
            f"{self.queries} queries ({self.with_matches} with matches, {self.pages} pages, "
            f"{len(self.parameters)} kinds of parameter)"
        )


@dataclass(frozen=True)
class Difference:
    """A query that the product answers otherwise than the oracle."""

    query: Query
    expected: list[str]
    found: list[str]


async def compare(coventry: Neighbourhood, seed: int, queries: int) -> Tally:
    """Ask random queries of random callers about random persons. Raises AssertionError at the first difference."""
    draw = random.Random(seed)
    persons = await coventry.persons()
    tally = Tally()
    while tally.queries < queries:
        caller = await coventry.asker(draw.choice(CALLERS))
        person = draw.choice(persons)
        record = await served(caller, person)
        other = await served(await coventry.asker(draw.choice(CALLERS)), person)
        made = Queries(record, draw, TYPES, other)
        for _ in range(min(25, queries - tally.queries) if record else 2):
            query = made.query()
            difference = await differs(caller, person, record, query, tally)
            assert difference is None, (seed, tally.queries, difference)
    return tally


async def served(caller: Connected, person: UUID) -> list[Json]:
    """Everything the caller is served of a person, with the directory entries beside it."""
    answer = await caller.everything(person)
    if answer.status_code != 200:
        return []
    return [one for one in resources(answer.json(), "match", "include") if one["resourceType"] in R4]


async def differs(
    caller: Connected, person: UUID, record: list[Json], query: Query, tally: Tally, now: datetime = NOW
) -> Difference | None:
    type_, parameters = query
    expected = [] if type_ in DIRECTORY else [one["id"] for one in search(record, type_, parameters, now)]
    if type_ in DIRECTORY:
        return None
    found, totals = await pages(caller, type_, [("patient", str(person)), *parameters], tally)
    tally.queries += 1
    tally.with_matches += bool(expected)
    tally.parameters.update(f"{type_}?{name}" for name, _ in parameters)
    if found == expected and all(total == len(expected) for total in totals):
        return None
    return Difference(query, expected, found)


async def pages(caller: Connected, type_: str, parameters: Any, tally: Tally) -> tuple[list[str], list[int]]:
    """The ids of every page, in order, and the total that each page gives."""
    answer = await caller.get(type_, parameters)
    found: list[str] = []
    totals: list[int] = []
    while True:
        assert answer.status_code == 200, (type_, parameters, answer.text)
        tally.pages += 1
        bundle = answer.json()
        found += [one["id"] for one in resources(bundle, "match")]
        totals.append(bundle["total"])
        following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
        if not following:
            return found, totals
        answer = await caller.get(following[0])
