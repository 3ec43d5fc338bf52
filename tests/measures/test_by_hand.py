"""The pure parts by example: days, months, what counts, what holds, and what of it may be shown."""

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest

from integration.teams.measures.counting import days, holds
from integration.teams.measures.criteria import Statement, understand
from integration.teams.measures.definitions import measures
from integration.teams.measures.disclosure import EXACT, Rule, shown
from integration.teams.measures.evaluate import query_of
from integration.teams.measures.person_time import Month, Span, joined, membership, months_of, person_days
from integration.teams.measures.report import decimals
from integration.teams.measures.tally import Tally

AUGUST = Month(2026, 8)
YEAR = Span(date(2026, 1, 1), date(2027, 1, 1))


def visit(code: str, start: str, end: str | None = None, **more: Any) -> Statement:
    period = {"start": start} | ({"end": end} if end else {})
    status = more.pop("status", "finished" if end else "in-progress")
    feed = more.pop("feed", "acute")
    return Statement(
        feed,
        {"resourceType": "Encounter", "id": "1", "status": status, "class": {"code": code}, "period": period, **more},
    )


def method(code: str) -> dict[str, Any]:
    url = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-AdmissionMethod"
    return {"extension": [{"url": url, "valueCodeableConcept": {"coding": [{"code": code}]}}]}


def counted(measure: str, *statements: Statement) -> list[date]:
    return sorted(days(measures()[measure], statements, YEAR))


def test_who_joins_and_leaves_is_a_member_from_the_one_day_to_the_day_before_the_other():
    span = membership(datetime(2026, 8, 3, 23, 30, tzinfo=UTC), datetime(2026, 8, 10, 9, tzinfo=UTC))
    assert span == Span(date(2026, 8, 4), date(2026, 8, 10))  # half past midnight in London
    assert person_days([span], AUGUST) == 6


def test_two_memberships_at_a_time_are_one():
    spans = joined([Span(date(2026, 8, 1), date(2026, 8, 11)), Span(date(2026, 8, 5), date(2026, 8, 21))])
    assert spans == (Span(date(2026, 8, 1), date(2026, 8, 21)),)


@pytest.mark.parametrize(
    ("first", "last"), [("2026-08-02", "2026-08-31"), ("2026-08-01", "2026-08-30"), ("2026-09-01", "2026-08-31")]
)
def test_a_period_is_of_whole_months(first: str, last: str):
    with pytest.raises(ValueError, match="whole months"):
        months_of(date.fromisoformat(first), date.fromisoformat(last))


def test_a_stay_has_as_many_bed_days_as_nights():
    stay = visit("IMP", "2026-08-30T10:00:00+01:00", "2026-09-02T09:00:00+01:00")
    assert counted("inpatient-bed-days", stay) == [date(2026, 8, 30), date(2026, 8, 31), date(2026, 9, 1)]
    assert counted("inpatient-bed-days", visit("IMP", "2026-08-30T07:30:00+01:00", "2026-08-30T16:00:00+01:00")) == []


def test_a_stay_that_goes_on_has_every_night_until_the_period_ends():
    assert len(counted("inpatient-bed-days", visit("IMP", "2026-12-25T10:00:00+00:00"))) == 7


def test_a_stay_that_is_over_since_nobody_knows_when_has_none():
    assert counted("inpatient-bed-days", visit("IMP", "2026-12-25T10:00:00+00:00", status="finished")) == []


def test_of_an_attendance_that_became_a_stay_each_part_counts_where_it_belongs():
    spans = [
        {
            "class": {"code": "EMER"},
            "period": {"start": "2026-08-30T22:00:00+01:00", "end": "2026-08-31T03:00:00+01:00"},
        },
        {
            "class": {"code": "IMP"},
            "period": {"start": "2026-08-31T03:00:00+01:00", "end": "2026-09-01T12:00:00+01:00"},
        },
    ]
    both = visit(
        "IMP",
        "2026-08-30T22:00:00+01:00",
        "2026-09-01T12:00:00+01:00",
        classHistory=spans,
        hospitalization=method("21"),
    )
    assert counted("ae-attendances", both) == [date(2026, 8, 30)]
    assert counted("emergency-admissions", both) == [date(2026, 8, 31)]
    assert counted("inpatient-bed-days", both) == [date(2026, 8, 31)]


