"""The product's answers beside those of the oracle, query by query."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from tests.searching.forms import Aim
from tests.searching.queries import Queries, Query
from tests.searching.seen import Seen
from tests.spec.neighbourhood import Connected, Neighbourhood, resources

CALLERS = ("GP", "A&E doctor", "social worker", "link worker", "paramedic, glass broken", "IG officer")
_OFTEN = 10
"""Times that one aim is asked until it finds something: of the ways to ask, some nearly miss what is there."""


@dataclass
class Tally:
    """What was compared."""

    queries: int = 0
    with_matches: int = 0
    aims: dict[Aim, set[str]] = field(default_factory=lambda: defaultdict(set))
    """What was asked on purpose, and the shapes of what it was asked about."""
    finding: set[Aim] = field(default_factory=set)
    """Those by which something was found."""


@dataclass(frozen=True)
class Difference:
    """A query that the product answers otherwise than the oracle."""

    caller: str
    query: Query
    expected: list[str]
    found: list[str]


class Comparison:
    """Random callers about random persons. Raises AssertionError at the first difference."""

    def __init__(self, coventry: Neighbourhood, seed: int) -> None:
        self._coventry = coventry
        self._seed = seed
        self._draw = random.Random(seed)
        self._seen = Seen(coventry)
        self.tally = Tally()

    async def at_random(self, queries: int) -> Tally:
        """So many queries of any kind."""
        persons = await self._coventry.persons()
        while self.tally.queries < queries:
            caller, person = self._draw.choice(CALLERS), self._draw.choice(persons)
            made = await self._queries(caller, person)
            known = await self._seen.record(caller, person)
            for _ in range(min(25, queries - self.tally.queries) if known else 2):
                await self._ask(caller, person, made.query())
        return self.tally

    async def on_purpose(self, aims: Iterable[Aim], persons: Sequence[UUID]) -> Tally:
        """Each of these aims, of whoever sees something that it looks at, until something is found, but not too often;
        then those that nobody says anything of."""
        left = dict.fromkeys(aims, _OFTEN)
        pairs = [(caller, person) for person in persons for caller in CALLERS]
        self._draw.shuffle(pairs)
        for caller, person in pairs:
            made = await self._queries(caller, person)
            for aim, shapes in [(one, shapes) for one in left if (shapes := made.shapes(one))]:
                found = await self._ask(caller, person, made.aimed(aim))
                self.tally.aims[aim] |= shapes
                self.tally.finding.update([aim] if found else [])
                left[aim] -= 1
                if found or not aim.can_find or not left[aim]:
                    del left[aim]
        for aim in left:
            await self._ask(caller, person, made.aimed(aim))
            self.tally.aims[aim] |= set()
        return self.tally

    async def _queries(self, caller: str, person: UUID) -> Queries:
        beside = await self._seen.directory()
        other = await self._seen.record(self._draw.choice(CALLERS), person)
        return Queries(person, [*await self._seen.record(caller, person), *beside], self._draw, other)

    async def _ask(self, caller: str, person: UUID, query: Query) -> bool:
        """Whether something is found."""
        expected = await self._seen.expected(caller, person, query)
        found, totals = await _pages(await self._coventry.asker(caller), query)
        self.tally.queries += 1
        self.tally.with_matches += bool(expected)
        same = found == expected and all(total == len(expected) for total in totals)
        assert same, (self._seed, self.tally.queries, Difference(caller, query, expected, found))
        return bool(found)


async def _pages(caller: Connected, query: Query) -> tuple[list[str], list[int]]:
    """The ids of every page, in order, and the total that each page gives."""
    type_, parameters = query
    answer = await caller.get(type_, parameters)
    found: list[str] = []
    totals: list[int] = []
    while True:
        assert answer.status_code == 200, (type_, parameters, answer.text)
        bundle = answer.json()
        found += [one["id"] for one in resources(bundle, "match")]
        totals.append(bundle["total"])
        following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
        if not following:
            return found, totals
        answer = await caller.get(following[0])
