"""Naming one's own organisation: it opens nothing on the day that it is said, and said ever so often it lasts no longer
than once."""

from datetime import date, timedelta
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration import demo
from integration.recording.coordinators import AHEAD
from integration.recording.intent import Intended
from integration.recording.own_word import claims, opens_nothing
from integration.sharing.agreements import load
from integration.sharing.policy import Policy, Terms
from integration.sharing.relationship import relationship
from integration.sharing.request import Evidence, EvidenceKind
from mappings import uk_core
from tests.database.recording import coordinator

POLICY = Policy.of(load(demo.AGREEMENTS.read_text()))
FIRST = date(2025, 1, 1)
COUNCIL, TEAM, PRACTICE, CHARITY = "X9L", "X9N03", "X90401", "X9V01"
LONGEST = 365
"""Days for which any agreement lets an own word as care team count."""


def on(day: int) -> date:
    return FIRST + timedelta(days=day)


def claimable(organisation: str) -> list[Terms]:
    """What agreements say of this organisation where they let its own word count that it is in the care team; as many
    as differ in what else they accept."""
    found = [one for (receiving, _, _), terms in POLICY.terms.items() if receiving == organisation for one in terms]
    needed = [one for one in found if one.needs_relationship and "care-team" in one.evidence]
    return list({str(one.evidence): one for one in needed if one.evidence["care-team"].own_word}.values())


@st.composite
def others(draw: st.DrawFn, organisation: str) -> list[Evidence]:
    """Signs of a relationship that all end; none of them says of the organisation that it is in the care team."""
    kinds = st.sampled_from([one for one in get_args(EvidenceKind) if one != "care-team"])
    found = []
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, 300))
        end = on(start + draw(st.integers(0, 200)))
        found.append(Evidence(draw(kinds), organisation, draw(st.sampled_from([organisation, "X9A"])), on(start), end))
    return found


SOME = settings(max_examples=50, deadline=None)


@SOME
@given(data=st.data(), organisation=st.sampled_from([COUNCIL, TEAM, PRACTICE, CHARITY]))
def test_however_often_it_is_said_it_ends(data: st.DataObject, organisation: str):
    shown = data.draw(others(organisation))
    for day in sorted(data.draw(st.lists(st.integers(0, 1500), max_size=25))):
        if opens_nothing(organisation, shown, POLICY, on(day)):
            start = on(day) + timedelta(days=data.draw(st.integers(0, AHEAD.days)))
            shown.append(Evidence("care-team", organisation, organisation, start))
    known = [one for one in shown if one.kind != "care-team"]
    for terms in claimable(organisation):
        counts = (day for day in range(900, -1, -1) if relationship(known, terms.evidence, organisation, on(day)))
        over = on(next(counts, -1)) + AHEAD + timedelta(days=LONGEST + 1)
        assert relationship(shown, terms.evidence, organisation, over) is None


@SOME
@given(data=st.data(), organisation=st.sampled_from([COUNCIL, TEAM, PRACTICE, CHARITY]), day=st.integers(0, 900))
def test_it_opens_nothing_on_its_day(data: st.DataObject, organisation: str, day: int):
    shown = data.draw(others(organisation))
    claim = Evidence("care-team", organisation, organisation, on(day))
    permitted = opens_nothing(organisation, [*shown, claim], POLICY, on(day))
    for terms in claimable(organisation):
        if permitted:
            assert relationship(shown, terms.evidence, organisation, on(day))


def test_another_s_word_lets_it_be_said_again():
    mine = Evidence("care-team", TEAM, TEAM, on(0))
    theirs = Evidence("care-team", TEAM, PRACTICE, on(0))
    assert not opens_nothing(TEAM, [mine], POLICY, on(100))
    assert opens_nothing(TEAM, [mine, theirs], POLICY, on(100))


SENT = coordinator("somebody", code=TEAM)


@pytest.mark.parametrize(
    ("before", "after", "anew"),
    [
        (None, SENT, True),
        (None, coordinator("somebody", code=PRACTICE), False),
        (coordinator("somebody", code=PRACTICE), SENT, True),
        (SENT, {**SENT, "period": {"start": "2026-10-01"}}, True),
        (SENT, {**SENT, "period": {"start": "2026-09-01"}}, False),
        (SENT, {**SENT, "status": "inactive", "period": {"start": "2026-09-30", "end": "2026-10-30"}}, False),
        (SENT, {**SENT, "note": [{"text": "on Mondays"}]}, False),
        (None, {**SENT, "participant": [{**SENT["participant"][0], "period": {"start": "1990-01-01"}}]}, True),
    ],
)
def test_what_is_a_new_claim(before: Any, after: Any, *, anew: bool):
    one = Intended("update", "CareTeam", seen=orjson.dumps(before) if before else None, resource=after)
    assert claims([one], TEAM) is anew


def test_an_organisation_that_is_the_member_itself_is_named_too():
    named = {"identifier": {"system": uk_core.ODS_ORGANISATION, "value": TEAM}}
    participant = {"role": SENT["participant"][0]["role"], "member": named}
    assert claims([Intended("create", "CareTeam", key="1", resource={**SENT, "participant": [participant]})], TEAM)
