"""What a policy keeps of one person's decision changes nobody else's: after many others a request is answered as by
the same agreements that never decided before."""

from dataclasses import replace

import pytest

from integration.sharing.decide import decide
from integration.sharing.policy import Policy
from integration.sharing.request import Facts, Grant
from tests.properties.sharing_worlds import World, world

WORLDS = range(400)


def alike(one: World) -> list[Facts]:
    """People of whom the same is recorded as of this one, but for what they chose."""
    held = one.facts
    permits = tuple(choice for choice in held.choices if choice.permits)
    denies = tuple(choice for choice in held.choices if not choice.permits)
    chosen = [replace(held, choices=choices) for choices in ((), permits, denies, held.choices)]
    return [replace(one, type_1_objection=objects) for one in chosen for objects in (False, True)]


@pytest.mark.parametrize("which", [1, -1], ids=["who chose least first", "who chose most first"])
def test_nothing_of_one_person_is_kept_for_another(which: int):
    shown = 0
    for one in map(world, WORLDS):
        kept = Policy.of(one.agreements)
        for facts in alike(one)[::which]:
            decision = decide(one.request, facts, kept)
            assert decision == decide(one.request, facts, Policy.of(one.agreements)), facts
            shown += isinstance(decision, Grant) and bool(decision.labels)
    assert shown > len(WORLDS) / 4
