"""What one client may ask: counted for each alone, refused with the time to wait, given back as time passes."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.api.rate_limit import Rate, RateLimits
from integration.errors import TooManyRequests
from integration.sharing.request import Client

EPR = Client("epr", "Hospital record", "X9A", frozenset({"GP"}), frozenset({"TREAT"}))
COUNCIL = replace(EPR, id="council")


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def admitted(limits: RateLimits, client: Client) -> bool:
    try:
        limits.admit(client)
    except TooManyRequests:
        return False
    return True


def test_so_many_at_once_and_then_so_many_a_second():
    clock = Clock()
    limits = RateLimits(Rate(2, 5), clock)
    assert [admitted(limits, EPR) for _ in range(7)] == [True] * 5 + [False] * 2
    clock.now += 0.5
    assert [admitted(limits, EPR) for _ in range(2)] == [True, False]
    clock.now += 100
    assert sum(admitted(limits, EPR) for _ in range(50)) == 5, "a long pause saves no more than one burst"


def test_one_client_takes_nothing_from_another():
    limits = RateLimits(Rate(1, 1), Clock())
    assert admitted(limits, EPR)
    assert not admitted(limits, EPR)
    assert admitted(limits, COUNCIL)


def test_a_registration_may_say_otherwise():
    limits = RateLimits(Rate(1, 1), Clock())
    generous = replace(EPR, rate=100.0, burst=10)
    assert sum(admitted(limits, generous) for _ in range(20)) == 10


@pytest.mark.parametrize(("rate", "wait"), [(Rate(0.1, 1), "10"), (Rate(1, 1), "1"), (Rate(100, 1), "1")])
def test_who_is_refused_is_told_for_how_long(rate, wait):
    limits = RateLimits(rate, Clock())
    limits.admit(EPR)
    with pytest.raises(TooManyRequests) as refusal:
        limits.admit(EPR)
    assert refusal.value.headers == {"Retry-After": wait}


def test_who_waits_as_told_is_served():
    clock = Clock()
    limits = RateLimits(Rate(0.3, 3), clock)
    for _ in range(50):
        try:
            limits.admit(EPR)
        except TooManyRequests as refusal:
            clock.now += int(refusal.headers["Retry-After"])
            limits.admit(EPR)


@given(
    st.integers(1, 50),
    st.integers(1, 50),
    st.lists(st.floats(0, 0.5), min_size=1, max_size=200),
)
def test_never_more_than_the_burst_and_the_rate_together(rate, burst, pauses):
    clock = Clock()
    limits = RateLimits(Rate(rate, burst), clock)
    begun, taken = clock.now, 0
    for pause in pauses:
        clock.now += pause
        taken += admitted(limits, EPR)
    assert taken <= burst + (clock.now - begun) * rate + 1e-6
