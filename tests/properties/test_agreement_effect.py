"""People put together are people whom `decide` cannot tell apart; to callers who are left out nothing changes."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from integration.sharing.agreements import Agreements
from integration.sharing.decide import decide
from integration.sharing.effect import EMERGENCY, Asker, Population, concerned, seen
from integration.sharing.policy import Policy
from integration.sharing.request import Caller, Facts, Grant, Request
from tests.properties.sharing_chance import NOW, TODAY, Chance
from tests.properties.sharing_choices import answered
from tests.properties.sharing_worlds import agreements, facts, request

PEOPLE = 6


def asked_alone(person: Facts, asker: Asker, policy: Policy) -> tuple[object, ...]:
    caller = Caller("", asker.organisation, asker.role, asker.purpose)
    decision = decide(Request(caller, person.person, NOW, EMERGENCY if asker.emergency else None), person, policy)
    if not isinstance(decision, Grant):
        return (False, frozenset(), frozenset(), ((), ()))
    located = frozenset(one for one in decision.labels if person.restricted and not decision.hides_location(one))
    return (True, frozenset(decision.labels), located, (decision.windows, decision.withheld))


def everybody(chance: Chance) -> list[Facts]:
    """People of whom some are like others but for days and labels: one world's labels are everybody's."""
    labels = {}
    found = []
    for number in range(PEOPLE):
        one = answered(chance, replace(facts(chance), known=True), request(chance))
        kept = []
        for label in one.labels:
            key = (label.organisation, label.category, label.sensitivities)
            kept.append(labels.setdefault(key, type(label)(len(labels) + 1, *key)))
        choices = one.choices if chance.one(True, False) else ()
        made = replace(
            one, person=UUID(int=number + 1), labels=tuple(sorted(kept, key=lambda label: label.id)), choices=choices
        )
        found.append(made)
        found.append(replace(made, person=UUID(int=number + 101), labels=made.labels[1:]))
    return found


@settings(max_examples=8)
@given(st.integers(0, 2**48))
def test_a_group_is_answered_as_each_of_its_people_alone(seed: int) -> None:
    chance = Chance(seed)
    before, after = Policy.of(agreements(chance)), Policy.of(agreements(chance))
    people = {one.person: one for one in everybody(chance)}
    askers = concerned(before, after)
    population = Population((before, after), askers, TODAY)
    for one in people.values():
        population.add(one)

    reached: set[tuple[UUID, Asker]] = set()
    for group, asking in population.groups():
        for asker in asking:
            for policy in (before, after):
                answer = seen(group, asker, policy, NOW)
                for id_ in group.persons:
                    own = frozenset(label.id for label in people[id_].labels)
                    expected = asked_alone(people[id_], asker, policy)
                    assert (answer.known, answer.labels & own, answer.located & own, answer.rows) == expected
                    reached.add((id_, asker))
    for asker in askers:
        for id_, one in people.items():
            if (id_, asker) not in reached:
                assert not asked_alone(one, asker, before)[0]
                assert not asked_alone(one, asker, after)[0]


@settings(max_examples=20)
@given(st.integers(0, 2**48))
def test_who_is_left_out_is_answered_the_same(seed: int) -> None:
    chance = Chance(seed)
    stated = agreements(chance)
    before, after = Policy.of(stated), Policy.of(changed(chance, stated))
    asked = set(concerned(before, after))
    people = everybody(chance)[:6]

    for key in before.terms.keys() | after.terms.keys():
        for emergency in (False, True):
            asker = Asker(*key, emergency)
            if asker not in asked and Asker(*key) not in asked:
                for one in people:
                    assert asked_alone(one, asker, before) == asked_alone(one, asker, after)


def changed(chance: Chance, stated: Agreements) -> Agreements:
    """One agreement is another one."""
    others = agreements(chance)
    kept = [*stated.agreements]
    kept[0] = structs.replace(others.agreements[0], id=kept[0].id)
    return structs.replace(stated, agreements=tuple(kept))


def test_people_who_differ_by_days_only_are_one_group() -> None:
    """Otherwise the above would hold of groups of one."""
    sizes = []
    for seed in range(40):
        chance = Chance(seed)
        before, after = Policy.of(agreements(chance)), Policy.of(agreements(chance))
        population = Population((before, after), concerned(before, after), TODAY)
        for one in everybody(chance):
            population.add(one)
        sizes += [len(group.persons) for group, _ in population.groups()]
    assert max(sizes) > 4
