"""A picture of what happened to one person: a lane for each sector, newest on the right. Pure: numbers and words, of
which the template makes an SVG, and a list beside it that says the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from integration.console.teams.story import plan_title
from integration.console.teams.words import SECTORS, Entry, Names, of_type, period, source, words
from mappings.uk_core import Resource

SPANS = (3, 6, 12, 24)
"""Months that may be chosen."""
_NOT_HAPPENED = frozenset({"cancelled", "entered-in-error", "planned"})
EMERGENCY, STAY, _HOME, _REMOTE = "A&E attendance", "Stay in hospital", "Home visit", "Telephone or online contact"
_BY_CLASS = {"EMER": EMERGENCY, "IMP": STAY, "HH": _HOME, "VR": _REMOTE}
_CONTACT = "Appointment or contact"
_GENERAL = frozenset({"GP Surgery", "Home visit", "Home visit note", "Telephone", "Telephone consultation",
                      "Online consultation", "Initial consultation", "Follow-up consultation"})  # fmt: skip
"""Types of an Encounter that say no more than its class does."""


@dataclass(frozen=True)
class Event:
    """Something that happened, from one day to another. `kind`: what the picture tells apart."""

    start: date
    end: date
    kind: str
    what: str
    where: str
    feed: str

    @property
    def style(self) -> str:
        """The class of its mark in the style sheet."""
        return {EMERGENCY: "emergency", STAY: "stay"}.get(self.kind, "contact")


@dataclass(frozen=True)
class Mark:
    """An event in the picture, in units of it."""

    x: float
    width: float
    event: Event


@dataclass(frozen=True)
class Lane:
    name: str
    top: float
    marks: Sequence[Mark]
    services: Sequence[Mark]
    """Time during which a service looked after the person: behind the marks."""
    says: str


@dataclass(frozen=True)
class Picture:
    """What is drawn, `width` times `height` units large. `months`: where a month begins, and its name; `left`: where
    the time begins."""

    width: int
    height: int
    left: int
    lanes: Sequence[Lane]
    months: Sequence[tuple[float, str]]
    since: float | None
    """Where the day is from which on things are new."""


@dataclass(frozen=True)
class Timeline:
    start: date
    end: date
    events: Sequence[Event]
    """Newest first."""
    services: Sequence[Event]
    earlier: int
    """How many events there were before."""

    def summary(self) -> str:
        """The picture in a sentence."""
        counted = [(kind, sum(one.kind == kind for one in self.events)) for kind in (EMERGENCY, STAY)]
        rest = len(self.events) - sum(number for _, number in counted)
        emergencies, stays = (number for _, number in counted)
        return (
            f"{_many(emergencies, 'A&E attendance')}, {_many(stays, 'stay')} in hospital and "
            f"{_many(rest, 'other contact')} from {self.start:%-d %B %Y} to {self.end:%-d %B %Y}."
        )

    def picture(self, width: int, *, left: int, since: date | None = None) -> Picture:
        """The picture in this width; with room for the lanes' names at the `left`, or above each lane where it is 0."""
        above = 0 if left else _NAME
        height, gap = _LANE + above, _GAP
        feeds = [feed for feed in SECTORS if any(one.feed == feed for one in (*self.events, *self.services))]
        drawn = _Scale(self.start, self.end, left, width - _MARGIN)
        lanes = [self._lane(feed, _MONTHS + place * (height + gap) + above, drawn) for place, feed in enumerate(feeds)]
        whole = _MONTHS + len(feeds) * (height + gap)
        every = 1 if width > _NARROW or (self.end - self.start).days < _HALF_A_YEAR else 3
        begins = drawn.x(since) if since and self.start < since <= self.end else None
        return Picture(width, whole, left, lanes, drawn.months(every), begins)

    def _lane(self, feed: str, top: float, scale: "_Scale") -> Lane:
        marks = [scale.mark(one) for one in reversed(self.events) if one.feed == feed]
        marks.sort(key=lambda one: one.event.style == "emergency")  # drawn last, so that none is covered
        services = [scale.mark(one) for one in self.services if one.feed == feed]
        return Lane(SECTORS[feed], top, marks, services, _many(len(marks), "contact"))


