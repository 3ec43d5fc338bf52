"""The organisations of synthetic Coventry. Every code is invented, ODS-shaped and starts with X9: none is real."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "practice", "acute", "community", "council", "ambulance", "charity", "care-home", "hub", "national", "team"
]


@dataclass(frozen=True)
class Organisation:
    """`code` is ODS-shaped; `team` is the integrated neighbourhood team (INT) it works with, where it has one."""

    code: str
    name: str
    kind: Kind
    team: str | None = None


TEAMS = ("North-West", "North-Central", "South-West", "South", "North-East", "South-East")

PRACTICES = (
    Organisation("X90101", "Allesley Green Surgery", "practice", "North-West"),
    Organisation("X90102", "Holbrooks Family Practice", "practice", "North-West"),
    Organisation("X90201", "Radford Road Medical Centre", "practice", "North-Central"),
    Organisation("X90202", "Foleshill Health Centre", "practice", "North-Central"),
    Organisation("X90301", "Canley Surgery", "practice", "South-West"),
    Organisation("X90302", "Tile Hill Medical Practice", "practice", "South-West"),
    Organisation("X90401", "Earlsdon Avenue Practice", "practice", "South"),
    Organisation("X90402", "Cheylesmore Surgery", "practice", "South"),
    Organisation("X90501", "Wyken Medical Centre", "practice", "North-East"),
    Organisation("X90502", "Bell Green Practice", "practice", "North-East"),
    Organisation("X90601", "Willenhall Primary Care Centre", "practice", "South-East"),
    Organisation("X90602", "Binley Road Surgery", "practice", "South-East"),
)
ACUTE = Organisation("X9A", "Coventry Synthetic Hospitals NHS Trust", "acute")
OTHER_ACUTE = Organisation("X9Z", "Distant Synthetic Hospital NHS Trust", "acute")
"""Far away, party to no agreement with anybody here: the unrelated hospital of the examples."""
COMMUNITY = Organisation("X9C", "Coventry Synthetic Community and Mental Health Trust", "community")
COUNCIL = Organisation("X9L", "Coventry Synthetic City Council Adult Social Care", "council")
AMBULANCE = Organisation("X9B", "Midland Synthetic Ambulance Service", "ambulance")
HUB = Organisation("X9H", "Coventry Coordination Hub", "hub")
INTS = tuple(
    Organisation(f"X9N{number:02}", f"{team} Coventry Integrated Neighbourhood Team", "team", team)
    for number, team in enumerate(TEAMS, start=1)
)
CHARITIES = (
    Organisation("X9V01", "Companions Coventry", "charity"),
    Organisation("X9V02", "Open Door Outreach", "charity"),
)
CARE_HOMES = (
    Organisation("X9K01", "The Limes Residential Home", "care-home", "South"),
    Organisation("X9K02", "Spon End Nursing Home", "care-home", "North-Central"),
    Organisation("X9K03", "Whitley Court Residential Home", "care-home", "South-East"),
)
DEMOGRAPHICS = Organisation("X9P", "Personal Demographics Service (synthetic)", "national")
"""Answers for PDS."""
ORGANISATIONS = (
    *PRACTICES,
    ACUTE,
    OTHER_ACUTE,
    COMMUNITY,
    COUNCIL,
    AMBULANCE,
    HUB,
    *INTS,
    DEMOGRAPHICS,
    *CHARITIES,
    *CARE_HOMES,
)
BY_CODE = {organisation.code: organisation for organisation in ORGANISATIONS}
