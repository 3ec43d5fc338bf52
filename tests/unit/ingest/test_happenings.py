"""What happened, as a source's present view says it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from integration.ingest.happenings import happenings
from integration.store.events import Topic
from mappings import uk_core
from mappings.recorded.vocabulary import EXISTENCE
from mappings.uk_core import RA_ADJUSTMENT_PROFILE

MORNING, NOON, EVENING = (f"2026-11-01T{hour:02}:00:00+00:00" for hour in (9, 12, 18))
COORDINATES = {"coding": [{"system": uk_core.SNOMED, "code": "768820003"}]}


def resource(type_: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": type_, "id": str(uuid4()), **elements}


def visit(code: str, status: str, start: str = MORNING, end: str | None = None, **elements: Any) -> dict[str, Any]:
    period = {"start": start} | ({"end": end} if end else {})
    return resource("Encounter", status=status, **{"class": {"code": code}}, period=period, **elements)


def said(*resources: dict[str, Any]) -> list[tuple[Topic, str]]:
    return [(one.topic, f"{one.when:%H}" if one.when else "") for one in happenings(resources)]


@pytest.mark.parametrize(
    ("encounter", "expected"),
    [
        (visit("EMER", "in-progress"), [(Topic.ATTENDANCE, "09")]),
        (visit("EMER", "finished", end=NOON), [(Topic.ATTENDANCE, "09")]),
        (visit("IMP", "in-progress"), [(Topic.ADMISSION, "09")]),
        (visit("IMP", "finished", end=EVENING), [(Topic.ADMISSION, "09"), (Topic.DISCHARGE, "18")]),
        (visit("SS", "finished", end=EVENING), [(Topic.ADMISSION, "09"), (Topic.DISCHARGE, "18")]),
        (visit("IMP", "planned"), []),
        (visit("EMER", "cancelled"), []),
        (visit("IMP", "entered-in-error"), []),
        (visit("AMB", "finished", end=NOON), []),
        (visit("IMP", "in-progress", start=""), []),
    ],
    ids=[
        "arrived",
        "left A&E",
        "admitted",
        "discharged",
        "day case",
        "planned",
        "cancelled",
        "error",
        "clinic",
        "when?",
    ],
)
def test_what_a_visit_says(encounter: dict[str, Any], expected: list[tuple[Topic, str]]) -> None:
    assert said(encounter) == expected


def test_an_arrival_who_is_admitted_is_both_each_at_its_time() -> None:
    spans = [
        {"class": {"code": "EMER"}, "period": {"start": MORNING, "end": NOON}},
        {"class": {"code": "IMP"}, "period": {"start": NOON}},
    ]
    assert said(visit("IMP", "in-progress", classHistory=spans)) == [(Topic.ATTENDANCE, "09"), (Topic.ADMISSION, "12")]


def test_the_same_is_the_same_however_its_details_change() -> None:
    before = visit("EMER", "in-progress")
    after = {
        **before,
        "status": "finished",
        "period": {"start": NOON, "end": EVENING},
        "reasonCode": [{"text": "fall"}],
    }
    (one,), (other,) = happenings([before]), happenings([after])
    assert one.key == other.key
    assert one.id == UUID(before["id"])


def test_a_death_with_its_time_or_without() -> None:
    assert said(resource("Patient", deceasedDateTime=NOON)) == [(Topic.DEATH, "12")]
    assert said(resource("Patient", deceasedBoolean=True)) == [(Topic.DEATH, "")]
    assert said(resource("Patient", deceasedBoolean=False), resource("Patient")) == []


def test_flags_that_hold() -> None:
    child = {"coding": [{"system": uk_core.RA_PATIENT_FLAG, "code": "child-protection-information-system-flag"}]}
    adjustment = {"meta": {"profile": [RA_ADJUSTMENT_PROFILE]}, "code": {"text": "Quiet room"}}
    period = {"start": NOON}
    assert said(resource("Flag", status="active", code=child, period=period)) == [(Topic.SAFEGUARDING, "12")]
    assert said(resource("Flag", status="inactive", code=child, period=period)) == []
    assert said(resource("Flag", status="active", **adjustment)) == [(Topic.ADJUSTMENT, "")]
    recorded = [{"resourceType": "Provenance", "recorded": EVENING}]
    assert said(resource("Flag", status="active", **adjustment, contained=recorded)) == [(Topic.ADJUSTMENT, "18")]
    assert said(resource("Flag", status="active", code={"text": "Falls"}, period=period)) == []


def test_that_adjustments_exist_is_told_where_none_is_named() -> None:
    alone = resource("Flag", status="active", code=EXISTENCE)
    leading = resource("Flag", status="active", code=EXISTENCE, extension=[{"url": uk_core.FLAG_DETAIL}])
    assert said(alone) == [(Topic.ADJUSTMENT, "")]
    assert said(leading) == []


def coordinator(name: str, **period: str) -> dict[str, Any]:
    return {"role": [COORDINATES], "member": {"display": name}} | ({"period": period} if period else {})


def team(*participants: dict[str, Any], **elements: Any) -> dict[str, Any]:
    return resource("CareTeam", status="active", participant=list(participants), **elements)


def test_coordinators_come_and_go() -> None:
    assert said(team(coordinator("A", start=MORNING))) == [(Topic.COORDINATOR, "09")]
    assert said(team(coordinator("A", start=MORNING, end=NOON))) == [(Topic.COORDINATOR, "12")]
    followed = team(coordinator("A", start=MORNING, end=NOON), coordinator("B", start=NOON))
    assert said(followed) == [(Topic.COORDINATOR, "12")]
    assert said(team({"role": [{"text": "Attending consultant"}], "member": {"display": "C"}})) == []


def test_another_coordinator_is_another_happening() -> None:
    one = team(coordinator("A"))
    (before,), (after,) = happenings([one]), happenings([{**one, "participant": [coordinator("B")]}])
    assert before.key != after.key


def test_a_review_is_due_on_its_day() -> None:
    recall = resource("ServiceRequest", status="active", occurrenceDateTime="2027-03-01")
    plan = resource(
        "CarePlan", status="active", activity=[{"reference": {"reference": f"ServiceRequest/{recall['id']}"}}]
    )
    (due,) = happenings([plan, recall])
    assert (due.topic, due.type, due.on_time) == (Topic.REVIEW, "CarePlan", True)
    assert due.when == datetime(2027, 3, 1, tzinfo=UTC)
    assert happenings([{**plan, "status": "completed"}, recall]) == []
    assert happenings([plan, {**recall, "status": "completed"}]) == []
    (moved,) = happenings([plan, {**recall, "occurrenceDateTime": "2027-04-01"}])
    assert moved.key != due.key


def test_a_moment_that_is_none_is_no_reason_to_fail() -> None:
    assert said(resource("Patient", deceasedDateTime="sometime")) == [(Topic.DEATH, "")]
