"""Merges and their undoing: whose word counts, which id a person has, what a decision knew, and what comes back."""

import re
from collections.abc import AsyncIterator
from itertools import permutations

import asyncpg
import pytest

from integration.errors import NotPossible
from integration.identity import decisions
from integration.identity.people import LARGEST
from integration.identity.review import queue, side_by_side
from integration.store.database import Database
from tests.database.linking_world import ANN, BOB, EVE, LinkingWorld, doubtful, named, person_of, source, verified


@pytest.fixture
async def world(database: Database, owner: asyncpg.Connection) -> AsyncIterator[LinkingWorld]:
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        found = LinkingWorld(connection, owner)
        await found.empty()
        yield found


# ---- whose word counts


async def test_pds_unites_two_verified_numbers_and_the_current_one_gives_the_id(world: LinkingWorld) -> None:
    """Her practice still writes the old number, the hospital the new one."""
    said = {
        1: (verified(ANN), (), "gp"),
        2: (verified(BOB), (), "acute"),
        3: (verified(ANN), (4,), "pds"),
        4: (verified(BOB), (), "pds"),
    }
    for order in permutations(said):
        await world.empty()
        for n in order:
            await world.say(n, *said[n])
        assert set((await world.people()).values()) == {person_of(BOB)}
        assert await world.queue() == []
        if order[0] in (1, 3):
            assert await world.means(person_of(ANN)) == person_of(BOB)


async def test_the_current_number_wins_whichever_is_the_smaller(world: LinkingWorld) -> None:
    await world.say(3, verified(BOB), (4,), "pds")
    await world.say(4, verified(ANN), (), "pds")
    assert set((await world.people()).values()) == {person_of(ANN)}


async def test_a_number_that_was_superseded_twice_leads_to_the_last(world: LinkingWorld) -> None:
    said = {1: (verified(BOB), (2,), "pds"), 2: (verified(ANN), (3,), "pds"), 3: (verified(EVE), (), "pds")}
    for order in permutations(said):
        await world.empty()
        for n in order:
            await world.say(n, *said[n])
        assert set((await world.people()).values()) == {person_of(EVE)}


async def test_a_hospital_cannot_unite_two_verified_numbers(world: LinkingWorld) -> None:
    await world.say(1, verified(ANN), (2,))
    await world.say(2, verified(BOB))
    assert await world.people() == {1: person_of(ANN), 2: person_of(BOB)}
    assert await world.kinds() == [(1, 2, "merge refused")]


async def test_a_hospital_may_follow_what_pds_united(world: LinkingWorld) -> None:
    await world.say(1, verified(ANN), (2,))
    await world.say(2, verified(BOB))
    await world.say(3, verified(ANN), (4,), "pds")
    await world.say(4, verified(BOB), (), "pds")
    assert set((await world.people()).values()) == {person_of(BOB)}
    assert await world.queue() == []


async def test_a_human_is_above_pds_and_pds_may_say_it_again(world: LinkingWorld) -> None:
    for n, (number, into) in enumerate(((ANN, (2,)), (BOB, ())), start=1):
        await world.say(n, verified(number), into, "pds")
    await world.decide(1, 2, "NOT THE SAME")
    apart = {1: person_of(ANN), 2: person_of(BOB)}
    assert await world.people() == apart
    await world.say(1, verified(ANN), (), "pds")
    await world.say(1, verified(ANN, gender="female"), (2,), "pds")
    assert await world.people() == apart
    await world.withdraw(1, 2)
    assert set((await world.people()).values()) == {person_of(BOB)}


async def test_pds_takes_its_word_back(world: LinkingWorld) -> None:
    await world.say(1, verified(ANN), (2,), "pds")
    await world.say(2, verified(BOB), (), "pds")
    await world.say(1, verified(ANN), (), "pds")
    assert await world.people() == {1: person_of(ANN), 2: person_of(BOB)}


async def test_a_record_that_replaces_itself_says_nothing(world: LinkingWorld) -> None:
    await world.say(1, verified(ANN), (1,))
    assert await world.standing() == []


# ---- corrections


async def test_a_corrected_number_is_decided_anew(world: LinkingWorld) -> None:
    """The hospital had written her number on his record."""
    await world.say(1, verified(ANN))
    await world.say(2, verified(ANN))
    assert await world.groups() == {frozenset({1, 2})}
    await world.say(2, verified(BOB))
    assert await world.people() == {1: person_of(ANN), 2: person_of(BOB)}
    await world.say(2, verified(ANN))
    assert await world.groups() == {frozenset({1, 2})}


