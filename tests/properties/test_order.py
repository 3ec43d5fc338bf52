"""DESIGN promise 5 without the database: a feed's record is a function of the set of its envelopes.

Histories are drawn from people's synthetic files (moves, cancels, merges, corrections, snapshots, resubmissions) and
from mutated ones, which contradict them in ways that nobody would write. `tests/database/test_ingest_order.py` says the
same of the whole pipeline.
"""

import re
from collections import Counter
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.feeds import FEEDS
from integration.ingest.inbox import Delivery
from tests.database.ingesting import about, national, neighbourhood
from tests.fuzz.mutants import mutant
from tests.properties import folding

PEOPLE = ("mrs-t", "merged-number", "mr-p", "learning-disability", "withdrawn-consent", "died", "objector")
LARGEST = 60_000
_parsed = lru_cache(maxsize=2048)(folding.parsed)


@lru_cache
def told(feed: str) -> tuple[Delivery, ...]:
    """Files of one feed about people with much to tell, each once."""
    found = dict.fromkeys(
        one for one in (*about(18, *PEOPLE), *national(18, *PEOPLE)) if one.feed == feed and len(one.content) < LARGEST
    )
    return tuple(found)


def histories(feed: str) -> st.SearchStrategy[list[Delivery]]:
    """Some of the files, in any order, any of them any number of times."""
    true = st.sampled_from(told(feed))
    untrue = st.integers(0, 300).map(lambda number: mutant(feed, 5, number, samples=False).delivery)
    return st.lists(st.one_of(true, true, untrue), min_size=1, max_size=12).flatmap(
        lambda drawn: st.lists(st.sampled_from(drawn), max_size=4).flatmap(
            lambda again: st.permutations([*drawn, *again])
        )
    )


@pytest.mark.parametrize("feed", FEEDS)
def test_any_order_and_repetition_of_a_history_ends_in_the_same_record(feed: str) -> None:
    @given(histories(feed))
    @settings(max_examples=12)
    def check(arrived: list[Delivery]) -> None:
        canonical = sorted(set(arrived), key=lambda one: (one.name, bytes(one.content), str(one.as_of)))
        expected = folding.record(feed, [(one, _parsed(one)) for one in canonical])
        assert folding.record(feed, [(one, _parsed(one)) for one in arrived]) == expected

    check()


MIND_CHANGES = {
    "moves": b"ADT^A02", "discharges": b"ADT^A03",
    "cancelled admissions": b"ADT^A11", "cancelled discharges": b"ADT^A13",
    "merges": b"ADT^A40", "corrections": b"ADT^A31|ADT^A08",
}  # fmt: skip


@pytest.mark.parametrize("kind", MIND_CHANGES)
def test_the_hospitals_history_holds(kind: str) -> None:
    """What the database form permutes too."""
    pattern = MIND_CHANGES[kind].replace(b"^", rb"\^")
    assert any(re.search(pattern, one.content) for one in neighbourhood(22) if one.feed == "acute")


def test_practices_answer_again_and_batches_are_submitted_again() -> None:
    answers = Counter(event.patient for one in told("gp") for event in folding.parsed(one).events)
    assert answers.most_common(1)[0][1] > 1
    for feed in ("community", "mental_health", "social_care", "vcfse"):
        senders = Counter(one.sender for one in set(neighbourhood(22)) if one.feed == feed)
        assert senders.most_common(1)[0][1] > 1, feed
