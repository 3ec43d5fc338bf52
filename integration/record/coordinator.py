"""Who coordinates a person's care, among all who say so: whoever was named last. Pure.

Every source speaks for itself, and nothing of what another said is changed by it: a name that was recorded here comes
before an older one of a feed, and gives way to a newer one. https://simplifier.net/hl7fhirukcorer4/ukcorecareteam
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from integration.sharing import dates
from mappings.coordinator import coordinators
from mappings.datatypes import Json


class Coordinator(NamedTuple):
    """One who coordinates: the participant, since when (where that is said), and the CareTeam that says so."""

    participant: Json
    since: date | None
    team: Json


def coordinating(teams: Iterable[Json], on: date) -> list[Coordinator]:
    """Those who coordinate on a day by these CareTeams, the one named last first. Of two named on one day the later
    statement counts; who says no day comes last. `teams`: as one caller may see them."""
    return sorted((one for team in teams for one in _of(team, on)), key=_latest, reverse=True)


def _of(team: Json, on: date) -> Iterator[Coordinator]:
    if team.get("status", "active") != "active":
        return
    begun, ended = dates.period(team.get("period"))
    for participant in coordinators(team):
        since, until = dates.period(participant.get("period"))
        since, until = since or begun, min((day for day in (until, ended) if day), default=None)
        if (since is None or since <= on) and (until is None or on <= until):
            yield Coordinator(participant, since, team)


def _latest(one: Coordinator) -> tuple[date, str, str]:
    return one.since or date.min, one.team.get("meta", {}).get("lastUpdated", ""), one.team["id"]
