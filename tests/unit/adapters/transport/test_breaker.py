"""The circuit breaker in each of its phases, and the pace, by a clock of the test's own."""

import asyncio

import pytest

from adapters.transport.breaker import Breaker
from adapters.transport.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock, failures: int = 3) -> Breaker:
    breaker = Breaker(failures=failures, rest=30, longest=100, clock=clock)
    for _ in range(failures):
        assert breaker.admit() == 0
        breaker.failed()
    return breaker


def test_it_opens_after_so_many_failures_in_a_row_and_no_sooner():
    clock = Clock()
    breaker = Breaker(failures=3, rest=30, clock=clock)
    for outcome in (breaker.failed, breaker.failed, breaker.succeeded, breaker.failed, breaker.failed):
        outcome()
        assert breaker.phase == "closed"
    breaker.failed()
    assert breaker.phase == "open"
    assert breaker.admit() == 30


def test_after_its_rest_one_question_is_let_through_and_its_answer_closes_it():
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    assert breaker.phase == "half-open"
    assert breaker.admit() == 0
    assert breaker.admit() > 0
    breaker.succeeded()
    assert breaker.phase == "closed"
    assert breaker.admit() == breaker.admit() == 0


def test_each_failed_trial_makes_the_rest_longer_up_to_the_longest_and_success_forgets_that():
    clock = Clock()
    breaker = opened(clock)
    rests = []
    for _ in range(4):
        rests.append(breaker.admit())
        clock.now += rests[-1]
        assert breaker.admit() == 0
        breaker.failed()
    assert rests == [30, 60, 100, 100]
    clock.now += 100
    assert breaker.admit() == 0
    breaker.succeeded()
    for _ in range(3):
        breaker.failed()
    assert breaker.admit() == 30


def test_a_question_that_was_given_up_lets_another_one_try():
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    assert breaker.admit() == 0
    breaker.withdrew()
    assert breaker.admit() == 0


def test_questions_that_were_under_way_when_it_opened_do_not_lengthen_its_rest():
    clock = Clock()
    breaker = opened(clock)
    breaker.failed()
    assert breaker.admit() == 30


async def test_questions_keep_their_distance_and_wait_while_asked_to(monkeypatch: pytest.MonkeyPatch):
    clock = Clock()

    async def sleep(seconds: float) -> None:
        clock.now += seconds

    monkeypatch.setattr(asyncio, "sleep", sleep)
    pace = Pace(4, clock)
    moments = []
    for held in (0, 0, 0, 5, 0):
        if held:
            pace.hold(held)
        await pace.turn()
        moments.append(clock.now - 100)
    assert moments == [0, 0.25, 0.5, 5.5, 5.75]
