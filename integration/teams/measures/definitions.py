"""The measures that there are: FHIR R4 Measures, as reviewed data (http://hl7.org/fhir/R4/measure.html).

`mappings/definitions/measure-*.json` says of each what it counts, from which source and as a proxy of what; the API
serves them as they are. What a measure counts is read from them here, so that what is reviewed is what is counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from integration.sharing.categories import category_of
from integration.sharing.request import Category
from integration.teams.measures.criteria import Criteria, understand
from mappings.definitions import definitions
from mappings.uk_core import Resource

COUNTS = "https://toldonce.example/StructureDefinition/measure-counts"
Counts = Literal["events", "nights", "people"]
_MEMBERS = "Group"
_BESIDE: Mapping[str, tuple[str, ...]] = {"reviewed-within-months": ("Encounter", "ServiceRequest")}
"""Types that are read beside the one that is counted, where the caller may: a plan's reviews and recalls."""


@dataclass(frozen=True)
class Definition:
    """One measure. `of` narrows the denominator to those of whom it holds; None: all members."""

    resource: Resource
    counts: Counts
    numerator: Criteria
    of: Criteria | None

    @property
    def id(self) -> str:
        return str(self.resource["id"])

    @property
    def title(self) -> str:
        return str(self.resource["title"])

    @property
    def canonical(self) -> str:
        """The version of the measure that a report is of."""
        return f"{self.resource['url']}|{self.resource['version']}"

    @property
    def is_rate(self) -> bool:
        """Whether it counts events for each 1,000 person-months, and not the part of the people of whom it holds."""
        return self.counts != "people"

    @property
    def unit(self) -> str:
        return "per 1,000 people and month" if self.is_rate else "%"

    @property
    def types(self) -> frozenset[str]:
        """Resource types that are read for it."""
        beside = [one for name in self.numerator.within for one in _BESIDE.get(name, ())]
        return frozenset((self.numerator.type, *beside))

    @property
    def category(self) -> Category:
        """The kind of information that it rests on: where no agreement opens that to a caller, there is no measure."""
        named = self.numerator.wanted("kind")
        return Category(next(iter(named))) if named else category_of({"resourceType": self.numerator.type})


@cache
def measures() -> Mapping[str, Definition]:
    """Every measure by its id, in the order of their titles."""
    found = [_definition(one) for one in definitions() if one["resourceType"] == "Measure"]
    return {one.id: one for one in sorted(found, key=lambda one: one.title)}


def types_of(wanted: Sequence[Definition]) -> tuple[str, ...]:
    """Resource types that are read for any of these."""
    return tuple(sorted(frozenset[str]().union(*(one.types for one in wanted))))


def feeds_of(wanted: Sequence[Definition]) -> frozenset[str] | None:
    """Feeds whose statements count for any of these; None: every feed's."""
    named = [one.numerator.wanted("_source") for one in wanted]
    return frozenset[str]().union(*named) if all(named) else None


def _definition(measure: Resource) -> Definition:
    (group,) = measure["group"]
    populations: dict[str, Any] = {one["code"]["coding"][0]["code"]: one for one in group["population"]}
    numerator = populations["numerator"]
    (counts,) = [one["valueCode"] for one in numerator["extension"] if one["url"] == COUNTS]
    if counts not in get_args(Counts):
        raise ValueError(f"measures do not count {counts}")
    of = populations["denominator"]["criteria"]["expression"]
    return Definition(
        resource=measure,
        counts=counts,
        numerator=understand(numerator["criteria"]["expression"]),
        of=None if of.startswith(f"{_MEMBERS}?") else understand(of),
    )
