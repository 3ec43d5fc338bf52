"""Who coordinates among all who say so."""

from datetime import date
from typing import Any

import pytest

from integration.record.coordinator import coordinating
from mappings.coordinator import COORDINATOR

ON = date(2026, 9, 30)


def team(name: str, since: str | None = None, until: str | None = None, **elements: Any) -> dict[str, Any]:
    """A CareTeam whose only participant coordinates; `of_team`: the period stands on the team."""
    period = {end: day for end, day in (("start", since), ("end", until)) if day}
    on_team = elements.pop("of_team", False)
    member = {"role": [COORDINATOR], "member": {"display": name}} | ({} if on_team else {"period": period})
    made = {"resourceType": "CareTeam", "id": name, "status": "active", "participant": [member], **elements}
    return made | ({"period": period} if on_team else {})


def names(*teams: dict[str, Any]) -> list[str]:
    return [one.participant["member"]["display"] for one in coordinating(teams, ON)]


def test_whoever_was_named_last_comes_first_and_who_says_no_day_last() -> None:
    said = team("practice", "2025"), team("undated"), team("recorded", "2026-09-29"), team("charity", "2026-01-01")

    assert names(*said) == ["recorded", "charity", "practice", "undated"]
    assert names(*reversed(said)) == names(*said)


def test_of_two_named_on_one_day_the_later_statement_counts() -> None:
    morning = team("a", "2026-09-30", meta={"lastUpdated": "2026-09-30T09:00:00.000+00:00"})
    noon = team("b", "2026-09-30", meta={"lastUpdated": "2026-09-30T12:00:00.000+00:00"})

    assert names(noon, morning) == names(morning, noon) == ["b", "a"]


@pytest.mark.parametrize(
    "over",
    [
        team("her", "2026-01-01", "2026-09-29"),
        team("her", "2026-01-01", "2026-09-29", of_team=True),
        team("her", "2026-10-01"),
        team("her", "2026-01-01", status="inactive"),
        team("her", "2026-01-01") | {"participant": [{"member": {"display": "her"}}]},
        team("her", "2026-01-01") | {"participant": [{"role": [{"text": "Care coordinator"}]}]},
    ],
    ids=["ended", "team ended", "not begun", "inactive", "no role", "no code"],
)
def test_who_does_not_coordinate_on_that_day_is_not_named(over: dict[str, Any]) -> None:
    assert names(over) == []


def test_the_last_day_counts() -> None:
    assert names(team("her", "2026-01-01", "2026-09-30")) == ["her"]
