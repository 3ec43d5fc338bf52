"""What was granted serves for the rest of the day, and no longer: until then the very same would be decided."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from integration.sharing.decide import at_another_moment, decide
from integration.sharing.policy import Policy
from integration.sharing.request import BreakGlass, Grant, Request
from tests.properties.sharing_worlds import world

WORLDS = range(600)
LONDON = ZoneInfo("Europe/London")
CLOCKS = [datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)]
"""Days on which the clocks change."""


def moments(at: datetime, random: Random) -> list[datetime]:
    """Of that day and those around it, in London: the first and the last of each, and others."""
    days = [at.astimezone(LONDON).date() + timedelta(days=days) for days in (-1, 0, 1, 30)]
    begins = [datetime(day.year, day.month, day.day, tzinfo=LONDON).astimezone(UTC) for day in days]
    near = [begin + timedelta(seconds=seconds) for begin in begins for seconds in (-1, 0, 1)]
    return [*near, *[at + timedelta(seconds=random.uniform(-90_000, 90_000)) for _ in range(4)]]


def others_who_ask_alike(request: Request) -> Iterator[Request]:
    who = request.caller
    for change in ({}, {"client": "another"}, {"user": "another"}, {"user_authenticated": not who.user_authenticated}):
        yield replace(request, caller=replace(who, **change))


def test_at_another_moment_of_the_day_the_same_is_decided():
    served = otherwise = 0
    for seed in WORLDS:
        one, random = world(seed), Random(seed)
        begun = one.request.at if seed % 3 else CLOCKS[seed % 2]
        request = replace(one.request, at=begun, break_glass=None)
        grant = decide(request, one.facts, Policy.of(one.agreements))
        if not isinstance(grant, Grant):
            continue
        policy = Policy.of(one.agreements)
        for at in moments(request.at, random):
            asked = replace(random.choice([*others_who_ask_alike(request)]), at=at)
            again, anew = at_another_moment(grant, asked), decide(asked, one.facts, policy)
            same_day = at.astimezone(LONDON).date() == request.at.astimezone(LONDON).date()
            assert (again is not None) == same_day
            assert again in (None, anew), at
            served += again is not None
            otherwise += again is None and replace(grant, request=asked) != anew
    assert served > len(WORLDS)
    assert otherwise > len(WORLDS) / 100  # a day more or less does make a difference


def others(request: Request) -> list[Request]:
    who = request.caller
    callers = [replace(who, **{name: "another"}) for name in ("organisation", "role", "purpose")]
    emergency = replace(request, break_glass=BreakGlass("emergency"))
    return [*[replace(request, caller=one) for one in callers], replace(request, person=UUID(int=9)), emergency]


def test_it_serves_nobody_else_and_no_emergency():
    grants = emergencies = 0
    for one in map(world, range(200)):
        decision = decide(one.request, one.facts, Policy.of(one.agreements))
        if isinstance(decision, Grant):
            grants += 1
            declared = one.request.break_glass is not None
            emergencies += declared
            assert (at_another_moment(decision, one.request) is None) == declared
            assert (at_another_moment(decision, replace(one.request, break_glass=None)) is None) == declared
            assert not any(at_another_moment(decision, other) for other in others(one.request))
    assert min(grants - emergencies, emergencies) > 10
