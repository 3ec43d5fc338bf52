"""What the store keeps beside a resource's bytes: moments, tokens, references, and the digest of a version."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.records import LONDON
from integration.store.extract import DIRECTORY, Extract, bounds, directory_entries, extract, unstamped, when
from mappings import uk_core
from mappings.uk_core import Resource

DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MICROSECOND = timedelta(microseconds=1)
IDS = st.integers(0, 9).map(lambda number: str(uuid5(UUID(int=0), str(number))))
TYPES = st.sampled_from(["Encounter", "CarePlan", "Condition", *sorted(DIRECTORY)])


def extracted(resource: Resource) -> Extract:
    return extract(resource, unstamped(resource), b"")


def local(moment: datetime) -> tuple[date, int, int]:
    """Day, hour and minute in London."""
    there = moment.astimezone(LONDON)
    return there.date(), there.hour, there.minute


@given(DAYS)
def test_a_date_covers_its_whole_day_in_london(day: date) -> None:
    first, last = bounds(day.isoformat())
    assert first is not None
    assert last is not None
    assert local(first) == (day, 0, 0)
    assert local(last) == (day, 23, 59)
    assert local(last + MICROSECOND) == (day + timedelta(days=1), 0, 0)


@given(DAYS)
def test_a_month_and_a_year_cover_all_their_days_and_no_other(day: date) -> None:
    after_month = day.replace(day=monthrange(day.year, day.month)[1]) + timedelta(days=1)
    for text, start, after in (
        (f"{day:%Y-%m}", day.replace(day=1), after_month),
        (f"{day:%Y}", date(day.year, 1, 1), date(day.year + 1, 1, 1)),
    ):
        assert bounds(text)[0] == bounds(start.isoformat())[0]
        assert bounds(text)[1] == bounds((after - timedelta(days=1)).isoformat())[1]


@given(MOMENTS)
def test_a_moment_is_itself_whatever_its_offset(moment: datetime) -> None:
    for text in (moment.isoformat(), moment.astimezone(LONDON).isoformat()):
        if datetime.fromisoformat(text) == moment:  # London's offset before 1847 and in summers of old has seconds
            assert bounds(text) == (moment, moment)
    assert bounds(moment.isoformat().replace("+00:00", "Z")) == (moment, moment)


@given(st.dates(date(2000, 1, 1), date(9998, 12, 31)), st.sampled_from(["%Y", "%Y-%m", "%Y-%m-%d"]))
def test_a_less_precise_date_covers_a_more_precise_one(day: date, pattern: str) -> None:
    wide, narrow = bounds(day.strftime(pattern)), bounds(day.isoformat())
    assert wide[0] is not None
    assert wide[1] is not None
    assert narrow[0] is not None
    assert narrow[1] is not None
    assert wide[0] <= narrow[0] <= narrow[1] <= wide[1]


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-13", "2026-02-30", "2026-02-01T25:00:00Z", "20260201T", "9999", "9999-12-31"]
)
def test_what_is_no_date_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):  # what it says is the standard library's
        bounds(text)


@given(DAYS, DAYS)
def test_a_period_goes_from_its_first_to_its_last_moment(start: date, end: date) -> None:
    period = {"start": start.isoformat(), "end": end.isoformat()}
    assert when({"period": period}) == (bounds(period["start"])[0], bounds(period["end"])[1])
    assert when({"period": {"start": period["start"]}}) == (bounds(period["start"])[0], None)
    assert when({"period": {"end": period["end"]}}) == (None, bounds(period["end"])[1])


@pytest.mark.parametrize("text", ["9999-12-31", "9999", "0001-01-01T00:00:00+14:00", "1753-01-01", "yesterday"])
def test_a_date_that_fills_a_field_bounds_nothing(text: str) -> None:
    assert when({"onsetDateTime": text}) == (None, None)
    assert when({"period": {"start": "2026-01-01", "end": text}}) == (bounds("2026-01-01")[0], None)


def test_care_dates_count_before_record_dates() -> None:
    resource = {"recordedDate": "2026-05-01", "onsetDateTime": "2019", "issued": "2026-05-02T09:00:00Z"}
    assert when(resource) == bounds("2019")
    assert when({"recordedDate": "2026-05-01"}) == bounds("2026-05-01")
    assert when({"status": "active"}) == (None, None)


@st.composite
def trees(draw: st.DrawFn) -> tuple[Resource, set[tuple[str, str]]]:
    """A resource with references at any depth, and which they are."""
    planted: set[tuple[str, str]] = set()

    def reference() -> dict[str, Any]:
        kind, id_ = draw(TYPES), draw(IDS)
        planted.add((kind, id_))
        return {"reference": f"{kind}/{id_}"}

    def node(depth: int) -> Any:
        shape = draw(
            st.sampled_from(["reference", "text", "person", "list", "element"] if depth else ["text", "reference"])
        )
        if shape == "reference":
            return reference()
        if shape == "person":
            return {"reference": uk_core.SUBJECT}
        if shape == "text":
            return draw(st.text(max_size=5))
        children = [node(depth - 1) for _ in range(draw(st.integers(0, 3)))]
        return children if shape == "list" else {f"e{place}": child for place, child in enumerate(children)}

    resource = {"resourceType": "Basic", "id": str(UUID(int=7)), "elements": [node(3) for _ in range(4)]}
    return resource, planted


@given(trees())
def test_every_reference_is_found_at_whatever_depth(tree: tuple[Resource, set[tuple[str, str]]]) -> None:
    """Those of the directory apart from those of the person; the reference to the person is none."""
    resource, planted = tree
    found = extracted(resource)
    assert set(found.refs) == {id_ for kind, id_ in planted if kind not in DIRECTORY}
    assert set(found.entries) == {id_ for kind, id_ in planted if kind in DIRECTORY}
    assert tuple(map(UUID, found.entries)) == directory_entries(resource)
    assert list(found.refs) == sorted(set(found.refs))
    assert list(found.entries) == sorted(set(found.entries))


def test_a_reference_by_identifier_alone_is_none() -> None:
    assert (
        extracted(
            {
                "resourceType": "Observation",
                "performer": {"identifier": {"system": uk_core.ODS_ORGANISATION, "value": "X9A"}},
            }
        ).refs
        == ()
    )
