"""People are the same however their statements and decisions arrived, and nobody has two verified numbers."""

from dataclasses import replace
from itertools import combinations, pairwise
from random import Random
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from integration.identity.compare import DOUBT
from integration.identity.demographics import Demographics
from integration.identity.people import LARGEST, OF_AUTHORITY, Decision, people, person_ids

NODES = [UUID(int=n) for n in range(1, 8)]
PAIRS = list(combinations(NODES, 2))
WHO = st.builds(
    Demographics,
    nhs_number=st.sampled_from([None, None, "9990000018", "9990000026"]),
    verified=st.booleans(),
).map(lambda who: who if who.nhs_number else Demographics())
DECISION = st.builds(
    lambda pair, outcome, made_by, strength: Decision(
        *pair, outcome, made_by, "", strength, pair[strength % 2] if made_by == "feed" else None
    ),
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
    one, other = people(nodes, decisions), people(dict(order), shuffled)
    assert (one.members, one.superseded, set(one.refused)) == (other.members, other.superseded, set(other.refused))
    assert person_ids(b"s", one, nodes) == person_ids(b"s", other, dict(order))


@given(WORLD)
@settings(max_examples=300, deadline=None)
def test_two_verified_numbers_meet_only_by_the_word_of_a_person_or_of_their_authority(
    world: tuple[list[Demographics], list[Decision]],
) -> None:
    who, decisions = world
    nodes = dict(zip(NODES, who, strict=True))
    automatic = [one for one in decisions if one.weight() > (1, OF_AUTHORITY)]
    for members in groups(dict(people(nodes, automatic).members)).values():
        assert len({nodes[node].nhs_number for node in members if nodes[node].verified}) <= 1


@given(WORLD)
@settings(max_examples=300, deadline=None)
def test_not_the_same_outranks_every_path(world: tuple[list[Demographics], list[Decision]]) -> None:
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


@given(WORLD, st.permutations(NODES))
@settings(max_examples=500, deadline=None)
def test_the_values_of_ids_do_not_matter(
    world: tuple[list[Demographics], list[Decision]], permuted: list[UUID]
) -> None:
    """Other ids for the same source patients give the same people."""
    who, decisions = world
    other = dict(zip(NODES, permuted, strict=True))
    nodes = dict(zip(NODES, who, strict=True))
    renamed = [
        replace(one, a=min(pair), b=max(pair), stated_by=other[one.stated_by] if one.stated_by else None)
        for one in decisions
        for pair in [(other[one.a], other[one.b])]
    ]
    one = people(nodes, decisions)
    two = people({other[node]: said for node, said in nodes.items()}, renamed)
    assert {frozenset(other[node] for node in group) for group in groups(dict(one.members)).values()} == {
        frozenset(group) for group in groups(dict(two.members)).values()
    }
    assert len(set(one.refused)) == len(set(two.refused))


@given(WORLD)
@settings(max_examples=500, deadline=None)
def test_names_alone_never_put_two_stated_numbers_together(world: tuple[list[Demographics], list[Decision]]) -> None:
    """Verified or not. Whoever is one person without the links by name is so for a better reason."""
    who, decisions = world
    nodes = dict(zip(NODES, who, strict=True))
    stronger = [one for one in decisions if (one.outcome, one.made_by, one.strength) != ("SAME", "rule", 2)]
    before = groups(dict(people(nodes, stronger).members)).values()
    for group in groups(dict(people(nodes, decisions).members)).values():
        assert group in before or len({nodes[node].nhs_number for node in group} - {None}) <= 1


def by_name(*pairs: tuple[UUID, UUID]) -> list[Decision]:
    return [Decision(min(pair), max(pair), "SAME", "rule", "", 2) for pair in pairs]


@given(st.permutations(NODES[:4]))
def test_a_chain_of_names_between_two_numbers_joins_nobody(ids: list[UUID]) -> None:
    """Neither end may win the ones between because of the ids that they happen to have."""
    a, x, y, b = ids
    nodes = {
        a: Demographics(nhs_number="9990000018", verified=True),
        x: Demographics(),
        y: Demographics(),
        b: Demographics(nhs_number="9990000026"),
    }
    chain = by_name((a, x), (x, y), (y, b))
    found = people(nodes, chain)
    assert len(groups(dict(found.members))) == 4
    assert set(found.refused) == set(chain)


@given(st.permutations(NODES[:3]))
def test_a_chain_of_names_between_two_whom_a_person_told_apart_joins_nobody(ids: list[UUID]) -> None:
    a, x, b = ids
    nodes = {node: Demographics() for node in ids}
    apart = Decision(min(a, b), max(a, b), "NOT THE SAME", "officer", "")
    assert len(groups(dict(people(nodes, [*by_name((a, x), (x, b)), apart]).members))) == 3


def test_a_record_without_a_name_does_not_join_twins_of_one_number() -> None:
    """The practice's record and one without names hold the number verified; the hospital gave it to her twin too."""
    gp, nameless, twin = NODES[:3]
    nodes = {
        gp: Demographics(nhs_number="9990000018", verified=True),
        nameless: Demographics(nhs_number="9990000018", verified=True),
        twin: Demographics(nhs_number="9990000018"),
    }
    doubt = Decision(gp, twin, "POSSIBLE", "rule", "", DOUBT)
    decisions = [Decision(gp, nameless, "SAME", "rule", "", 0), Decision(nameless, twin, "SAME", "rule", "", 1), doubt]
    assert set(people(nodes, decisions).members.values()) == {gp, twin}
    said = Decision(gp, twin, "SAME", "officer", "")
    assert set(people(nodes, [*decisions, said]).members.values()) == {gp}  # a person's word settles the doubt


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
    verified, unverified = Demographics(nhs_number="9990000018", verified=True), Demographics(nhs_number="9990000018")
    assert the_id(b"s", {a: verified, b: Demographics()}) == the_id(b"s", {b: verified})
    assert the_id(b"s", {a: Demographics(), b: Demographics()}) == the_id(b"s", {a: Demographics()})
    assert the_id(b"s", {a: unverified}) == the_id(b"s", {a: Demographics()}) != the_id(b"s", {a: verified})
    assert the_id(b"s", {a: verified}) != the_id(b"t", {a: verified})


def the_id(secret: bytes, nodes: dict[UUID, Demographics]) -> UUID:
    """Of the one person whom all of these are."""
    same = [Decision(a, b, "SAME", "officer", "") for a, b in combinations(sorted(nodes), 2)]
    (one,) = set(person_ids(secret, people(nodes, same), nodes).values())
    return one


@given(WORLD)
@settings(max_examples=300, deadline=None)
def test_different_people_never_share_an_id(world: tuple[list[Demographics], list[Decision]]) -> None:
    """Not even where both hold the same verified number."""
    who, decisions = world
    nodes = dict(zip(NODES, who, strict=True))
    grouped = people(nodes, decisions)
    ids = person_ids(b"s", grouped, nodes)
    for a, b in PAIRS:
        assert (ids[a] == ids[b]) == (grouped.members[a] == grouped.members[b])


def test_a_number_that_stands_for_two_people_is_the_id_of_neither() -> None:
    a, b = NODES[:2]
    nodes = {node: Demographics(nhs_number="9990000018", verified=True) for node in (a, b)}
    apart = [Decision(a, b, "SAME", "rule", "", 0), Decision(a, b, "NOT THE SAME", "officer", "")]
    ids = person_ids(b"s", people(nodes, apart), nodes)
    assert the_id(b"s", nodes) not in ids.values()


def test_two_people_whom_a_person_declares_the_same_are_wholly_one() -> None:
    """Everything that hangs on either number comes along, though the two numbers differ."""
    a1, a2, b1, b2 = NODES[:4]
    first, second = (Demographics(nhs_number=number, verified=True) for number in ("9990000018", "9990000026"))
    nodes = {a1: first, a2: first, b1: second, b2: second}
    decisions = [Decision(a1, a2, "SAME", "rule", "", 0), Decision(b1, b2, "SAME", "rule", "", 0)]
    assert len(set(people(nodes, decisions).members.values())) == 2
    found = people(nodes, [*decisions, Decision(a2, b1, "SAME", "officer", "")])
    assert (set(found.members.values()), found.refused) == ({a1}, ())


@given(WORLD)
@settings(max_examples=300, deadline=None)
def test_a_superseded_number_gives_nobody_an_id_who_has_one_in_force(
    world: tuple[list[Demographics], list[Decision]],
) -> None:
    who, decisions = world
    nodes = dict(zip(NODES, who, strict=True))
    grouped = people(nodes, decisions)
    ids = person_ids(b"s", grouped, nodes)
    for group in groups(dict(grouped.members)).values():
        stated = {number for node in group if nodes[node].verified and (number := nodes[node].nhs_number)}
        others = {node for node in NODES if node not in group and nodes[node].verified}
        own = {number for number in stated if number not in {nodes[node].nhs_number for node in others}}
        if own - grouped.superseded:
            in_force = {
                the_id(b"s", {NODES[0]: Demographics(nhs_number=n, verified=True)}) for n in own - grouped.superseded
            }
            assert ids[min(group)] in in_force


def test_so_many_records_are_no_person_until_somebody_says_so() -> None:
    """Neither those that share a number, nor a chain of names; and one record more does not make it a person."""
    nodes = [UUID(int=n) for n in range(1, LARGEST + 2)]
    chain = [Decision(a, b, "SAME", "rule", "", 0) for a, b in pairwise(nodes)]
    said = dict.fromkeys(nodes, Demographics(nhs_number="9990000018", verified=True))
    assert len(groups(dict(people(said, chain).members))) == LARGEST + 1
    assert set(people(said, chain).refused) == set(chain)
    fewer = {node: said[node] for node in nodes[:-1]}
    assert len(groups(dict(people(fewer, chain).members))) == 1
    by_hand = [replace(one, made_by="officer") for one in chain]
    assert len(groups(dict(people(said, by_hand).members))) == 1
