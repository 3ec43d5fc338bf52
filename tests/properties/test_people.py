"""People are the same however their statements and decisions arrived, and nobody has two verified numbers."""

from itertools import combinations
from random import Random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from integration.identity.demographics import Demographics
from integration.identity.people import Decision, people, person_id

NODES = [UUID(int=n) for n in range(1, 8)]
PAIRS = list(combinations(NODES, 2))
WHO = st.builds(
    Demographics,
    nhs_number=st.sampled_from([None, "9990000018", "9990000026"]),
    verified=st.booleans(),
).map(lambda who: who if who.nhs_number else Demographics())
DECISION = st.builds(
    lambda pair, outcome, made_by, strength: Decision(*pair, outcome, made_by, "", strength),
    st.sampled_from(PAIRS),
    st.sampled_from(["SAME", "SAME", "NOT THE SAME", "POSSIBLE"]),
    st.sampled_from(["rule", "rule", "feed", "officer"]),
    st.integers(0, 2),
)
WORLD = st.tuples(st.lists(WHO, min_size=7, max_size=7), st.lists(DECISION, max_size=14))


def groups(members: dict[UUID, UUID]) -> dict[UUID, set[UUID]]:
    found: dict[UUID, set[UUID]] = {}
    for node, smallest in members.items():
        found.setdefault(smallest, set()).add(node)
    return found


@given(WORLD, st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_order_does_not_matter(world: tuple[list[Demographics], list[Decision]], random: Random) -> None:
    who, decisions = world
    nodes = dict(zip(NODES, who, strict=True))
    shuffled = [*decisions, *decisions]
    random.shuffle(shuffled)
    order = list(nodes.items())
    random.shuffle(order)
    assert people(nodes, decisions).members == people(dict(order), shuffled).members


@given(WORLD)
@settings(max_examples=300, deadline=None)
def test_two_verified_numbers_meet_only_by_a_persons_decision(world: tuple[list[Demographics], list[Decision]]) -> None:
    who, decisions = world
    nodes = dict(zip(NODES, who, strict=True))
    automatic = [one for one in decisions if not one.by_person]
    for members in groups(dict(people(nodes, automatic).members)).values():
        assert len({nodes[node].nhs_number for node in members if nodes[node].verified}) <= 1


@given(WORLD)
@settings(max_examples=300, deadline=None)
def test_not_the_same_outranks_every_automatic_path(world: tuple[list[Demographics], list[Decision]]) -> None:
    who, decisions = world
    nodes = dict(zip(NODES, who, strict=True))
    members = people(nodes, decisions).members
    for one in decisions:
        if one.outcome == "NOT THE SAME":
            assert members[one.a] != members[one.b]


@given(WORLD)
@settings(max_examples=200, deadline=None)
def test_every_group_is_held_together_by_decisions(world: tuple[list[Demographics], list[Decision]]) -> None:
    who, decisions = world
    nodes = dict(zip(NODES, who, strict=True))
    members = dict(people(nodes, decisions).members)
    same = {frozenset((one.a, one.b)) for one in decisions if one.outcome == "SAME"}
    for group in groups(members).values():
        reached, edge = {min(group)}, {min(group)}
        while edge:
            edge = {b for a in edge for b in group if frozenset((a, b)) in same} - reached
            reached |= edge
        assert reached == group


def test_a_name_that_could_be_two_people_is_nobodys() -> None:
    a, b, nameless = NODES[:3]
    nodes = {
        a: Demographics(nhs_number="9990000018", verified=True),
        b: Demographics(nhs_number="9990000026", verified=True),
        nameless: Demographics(),
    }
    by_name = [Decision(a, nameless, "SAME", "rule", "", 2), Decision(b, nameless, "SAME", "rule", "", 2)]
    found = people(nodes, by_name)
    assert len(groups(dict(found.members))) == 3
    assert set(found.refused) == set(by_name)


def test_a_persons_id_is_that_of_the_verified_number_else_of_the_smallest_source_patient() -> None:
    a, b = NODES[:2]
    verified = Demographics(nhs_number="9990000018", verified=True)
    assert person_id(b"s", {a: verified, b: Demographics()}) == person_id(b"s", {b: verified})
    assert person_id(b"s", {a: Demographics(), b: Demographics()}) == person_id(b"s", {a: Demographics()})
    assert person_id(b"s", {a: verified}) != person_id(b"t", {a: verified})