async def test_who_was_refused_because_of_somebody_is_decided_anew_when_that_one_leaves(world: LinkingWorld) -> None:
    """1 and 3 have different numbers, and 2 could be either. When 3 turns out to be somebody else, 2 is 1."""
    await world.say(1, named(nhs_number=ANN, verified=True, phones=frozenset({"02476000001"})))
    await world.say(2, named(phones=frozenset({"02476000001"}), postcodes=frozenset({"cv11aa"})))
    together = await world.groups()
    await world.say(3, named(nhs_number=BOB, verified=True, phones=frozenset({"02476000001"})))
    assert await world.groups() == {frozenset({1}), frozenset({2}), frozenset({3})}
    await world.say(3, named("tom", "moss", "1971-11-30", nhs_number=BOB, verified=True))
    assert await world.groups() == {*together, frozenset({3})} == {frozenset({1, 2}), frozenset({3})}


async def test_a_decision_stands_and_is_flagged_when_the_evidence_turns(world: LinkingWorld) -> None:
    await world.say(1, named())
    await world.say(2, named())
    await world.decide(1, 2, "SAME")
    await world.say(2, named(phones=frozenset({"02476000002"}), postcodes=frozenset({"cv11aa"})))
    assert await world.queue() == []  # a new telephone is no reason to ask again
    await world.say(1, named(nhs_number=ANN, verified=True))
    await world.say(2, named(nhs_number=BOB, verified=True))
    assert await world.groups() == {frozenset({1, 2})}
    (item,) = await world.queue()
    assert (item.kind, item.reason) == ("decision in doubt", "SAME was decided before the NHS numbers differ")
    await world.decide(1, 2, "SAME", why="PDS will correct the second number")
    assert await world.queue() == []
    await world.say(2, named("tom", "moss", nhs_number=BOB, verified=True))
    assert [one.kind for one in await world.queue()] == ["decision in doubt"]
    await world.say(2, named(nhs_number=BOB, verified=True))
    assert await world.queue() == []


async def test_not_the_same_is_flagged_when_the_numbers_agree_later(world: LinkingWorld) -> None:
    await world.say(1, named(nhs_number=ANN, verified=True))
    await world.say(2, named())
    await world.decide(1, 2, "NOT THE SAME")
    assert await world.queue() == []
    await world.say(2, named(nhs_number=ANN, verified=True))
    assert len(await world.groups()) == 2
    assert await world.kinds() == [(1, 2, "decision in doubt")]
    await world.decide(1, 2, "NOT THE SAME", why="the number is hers, he borrowed her card")
    assert await world.queue() == []


# ---- the queue


async def test_one_pair_of_people_is_one_item_and_stays_settled(world: LinkingWorld) -> None:
    """Two records of each; any two of them look alike."""
    for n in (1, 2, 3, 4):
        await world.say(n, doubtful(n))
    await world.decide(1, 2, "SAME")
    await world.decide(3, 4, "SAME")
    (item,) = await world.queue()
    assert (item.kind, item.pairs) == ("possible match", 4)
    await world.decide(item.a.int, item.b.int, "NOT THE SAME")
    assert await world.queue() == []
    await world.say(3, doubtful(3, postcodes=frozenset({"cv11aa"})))
    assert await world.queue() == []


async def test_stronger_evidence_than_somebody_knew_comes_back(world: LinkingWorld) -> None:
    """The hospital merges a further record of hers with one that somebody had told apart from her."""
    await world.say(1, named(nhs_number=ANN, verified=True))
    await world.say(3, doubtful(3))
    await world.decide(1, 3, "NOT THE SAME")
    assert await world.queue() == []
    await world.say(4, named(nhs_number=ANN, verified=True), (3,))
    (item,) = await world.queue()
    assert (item.a.int, item.b.int, item.kind) == (1, 4, "duplicate")
    await world.decide(1, 4, "NOT THE SAME")
    assert await world.queue() == []


async def test_one_verified_number_of_two_people_is_a_duplicate(world: LinkingWorld) -> None:
    for n in (1, 2):
        await world.say(n, verified(ANN))
    await world.decide(1, 2, "NOT THE SAME")
    assert await world.queue() == []
    await world.say(3, verified(ANN))
    assert await world.groups() == {frozenset({1}), frozenset({2}), frozenset({3})}
    assert await world.kinds() == [(1, 3, "duplicate"), (2, 3, "duplicate")]
    assert person_of(ANN) not in (await world.people()).values()


async def test_decisions_that_contradict_each_other_are_followed_by_nobody(world: LinkingWorld) -> None:
    for n in (1, 2, 3):
        await world.say(n, named(str(n)))
    await world.decide(1, 2, "SAME")
    await world.decide(2, 3, "SAME")
    await world.decide(1, 3, "NOT THE SAME")
    assert len(await world.groups()) == 3
    assert await world.kinds() == [(1, 2, "decisions contradict"), (2, 3, "decisions contradict")]
    await world.withdraw(2, 3)
    assert await world.groups() == {frozenset({1, 2}), frozenset({3})}
    assert await world.queue() == []


