"""Queries at random, about values that are there and values that nearly are."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.searching.expressions import DATE, R4, STRING, TOKEN
from tests.searching.oracle import Json, covered, ranges, strings, tokens, values, words

PREFIXES = ("", "eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap")
SORTABLE = (DATE, TOKEN, STRING)
Query = tuple[str, list[tuple[str, str]]]
"""The type that is searched, and parameters besides the person."""


class Queries:
    """Makes queries about one record. `draw` decides everything, so a seed makes the same ones again. `others` is what
    other callers see of it: what they find by, this one may not."""

    def __init__(
        self, record: Sequence[Json], draw: random.Random, types: Sequence[str], others: Sequence[Json] = ()
    ) -> None:
        self._record = record
        self._others = others
        self._draw = draw
        self._types = [one for one in types if any(there["resourceType"] == one for there in record)] or list(types)

    def query(self) -> Query:
        type_ = self._draw.choice(self._types if self._draw.random() < 0.9 else list(R4))
        if type_ == "Patient":
            type_ = "Encounter"
        parameters = [self._parameter(type_) for _ in range(self._draw.choice((1, 1, 1, 2, 2, 3)))]
        if sum(name == "_id" for name, _ in parameters) > 1:
            parameters = parameters[:1]
        if self._draw.random() < 0.4:
            parameters.append(("_sort", self._sort(type_)))
        if self._draw.random() < 0.4:
            parameters.append(("_count", str(self._draw.choice((1, 2, 3, 5, 10, 50)))))
        return type_, parameters

    def _resource(self, type_: str) -> Json | None:
        there = [one for one in self._record if one["resourceType"] == type_]
        return self._draw.choice(there) if there else None

    def _parameter(self, type_: str) -> tuple[str, str]:
        draw = self._draw
        chance = draw.random()
        if chance < 0.05:
            return "_id", ",".join(self._ids(type_))
        if chance < 0.1:
            return "_lastUpdated", self._dates(type_, "_lastUpdated")
        name = self._name(type_)
        if chance < 0.17:
            return f"{name}:missing", draw.choice(("true", "false"))
        match R4[type_][name][0]:
            case "token" if draw.random() < 0.2:
                return f"{name}:text", self._words(type_, name)
            case "token":
                return f"{name}{draw.choice(('', '', ':not'))}", self._tokens(type_, name)
            case "date":
                return name, self._dates(type_, name)
            case "string":
                modifier = draw.choice(("", ":exact", ":contains"))
                return f"{name}{modifier}", self._string(type_, name, modifier)
        return self._reference(type_, name)

    def _name(self, type_: str) -> str:
        """Mostly one that the data says something about."""
        names = list(R4[type_])
        if self._draw.random() < 0.85 and (resource := self._resource(type_)):
            names = [name for name in names if values(resource, name)] or names
        return self._draw.choice(names)

    def _some(self, type_: str, find: Any) -> list[Any]:
        """Values of a few resources of the type."""
        hidden = [one for one in self._others if one["resourceType"] == type_]
        if hidden and self._draw.random() < 0.2:
            found = list(find(self._draw.choice(hidden)))
        else:
            found = [value for _ in range(3) if (one := self._resource(type_)) for value in find(one)]
        return self._draw.sample(found, min(len(found), self._draw.choice((1, 1, 2)))) if found else []

    def _ids(self, type_: str) -> list[str]:
        return self._some(type_, lambda one: [one["id"]]) or ["00000000-0000-0000-0000-000000000001"]

    def _tokens(self, type_: str, name: str) -> str:
        asked = []
        for system, code in self._some(type_, lambda one: tokens(one, name)) or [("http://snomed.info/sct", "1")]:
            shape = self._draw.choice(("whole", "whole", "code", "system", "without", "case", "near"))
            if "," in code or "|" in code:
                continue
            asked.append(
                {
                    "whole": f"{system}|{code}",
                    "code": code,
                    "system": f"{system}|" if system else code,
                    "without": f"|{code}",
                    "case": code.swapcase(),
                    "near": code[:-1] or code,
                }[shape]
            )
        return ",".join(asked) or "no-such-code"

    def _words(self, type_: str, name: str) -> str:
        found = self._some(type_, lambda one: words(one, name)) or ["heart failure"]
        return self._cut(found[0])

    def _string(self, type_: str, name: str, modifier: str) -> str:
        found = (self._some(type_, lambda one: strings(one, name)) or ["Smith"])[0].replace(",", "")
        return found if modifier == ":exact" else self._cut(found, anywhere=modifier == ":contains")

    def _cut(self, text: str, *, anywhere: bool = False) -> str:
        """A part of a text, perhaps in other case."""
        text = text.replace(",", " ")
        start = self._draw.randrange(len(text)) if anywhere and text else 0
        part = text[start : start + self._draw.randint(1, 12)].strip() or "a"
        return self._draw.choice((part, part.upper(), part.lower()))

    def _dates(self, type_: str, name: str) -> str:
        asked = []
        for low, high in self._some(type_, lambda one: ranges(one, name)) or [covered("2026-03")]:
            moment = self._draw.choice((low, high))
            if not 1900 < moment.year < 2100:
                moment = datetime(2026, 1, 1, tzinfo=moment.tzinfo)
            moment += self._draw.choice((timedelta(0), timedelta(0), timedelta(seconds=1), -timedelta(days=1)))
            form = self._draw.choice(
                ("%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%S+01:00")
            )
            asked.append(self._draw.choice(PREFIXES) + moment.strftime(form))
        return ",".join(asked)

    def _reference(self, type_: str, name: str) -> tuple[str, str]:
        draw = self._draw
        found = self._some(type_, lambda one: values(one, name))
        logical = [one["identifier"] for one in found if one.get("identifier", {}).get("value")]
        if logical and draw.random() < 0.7:
            return f"{name}:identifier", f"{logical[0].get('system', '')}|{logical[0]['value']}"
        targets = [one["reference"] for one in found if "reference" in one]
        target = targets[0] if targets else "Encounter/00000000-0000-0000-0000-000000000001"
        kind, _, id_ = target.partition("/")
        pointed = next((one for one in self._record if one["resourceType"] == kind and one["id"] == id_), None)
        if pointed and kind != "Patient" and draw.random() < 0.25:
            return self._chain(name, pointed)
        shape = draw.choice(("relative", "relative", "id", "typed", "absolute", "several"))
        return {
            "relative": (name, target),
            "id": (name, id_),
            "typed": (f"{name}:{kind}", id_),
            "absolute": (name, f"http://127.0.0.1:8000/fhir/{target}"),
            "several": (name, ",".join(targets) or target),
        }[shape]

    def _chain(self, name: str, pointed: Json) -> tuple[str, str]:
        kind = pointed["resourceType"]
        names = [one for one in R4[kind] if values(pointed, one) and R4[kind][one][0] in (TOKEN, DATE)]
        if not names:
            return name, f"{kind}/{pointed['id']}"
        inner = self._draw.choice(names)
        value = self._tokens(kind, inner) if R4[kind][inner][0] == TOKEN else self._dates(kind, inner)
        return f"{name}:{kind}.{inner}", value

    def _sort(self, type_: str) -> str:
        names = [name for name, (kind, _) in R4[type_].items() if kind in SORTABLE] + ["_id", "_lastUpdated"]
        chosen = self._draw.sample(names, self._draw.choice((1, 1, 2)))
        return ",".join(self._draw.choice(("", "-")) + name for name in chosen)