_LANE, _GAP, _NAME, _MONTHS, _MARGIN = 34, 10, 20, 26, 8
_NARROW, _HALF_A_YEAR = 600, 190
_MOST_MONTHS = 12


@dataclass(frozen=True)
class _Scale:
    """Days as places from left to right."""

    start: date
    end: date
    left: float
    right: float

    def x(self, on: date) -> float:
        share = (on - self.start).days / max((self.end - self.start).days, 1)
        return round(self.left + (self.right - self.left) * min(max(share, 0), 1), 1)

    def mark(self, event: Event) -> Mark:
        x = self.x(event.start)
        return Mark(x, round(max(self.x(event.end) - x, 0), 1), event)

    def months(self, every: int) -> list[tuple[float, str]]:
        firsts = []
        first = (self.start.replace(day=1) + timedelta(days=32)).replace(day=1)
        while first <= self.end:
            firsts.append(first)
            first = (first + timedelta(days=32)).replace(day=1)
        step = max(every, 1 if len(firsts) <= _MOST_MONTHS else 2)
        kept = firsts[::step]
        return [(self.x(one), f"{one:%b %Y}" if one.month == 1 or one is kept[0] else f"{one:%b}") for one in kept]


def timeline(entries: Iterable[Entry], names: Names, on: date, months: int) -> Timeline:
    """What happened in the months up to this day."""
    start = on - timedelta(days=round(months * 30.44))
    known = list(entries)
    happened = [
        one
        for entry in of_type(known, "Encounter")
        if entry.resource["status"] not in _NOT_HAPPENED and (one := _encounter(entry, names, on)) is not None
    ]
    events = sorted((one for one in happened if start <= one.end and one.start <= on), key=_latest, reverse=True)
    services = [one for entry in known if _is_service(entry) and (one := _service(entry, names, on))]
    shown = sorted((one for one in services if start <= one.end and one.start <= on), key=_latest)
    return Timeline(start, on, events, shown, sum(one.end < start for one in happened))


def _latest(event: Event) -> tuple[date, str, str]:
    return event.start, event.feed, event.what


def _encounter(entry: Entry, names: Names, on: date) -> Event | None:
    one = entry.resource
    start, end = period(one)
    if start is None:
        return None
    kind = kind_of(one)
    going_on = kind == STAY and one["status"] != "finished"
    return Event(start, end or (on if going_on else start), kind, _what(one, kind), _where(entry, names), entry.feed)


def kind_of(encounter: Resource) -> str:
    """What sort of contact it was, in words."""
    return _BY_CLASS.get(encounter.get("class", {}).get("code", ""), _CONTACT)


def _what(encounter: Resource, kind: str) -> str:
    reasons = [words(one) for one in encounter.get("reasonCode", ())]
    service = [words(encounter["serviceType"])] if "serviceType" in encounter else []
    types = [said for one in encounter.get("type", ()) if (said := words(one)) not in _GENERAL]
    telling = reasons or types[:1] or [one for one in service if not one.isdecimal()]
    return f"{kind}: {', '.join(telling)}" if telling else kind


def _where(entry: Entry, names: Names) -> str:
    return names.of(entry.resource.get("serviceProvider")) or source(entry, names)


def _is_service(entry: Entry) -> bool:
    """An episode of care; of social care, whose services come as plans, a plan."""
    kind = entry.resource["resourceType"]
    return kind == "EpisodeOfCare" or (kind == "CarePlan" and entry.feed == "social_care")


def _service(entry: Entry, names: Names, on: date) -> Event | None:
    one = entry.resource
    start, end = period(one)
    if start is None or one.get("status") in _NOT_HAPPENED:
        return None
    episode = one["resourceType"] == "EpisodeOfCare"
    what = ", ".join(map(words, one.get("type", ()))) if episode else plan_title(one)
    provider = names.of(one.get("managingOrganization")) if episode else ""
    return Event(start, end or on, "Service", what, provider or source(entry, names), entry.feed)


def _many(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"