async def test_nobody_who_reviews_is_shown_where_a_restricted_person_is(world: LinkingWorld) -> None:
    """Nor by what the other record says, which may be theirs too."""
    here = {
        "postcodes": frozenset({"cv11aa"}),
        "phones": frozenset({"02476000001"}),
        "practices": frozenset({"X90501"}),
    }
    await world.say(1, named(**here, ids=frozenset({"https://toldonce.example/Id/X9A/mrn|1000085"})))
    await world.say(2, named("anne", **here))
    pair = (source(1), source(2))
    shown = await side_by_side(world.connection, pair)
    assert [side.said.postcodes for side in shown.sides] == [here["postcodes"]] * 2
    await world.owner.execute(
        "update toldonce.facts f set restricted = true from toldonce.source_patient s "
        "where s.key = f.source_patient and s.id = $1",
        source(1),
    )
    hidden = await side_by_side(world.connection, pair)
    assert not re.search("cv1|0247|X90501|X9A/mrn", repr([side.said for side in hidden.sides]))
    assert (hidden.fields, hidden.outcome) == (shown.fields, shown.outcome)
    assert [side.said.given for side in hidden.sides] == [side.said.given for side in shown.sides]


@pytest.mark.parametrize("after", ["", "x", "2026-11-22|1|2", f"yesterday|{source(1)}|{source(2)}"])
async def test_a_page_begins_where_another_ended(world: LinkingWorld, after: str) -> None:
    if not after:
        assert (await queue(world.connection, after=after)).items == []
        return
    with pytest.raises(NotPossible, match="no page begins there"):
        await queue(world.connection, after=after)


async def test_the_queue_comes_in_pages_oldest_first(world: LinkingWorld) -> None:
    for n in range(1, 15):
        await world.say(n, doubtful(n, f"99900001{n // 2:02}", f"19{50 + n // 2}-03-14", family="abcdefgh"[n // 2] * 6))
    whole = await world.queue()
    assert len(whole) == 6
    paged, after = [], None
    while True:
        page = await queue(world.connection, 4, after)
        paged += page.items
        after = page.following
        if after is None:
            break
    assert paged == list(whole) == sorted(whole, key=lambda one: (one.since, one.a, one.b))


async def test_an_item_keeps_its_place_when_its_reason_changes(world: LinkingWorld) -> None:
    await world.say(1, doubtful(1))
    await world.say(2, doubtful(2))
    (before,) = await world.queue()
    await world.say(2, doubtful(2, born="1950-03-15"))
    await world.say(1, doubtful(1, gender="female"))
    (after,) = await world.queue()
    assert (after.since, after.a, after.b) == (before.since, before.a, before.b)
    assert after.reason != before.reason


# ---- decisions


@pytest.mark.parametrize("user", ["rule", "feed", " ", ""])
async def test_nobody_decides_under_the_name_of_a_rule_or_a_feed(world: LinkingWorld, user: str) -> None:
    """Else the next message would undo it."""
    await world.say(1, named())
    await world.say(2, named())
    with pytest.raises(NotPossible):
        await world.decide(1, 2, "SAME", user)


async def test_a_decision_needs_a_reason_and_two_records(world: LinkingWorld) -> None:
    await world.say(1, named())
    await world.say(2, named())
    with pytest.raises(NotPossible):
        await world.decide(1, 2, "SAME", why=" ")
    with pytest.raises(NotPossible):
        await world.decide(1, 1, "SAME")
    with pytest.raises(NotPossible):
        await world.withdraw(1, 2)


async def test_the_log_tells_who_decided_and_who_took_it_back(world: LinkingWorld) -> None:
    await world.say(1, doubtful(1))
    await world.say(2, doubtful(2))
    await world.decide(1, 2, "SAME")
    await world.decide(2, 1, "NOT THE SAME", "Dr Other", "two sisters")
    await world.withdraw(1, 2)
    rule, same, apart = await decisions.history(world.connection, (source(2), source(1)))
    assert (rule.made_by, rule.outcome, rule.until) == ("rule", "POSSIBLE", None)
    assert (same.made_by, same.ended_by, same.ended_why) == ("Dr Review", "Dr Other", "two sisters")
    assert (apart.made_by, apart.ended_by, apart.ended_why) == ("Dr Other", "Dr Second", "no basis")
    assert same.until
    assert apart.until
    assert same.recorded <= same.until <= apart.recorded <= apart.until
    assert await world.kinds() == [(1, 2, "possible match")]


# ---- what is no person


async def test_a_number_that_everybody_has_is_nobodys(world: LinkingWorld) -> None:
    """A dummy number that a system writes as verified: once too many have it, it links none of them."""
    for n in range(1, LARGEST + 3):
        await world.say(n, verified(ANN))
    assert len(await world.groups()) == LARGEST + 2
    await world.decide(1, 2, "SAME")
    assert len(await world.groups()) == LARGEST + 1
