"""A practice's answers folded to its present view: the latest counts, a refusal withholds at once."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.gp.records import Objection
from adapters.gp.state import fold
from adapters.records import SourcePatient
from tests.unit.adapters.gp_answers import NUMBER, bundle, folded, observation, outcome, patient, state_of

PRACTICE = {
    "resourceType": "Organization",
    "id": "7",
    "name": "Allesley Green Surgery",
    "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "X90101"}],
}
FIRST = ("2026-01-01T09:00:00+00:00", bundle(patient(), PRACTICE, observation()))
SECOND = ("2026-02-01T09:00:00+00:00", bundle(patient(), PRACTICE, observation(id="O2")))
REFUSED = ("2026-03-01T09:00:00+00:00", outcome("NO_PATIENT_CONSENT"))
NOT_FOUND = ("2026-03-01T09:00:00+00:00", outcome("PATIENT_NOT_FOUND"))
AGAIN = ("2026-04-01T09:00:00+00:00", bundle(patient(), observation(id="O3")))


def kept(*answers):
    state = state_of(*answers)
    return [resource.id for resource in state.record.resources if resource.id != "7"]


def test_the_latest_record_is_the_whole_view():
    assert kept(FIRST, SECOND) == ["O2"]


@pytest.mark.parametrize("closing", [REFUSED, NOT_FOUND])
def test_a_closed_door_leaves_the_patient_and_the_practices_name_only(closing):
    state = state_of(FIRST, closing)
    assert state.withheld
    assert [resource.id for resource in state.record.resources] == ["7"]
    assert state.record.patient.id == "P1"


def test_a_refusal_is_an_objection_until_a_record_is_shared_again():
    start, end = "2026-03-01T09:00:00.000000Z", "2026-04-01T09:00:00.000000Z"
    assert state_of(FIRST, REFUSED).objections == (Objection(start=start),)
    shared_again = state_of(FIRST, REFUSED, AGAIN)
    assert shared_again.objections == (Objection(start=start, end=end),)
    assert not shared_again.withheld
    assert kept(FIRST, REFUSED, AGAIN) == ["O3"]


def test_not_found_ends_no_objection():
    later = ("2026-05-01T09:00:00+00:00", outcome("PATIENT_NOT_FOUND"))
    assert state_of(FIRST, REFUSED, later).objections == (Objection(start="2026-03-01T09:00:00.000000Z"),)


def test_two_refusals_are_two_objections_when_a_record_lies_between():
    later = ("2026-05-01T09:00:00+00:00", outcome("NO_PATIENT_CONSENT"))
    assert [spell.end for spell in state_of(REFUSED, AGAIN, later).objections] == ["2026-04-01T09:00:00.000000Z", None]


def test_a_refusal_alone_knows_the_number_only():
    state = state_of(REFUSED)
    assert (state.nhs_number, state.record, state.withheld) == (NUMBER, None, True)


def test_not_found_alone_says_nothing():
    assert state_of(NOT_FOUND) is None
    assert fold(SourcePatient("X90101", NUMBER), [], ()) is None


def test_an_older_record_that_arrives_after_a_refusal_does_not_open_the_door():
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "717711000000103"}]}
    old = {"resourceType": "List", "code": code, "date": "2026-02-15T00:00:00Z"}
    late = ("2026-06-01T09:00:00+00:00", bundle(patient(), observation(), old))
    assert state_of(FIRST, REFUSED, late).withheld


def test_every_order_of_arrival_gives_the_same_state():
    answers = (FIRST, SECOND, REFUSED, AGAIN)
    assert len({state_of(*order) for order in permutations(answers)}) == 1


@given(st.lists(st.sampled_from((FIRST, SECOND, REFUSED, NOT_FOUND, AGAIN)), min_size=1), st.randoms())
def test_state_is_a_function_of_the_set_of_answers(answers, random):
    shuffled = list(dict.fromkeys(answers))
    random.shuffle(shuffled)
    once = list({event.digest + event.at: event for event in folded(*answers)}.values())
    assert fold(SourcePatient("X90101", NUMBER), once, ()) == state_of(*shuffled)


def test_a_record_made_for_this_request_follows_an_earlier_refusal_though_the_practices_clock_is_behind():
    made = {"resourceType": "List", "status": "current", "date": "2026-09-30T07:55:00+00:00",
            "code": {"coding": [{"system": "http://snomed.info/sct", "code": "717711000000103"}]}}  # fmt: skip
    refusal = ("2026-09-30T08:00:00+00:00", outcome("NO_PATIENT_CONSENT"))
    state = state_of(refusal, ("2026-09-30T08:01:00+00:00", bundle(patient(), made)))
    assert state
    assert not state.withheld
    late = state_of(refusal, ("2026-09-30T09:00:00+00:00", bundle(patient(), made)))
    assert late
    assert late.withheld
