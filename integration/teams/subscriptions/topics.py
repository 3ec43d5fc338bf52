"""What can be announced, as FHIR R4 has it: a SubscriptionTopic of R5 in a Basic.

http://hl7.org/fhir/uv/subscriptions-backport (topics in R4: `Basic-r4-encounter-complete`). Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from integration.store.events import Topic
from mappings.uk_core import Resource

CANONICAL = "https://toldonce.example/SubscriptionTopic/"
_R5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."
_TYPES = "http://hl7.org/fhir/fhir-types"
_DATE = "2026-11-01"


@dataclass(frozen=True)
class Described:
    """A topic in words: `focus` is the type of resource that a notification names."""

    focus: str
    title: str
    description: str


TOPICS: Mapping[Topic, Described] = {
    Topic.ADMISSION: Described("Encounter", "Admission", "Somebody was admitted to hospital."),
    Topic.DISCHARGE: Described("Encounter", "Discharge", "Somebody left the hospital that they were admitted to."),
    Topic.ATTENDANCE: Described("Encounter", "A&E attendance", "Somebody arrived at an emergency department."),
    Topic.DEATH: Described("Patient", "Death", "Somebody died. Each subscriber is told once, whoever says so."),
    Topic.SAFEGUARDING: Described("Flag", "New safeguarding flag", "A safeguarding flag holds that did not before."),
    Topic.ADJUSTMENT: Described(
        "Flag", "New Reasonable Adjustment flag", "A reasonable adjustment holds that did not before."
    ),
    Topic.REVIEW: Described(
        "CarePlan", "Care-plan review due", "The day has come on which an active care plan is to be reviewed."
    ),
    Topic.COORDINATOR: Described(
        "CareTeam", "Care coordinator changed", "Somebody became the care coordinator, or the last one stopped."
    ),
}
FILTERS: Mapping[str, str] = {
    "patient": "One person: Patient/<id>.",
    "_in": "Members of one caseload of the caller's: Group/<id>.",
}
"""What each topic can be filtered by, beside what the subscriber may know anyway."""


def canonical(topic: Topic) -> str:
    return f"{CANONICAL}{topic}"


def topic_of(url: str) -> Topic | None:
    """The topic of a canonical URL."""
    word = url.removeprefix(CANONICAL)
    return Topic(word) if url.startswith(CANONICAL) and word in set(Topic) else None


def basic(topic: Topic) -> Resource:
    """The topic as the backport has it for R4."""
    said = TOPICS[topic]
    focus = f"http://hl7.org/fhir/StructureDefinition/{said.focus}"
    trigger = [
        {"url": "description", "valueMarkdown": said.description},
        {"url": "resource", "valueUri": focus},
        {"url": "supportedInteraction", "valueCode": "create"},
        {"url": "supportedInteraction", "valueCode": "update"},
    ]
    return {
        "resourceType": "Basic",
        "id": str(topic),
        "extension": [
            {"url": f"{_R5}url", "valueUri": canonical(topic)},
            {"url": f"{_R5}version", "valueString": "1.0.0"},
            {"url": f"{_R5}title", "valueString": said.title},
            {"url": f"{_R5}date", "valueDateTime": _DATE},
            {"url": f"{_R5}description", "valueMarkdown": said.description},
            {"url": f"{_R5}resourceTrigger", "extension": trigger},
            *(_can_filter_by(said.focus, name, told) for name, told in FILTERS.items()),
        ],
        "modifierExtension": [{"url": f"{_R5}status", "valueCode": "active"}],
        "code": {"coding": [{"system": _TYPES, "code": "SubscriptionTopic"}]},
    }


def _can_filter_by(focus: str, name: str, told: str) -> Resource:
    parts = [
        {"url": "description", "valueMarkdown": told},
        {"url": "resource", "valueUri": focus},
        {"url": "filterParameter", "valueString": name},
    ]
    return {"url": f"{_R5}canFilterBy", "extension": parts}
