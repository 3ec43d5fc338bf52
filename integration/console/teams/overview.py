"""One line of a caseload for each person: what is new, why they are on it, what to mind, who does what next. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from integration.console.teams.story import Step, review_due, steps
from integration.console.teams.timeline import EMERGENCY, STAY, kind_of
from integration.console.teams.words import (
    Entry,
    Names,
    age,
    by_type,
    codes,
    day_of,
    human_name,
    is_adjustment,
    period,
    when,
    words,
)
from integration.record.coordinator import coordinating
from integration.record.reader import Query
from integration.sharing.request import Grant
from integration.store.search_index import index
from mappings import uk_core
from mappings.coordinator import COORDINATOR
from mappings.recorded.vocabulary import is_existence
from mappings.uk_core import Resource


def _found_by(resource: Resource) -> list[str]:
    return [one for one in index(resource) if "=" in one]


_OF_PEOPLE = Query(types=("Patient", "Flag"))
_COORDINATED = Query(
    types=("CareTeam",),
    tokens=tuple(_found_by({"resourceType": "CareTeam", "participant": [{"role": [COORDINATOR]}]})),
)
_NEXT_STEPS = Query(
    types=("Task",), tokens=tuple(_found_by({"resourceType": "Task", "code": {"coding": [uk_core.NEXT_STEP]}}))
)
_IN_HOSPITAL = Query(
    types=("Encounter",),
    tokens=tuple(
        text
        for code in ("EMER", "IMP")
        for text in _found_by({"resourceType": "Encounter", "class": {"system": uk_core.ACT_CODE, "code": code}})
    ),
)
_PLANNED = Query(
    types=("ServiceRequest",), tokens=tuple(_found_by({"resourceType": "ServiceRequest", "intent": "plan"}))
)
LOOKED_AT = (_OF_PEOPLE, _COORDINATED, _NEXT_STEPS, _IN_HOSPITAL, _PLANNED)
"""What of each person is read for a line."""
_OVER = frozenset({"cancelled", "entered-in-error", "planned"})


@dataclass(frozen=True)
class News:
    """Something new. `kind`: the word of its mark in the style sheet."""

    on: date
    kind: str
    text: str


@dataclass(frozen=True)
class Line:
    """One person of a caseload, as the reader may see them."""

    grant: Grant
    name: str
    sorted_by: str
    born: date | None
    age: int | None
    died: str
    hidden: bool
    """Where they are may not be known."""
    reason: str
    on_it_since: date
    news: Sequence[News]
    adjustments: Sequence[str]
    adjusted: bool
    alerts: Sequence[str]
    coordinator: str
    open: Sequence[Step]
    review: date | None
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many resources of each type it was made of, for the audit."""

    def due(self, on: date) -> bool:
        """Whether something was to be done, or looked at again, by this day."""
        return any(one.due and one.due <= on for one in self.open) or bool(self.review and self.review <= on)


def line(
    grant: Grant,
    patient: Resource,
    entries: Sequence[Entry],
    *,
    reason: str,
    on_it_since: date,
    since: date,
    on: date,
    names: Names,
) -> Line:
    """The line of one person on this day, with what is new `since` a day."""
    told = patient.get("name", [])
    official = next((one for one in told if one.get("use") == "official"), told[0] if told else {})
    born, died = day_of(patient.get("birthDate")), patient.get("deceasedDateTime")
    of = by_type(entries)
    flags = [one for one in of["Flag"] if one.resource["status"] == "active"]
    adjustments = [one for one in flags if is_adjustment(one.resource)]
    alerts = [one for one in flags if not is_adjustment(one.resource) and not is_existence(one.resource)]
    urgent = [one for one in alerts if codes(one.resource.get("category"), uk_core.FLAG_CATEGORY) & _URGENT]
    return Line(
        grant=grant,
        name=human_name(told, "official", "usual") or "Name not known",
        sorted_by=f"{official.get('family', '')} {' '.join(official.get('given', ()))}".casefold(),
        born=born,
        age=age(born, day_of(died) or on) if born else None,
        died=when(died) or ("yes" if patient.get("deceasedBoolean") else ""),
        hidden=grant.hide_location or bool(grant.unlocated),
        reason=reason,
        on_it_since=on_it_since,
        news=sorted(
            set(_news(patient, of["Encounter"], flags, since, on)), key=lambda one: (one.on, one.text), reverse=True
        ),
        adjustments=_texts(adjustments),
        adjusted=bool(adjustments) or any(is_existence(one.resource) for one in flags),
        alerts=_texts(urgent),
        coordinator=_coordinator(of["CareTeam"], names, on),
        open=[one for one in steps(of["Task"], names, grant.request.caller.organisation) if not one.done],
        review=review_due([*of["ServiceRequest"], *flags]),
        counts=_counted(entries),
    )


