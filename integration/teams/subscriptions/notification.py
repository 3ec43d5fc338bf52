"""The Bundle that a subscriber gets, and the status that it begins with. Pure.

FHIR R4 by the topic-based backport: a Bundle of type `history` whose first entry is a Parameters resource
(`backport-subscription-notification-r4`, `backport-subscription-status-r4`). R4B's SubscriptionStatus is not used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from integration.teams.subscriptions.resource import EMPTY, IG, Subscription
from integration.teams.subscriptions.topics import canonical
from mappings.uk_core import Resource

Kind = Literal["handshake", "heartbeat", "event-notification", "query-status", "query-event"]
"""http://hl7.org/fhir/subscription-notification-type"""


@dataclass(frozen=True)
class Numbered:
    """An event with its number in one subscription. `focus` empty: it may be told no longer, and what is left of it is
    that there is such a number, which its subscriber got before."""

    number: int
    told: datetime | None = None
    focus: str = ""
    """`Type/id`."""
    person: UUID | None = None


def status(one: Subscription, kind: Kind, base: str, id_: UUID, events: Sequence[Numbered] = ()) -> Resource:
    """The Parameters resource that a notification begins with, and `$status` answers."""
    said: list[Resource] = [
        {"name": "subscription", "valueReference": {"reference": f"{base}/Subscription/{one.id}"}},
        *([{"name": "topic", "valueCanonical": canonical(one.wanted.topic)}] if one.wanted.payload != EMPTY else []),
        {"name": "status", "valueCode": one.status},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(one.events)},
        *({"name": "notification-event", "part": _event(event, one, base)} for event in events),
    ]
    if one.error:
        said.append({"name": "error", "valueCodeableConcept": {"text": one.error}})
    profile = [f"{IG}backport-subscription-status-r4"]
    return {"resourceType": "Parameters", "id": str(id_), "meta": {"profile": profile}, "parameter": said}


def bundle(
    one: Subscription, kind: Kind, base: str, id_: UUID, at: datetime, events: Sequence[Numbered] = ()
) -> Resource:
    """A notification, or what `$events` answers. The entry's request is that of `$status`, as the guide has it."""
    return {
        "resourceType": "Bundle",
        "id": str(id_),
        "meta": {"profile": [f"{IG}backport-subscription-notification-r4"]},
        "type": "history",
        "timestamp": at.isoformat(timespec="milliseconds"),
        "entry": [
            {
                "fullUrl": f"urn:uuid:{id_}",
                "resource": status(one, kind, base, id_, events),
                "request": {"method": "GET", "url": f"{base}/Subscription/{one.id}/$status"},
                "response": {"status": "200"},
            }
        ],
    }


def _event(event: Numbered, one: Subscription, base: str) -> list[Resource]:
    parts: list[Resource] = [{"name": "event-number", "valueString": str(event.number)}]
    if event.told:
        parts.append({"name": "timestamp", "valueInstant": event.told.isoformat(timespec="milliseconds")})
    if event.focus and one.wanted.payload != EMPTY:
        parts.append({"name": "focus", "valueReference": {"reference": f"{base}/{event.focus}"}})
        person = f"Patient/{event.person}"
        if event.person and event.focus != person:
            parts.append({"name": "additional-context", "valueReference": {"reference": f"{base}/{person}"}})
    return parts