def test_what_was_planned_or_cancelled_or_came_from_elsewhere_does_not_count():
    at = "2026-08-03T10:00:00+01:00"
    others = [visit("AMB", at, status=one) for one in ("planned", "cancelled", "entered-in-error", "unknown")]
    assert counted("outpatient-appointments", *others, visit("AMB", at, feed="community")) == []
    assert counted("outpatient-appointments", visit("AMB", at)) == [date(2026, 8, 3)]


@pytest.mark.parametrize(("code", "emergency"), [("21", True), ("2D", True), ("11", False), ("81", False), ("", False)])
def test_an_admission_is_an_emergency_by_its_method(code: str, *, emergency: bool):
    stay = visit("IMP", "2026-08-03T10:00:00+01:00", hospitalization=method(code))
    assert (counted("emergency-admissions", stay) == [date(2026, 8, 3)]) is emergency


@pytest.mark.parametrize(
    ("code", "by_ambulance"),
    [("A", True), ("H", True), ("1048031000000100", True), ("C", False), ("1048071000000103", False)],
)
def test_a_conveyance_is_an_arrival_by_ambulance(code: str, *, by_ambulance: bool):
    mode = {"url": "http://hl7.org/fhir/StructureDefinition/encounter-modeOfArrival", "valueCoding": {"code": code}}
    arrival = visit("EMER", "2026-08-03T10:00:00+01:00", extension=[mode])
    assert (counted("ambulance-conveyances", arrival) == [date(2026, 8, 3)]) is by_ambulance


def test_a_consultation_of_a_month_or_of_none_belongs_to_no_day():
    assert counted("general-practice-appointments", visit("AMB", "2026-08", "2026-08-01", feed="gp")) == []


def plan(**more: Any) -> Statement:
    return Statement("community", {"resourceType": "CarePlan", "id": "2", "status": "active", **more})


def test_a_plan_holds_from_when_it_surely_began_to_when_it_surely_ended():
    criteria = measures()["care-plan"].numerator
    yearly = plan(period={"start": "2025"})
    assert not holds(criteria, [yearly], date(2025, 12, 30))
    assert holds(criteria, [yearly], date(2025, 12, 31))
    ended = plan(status="completed", period={"start": "2026-01-01", "end": "2026-08-31"})
    assert holds(criteria, [ended], date(2026, 8, 31))
    assert not holds(criteria, [ended], date(2026, 9, 1))
    assert not holds(criteria, [plan(status="completed", period={"start": "2026-01-01"})], date(2026, 2, 1))


def test_a_review_is_in_date_for_twelve_months_and_a_recall_until_it_is_due():
    criteria = measures()["care-plan-review-in-date"].numerator
    old = {"start": "2024-01-01"}
    review = {
        "detail": {
            "code": {"text": "Review of the care and support plan"},
            "status": "completed",
            "scheduledPeriod": {"end": "2025-09-01"},
        }
    }
    reviewed = plan(period=old, activity=[review])
    assert holds(criteria, [reviewed], date(2026, 8, 31))
    assert not holds(criteria, [reviewed], date(2026, 9, 30))
    recall = Statement(
        "gp",
        {
            "resourceType": "ServiceRequest",
            "id": "3",
            "status": "active",
            "occurrenceDateTime": "2026-10-15",
            "authoredOn": "2026-06-01",
        },
    )
    recalled = plan(period=old, activity=[{"reference": {"reference": "ServiceRequest/3"}}])
    assert [holds(criteria, [recalled, recall], date(2026, month, 28)) for month in (5, 8, 10, 11)] == [
        False,
        True,
        False,
        False,
    ]
    assert not holds(criteria, [recalled], date(2026, 8, 31)), "a recall that may not be read says nothing"


def test_what_lies_after_the_period_is_read_where_it_may_matter():
    rate, part = measures()["ae-attendances"], measures()["care-plan-review-in-date"]
    assert query_of([rate], [AUGUST]).end is not None
    assert query_of([rate, part], [AUGUST]).end is None, "the recall of a plan"


def test_a_condition_that_nobody_knows_is_refused():
    with pytest.raises(ValueError, match="know no condition colour"):
        understand("Encounter?colour=blue")


def tally_of(*people: tuple[int, int], measure: str = "ae-attendances") -> Tally:
    """So many people, of whom each came so often on the first of August."""
    tally = Tally([measures()[measure]], [AUGUST])
    for number, often in people:
        for _ in range(number):
            tally.add([AUGUST.span], [visit("EMER", "2026-08-01T10:00:00+01:00")] * often)
    return tally


