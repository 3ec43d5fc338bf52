"""Queries, at random or about one parameter, of values that are there and of values that nearly are."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.searching.expressions import DATE, DIRECTORY, R4, REFERENCE, STRING, TOKEN
from tests.searching.filled import leads_to
from tests.searching.forms import FORMS, MISSING, PREFIXES, Aim, forms, shape
from tests.searching.oracle import Json, covered, ranges, strings, tokens, values, words

SORTABLE = (DATE, TOKEN, STRING)
NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
NOTHING = "00000000-0000-0000-0000-000000000001"
Query = tuple[str, list[tuple[str, str]]]
"""The type that is searched, and the parameters."""


class Queries:
    """Makes queries about one person's record, and of the directory that stands in it. `draw` decides everything, so a
    seed makes the same ones again. `others` is what other callers see of it: what they find by, this one may not."""

    def __init__(
        self, person: UUID | None, record: Sequence[Json], draw: random.Random, others: Sequence[Json] = ()
    ) -> None:
        self._person = str(person)
        self._record = _by_type(record)
        self._others = _by_type(others)
        self._draw = draw
        self._types = list(self._record)

    def query(self) -> Query:
        """Some parameters of a type."""
        type_ = self._draw.choice(self._types if self._draw.random() < 0.9 else list(R4))
        parameters = [self._parameter(type_) for _ in range(self._draw.choice((1, 1, 1, 2, 2, 3)))]
        if sum(name in ("_id", "identifier") for name, _ in parameters) > 1:
            parameters = parameters[:1]
        if type_ != "Patient" and self._draw.random() < 0.4:  # a search of Patients finds one or two
            parameters.append(("_sort", self._sort(type_)))
        if self._draw.random() < 0.4:
            parameters.append(("_count", str(self._draw.choice((1, 2, 3, 5, 10, 50)))))
        return type_, [*self._whom(type_, parameters), *parameters]

    def aimed(self, aim: Aim) -> Query:
        """One parameter in one of its forms."""
        asked = self._asked(aim)
        return aim.type, [*self._whom(aim.type, [asked]), asked]

    def shapes(self, aim: Aim) -> set[str]:
        """What those elements are that the parameter looks at (`forms.SHAPES`); an id or a time of recording is one."""
        there = self._record.get(aim.type, ())
        if aim.name not in R4[aim.type]:
            return {"moment"} if there else set()
        kind = R4[aim.type][aim.name][0]
        return {shape(kind, value) for one in there for value in values(one, aim.name)}

    def _whom(self, type_: str, parameters: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        """What says whom a search is about, where none of the parameters does."""
        if type_ in DIRECTORY or (type_ == "Patient" and any(name in ("_id", "identifier") for name, _ in parameters)):
            return []
        if type_ != "Patient":
            return [("patient", self._person)]
        several = f"{self._person},{','.join(self._ids(type_))}"
        ways = (("_id", self._person), ("_id", several), ("identifier", self._number()))
        return [self._draw.choice(ways)]

    def _parameter(self, type_: str) -> tuple[str, str]:
        draw = self._draw
        chance = draw.random()
        if chance < 0.05:
            return self._asked(Aim(type_, "_id"))
        if chance < 0.1:
            return self._asked(Aim(type_, "_lastUpdated", draw.choice(PREFIXES)))
        name = self._name(type_)
        ways = forms(type_, name, R4[type_][name][0])
        return self._asked(Aim(type_, name, MISSING if MISSING in ways and chance < 0.17 else draw.choice(ways)))

    def _asked(self, aim: Aim) -> tuple[str, str]:
        """Name and value."""
        type_, name, form = aim
        if name == "_id":
            return name, ",".join(self._ids(type_))
        if name == "_lastUpdated":
            return name, self._dates(aim)
        if form == MISSING:
            return f"{name}{form}", self._draw.choice(("true", "false"))
        if (type_, name) == ("Patient", "identifier"):
            return name, self._number()
        match R4[type_][name][0]:
            case "token":
                return f"{name}{form}", self._words(type_, name) if form == ":text" else self._tokens(type_, name)
            case "date":
                return name, self._dates(aim)
            case "string":
                return f"{name}{form}", self._string(type_, name, form)
        return self._reference(aim)

    def _name(self, type_: str) -> str:
        """Mostly one that the data says something about."""
        names = list(R4[type_])
        there = self._record.get(type_)
        if there and self._draw.random() < 0.85:
            resource = self._draw.choice(there)
            names = [name for name in names if values(resource, name)] or names
        return self._draw.choice(names)

    def _some(self, type_: str, find: Any) -> list[Any]:
        """Values of a few resources of the type, which have such."""
        hidden = [found for one in self._others.get(type_, ()) if (found := list(find(one)))]
        there = [found for one in self._record.get(type_, ()) if (found := list(find(one)))]
        if hidden and self._draw.random() < 0.2:
            there = hidden
        found = [value for one in self._draw.sample(there, min(len(there), 3)) for value in one]
        return self._draw.sample(found, min(len(found), self._draw.choice((1, 1, 2))))

    def _number(self) -> str:
        """An NHS number that one of the person's statements gives."""
        there = [*self._record.get("Patient", ()), *self._others.get("Patient", ())]
        stated = [each for one in there for each in one.get("identifier", ()) if each.get("system") == NUMBER]
        return f"{NUMBER}|{self._draw.choice(stated)['value'] if stated else '9990000018'}"

    def _ids(self, type_: str) -> list[str]:
        return self._some(type_, lambda one: [one["id"]]) or [NOTHING]

    def _tokens(self, type_: str, name: str) -> str:
        found = self._some(type_, lambda one: tokens(one, name)) or [("http://snomed.info/sct", "1")]
        return ",".join(filter(None, (self._token(*one) for one in found))) or "no-such-code"

    def _token(self, system: str, code: str) -> str:
        """One of the ways to ask for it, or for what is nearly it; nothing where it would have to be escaped."""
        shape = self._draw.choice(("whole", "whole", "code", "system", "without", "case", "near"))
        if "," in code or "|" in code:
            return ""
        return {
            "whole": f"{system}|{code}",
            "code": code,
            "system": f"{system}|" if system else code,
            "without": f"|{code}",
            "case": code.swapcase(),
            "near": code[:-1] or code,
        }[shape]

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

    def _dates(self, aim: Aim) -> str:
        type_, name, prefix = aim
        asked = []
        for low, high in self._some(type_, lambda one: ranges(one, name)) or [covered("2026-03")]:
            moment = self._draw.choice((low, high))
            if not 1900 < moment.year < 2100:
                moment = datetime(2026, 1, 1, tzinfo=moment.tzinfo)
            moment += self._draw.choice((timedelta(0), timedelta(0), timedelta(seconds=1), -timedelta(days=1)))
            form = self._draw.choice(
                ("%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%S+01:00")
            )
            asked.append(prefix + moment.strftime(form))
            prefix = self._draw.choice(PREFIXES)
        return ",".join(asked)

    def _reference(self, aim: Aim) -> tuple[str, str]:
        type_, name, form = aim
        found = self._some(type_, lambda one: values(one, name))
        logical = [one["identifier"] for one in found if one.get("identifier", {}).get("value")]
        targets = [one["reference"] for one in found if "reference" in one]
        target = targets[0] if targets else f"Encounter/{NOTHING}"
        kind, _, id_ = target.partition("/")
        match form:
            case ":identifier":
                each = [self._token(one.get("system", ""), one["value"]) for one in logical]
                return f"{name}{form}", ",".join(filter(None, each)) or "no-such-number"
            case "chain":
                return self._chain(type_, name, targets)
            case "id":
                return name, id_
            case ":Type":
                return f"{name}:{kind}", id_
            case "URL":
                return name, f"http://127.0.0.1:8000/fhir/{target}"
        return name, ",".join(targets) if targets and self._draw.random() < 0.2 else target

    def _chain(self, type_: str, name: str, targets: Sequence[str]) -> tuple[str, str]:
        """By what a resource that is pointed at says; by anything that one could say, where none is."""
        pointed = [
            one
            for kind in leads_to(type_, name)
            for one in self._record.get(kind, ())
            if f"{kind}/{one['id']}" in targets
        ][:1]
        kind = pointed[0]["resourceType"] if pointed else self._draw.choice(leads_to(type_, name))
        names = [one for one in R4[kind] if R4[kind][one][0] != REFERENCE]
        inner = self._draw.choice([one for one in names if pointed and values(pointed[0], one)] or names)
        form = self._draw.choice(FORMS[R4[kind][inner][0]])
        asked, value = Queries(None, pointed, self._draw)._asked(Aim(kind, inner, form))
        return f"{name}:{kind}.{asked}", value

    def _sort(self, type_: str) -> str:
        names = [name for name, (kind, _) in R4[type_].items() if kind in SORTABLE] + ["_id", "_lastUpdated"]
        chosen = self._draw.sample(names, self._draw.choice((1, 1, 2)))
        return ",".join(self._draw.choice(("", "-")) + name for name in chosen)


def _by_type(resources: Sequence[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for one in resources:
        found.setdefault(one["resourceType"], []).append(one)
    return found
