"""One person's whole story, from what whoever asks may see: safety first, then what matters to them, plans, people,
health, and what is to be done. Pure.

What several sources say in the same words is told once, with all of them as its sources.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from integration.console.teams.people import Contact, Member, Team, Who, contacts, coordinators, teams, who
from integration.console.teams.words import (
    Entry,
    Names,
    codes,
    day_of,
    displays,
    is_adjustment,
    of_type,
    source,
    when,
    words,
)
from integration.sharing.request import Category, Grant
from mappings import uk_core
from mappings.recorded.vocabulary import NOTES, REVIEW_DATE, is_existence
from mappings.uk_core import Resource

_OVER = frozenset({"inactive", "resolved", "remission", "refuted", "entered-in-error"})
_WISHES = re.compile(r"advance care plan|end of life|palliative|resuscitation|respect form|place of death", re.I)
"""Words of plans and findings that stand in the safety strip: many of them are not coded."""
_SAFETY_FIRST = ("safety", "clinical", "behavioral", "contact", "admin")
"""Codes of flag-category (HL7), those first that a visitor must not overlook."""
_CALLED = {"safety": "Safety", "clinical": "Clinical", "behavioral": "Living situation", "contact": "Carers",
           "admin": "Living situation"}  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One thing that is said. `since` and `sources` are ready to be read; `id` is that of the first resource."""

    text: str
    since: str = ""
    detail: str = ""
    kind: str = ""
    sources: Sequence[str] = ()
    id: str = ""


@dataclass(frozen=True)
class Plan:
    title: str
    since: str
    until: str
    by: str
    steps: Sequence[str]
    notes: Sequence[str]


@dataclass(frozen=True)
class Step:
    """A Task: who does what next."""

    id: str
    what: str
    who: str
    due: date | None
    done: bool
    source: str
    own: bool
    """Recorded by the reader's organisation, which may say that it is done."""


@dataclass(frozen=True)
class Story:
    who: Who
    adjustments: Sequence[Item]
    adjusted: bool
    """Reasonable adjustments are to be made, whether or not it is said which."""
    alerts: Sequence[Item]
    wishes: Sequence[Item]
    goals: Sequence[Item]
    plans: Sequence[Plan]
    teams: Sequence[Team]
    contacts: Sequence[Contact]
    problems: Sequence[Item]
    medicines: Sequence[Item]
    allergies: Sequence[Item]
    steps: Sequence[Step]
    withheld: Sequence[Category]
    review: date | None
    """When the earliest plan is to be looked at again."""

    @property
    def coordinators(self) -> Sequence[Member]:
        """Whoever coordinates the person's care, once each, who began last first."""
        return coordinators(self.teams)


def story(grant: Grant, patient: Resource | None, entries: Sequence[Entry], names: Names, on: date) -> Story:
    """The story on this day. `patient` is the golden Patient, `entries` the rest of the record, as far as the Grant
    shows them."""
    flags = [one for one in of_type(entries, "Flag") if one.resource["status"] == "active"]
    tell = _Teller(names, displays(entries))
    alerts = [one for one in flags if not is_adjustment(one.resource) and not is_existence(one.resource)]
    wishes = sorted((one for one in alerts if _is_wish(one.resource)), key=lambda one: not _is_directive(one.resource))
    plans = [one for one in of_type(entries, "CarePlan") if one.resource["status"] in ("active", "on-hold", "draft")]
    adjustments = told_once(tell.flag(one) for one in flags if is_adjustment(one.resource))
    return Story(
        who=who(grant, patient or {}, names, on),
        adjustments=adjustments,
        adjusted=bool(adjustments) or any(is_existence(one.resource) for one in flags),
        alerts=_by_urgency(told_once(tell.flag(one) for one in alerts if one not in wishes)),
        wishes=told_once([*map(tell.flag, wishes), *tell.stated_wishes(plans, entries)]),
        goals=told_once(tell.goal(one) for one in of_type(entries, "Goal")),
        plans=[tell.plan(one) for one in sorted(plans, key=_newest, reverse=True)],
        teams=teams(entries, names, on),
        contacts=contacts(entries, patient or {}),
        problems=told_once(map(tell.problem, _current(entries, "Condition"))),
        medicines=told_once(map(tell.medicine, _taken(entries))),
        allergies=told_once(map(tell.allergy, _current(entries, "AllergyIntolerance"))),
        steps=steps(entries, names, grant.request.caller.organisation),
        withheld=grant.announced,
        review=review_due(entries),
    )


