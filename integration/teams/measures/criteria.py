"""The queries in which a Measure says what it counts: `Encounter?_source=acute&class=EMER&status=finished`.

A FHIR search without a server: a type, then conditions which must all hold. A condition holds when the resource has one
of the values after `=`, or with `:not` none of them. docs/measures.md lists the names; a name that is not known is an
error of the definition, never a condition that holds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from integration.sharing.categories import category_of
from mappings import uk_core
from mappings.acute.encounter import ARRIVAL_MODE
from mappings.uk_core import Resource

_ADMISSION_METHOD = f"{uk_core.EXTENSION}AdmissionMethod"


@dataclass(frozen=True)
class Statement:
    """A resource that may be counted, with the feed that said so."""

    feed: str
    resource: Resource
    kinds: frozenset[str] = frozenset()
    """Of a referral: the kinds of organisation, in the words of the agreements, that it is to."""


def _codes(concept: Mapping[str, Any]) -> Iterator[str]:
    return (coding["code"] for coding in concept.get("coding", ()) if "code" in coding)


def classes(encounter: Resource) -> Iterator[tuple[str, Resource]]:
    """Every class that an Encounter has or had, with the Period of it."""
    spans = encounter.get("classHistory") or [{"class": encounter["class"], "period": encounter.get("period", {})}]
    return ((span["class"].get("code", ""), span.get("period", {})) for span in spans)


def _admission_method(statement: Statement) -> Iterator[str]:
    for extension in statement.resource.get("hospitalization", {}).get("extension", ()):
        if extension["url"] == _ADMISSION_METHOD:
            yield from _codes(extension.get("valueCodeableConcept", {}))


def _arrival_mode(statement: Statement) -> Iterator[str]:
    for extension in statement.resource.get("extension", ()):
        if extension["url"] == ARRIVAL_MODE and "code" in extension.get("valueCoding", {}):
            yield extension["valueCoding"]["code"]


def _roles(statement: Statement) -> Iterator[str]:
    for participant in statement.resource.get("participant", ()):
        yield from roles(participant)


def roles(participant: Mapping[str, Any]) -> Iterator[str]:
    """The codes of a care team member's roles."""
    return (code for role in participant.get("role", ()) for code in _codes(role))


_VALUES: Mapping[str, Callable[[Statement], Iterator[str]]] = {
    "_source": lambda statement: iter((statement.feed,)),
    "admission-method": _admission_method,
    "arrival-mode": _arrival_mode,
    "class": lambda statement: (code for code, _ in classes(statement.resource)),
    "code": lambda statement: _codes(statement.resource.get("code", {})),
    "kind": lambda statement: iter((category_of(statement.resource),)),
    "performer": lambda statement: iter(statement.kinds),
    "role": _roles,
    "status": lambda statement: iter((statement.resource.get("status", ""),)),
}
_WITHIN = ("authored-within-months", "reviewed-within-months")
"""Of something that holds at a month's end: how many months before it counts (`counting`)."""


@dataclass(frozen=True)
class Criteria:
    """One query, understood."""

    type: str
    values: Mapping[tuple[str, bool], frozenset[str]] = field(default_factory=dict)
    """Of each name, and whether the values are those that it must not have: the values."""
    within: Mapping[str, int] = field(default_factory=dict)

    def meets(self, statement: Statement) -> bool:
        """Whether a resource is of the type and meets every condition."""
        return statement.resource["resourceType"] == self.type and all(
            wanted.isdisjoint(_VALUES[name](statement)) == negated for (name, negated), wanted in self.values.items()
        )

    def wanted(self, name: str) -> frozenset[str]:
        """The values that a name must have one of; empty: it is not asked for."""
        return self.values.get((name, False), frozenset())


def understand(expression: str) -> Criteria:
    """The query as understood. Raises ValueError for a name that is not known."""
    type_, _, conditions = expression.partition("?")
    values: dict[tuple[str, bool], frozenset[str]] = {}
    within: dict[str, int] = {}
    for name, value in parse_qsl(conditions, strict_parsing=True):
        plain, _, modifier = name.partition(":")
        if name in _WITHIN:
            within[name] = int(value)
        elif plain in _VALUES and modifier in ("", "not"):
            values[plain, modifier == "not"] = frozenset(value.split(","))
        else:
            raise ValueError(f"measures know no condition {name}")
    return Criteria(type_, values, within)
