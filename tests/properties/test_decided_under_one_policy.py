"""What was decided of some people changes nothing for others: a policy that keeps what it made decides as a new one."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from integration.sharing.decide import Policy, decide
from integration.sharing.request import BreakGlass, Request
from tests.properties.sharing_chance import NOW, ROLES
from tests.properties.sharing_worlds import world

PEOPLE = 4
DAYS = (timedelta(0), timedelta(days=-2), timedelta(days=2))


def questions(seed: int) -> list[Request]:
    """One organisation in every role, on some days and in an emergency; and two other callers."""
    first, *others = (world(seed + number).request for number in range(3))
    calm = replace(first, break_glass=None)
    roles = [replace(calm, caller=replace(first.caller, role=role)) for role in ROLES]
    days = [replace(one, at=NOW + later) for one in roles for later in DAYS]
    return [*days, *(replace(one, break_glass=BreakGlass("emergency")) for one in roles), *others]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**48))
def test_what_was_decided_of_others_changes_nothing(seed: int) -> None:
    agreements, asked = world(seed).agreements, questions(seed)
    everybody = [world(seed + number).facts for number in range(PEOPLE)]
    kept = Policy.of(agreements)

    for facts in (*everybody, *everybody):
        for request in asked:
            assert decide(request, facts, kept) == decide(request, facts, Policy.of(agreements))