_URGENT = frozenset({"safety", "advance-directive"})


def _texts(flags: Iterable[Entry]) -> list[str]:
    return list(dict.fromkeys(words(one.resource.get("code")) for one in flags))


def _news(
    patient: Resource, encounters: Iterable[Entry], flags: Iterable[Entry], since: date, on: date
) -> Iterator[News]:
    died = day_of(patient.get("deceasedDateTime"))
    if died and died >= since:
        yield News(died, "died", "Died")
    for entry in encounters:
        if entry.resource["status"] not in _OVER:
            yield from _moves(entry.resource, since, on)
    for entry in flags:
        start, _ = period(entry.resource)
        if start and since <= start <= on and not is_existence(entry.resource):
            kind = "adjustment" if is_adjustment(entry.resource) else "alert"
            yield News(start, kind, f"New {kind}: {words(entry.resource.get('code'))}")


def _moves(encounter: Resource, since: date, on: date) -> Iterator[News]:
    start, end = period(encounter)
    why = ", ".join(map(words, encounter.get("reasonCode", ())))
    match kind_of(encounter):
        case kind if kind == EMERGENCY and start and since <= start <= on:
            yield News(start, "emergency", f"A&E: {why}" if why else "A&E")
        case kind if kind == STAY:
            if start and since <= start <= on:
                yield News(start, "admitted", f"Admitted: {why}" if why else "Admitted")
            elif start and start < since and encounter["status"] == "in-progress":
                yield News(start, "admitted", f"Still in hospital: {why}" if why else "Still in hospital")
            if end and since <= end <= on and encounter["status"] == "finished":
                yield News(end, "left", "Left hospital")


def _coordinator(teams: Iterable[Entry], names: Names, on: date) -> str:
    """Who coordinates now, by name, else by the organisation."""
    found = (one.participant for one in coordinating((one.resource for one in teams), on))
    called = (names.of(one.get("member")) or names.of(one.get("onBehalfOf")) for one in found)
    return next(filter(None, called), "")


def _counted(entries: Iterable[Entry]) -> dict[str, int]:
    counted = {"Patient": 1}
    for entry in entries:
        counted[entry.resource["resourceType"]] = counted.get(entry.resource["resourceType"], 0) + 1
    return counted


FILTERS: Mapping[str, tuple[str, Callable[[Line, date], bool]]] = {
    "all": ("Everybody", lambda _, __: True),
    "new": ("Something new", lambda line, _: bool(line.news)),
    "hospital": (
        "A&E or admission",
        lambda line, _: any(one.kind in ("emergency", "admitted", "left") for one in line.news),
    ),
    "due": ("Something due", lambda line, on: line.due(on)),
    "steps": ("Open next steps", lambda line, _: bool(line.open)),
    "coordinator": ("No care coordinator", lambda line, _: not line.coordinator),
    "adjusted": ("Reasonable adjustments", lambda line, _: line.adjusted),
}
"""Word of the address -> what the page calls it, and whom it keeps."""
ADDED = "added"
"""The order that nobody need be looked at for."""
SORTS: Mapping[str, tuple[str, Callable[[Line], Any]]] = {
    "news": ("Newest first", lambda line: (-line.news[0].on.toordinal() if line.news else 1, line.sorted_by)),
    "name": ("Name", lambda line: line.sorted_by),
    "age": ("Oldest first", lambda line: (line.born or date.max, line.sorted_by)),
    "reason": ("Reason", lambda line: (line.reason, line.sorted_by)),
    "coordinator": ("Care coordinator", lambda line: (line.coordinator == "", line.coordinator, line.sorted_by)),
    "due": ("Due first", lambda line: (_first_due(line), line.sorted_by)),
    ADDED: ("Last added first", lambda line: (-line.on_it_since.toordinal(), line.grant.person)),
}


def _first_due(line: Line) -> date:
    return min([*(one.due for one in line.open if one.due), *([line.review] if line.review else [])], default=date.max)
