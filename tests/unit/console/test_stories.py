"""What a person's page and a line of a caseload say of a record: pure, so told in resources alone."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.console.teams.overview import line
from integration.console.teams.story import story
from integration.console.teams.timeline import SPANS, timeline
from integration.console.teams.words import Entry, Names, age, day_of, when
from integration.sharing.request import Caller, Grant, Request
from mappings import uk_core

ON = date(2026, 9, 30)
PERSON = UUID(int=1)
GRANT = Grant(Request(Caller("console", "X9N04", "care coordinator", "COC"), PERSON, datetime.now(UTC)), PERSON, ())
NAMES = Names((), {"X90401": "Earlsdon Avenue Practice", "X9A": "The hospital"})


def said(feed: str, organisation: str, resource_type: str, **elements: Any) -> Entry:
    meta = {"source": f"urn:toldonce:source:{organisation}:{feed}"}
    return Entry(feed, {"resourceType": resource_type, "id": str(UUID(int=2)), "meta": meta, **elements})


def concept(text: str) -> dict[str, Any]:
    return {"text": text}


def encounter(class_: str, start: str, end: str | None = None, status: str = "finished") -> Entry:
    period = {"start": start, **({"end": end} if end else {})}
    return said("acute", "X9A", "Encounter", status=status, period=period, **{"class": {"code": class_}})


def told(*entries: Entry) -> Any:
    return story(GRANT, {}, entries, NAMES, ON)


def news(*entries: Entry, since: date = date(2026, 9, 1), patient: Any = None) -> list[tuple[date, str]]:
    one = line(GRANT, patient or {}, entries, reason="", on_it_since=ON, since=since, on=ON, names=NAMES)
    return [(each.on, each.text) for each in one.news]


def test_what_two_say_in_the_same_words_is_told_once() -> None:
    one = said("gp", "X90401", "MedicationStatement", status="active", medicationCodeableConcept=concept("Warfarin"),
               dosage=[{"text": "3 mg"}])  # fmt: skip
    other = said("acute", "X9A", "MedicationStatement", status="active", medicationCodeableConcept=concept("warfarin"),
                 dosage=[{"text": "5 mg"}])  # fmt: skip
    (medicine,) = told(one, other).medicines
    assert medicine.sources == ["Earlsdon Avenue Practice", "The hospital"]
    assert medicine.detail == "3 mg; 5 mg"  # no dose is hidden by another


@pytest.mark.parametrize("status", ["refuted", "entered-in-error"])
def test_an_allergy_that_is_none_is_not_shown(status: str) -> None:
    entry = said("gp", "X90401", "AllergyIntolerance", code=concept("Penicillin"), category=["medication"],
                 verificationStatus={"coding": [{"code": status}]})  # fmt: skip
    assert told(entry).allergies == []


def test_an_adjustment_of_which_only_the_existence_is_known() -> None:
    existence = {"system": uk_core.RA_PATIENT_FLAG, "code": "national-reasonable-adjustment-flag"}
    flag = said("gp", "X90401", "Flag", status="active", code={"coding": [existence]})
    found = told(flag)
    assert (found.adjusted, found.adjustments, found.alerts) == (True, [], [])


def test_wishes_at_the_end_of_life_stand_apart_from_alerts() -> None:
    dnacpr = said("gp", "X90401", "Flag", status="active", code=concept("Not for attempted resuscitation"))
    falls = said("gp", "X90401", "Flag", status="active", code=concept("At increased risk for falls"))
    plan = said("community", "X9C", "CarePlan", status="active", title="Advance care plan: wishes to die at home")
    found = told(dnacpr, falls, plan)
    assert [one.text for one in found.wishes] == ["Not for attempted resuscitation", plan.resource["title"]]
    assert [one.text for one in found.alerts] == ["At increased risk for falls"]


def test_a_code_that_one_source_sends_bare_is_named_by_another() -> None:
    code = {"system": uk_core.SNOMED, "code": "38341003"}
    named = said("gp", "X90401", "Condition", code={"coding": [{**code, "display": "Hypertension"}]})
    bare = said("community", "X9C", "Condition", code={"coding": [code]})
    assert [one.text for one in told(bare, named).problems] == ["Hypertension"]


def test_a_waiting_time_is_no_next_step() -> None:
    step = said("recorded", "X9N04", "Task", status="requested", description="Ring her", owner={"display": "Priya"},
                code={"coding": [uk_core.NEXT_STEP]})  # fmt: skip
    waiting = said("acute", "X9A", "Task", status="requested", description="18 weeks")
    (found,) = told(step, waiting).steps
    assert (found.what, found.who, found.own) == ("Ring her", "Priya", True)


def test_news_since_the_last_huddle() -> None:
    assert news(
        encounter("EMER", "2026-09-03T10:00:00+01:00"),
        encounter("IMP", "2026-08-20", "2026-09-10"),
        encounter("IMP", "2026-08-25", status="in-progress"),
        encounter("EMER", "2026-08-31T23:59:00+01:00"),
        encounter("EMER", "2026-09-04", status="cancelled"),
        encounter("AMB", "2026-09-05"),
        patient={"deceasedDateTime": "2026-09-20"},
    ) == [
        (date(2026, 9, 20), "Died"),
        (date(2026, 9, 10), "Left hospital"),
        (date(2026, 9, 3), "A&E"),
        (date(2026, 8, 25), "Still in hospital"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026", "2026"),
        ("2026-03", "March 2026"),
        ("2026-03-04", "4 March 2026"),
        ("2026-07-01T23:30:00Z", "2 July 2026"),
    ],
)
def test_a_date_is_told_as_precisely_as_it_was_given(text: str, words: str) -> None:
    assert when(text) == words


def test_an_age_is_counted_in_birthdays() -> None:
    assert age(date(1942, 10, 1), ON) == 83
    assert age(date(1942, 9, 30), ON) == 84


days = st.integers(-800, 0).map(lambda ago: ON + timedelta(days=ago))
contacts = st.tuples(days, st.integers(0, 40), st.sampled_from(["EMER", "IMP", "HH", "VR", "AMB"]))


@given(st.lists(contacts, max_size=12), st.sampled_from(SPANS), st.sampled_from([(1000, 170), (360, 0)]))
def test_every_event_is_drawn_where_it_belongs(
    happened: list[tuple[date, int, str]], months: int, size: tuple[int, int]
) -> None:
    entries = [
        encounter(class_, str(start), str(min(start + timedelta(days=length), ON)))
        for start, length, class_ in happened
    ]
    found = timeline(entries, NAMES, ON, months)
    width, left = size
    picture = found.picture(width, left=left)
    marks = [mark for one in picture.lanes for mark in one.marks]
    assert len(marks) == len(found.events)
    assert len(found.events) + found.earlier == len(entries)
    assert all(left <= mark.x <= mark.x + mark.width <= width for mark in marks)
    for one in picture.lanes:
        assert 0 < one.top < picture.height
    drawn = sorted(marks, key=lambda mark: mark.event.start)
    assert [mark.x for mark in drawn] == sorted(mark.x for mark in drawn)
    assert [one.start for one in found.events] == sorted((one.start for one in found.events), reverse=True)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001  the zone is added
def test_the_day_of_a_moment_is_london_s(moment: datetime) -> None:
    found = day_of(moment.replace(tzinfo=UTC).isoformat())
    assert found in (moment.date(), moment.date() + timedelta(days=1))
