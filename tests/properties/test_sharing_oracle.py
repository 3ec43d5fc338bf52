"""`decide` agrees with a second, naive reading of the table on random agreements, facts and requests."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from msgspec import structs

from integration.sharing.decide import decide
from integration.sharing.request import Denial
from tests.properties.sharing_oracle import Answer, Oracle
from tests.properties.sharing_worlds import Row, World, shown, smallest, world, worlds

THOROUGH = settings(max_examples=5 * settings.default.max_examples, deadline=None)


def decided(given_world: World) -> Answer:
    decision = decide(given_world.request, given_world.facts, given_world.policy)
    if isinstance(decision, Denial):
        return Answer(forbidden=not decision.not_found, not_found=decision.not_found)
    rows = shown(decision, given_world.facts)
    return Answer(
        rows=frozenset(rows),
        unlocated=frozenset(row for row in rows if decision.hides_location(row.label.id)),
        pseudonymise=decision.pseudonymise,
        announced=frozenset(decision.announced),
    )


def by_the_oracle(given_world: World) -> Answer:
    return Oracle(given_world.agreements, given_world.facts, given_world.request).answer()


@THOROUGH
@given(worlds)
def test_decide_agrees_with_the_oracle(random_world: World):
    if decided(random_world) != by_the_oracle(random_world):
        random_world = smallest(random_world, lambda one: decided(one) != by_the_oracle(one))

    assert decided(random_world) == by_the_oracle(random_world), random_world


def without_exceptions(one: World) -> set[Row]:
    """What would be shown if permissions excepted nothing."""
    choices = tuple(structs.replace(each, exceptions=()) if each.permits else each for each in one.facts.choices)
    return shown(decide(one.request, replace(one.facts, choices=choices), one.policy), one.facts)


OCCURRENCES = {
    "something is shown": lambda world, grant: bool(grant.labels),
    "a period is withheld": lambda world, grant: bool(grant.windows),
    "single entries are withheld": lambda world, grant: bool(grant.withheld and grant.labels),
    "something is announced": lambda world, grant: bool(grant.announced),
    "the glass is broken": lambda world, grant: bool(grant.broken_glass and grant.labels),
    "the relationship is self-claimed": lambda world, grant: grant.self_claimed,
    "the location is hidden": lambda world, grant: grant.hide_location,
    "a restricted person is located": lambda world, grant: world.facts.restricted and not grant.hide_location,
    "the location is hidden in a part": lambda world, grant: bool(grant.unlocated) and not grant.hide_location,
    "what a permission excepts is denied": lambda world, grant: shown(grant, world.facts) < without_exceptions(world),
    "output is pseudonymised": lambda world, grant: bool(grant.pseudonymise and grant.labels),
    "sensitive information is shown": lambda world, grant: any(
        label.sensitivities and label.id in grant.labels for label in world.facts.labels
    ),
    "legally restricted information is shown": lambda world, grant: any(
        "assisted conception (HFE Act)" in label.sensitivities and label.id in grant.labels
        for label in world.facts.labels
    ),
    "a charity's information is shown": lambda world, grant: any(
        label.organisation in ("C1", "C2") and label.id in grant.labels for label in world.facts.labels
    ),
    "a charity sees others' information": lambda world, grant: any(
        world.request.caller.organisation in ("C1", "C2") and label.organisation == "P1" and label.id in grant.labels
        for label in world.facts.labels
    ),
}


@pytest.fixture(scope="module")
def occurrences() -> Counter[str]:
    """How often each thing happens in the first few thousand worlds."""
    found: Counter[str] = Counter()
    for seed in range(6000):
        one = world(seed)
        decision = decide(one.request, one.facts, one.policy)
        if isinstance(decision, Denial):
            found["not found" if decision.not_found else "forbidden"] += 1
        else:
            found.update(what for what, happens in OCCURRENCES.items() if happens(one, decision))
    return found


@pytest.mark.parametrize("what", ["not found", "forbidden", *OCCURRENCES])
def test_random_worlds_contain_everything(what: str, occurrences: Counter[str]):
    """The agreement above would be worth little if nothing were ever shown."""
    assert occurrences[what] >= 5