class _Teller:
    def __init__(self, names: Names, displays: Mapping[str, str]) -> None:
        self._names = names
        self._displays = displays

    def flag(self, entry: Entry) -> Item:
        flag = entry.resource
        kinds = codes(flag.get("category"), uk_core.FLAG_CATEGORY)
        notes = [
            one["valueString"] for one in flag.get("extension", ()) if one["url"] == NOTES and "valueString" in one
        ]
        kind = next((_CALLED[kind] for kind in _SAFETY_FIRST if kind in kinds), "")
        return self._item(entry, words(flag.get("code")), flag.get("period", {}).get("start"), " ".join(notes), kind)

    def stated_wishes(self, plans: Iterable[Entry], entries: Iterable[Entry]) -> Iterator[Item]:
        """What plans and findings say of the end of life."""
        for entry in plans:
            title = plan_title(entry.resource)
            if _WISHES.search(title):
                yield self._item(entry, title, entry.resource.get("period", {}).get("start"))
        for entry in of_type(entries, "Observation"):
            said = words(entry.resource.get("code"))
            if _WISHES.search(said):
                value = entry.resource.get("valueCodeableConcept")
                text = f"{said}: {words(value)}" if value else said
                yield self._item(entry, text, entry.resource.get("effectiveDateTime"))

    def goal(self, entry: Entry) -> Item:
        return self._item(entry, words(entry.resource.get("description")), entry.resource.get("startDate"))

    def plan(self, entry: Entry) -> Plan:
        plan = entry.resource
        start, end = plan.get("period", {}).get("start"), plan.get("period", {}).get("end")
        by = self._names.of(plan.get("author")) or source(entry, self._names)
        steps = [_activity(one) for one in plan.get("activity", ())]
        notes = [one["text"] for one in plan.get("note", ()) if one.get("text")]
        return Plan(plan_title(plan), when(start), when(end), by, [one for one in steps if one], notes)

    def problem(self, entry: Entry) -> Item:
        one = entry.resource
        said = words(one.get("code"), self._displays)
        return self._item(entry, said, one.get("onsetDateTime") or one.get("recordedDate"))

    def medicine(self, entry: Entry) -> Item:
        one = entry.resource
        text = words(one["medicationCodeableConcept"]) if "medicationCodeableConcept" in one else ""
        dose = "; ".join(said["text"] for said in one.get("dosage", ()) if said.get("text"))
        started = one.get("effectivePeriod", {}).get("start") or one.get("effectiveDateTime")
        return self._item(entry, text or self._names.of(one.get("medicationReference")) or "A medicine", started, dose)

    def allergy(self, entry: Entry) -> Item:
        one = entry.resource
        reactions = [words(said) for reaction in one.get("reaction", ()) for said in reaction.get("manifestation", ())]
        return self._item(entry, words(one.get("code")), one.get("onsetDateTime"), ", ".join(reactions))

    def _item(self, entry: Entry, text: str, since: str | None, detail: str = "", kind: str = "") -> Item:
        said = source(entry, self._names)
        return Item(text, when(since), detail, kind, (said,), entry.resource["id"])


def told_once(items: Iterable[Item]) -> list[Item]:
    """Items in their order; one that says what an earlier one says adds its sources, and its detail: another dose."""
    told: dict[str, Item] = {}
    for one in items:
        known = told.get(one.text.casefold())
        if known is None:
            told[one.text.casefold()] = one
        else:
            sources = list(dict.fromkeys([*known.sources, *one.sources]))
            details = dict.fromkeys(filter(None, (known.detail, one.detail)))
            told[one.text.casefold()] = replace(known, sources=sources, detail="; ".join(details))
    return list(told.values())


