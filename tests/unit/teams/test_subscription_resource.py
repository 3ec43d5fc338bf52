"""A Subscription of FHIR R4 by the backport's profile: what is taken, what is refused, what is served."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from integration.recording.faults import not_fhir
from integration.store.events import Topic
from integration.teams.subscriptions.notification import Numbered, bundle
from integration.teams.subscriptions.resource import Subscription, faults, resource, wanted
from integration.teams.subscriptions.topics import TOPICS, basic
from tests.database.subscribing import IG, subscription

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
URL = "https://tools.example/told"
PERSON = "2f6ac1de-0d3f-4f8b-9d0a-4c8a0a6f0b11"


def kept(sent: dict[str, Any]) -> Subscription:
    assert faults(sent, NOW) == []
    return Subscription(
        uuid4(), "c", "X9N03", "care coordinator", "TREAT", wanted(sent), "active", "", 1, NOW, NOW, events=7
    )


@pytest.mark.parametrize(
    "sent",
    [
        subscription("admission", URL),
        subscription("emergency-attendance", URL, f"Encounter?patient=Patient/{PERSON}"),
        subscription("death", URL, "Patient?_in=Group/south-west"),
        subscription("care-plan-review-due", None, f"_in=Group/south-west&patient={PERSON}"),
        subscription("discharge", URL, content="empty"),
        subscription(
            "admission",
            URL,
            extension=[
                {"url": f"{IG}heartbeat-period", "valueUnsignedInt": 60},
                {"url": f"{IG}timeout", "valueUnsignedInt": 5},
                {"url": f"{IG}max-count", "valuePositiveInt": 1},
            ],
        ),
        subscription("admission", URL) | {"end": "2026-12-01T00:00:00Z"},
    ],
    ids=["plain", "one person", "a caseload", "a stream", "empty", "numbers", "an end"],
)
def test_what_is_served_asks_for_the_same_again(sent: dict[str, Any]) -> None:
    one = kept(sent)
    served = resource(one)
    assert not_fhir("Subscription", served) == []
    again = {name: value for name, value in served.items() if name not in ("meta",)}
    assert wanted(again) == one.wanted
    assert faults(again, NOW) == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"criteria": "Encounter?status=arrived"}, "criteria"),
        ({"criteria": "https://toldonce.example/SubscriptionTopic/birth"}, "criteria"),
        ({"status": "off"}, "status"),
        ({"end": "2026-01-01T00:00:00Z"}, "end"),
        ({"contact": [{"system": "phone", "value": "1"}]}, "contact"),
        ({"_criteria": {"extension": [{"url": f"{IG}filter-criteria", "valueString": "Flag?patient=1"}]}}, "criteria"),
        (
            {"_criteria": {"extension": [{"url": f"{IG}filter-criteria", "valueString": "patient=Patient/1"}]}},
            "criteria",
        ),
        ({"_criteria": {"extension": [{"url": f"{IG}filter-criteria", "valueString": "name=Smith"}]}}, "criteria"),
        ({"_criteria": {"extension": [{"url": f"{IG}filter-criteria", "valueString": "_in=Group/a,b"}]}}, "criteria"),
        ({"_criteria": {"extension": [{"url": f"{IG}filter-criteria", "valueString": ""}]}}, "criteria"),
        ({"_criteria": {"extension": [{"url": "https://else.example", "valueString": "x"}]}}, "criteria"),
    ],
    ids=[
        "a query",
        "no topic",
        "off",
        "ended",
        "contact",
        "other type",
        "no id",
        "other filter",
        "two",
        "none",
        "else",
    ],
)
def test_what_is_refused(change: dict[str, Any], where: str) -> None:
    found = faults(subscription("admission", URL) | change, NOW)
    assert [one.expression.split(".")[1] for one in found[:1]] == [where]


@pytest.mark.parametrize(
    ("url", "channel"),
    [
        (URL, {"header": ["Authorization: Bearer x"]}),
        (URL, {"type": "websocket"}),
        (URL, {"type": "email"}),
        (URL, {"payload": "application/fhir+xml"}),
        (URL, {"content": "full-resource"}),
        (None, {"endpoint": URL}),
        (URL, {"extension": [{"url": f"{IG}timeout", "valueUnsignedInt": 3600}]}),
        (URL, {"extension": [{"url": "https://else.example", "valueString": "x"}]}),
    ],
    ids=["header", "websocket", "email", "xml", "content", "both", "too patient", "unknown"],
)
def test_what_is_refused_of_a_channel(url: str | None, channel: dict[str, Any]) -> None:
    assert faults(subscription("admission", url, **channel), NOW)


def test_a_notification_is_a_history_bundle_that_begins_with_parameters() -> None:
    one = kept(subscription("admission", URL))
    events = [Numbered(6, NOW, "Encounter/1", uuid4()), Numbered(7)]
    made = bundle(one, "event-notification", "https://here.example/fhir", uuid4(), NOW, events)
    assert not_fhir("Bundle", made) == []
    assert made["type"] == "history"
    (entry,) = made["entry"]
    assert entry["request"]["url"].endswith("/$status")
    names = [part["name"] for part in entry["resource"]["parameter"]]
    assert names[:5] == ["subscription", "topic", "status", "type", "events-since-subscription-start"]
    first, second = [part["part"] for part in entry["resource"]["parameter"] if part["name"] == "notification-event"]
    assert [part["name"] for part in first] == ["event-number", "timestamp", "focus", "additional-context"]
    assert [part["name"] for part in second] == ["event-number"]


def test_an_empty_notification_names_nobody_and_no_topic() -> None:
    one = kept(subscription("death", URL, content="empty"))
    made = bundle(one, "event-notification", "https://here.example/fhir", uuid4(), NOW, [Numbered(7, NOW, "Patient/1")])
    assert "Patient" not in str(made)
    assert "death" not in str(made)


@pytest.mark.parametrize("topic", list(Topic), ids=str)
def test_every_topic_is_a_basic_of_fhir(topic: Topic) -> None:
    assert not_fhir("Basic", basic(topic)) == []
    assert TOPICS[topic].focus in ("Encounter", "Patient", "Flag", "CarePlan", "CareTeam")
