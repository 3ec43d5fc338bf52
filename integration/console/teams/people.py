"""The people of a story: who it is about, who looks after them, and who is close to them. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from integration.console.teams.words import (
    Entry,
    Names,
    age,
    day_of,
    human_name,
    of_type,
    period,
    reachable,
    source,
    spaced,
    when,
    words,
)
from integration.sharing.request import Grant
from mappings import uk_core
from mappings.coordinator import is_coordinator
from mappings.uk_core import Resource


@dataclass(frozen=True)
class Who:
    """Who somebody is; empty where it is not said, or may not be."""

    name: str
    called: str
    number: str
    gender: str
    born: date | None
    age: int | None
    died: str
    """Empty: nothing says so. Else the day, or that the day is not known."""
    languages: Sequence[str]
    address: str
    phones: Sequence[str]
    practice: str
    hidden: bool
    """Where they are may not be shown, at all or of some sources."""
    restricted: bool
    """Their whereabouts are restricted, and shown to this reader."""


@dataclass(frozen=True)
class Member:
    """Somebody of a care team; without a name, a role of the team."""

    name: str
    role: str
    began: date | None
    since: str
    """The same, ready to be read."""
    source: str
    coordinates: bool


@dataclass(frozen=True)
class Team:
    """A team that looks after the person: a service, a practice, the family."""

    name: str
    organisation: str
    members: Sequence[Member]


@dataclass(frozen=True)
class Contact:
    name: str
    relationship: str
    phones: Sequence[str]


def who(grant: Grant, patient: Resource, names: Names, on: date) -> Who:
    """Who somebody is, from the golden Patient as far as the Grant shows it."""
    told = patient.get("name", [])
    known = next((one["given"][0] for one in told if one.get("use") == "nickname" and one.get("given")), "")
    born = day_of(patient.get("birthDate"))
    gone = day_of(patient.get("deceasedDateTime"))
    number = next(
        (one["value"] for one in patient.get("identifier", ()) if one.get("system") == uk_core.NHS_NUMBER), ""
    )
    died = when(patient.get("deceasedDateTime")) or ("on a day not known" if patient.get("deceasedBoolean") else "")
    location = {reason.allowed for reason in grant.reasons if reason.rule == "location"}
    return Who(
        name=human_name(told, "official", "usual") or "Name not known",
        called=known,
        number=spaced(number) if number else "",
        gender=patient.get("gender", ""),
        born=born,
        age=age(born, gone or on) if born else None,
        died=died,
        languages=[words(one.get("language")) for one in patient.get("communication", ())],
        address=_address(patient.get("address", ())),
        phones=reachable(patient.get("telecom", ())),
        practice=names.of(next(iter(patient.get("generalPractitioner", ())), None)),
        hidden=False in location,
        restricted=location == {True},
    )


def _address(addresses: Sequence[Mapping[str, Any]]) -> str:
    one: Mapping[str, Any] = next((one for one in addresses if one.get("use") in ("home", None)), {})
    parts = [*one.get("line", ()), one.get("city", ""), one.get("postalCode", "")]
    return ", ".join(dict.fromkeys(part for part in parts if part))


def teams(entries: Iterable[Entry], names: Names, on: date) -> list[Team]:
    """The teams that there are on this day, those with a coordinator first."""
    found = [_team(one, names, on) for one in of_type(entries, "CareTeam") if _stands(one.resource, on)]
    return sorted(filter(None, found), key=lambda team: not any(one.coordinates for one in team.members))


def _team(entry: Entry, names: Names, on: date) -> Team | None:
    team = entry.resource
    present = [one for one in team.get("participant", ()) if _stands(one, on)]
    organisation = next(filter(None, (names.of(one.get("onBehalfOf")) for one in present)), "")
    said = source(entry, names)
    name = team.get("name") or said
    members = dict.fromkeys(_member(one, names, said) for one in present)
    telling = [one for one in members if one.name not in ("", organisation) or one.coordinates]
    return Team(name, organisation or said, telling) if members else None


def _member(participant: dict[str, Any], names: Names, said: str) -> Member:
    roles = participant.get("role", ())
    named = dict.fromkeys(one for one in map(words, roles) if not one.startswith("code "))
    return Member(
        name=names.of(participant.get("member")),
        role=", ".join(named),
        began=period(participant)[0],
        since=when(participant.get("period", {}).get("start")),
        source=said,
        coordinates=is_coordinator(participant),
    )


def contacts(entries: Iterable[Entry], patient: Resource) -> list[Contact]:
    """Family and carers; whoever several sources name with the same number is one."""
    stated = [one.resource for one in of_type(entries, "RelatedPerson") if one.resource.get("active", True)]
    told: dict[tuple[str, ...], dict[str, None]] = {}
    for one in [*stated, *patient.get("contact", ())]:
        said = one.get("name", [])
        name = human_name(said if isinstance(said, list) else [said], "official", "usual")
        relationships = told.setdefault((name, *reachable(one.get("telecom", ()))), {})
        relationships.update(dict.fromkeys(map(words, one.get("relationship", ()))))
    listed = sorted(told.items(), key=lambda one: not one[0][0])
    return [Contact(name or "Name not recorded", ", ".join(said), phones) for (name, *phones), said in listed]


def coordinators(teams: Iterable[Team]) -> list[Member]:
    """Whoever coordinates, once each, who began last first."""
    named = [one for team in teams for one in team.members if one.coordinates]
    named.sort(key=lambda one: one.began or date.min)
    return list({_bare(one.name): one for one in named}.values())[::-1]


_TITLE = re.compile(r"^(mrs?|ms|miss|dr|mx)\.? ", re.I)


def _bare(name: str) -> str:
    """A name by which somebody is the same person, with or without a title."""
    return _TITLE.sub("", name).casefold()


def _stands(said: Mapping[str, Any], on: date) -> bool:
    """Whether a team, or somebody's part in it, has neither been ended nor run out."""
    _, end = period(said)
    return said.get("status", "active") in ("active", "proposed") and not (end and end < on)
