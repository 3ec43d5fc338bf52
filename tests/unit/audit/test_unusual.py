"""The rules of unusual access, each at its edges; and that no reason names anybody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.audit.unusual import OF_A_DAY, OF_A_LOOK, Likeness, Looked, UsersDay, hours, surname_of, volume

NINE_TO_FIVE = [0] * 9 + [100] * 8 + [0] * 7


def told(looked: Looked) -> set[str]:
    return {name for name, rule in OF_A_LOOK.items() if rule(looked)}


@pytest.mark.parametrize(
    ("looked", "rules"),
    [
        (Looked(), set()),
        (Looked(Likeness(same_surname=True)), {"namesake"}),
        (Looked(Likeness(same_surname=True, same_address=True)), {"household"}),
        (Looked(Likeness(same_person=True, same_surname=True, same_address=True)), {"themselves"}),
        (Looked(watched=frozenset({"colleague"})), {"colleague"}),
        (Looked(Likeness(same_person=True), frozenset({"colleague"})), {"themselves"}),
        (
            Looked(Likeness(same_surname=True), frozenset({"colleague", "public figure"})),
            {"namesake", "colleague", "public figure"},
        ),
    ],
)
def test_whom_somebody_looked_at(looked: Looked, rules: set[str]) -> None:
    assert told(looked) == rules


@pytest.mark.parametrize(
    ("now", "before", "unusual"),
    [
        (31, [10] * 5, True),
        (30, [10] * 5, False),
        (30, [9] * 5, True),
        (29, [1] * 5, False),
        (500, [9] * 4, False),
        (500, [200] * 20, False),
        (500, [20] * 19 + [900], True),
    ],
)
def test_many_more_people_than_usual(now: int, before: list[int], unusual: bool) -> None:
    assert (volume(UsersDay(now, [0] * 24, before, [0] * 24)) is not None) == unusual


@pytest.mark.parametrize(
    ("at", "unusual"), [(9, False), (16, False), (8, False), (17, False), (18, True), (3, True), (0, True)]
)
def test_hours_at_which_somebody_hardly_ever_works(at: int, unusual: bool) -> None:
    now = [int(hour == at) for hour in range(24)]
    assert (hours(UsersDay(1, now, [], NINE_TO_FIVE)) is not None) == unusual
    assert hours(UsersDay(1, now, [], [count // 10 for count in NINE_TO_FIVE])) is None  # too little is known


@given(st.lists(st.integers(0, 500), min_size=24, max_size=24), st.integers(0, 23))
def test_whoever_works_at_an_hour_as_often_as_at_others_may(counts: list[int], hour: int) -> None:
    counts[hour] = max(counts[hour], sum(counts) // 24 + 1)
    assert hours(UsersDay(1, [int(at == hour) for at in range(24)], [], counts)) is None


@pytest.mark.parametrize(
    ("user", "surname"),
    [
        ("Dr A. Patel", "patel"),
        ("a.patel@nhs.net", "patel"),
        ("Siân O'Brien-Jones", "o'brien-jones"),
        ("nurse07", ""),
        ("R. Li", ""),
        ("", ""),
    ],
)
def test_the_surname_in_a_user_s_name(user: str, surname: str) -> None:
    assert surname_of(user) == surname


def test_no_reason_names_anybody() -> None:
    likely = Looked(Likeness(same_surname=True), frozenset({"colleague", "public figure"}))
    day = UsersDay(99, [int(at == 3) for at in range(24)], [1] * 9, NINE_TO_FIVE)
    reasons = [rule(likely) for rule in OF_A_LOOK.values()] + [rule(day) for rule in OF_A_DAY.values()]
    assert all("Patel" not in reason for reason in reasons if reason)
