"""`decide` agrees with a second, naive reading of the table on random agreements, facts and requests."""

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

from integration.sharing.decide import decide
from integration.sharing.request import Denial, Grant
from tests.properties.sharing_oracle import Answer, Oracle
from tests.properties.sharing_worlds import World, shown, worlds

THOROUGH = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))


def expected(world: World) -> Answer:
    return Oracle(world.agreements, world.facts, world.request).answer()


@THOROUGH
@given(worlds)
def test_decide_agrees_with_the_oracle(world: World):
    decision = decide(world.request, world.facts, world.policy)
    answer = expected(world)

    if isinstance(decision, Denial):
        assert (not decision.not_found, decision.not_found) == (answer.forbidden, answer.not_found)
    else:
        assert not (answer.forbidden or answer.not_found)
        assert shown(decision, world.facts) == answer.rows
        assert decision.hide_location == answer.hide_location
        assert decision.pseudonymise == answer.pseudonymise
        assert set(decision.announced) == answer.announced


INTERESTING = {
    "something is shown": lambda world, decision: bool(decision.labels),
    "a period is withheld": lambda world, decision: bool(decision.windows),
    "single entries are withheld": lambda world, decision: bool(decision.withheld) and bool(decision.labels),
    "something is announced": lambda world, decision: bool(decision.announced),
    "the glass is broken": lambda world, decision: decision.broken_glass and bool(decision.labels),
    "the relationship is self-claimed": lambda world, decision: decision.self_claimed,
    "the location is hidden": lambda world, decision: decision.hide_location,
    "a restricted person is located": lambda world, decision: world.facts.restricted and not decision.hide_location,
    "output is pseudonymised": lambda world, decision: decision.pseudonymise and bool(decision.labels),
    "sensitive information is shown": lambda world, decision: any(
        label.sensitivities and label.id in decision.labels for label in world.facts.labels
    ),
    "a charity's information is shown": lambda world, decision: any(
        label.organisation in ("C1", "C2") and label.id in decision.labels for label in world.facts.labels
    ),
}


@pytest.mark.parametrize("what", INTERESTING)
def test_random_worlds_contain(what: str):
    """The agreement above would be worth little if nothing were ever shown."""
    holds = INTERESTING[what]

    def found(world: World) -> bool:
        decision = decide(world.request, world.facts, world.policy)
        return isinstance(decision, Grant) and holds(world, decision)

    world = find(
        worlds, found, settings=settings(max_examples=20000, phases=[Phase.generate], deadline=None, database=None)
    )

    assert holds(world, decide(world.request, world.facts, world.policy))
