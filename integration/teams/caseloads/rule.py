"""Whether somebody belongs on a caseload, by its rule. Pure: the same record and day always answer the same.

What is counted is what the measures count (docs/measures.md): an A&E attendance is the hospital's emergency Encounter,
an admission its inpatient one, a contact an Encounter of general practice; each by the day on which it began. Frailty,
the end of life and a care home are the flags that practices' and councils' codes become. What the words stand for in
SNOMED CT is in `codes.json`.
"""

import json
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from integration.sharing import dates
from integration.teams.caseloads.document import Count, Criterion, Finding, Rule
from mappings import uk_core
from mappings.uk_core import Resource

TYPES = ("Condition", "Encounter", "Flag", "Patient")
"""What a rule reads."""
_OVER = frozenset({"planned", "cancelled", "entered-in-error", "unknown"})
_ACTIVE = frozenset({"active", "recurrence", "relapse"})


@dataclass(frozen=True)
class Statement:
    """A resource, and the feed that said it."""

    feed: str
    resource: Resource


@dataclass(frozen=True)
class Known:
    """What a rule knows of a person on a day."""

    by_type: Mapping[str, Sequence[Statement]]
    on: date

    @classmethod
    def of(cls, statements: Iterable[Statement], on: date) -> "Known":
        """These statements, as of a day."""
        by_type: dict[str, list[Statement]] = {}
        for one in statements:
            by_type.setdefault(one.resource["resourceType"], []).append(one)
        return cls(by_type, on)

    def resources(self, type_: str) -> Iterator[Resource]:
        """Every resource of a type, whoever said it."""
        return (one.resource for one in self.by_type.get(type_, ()))


def found(rule: Rule, statements: Iterable[Statement], on: date) -> Finding | None:
    """The first finding that a person meets on a day; None where none is met, and for somebody who has died. That the
    person is registered with one of the rule's practices is for whoever asks to know."""
    known = Known.of(statements, on)
    if any(_died(one) for one in known.resources("Patient")):
        return None
    return next((one for one in rule.findings if all(_holds(each, known) for each in one.criteria)), None)


def _holds(criterion: Criterion, known: Known) -> bool:
    """Whether everything that a criterion says holds (the schema lets it say one thing)."""
    counted: tuple[tuple[Count | None, Callable[[Known], Iterator[date]]], ...] = (
        (criterion.admissions, _admissions),
        (criterion.emergency_attendances, _attendances),
        (criterion.practice_contacts, _contacts),
    )
    conditions, age = criterion.long_term_conditions, criterion.age
    return (
        all(wanted is None or _often(wanted, days(known), known.on) for wanted, days in counted)
        and (conditions is None or len(_conditions(known)) >= conditions.at_least)
        and (age is None or _age(known) >= age.at_least)
        and (not criterion.frailty or not _flagged(known, "frailty").isdisjoint(criterion.frailty))
        and (not criterion.end_of_life or bool(_flagged(known, "end of life")))
        and (not criterion.care_home or bool(_flagged(known, "care home")))
    )


def _often(wanted: Count, days: Iterable[date], on: date) -> bool:
    begin = months_before(on, wanted.months)
    return sum(begin < day <= on for day in days) >= wanted.at_least


def months_before(on: date, months: int) -> date:
    """The same day so many months earlier; the last of that month where it has no such day."""
    year, month = divmod(on.year * 12 + on.month - 1 - months, 12)
    return date(year, month + 1, min(on.day, monthrange(year, month + 1)[1]))


def _admissions(known: Known) -> Iterator[date]:
    return _begun(known, "acute", frozenset({"IMP", "SS"}))


def _attendances(known: Known) -> Iterator[date]:
    return _begun(known, "acute", frozenset({"EMER"}))


def _contacts(known: Known) -> Iterator[date]:
    return _begun(known, "gp", frozenset())


def _begun(known: Known, feed: str, classes: frozenset[str]) -> Iterator[date]:
    for one in known.by_type.get("Encounter", ()):
        if one.feed == feed:
            yield from begun(one.resource, classes)


def begun(encounter: Resource, classes: frozenset[str]) -> list[date]:
    """The day on which an Encounter first was of one of these classes; on which it began, where none is named. Nothing
    for what did not take place."""
    if encounter.get("status") in _OVER:
        return []
    whole = {"class": encounter["class"], "period": encounter.get("period", {})}
    spans = (encounter.get("classHistory") or [whole]) if classes else [whole]
    starts = [dates.period(one.get("period"))[0] for one in spans if not classes or one["class"].get("code") in classes]
    return [min(days)] if (days := [day for day in starts if day]) else []


def _conditions(known: Known) -> set[str]:
    """The names of the long-term conditions that somebody says the person has now."""
    return {
        name
        for one in known.resources("Condition")
        if _ACTIVE & set(_codes(one.get("clinicalStatus"), _CLINICAL))
        and "entered-in-error" not in _codes(one.get("verificationStatus"), _VERIFICATION)
        for code in _codes(one.get("code"), uk_core.SNOMED)
        if (name := _words("long-term conditions").get(code))
    }


def _flagged(known: Known, word: str) -> set[str]:
    """What the person's active flags say of a word of `codes.json`: for frailty, how frail."""
    return {
        meaning
        for one in known.resources("Flag")
        if one.get("status") == "active"
        for code in _codes(one.get("code"), uk_core.SNOMED)
        if (meaning := _words(word).get(code))
    }


def _age(known: Known) -> int:
    """Years of age, by the latest date of birth that somebody states: nobody is found for being made older."""
    born = max(
        (day for one in known.resources("Patient") if (day := dates.first_day(one.get("birthDate")))), default=None
    )
    if born is None:
        return 0
    return known.on.year - born.year - ((known.on.month, known.on.day) < (born.month, born.day))


def _died(patient: Resource) -> bool:
    return bool(patient.get("deceasedDateTime") or patient.get("deceasedBoolean"))


def _codes(concept: Any, system: str) -> list[str]:
    return [one["code"] for one in (concept or {}).get("coding", ()) if one.get("system") == system and "code" in one]


@cache
def _words(word: str) -> Mapping[str, str]:
    """SNOMED CT code -> what it means for a word."""
    said = json.loads(resources.files("integration.teams.caseloads").joinpath("codes.json").read_text("utf-8"))[word]
    if all(isinstance(one, str) for one in said.values()):
        return dict.fromkeys(said, word)
    return {code: name for name, codes in said.items() for code in codes}


_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
