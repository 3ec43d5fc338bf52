"""How long a process of ours that ended is waited with, before it is started again."""

from integration.commands.worker import pause_before_next


def test_what_ended_at_once_is_started_ever_more_rarely():
    pauses = [0.0]
    for _ in range(7):
        pauses.append(pause_before_next(pauses[-1], lived=0.5))
    assert pauses == [0, 1, 2, 4, 8, 15, 15, 15]


def test_what_ran_well_is_started_again_soon():
    assert pause_before_next(15, lived=60) == 1
