"""What a search asks of a resource, as SQL over its index (`store.search_index`). R4 search.html

A criterion is met when one of its tests holds for one entry of the index; negated, when none does. The row that is
looked at has the columns id, type, recorded and tokens, under the name that `sql` is given.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from integration.record.conditions import Bound
from integration.store.extract import DIRECTORY
from integration.store.search_index import AFTER, BEFORE

Prefix = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]


@dataclass(frozen=True)
class Is:
    """An entry is this very text."""

    entry: str

    def sql(self, bound: Bound) -> str:
        return f"entry = {bound(self.entry)}"


@dataclass(frozen=True)
class Begins:
    """An entry begins so, and if `holds` or `ends` are given, has that behind or at its end."""

    start: str
    holds: str = ""
    ends: str = ""

    def sql(self, bound: Bound) -> str:
        pattern = f"{_literal(self.start)}%{_literal(self.holds) + '%' if self.holds else ''}{_literal(self.ends)}"
        return f"entry like {bound(pattern)}"


@dataclass(frozen=True)
class When:
    """An entry of a date parameter stands so to the time from `first` to before `after` (R4 search.html#prefix)."""

    name: str
    prefix: Prefix
    first: str
    after: str

    def sql(self, bound: Bound) -> str:
        moments = f"substr(entry, {len(self.name) + 2})"
        value = (f"split_part({moments}, '/', 1)", f"split_part({moments}, '/', 2)")
        standing = _stands(bound, self.prefix, value, (self.first, self.after), 'text collate "C"')
        return f"starts_with(entry, {bound(f'{self.name}@')}) and {standing}"


Test: TypeAlias = Is | Begins | When


@dataclass(frozen=True)
class Entries:
    """One of the tests holds for one entry; negated, none for any."""

    tests: Sequence[Test]
    negated: bool = False

    def sql(self, bound: Bound, it: str) -> str:
        literal = [test.entry for test in self.tests if isinstance(test, Is)]
        if len(literal) == len(self.tests):
            return f"{'not ' if self.negated else ''}{it}.tokens && {bound(literal)}::text[]"
        tests = " or ".join(f"({test.sql(bound)})" for test in self.tests)
        return f"{'not ' if self.negated else ''}exists (select from unnest({it}.tokens) as entry where {tests})"


@dataclass(frozen=True)
class Ids:
    """It has one of these ids."""

    ids: Sequence[UUID]

    def sql(self, bound: Bound, it: str) -> str:
        return f"{it}.id = any({bound(list(self.ids))})"


@dataclass(frozen=True)
class Recorded:
    """Its `meta.lastUpdated`, a millisecond, stands so to one of these times."""

    times: Sequence[tuple[Prefix, str, str]]

    def sql(self, bound: Bound, it: str) -> str:
        moment = f"date_trunc('milliseconds', {it}.recorded)"
        value = (moment, f"{moment} + interval '1 millisecond'")
        each = [
            _stands(bound, prefix, value, (_timestamp(first), _timestamp(after)), "text::timestamptz")
            for prefix, first, after in self.times
        ]
        return f"({' or '.join(each)})"


@dataclass(frozen=True)
class Chain:
    """A reference parameter leads to a resource of one of these types, itself one that may be seen, which meets the
    criterion of its type."""

    name: str
    targets: Mapping[str, "Criterion"]

    def sql(self, bound: Bound, it: str) -> str:
        return f"({' or '.join(self._leads_to(bound, it, *target) for target in self.targets.items())})"

    def _leads_to(self, bound: Bound, it: str, resource_type: str, criterion: "Criterion") -> str:
        target = f"{it}_target"
        table = "toldonce.directory_resource" if resource_type in DIRECTORY else "shown"
        return (
            f"exists (select from {table} as {target} where {target}.type = {bound(resource_type)} "
            f"and {bound(f'{self.name}>{resource_type}/')} || {target}.id = any({it}.tokens) "
            f"and {criterion.sql(bound, target)})"
        )


Criterion: TypeAlias = Entries | Ids | Recorded | Chain


_WITHIN = "({low} >= {first} and {high} <= {after})"
_STANDING: Mapping[Prefix, str] = {
    "eq": _WITHIN,
    "ne": f"not {_WITHIN}",
    "gt": "{high} > {after}",
    "lt": "{low} < {first}",
    "ge": f"({{high}} > {{after}} or {_WITHIN})",
    "le": f"({{low}} < {{first}} or {_WITHIN})",
    "sa": "{low} >= {after}",
    "eb": "{high} <= {first}",
    "ap": "({low} < {after} and {high} > {first})",
}
"""How a range of time stands to the one asked for; both begin with their first moment and end before another."""


def _stands(bound: Bound, prefix: Prefix, value: tuple[str, str], asked: tuple[str, str], type_: str) -> str:
    template = _STANDING[prefix]
    first, after = (
        f"{bound(moment)}::{type_}" if name in template else ""
        for name, moment in zip(("{first}", "{after}"), asked, strict=True)
    )
    return template.format(low=value[0], high=value[1], first=first, after=after)


def _timestamp(text: str) -> str:
    return {BEFORE: "-infinity", AFTER: "infinity"}.get(text, f"{text}+00")


def _literal(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)
