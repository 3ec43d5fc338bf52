"""Search parameters: what they mean; what is not understood is refused, naming the parameter but not its value."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from adapters.records import LONDON
from integration.api.parameters import MOST, understand
from integration.errors import BadRequest

NAMES = {
    "patient", "patient:identifier", "subject", "identifier", "status", "category", "code", "date", "_id", "_count",
    "_type", "_since", "start", "end",
}  # fmt: skip
PERSON = UUID("38480dad-a928-4599-a09e-0d447fd86d71")
TICK = timedelta(microseconds=1)


def asked(*parameters: tuple[str, str]):
    return understand(parameters, ("Encounter",), NAMES)


def query(*parameters: tuple[str, str]):
    return asked(*parameters).query


def day(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=LONDON)


# ---- whom


@pytest.mark.parametrize("value", [f"Patient/{PERSON}", str(PERSON)])
def test_a_person_by_id(value: str):
    assert asked(("patient", value)).person == PERSON
    assert asked(("subject", value)).person == PERSON


def test_an_id_that_is_none_of_ours_is_nobodys():
    assert asked(("patient", "Patient/17")).person == UUID(int=0)


@pytest.mark.parametrize("value", ["https://fhir.nhs.uk/Id/nhs-number|9990000018", "9990000018", "|9990000018"])
def test_a_person_by_number(value: str):
    assert asked(("patient:identifier", value)).number == "9990000018"
    assert asked(("identifier", value)).number == "9990000018"


# ---- dates


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("2026", day(2026, 1, 1), day(2027, 1, 1) - TICK),
        ("2026-12", day(2026, 12, 1), day(2027, 1, 1) - TICK),
        ("2026-03-29", day(2026, 3, 29), day(2026, 3, 30) - TICK),  # the day the clocks go forward
        ("ge2026-02", day(2026, 2, 1), None),
        ("gt2026-02", day(2026, 3, 1), None),
        ("le2026-02", None, day(2026, 3, 1) - TICK),
        ("lt2026-02", None, day(2026, 2, 1) - TICK),
        ("eq2026-02-03T10:00:00Z", datetime(2026, 2, 3, 10, tzinfo=UTC), datetime(2026, 2, 3, 10, tzinfo=UTC)),
        ("ge2026-07-03T10:00:00+01:00", datetime(2026, 7, 3, 9, tzinfo=UTC), None),
        ("ge2026-07-03T10:00:00 01:00", datetime(2026, 7, 3, 9, tzinfo=UTC), None),  # an unescaped +
        ("ge2026-07-03T10:00", datetime(2026, 7, 3, 9, tzinfo=UTC), None),  # London time
    ],
)
def test_dates(value: str, start: datetime | None, end: datetime | None):
    found = query(("date", value))

    assert (found.start, found.end, found.dated) == (start, end, True)


prefixes = st.sampled_from(["", "ge", "le", "gt", "lt", "eq"])
dates = st.builds(lambda prefix, value: f"{prefix}{value.isoformat()}", prefixes, st.dates(date(1900, 1, 1)))


@given(dates, dates)
def test_of_two_dates_both_hold_in_either_order(one: str, other: str):
    assume("9999-12-31" not in one + other)
    both = query(("date", one), ("date", other))
    first, second = query(("date", one)), query(("date", other))

    assert both == query(("date", other), ("date", one))
    for each in (first, second):
        assert each.start is None or (both.start is not None and both.start >= each.start)
        assert each.end is None or (both.end is not None and both.end <= each.end)


def test_start_end_and_since_of_everything():
    found = query(("start", "2026-02"), ("end", "2026-03"), ("_since", "2026-01-01T00:00:00Z"))

    assert (found.start, found.end, found.since) == (day(2026, 2, 1), day(2026, 4, 1) - TICK, day(2026, 1, 1))
    assert not found.dated  # what has no date may have been then


# ---- the rest


def test_tokens_keep_their_parameter_and_must_all_hold():
    found = query(("code", "http://snomed.info/sct|1,2"), ("category", "safety"), ("code", "3"))

    assert found.tokens == (("code", ("http://snomed.info/sct|1", "2")), ("category", ("safety",)), ("code", ("3",)))


def test_status_ids_and_count():
    found = query(("status", "active,inactive"), ("_id", f"{PERSON},17"), ("_count", "20"))

    assert (found.statuses, found.ids, found.limit) == (("active", "inactive"), (PERSON,), 20)


def test_ids_that_are_none_of_ours_find_nothing():
    assert query(("_id", "17")).ids == (UUID(int=0),)


@given(st.integers(1, 10**9))
def test_a_page_has_a_greatest_size(count: int):
    assert query(("_count", str(count))).limit == min(count, MOST)


def test_types_are_the_routes_and_those_asked_for():
    assert understand([("_type", "Flag,CarePlan")], (), NAMES).query.types == ("Flag", "CarePlan")


REFUSED = [
    ("patient", "Group/17"),
    ("identifier", "9990000019"),
    ("identifier", "urn:another|9990000018"),
    ("patient:identifier", ""),
    ("_count", "0"),
    ("_count", "-1"),
    ("_count", "1.5"),
    ("_count", "²"),
    ("date", ""),
    ("date", "ge"),
    ("date", "ap2026"),
    ("date", "ne2026"),
    ("date", "26-01-01"),
    ("date", "2026-1-1"),
    ("date", "2026-02-30"),
    ("date", "2026-01-01-01"),
    ("date", "2026-01-01T25:00:00Z"),
    ("date", "gt9999-12-31"),
    ("date", "9999-12"),
    ("date", "lt0001-01-01"),
    ("date", "٢٠٢٦"),
    ("start", "ge2026"),
    ("_since", "soon"),
]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_what_is_not_understood_is_refused(name: str, value: str):
    with pytest.raises(BadRequest) as refused:
        query((name, value))

    (issue,) = refused.value.issues
    assert issue.parameter
    assert len(value) < 3 or value not in issue.diagnostics


@pytest.mark.parametrize(
    "name", ["patient", "status", "_count", "_id", "_type", "_since", "start", "end", "identifier"]
)
def test_what_may_be_given_once_is_refused_twice(name: str):
    value = {"identifier": "9990000018", "_count": "5", "patient": str(PERSON)}.get(name, "2026")
    with pytest.raises(BadRequest):
        query((name, value), (name, value))


@pytest.mark.parametrize("other", [("subject", str(PERSON)), ("patient:identifier", "9990000018")])
def test_a_person_may_be_named_in_one_way_only(other: tuple[str, str]):
    with pytest.raises(BadRequest):
        query(("patient", str(PERSON)), other)


@given(st.sampled_from(sorted(NAMES)), st.text(max_size=30))
def test_any_value_is_understood_or_refused(name: str, value: str):
    try:
        query((name, value))
    except BadRequest as refused:
        assert refused.diagnostics  # noqa: PT017  either is right; a crash is not