def _by_urgency(items: Sequence[Item]) -> list[Item]:
    order = list(dict.fromkeys(_CALLED.values()))
    return sorted(items, key=lambda one: order.index(one.kind) if one.kind in order else len(order))


def _is_wish(flag: Resource) -> bool:
    return _is_directive(flag) or bool(_WISHES.search(words(flag.get("code"))))


def _is_directive(flag: Resource) -> bool:
    """A decision about resuscitation or treatment: it comes first."""
    return "advance-directive" in codes(flag.get("category"), uk_core.FLAG_CATEGORY)


def _newest(entry: Entry) -> str:
    return str(entry.resource.get("period", {}).get("start", ""))


def plan_title(plan: Resource) -> str:
    """What a CarePlan calls itself, the most telling of its words."""
    kinds = [words(one) for one in plan.get("category", ())]
    return str(plan.get("title") or next((one for one in reversed(kinds) if one != "Care plan"), "Care plan"))


def _activity(activity: Mapping[str, Any]) -> str:
    detail = activity.get("detail", {})
    said = detail.get("description") or (words(detail["code"]) if "code" in detail else "")
    over = detail.get("status") in ("completed", "cancelled", "stopped")
    return f"{said} (ended)" if said and over else str(said)


def _current(entries: Iterable[Entry], *types: str) -> Iterator[Entry]:
    """What is neither over nor refuted, nor an impairment behind an adjustment, which stands with those."""
    for entry in of_type(entries, *types):
        said = [entry.resource.get(name, {}) for name in ("clinicalStatus", "verificationStatus")]
        status = {one.get("code") for each in said for one in each.get("coding", ())}
        behind = codes(entry.resource.get("category"), uk_core.RA_PATIENT_FLAG)
        if not status & _OVER and not behind and isinstance(entry.resource.get("code"), Mapping):
            yield entry


def _taken(entries: Iterable[Entry]) -> Iterator[Entry]:
    return (
        one for one in of_type(entries, "MedicationStatement") if one.resource.get("status") in ("active", "unknown")
    )


def steps(entries: Iterable[Entry], names: Names, organisation: str) -> list[Step]:
    """Who does what next: open Tasks by the day they are due, then those that are done. Other Tasks track something
    else, such as a waiting time."""
    tasks = [one for one in of_type(entries, "Task") if uk_core.NEXT_STEP["code"] in _tracked(one.resource)]
    found = [_step(entry, names, organisation) for entry in tasks]
    return sorted(found, key=lambda one: (one.done, one.due or date.max, one.what))


def _tracked(task: Resource) -> set[str]:
    return codes(task.get("code"), uk_core.TASK_CODE)


_STOPPED = frozenset({"cancelled", "rejected", "failed"})


def _step(entry: Entry, names: Names, organisation: str) -> Step:
    task = entry.resource
    due = task.get("restriction", {}).get("period", {}).get("end") or task.get("executionPeriod", {}).get("end")
    said = str(task.get("meta", {}).get("source", "")).split(":")
    return Step(
        id=task["id"],
        what=str(task.get("description") or words(task.get("code"))),
        who=names.of(task.get("owner")),
        due=day_of(due),
        done=task.get("status") == "completed" or task.get("status") in _STOPPED,
        source=source(entry, names),
        own=entry.feed == "recorded" and organisation in said,
    )


def review_due(entries: Iterable[Entry]) -> date | None:
    """The earliest day on which a review is planned: a review is a ServiceRequest that is a plan, and an adjustment may
    say its own."""
    planned = [
        one.resource.get("occurrenceDateTime") or one.resource.get("occurrencePeriod", {}).get("start")
        for one in of_type(entries, "ServiceRequest")
        if one.resource.get("intent") == "plan" and one.resource.get("status") == "active"
    ]
    stated = [
        extension.get("valueDate")
        for one in of_type(entries, "Flag")
        if one.resource["status"] == "active"
        for extension in one.resource.get("extension", ())
        if extension["url"] == REVIEW_DATE
    ]
    return min(filter(None, map(day_of, [*planned, *stated])), default=None)