def figures(tally: Tally, rule: Rule = Rule()) -> tuple[Any, ...]:  # noqa: B008  frozen
    (one,) = [found for _, found in shown(tally, tally.measures[0].id, rule).months]
    return one.people, one.numerator, one.score


def test_none_is_shown_some_are_not_and_the_rest_is_rounded():
    assert figures(tally_of((40, 0))) == (40, 0, 0)
    assert figures(tally_of((33, 0), (7, 1))) == (40, None, None)
    assert figures(tally_of((33, 0), (8, 1))) == (40, 10, Fraction(250))


def test_one_person_who_comes_often_is_not_shown():
    assert figures(tally_of((39, 0), (1, 30))) == (40, None, None)


def test_of_fewer_than_eight_people_nothing_is_said_not_even_none():
    assert figures(tally_of((7, 0))) == (None, None, None)


def test_exactly_is_exactly():
    assert figures(tally_of((2, 0), (1, 1)), EXACT) == (3, 1, Fraction(1000, 3))
    assert str(decimals(Fraction(1000, 3), 2)) == "333.33"
    assert str(decimals(Fraction(1, 200), 2)) == "0.01", "half up"


def test_a_sum_is_not_shown_where_a_month_is_not():
    months = months_of(date(2026, 7, 1), date(2026, 8, 31))
    tally = Tally([measures()["ae-attendances"]], months)
    span = Span(date(2026, 7, 1), date(2026, 9, 1))
    for number in range(40):
        tally.add(
            [span],
            [visit("EMER", "2026-07-01T10:00:00+01:00")] * (number < 20)
            + [visit("EMER", "2026-08-01T10:00:00+01:00")] * (number < 3),
        )
    told = shown(tally, "ae-attendances", Rule())
    assert [one.numerator for _, one in told.months] == [20, None]
    assert told.whole.numerator is None
    assert told.whole.people == 40
    assert told.whole.months == 80


def test_what_happens_on_the_day_of_leaving_does_not_count_and_who_was_no_member_is_nobody():
    tally = Tally([measures()["ae-attendances"]], months_of(date(2026, 7, 1), date(2026, 8, 31)))
    visits = [visit("EMER", f"2026-08-0{day}T10:00:00+01:00") for day in (1, 2, 3)]
    tally.add([Span(date(2026, 8, 1), date(2026, 8, 3))], visits)
    tally.add([Span(date(2026, 9, 1), date(2026, 9, 3))], visits)
    july, august = (tally.cells["ae-attendances", Month(2026, month)] for month in (7, 8))
    assert (july.people, august.people, august.days, august.numerator, tally.people) == (0, 1, 2, 2, 1)


@pytest.mark.parametrize(("authored", "recent"), [("2025-08-31", False), ("2025-09-01", True), ("2026-09-01", False)])
def test_a_referral_is_recent_for_twelve_months(authored: str, *, recent: bool):
    referral = {"resourceType": "ServiceRequest", "id": "4", "status": "active", "authoredOn": authored}
    stated = [Statement("vcfse", referral, frozenset({"voluntary sector"}))]
    assert holds(measures()["social-prescribing-referral"].numerator, stated, AUGUST.last) is recent


@pytest.mark.parametrize(("began", "in_date"), [("2025-08-31", False), ("2025-09-01", True)])
def test_a_plan_is_in_date_for_twelve_months(began: str, *, in_date: bool):
    criteria = measures()["care-plan-review-in-date"].numerator
    assert holds(criteria, [plan(period={"start": began})], AUGUST.last) is in_date


def test_a_recall_that_is_due_on_the_last_day_is_not_after_it():
    criteria = measures()["care-plan-review-in-date"].numerator
    due = {"resourceType": "ServiceRequest", "id": "3", "status": "active", "occurrenceDateTime": "2026-08-31"}
    recalled = plan(period={"start": "2024-01-01"}, activity=[{"reference": {"reference": "ServiceRequest/3"}}])
    assert not holds(criteria, [recalled, Statement("gp", due)], AUGUST.last)


def test_those_of_whom_it_does_not_hold_are_protected_too():
    tally = Tally([measures()["care-plan"]], [AUGUST])
    for number in range(40):
        tally.add([AUGUST.span], [plan(period={"start": "2026-01-01"})] if number < 35 else [])
    assert figures(tally) == (40, None, None)
    assert figures(tally, EXACT) == (40, 35, Fraction(175, 2))
