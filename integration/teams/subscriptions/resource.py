"""A Subscription of FHIR R4, by the profile of the topic-based backport <-> what is kept of it. Pure.

http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from integration.recording.faults import Fault
from integration.store.events import Topic
from integration.teams.subscriptions.topics import FILTERS, TOPICS, canonical, topic_of
from mappings.uk_core import Resource

IG = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
PROFILE = f"{IG}backport-subscription"
FILTER, CONTENT, CHANNEL = (f"{IG}backport-{name}" for name in ("filter-criteria", "payload-content", "channel-type"))
HEARTBEAT, TIMEOUT, MAX_COUNT = (f"{IG}backport-{name}" for name in ("heartbeat-period", "timeout", "max-count"))
STREAM = {"system": "https://toldonce.example/CodeSystem/subscription-channel", "code": "server-sent-events"}
REST_HOOK, SERVER_SENT_EVENTS = "rest-hook", "server-sent-events"
ID_ONLY, EMPTY = "id-only", "empty"
_FHIR_JSON = "application/fhir+json"
_NUMBERS: Mapping[str, tuple[str, range]] = {
    HEARTBEAT: ("valueUnsignedInt", range(10, 86_401)),
    TIMEOUT: ("valueUnsignedInt", range(1, 61)),
    MAX_COUNT: ("valuePositiveInt", range(1, 101)),
}
"""Element and bounds: seconds, seconds, events."""
_TIMEOUT, _MAX_COUNT = 10, 20
_TAKEN = frozenset(
    {"resourceType", "id", "meta", "text", "status", "reason", "criteria", "_criteria", "channel", "end", "error"}
)
_LONGEST_REASON = 500


@dataclass(frozen=True)
class Wanted:
    """What a client asks for. `url` empty: a stream. Seconds and events as in the channel's extensions."""

    topic: Topic
    payload: str
    channel: str
    url: str
    person: UUID | None
    caseload: str | None
    reason: str
    max_count: int
    timeout: int
    heartbeat: int | None
    ends: datetime | None


@dataclass(frozen=True)
class Subscription:
    """A subscription as it stands: whose, for what, and how far it is. `role` and `purpose` are those it was created
    with; every event is decided for them."""

    id: UUID
    client: str
    organisation: str
    role: str
    purpose: str
    wanted: Wanted
    status: str
    error: str
    version: int
    created: datetime
    changed: datetime
    events: int
    """The number of the last event."""
    attempts: int = 0
    """Failed since the last success."""
    failing: datetime | None = None
    contacted: datetime | None = None
    """When its subscriber last answered."""

    def heartbeat_due(self, now: datetime) -> bool:
        """Whether it was quiet for as long as its client wants it to be at most."""
        seconds = self.wanted.heartbeat
        return seconds is not None and (self.contacted or self.created) + timedelta(seconds=seconds) <= now


def faults(sent: Resource, now: datetime) -> list[Fault]:
    """What stands against creating this Subscription, which is FHIR."""
    return [*_faults_of_itself(sent, now), *_faults_of_criteria(sent), *_faults_of_channel(sent.get("channel", {}))]


def wanted(sent: Resource) -> Wanted:
    """What a Subscription without faults asks for."""
    channel, topic = sent["channel"], topic_of(sent["criteria"])
    assert topic is not None
    filters = dict(_filters(sent))
    numbers = {one["url"]: one[_NUMBERS[one["url"]][0]] for one in channel.get("extension", ())}
    return Wanted(
        topic=topic,
        payload=_content(channel),
        channel=SERVER_SENT_EVENTS if _is_stream(channel) else REST_HOOK,
        url=channel.get("endpoint", ""),
        person=UUID(filters["patient"].rpartition("/")[2]) if "patient" in filters else None,
        caseload=filters["_in"].rpartition("/")[2] if "_in" in filters else None,
        reason=sent["reason"],
        max_count=numbers.get(MAX_COUNT, _MAX_COUNT),
        timeout=numbers.get(TIMEOUT, _TIMEOUT),
        heartbeat=numbers.get(HEARTBEAT),
        ends=datetime.fromisoformat(sent["end"]) if sent.get("end") else None,
    )


def resource(one: Subscription) -> Resource:
    """The Subscription as FHIR R4."""
    made: Resource = {
        "resourceType": "Subscription",
        "id": str(one.id),
        "meta": {
            "versionId": str(one.version),
            "lastUpdated": one.changed.isoformat(timespec="milliseconds"),
            "profile": [PROFILE],
        },
        "status": one.status,
        "reason": one.wanted.reason,
        "criteria": canonical(one.wanted.topic),
        "channel": _channel(one.wanted),
    }
    if said := _criteria(one.wanted):
        made["_criteria"] = {"extension": [{"url": FILTER, "valueString": said}]}
    if one.wanted.ends:
        made["end"] = one.wanted.ends.isoformat(timespec="milliseconds")
    return made | ({"error": one.error} if one.error else {})


def _faults_of_itself(sent: Resource, now: datetime) -> Iterator[Fault]:
    for name in sorted(sent.keys() - _TAKEN):
        yield Fault(f"Subscription.{name}" if name.isidentifier() else "Subscription", "This element is not kept here.")
    if sent["status"] not in ("requested", "active"):
        yield Fault("Subscription.status", "A new subscription is `requested`.")
    if len(sent["reason"]) > _LONGEST_REASON:
        yield Fault("Subscription.reason", f"At most {_LONGEST_REASON} characters.")
    if sent.get("end") and datetime.fromisoformat(sent["end"]) <= now:
        yield Fault("Subscription.end", "It has passed.")


def _faults_of_criteria(sent: Resource) -> Iterator[Fault]:
    topic = topic_of(sent["criteria"])
    if topic is None:
        yield Fault("Subscription.criteria", "The canonical URL of a topic that is served: see GET [base]/Basic.")
        return
    extensions = sent.get("_criteria", {}).get("extension", ())
    if any(one.get("url") != FILTER for one in extensions):
        yield Fault("Subscription.criteria.extension", f"Only {FILTER}.")
        return
    seen: set[str] = set()
    for one in extensions:
        type_, mark, _ = one.get("valueString", "").rpartition("?")
        if mark and type_ != TOPICS[topic].focus:
            yield Fault("Subscription.criteria.extension", f"This topic is filtered as {TOPICS[topic].focus}?...")
    for name, value in _filters(sent):
        if name not in FILTERS or name in seen:
            yield Fault("Subscription.criteria.extension", f"Filters are {', '.join(FILTERS)}, each once.")
        elif not _leads(name, value):
            yield Fault("Subscription.criteria.extension", f"{name} takes: {FILTERS[name]}")
        seen.add(name)
    if extensions and not seen:
        yield Fault("Subscription.criteria.extension", "A filter such as Encounter?_in=Group/<id>.")


def _filters(sent: Resource) -> Iterator[tuple[str, str]]:
    for one in sent.get("_criteria", {}).get("extension", ()):
        yield from parse_qsl(one.get("valueString", "").rpartition("?")[2], keep_blank_values=True)


def _leads(name: str, value: str) -> bool:
    """Whether a value names something of the right type."""
    type_, mark, id_ = value.rpartition("/")
    if name == "patient":
        try:
            UUID(id_)
        except ValueError:
            return False
        return not mark or type_ == "Patient"
    return bool(id_) and "," not in id_ and (not mark or type_ == "Group")


def _faults_of_channel(channel: Resource) -> Iterator[Fault]:
    here = "Subscription.channel"
    if channel.get("header"):
        yield Fault(f"{here}.header", "Headers are not sent: notifications are signed.")
    stream = _is_stream(channel)
    if channel.get("_type") and not stream:
        yield Fault(f"{here}.type.extension", f"The one other channel is {STREAM['system']}|{STREAM['code']}.")
    elif not stream and channel["type"] != REST_HOOK:
        yield Fault(f"{here}.type", "Channels are rest-hook and server-sent events.")
    elif stream == bool(channel.get("endpoint")):
        yield Fault(f"{here}.endpoint", "A rest-hook has an endpoint, a stream has none.")
    if channel.get("payload") != _FHIR_JSON:
        yield Fault(f"{here}.payload", f"{_FHIR_JSON} is what is sent.")
    if _content(channel) not in (ID_ONLY, EMPTY):
        yield Fault(f"{here}.payload.extension", f"Content is {ID_ONLY} or {EMPTY}: read what it leads to.")
    numbers = [one.get("url") for one in channel.get("extension", ())]
    for one in channel.get("extension", ()):
        element, bounds = _NUMBERS.get(one.get("url"), ("", range(0)))
        if numbers.count(one.get("url")) > 1 or one.get(element) not in bounds:
            told = ", ".join(f"{url} from {within[0]} to {within[-1]}" for url, (_, within) in _NUMBERS.items())
            yield Fault(f"{here}.extension", f"Each once: {told}.")


def _is_stream(channel: Resource) -> bool:
    extensions = channel.get("_type", {}).get("extension", ())
    codings: list[dict[str, Any]] = [one.get("valueCoding", {}) for one in extensions if one.get("url") == CHANNEL]
    return [{name: one.get(name) for name in STREAM} for one in codings] == [STREAM] and len(extensions) == 1


def _content(channel: Resource) -> str:
    """How much is sent; ids unless something else is asked for."""
    extensions = channel.get("_payload", {}).get("extension", ())
    said = [one.get("valueCode", "") if one.get("url") == CONTENT else "" for one in extensions]
    return str(said[0]) if len(said) == 1 else "" if said else ID_ONLY


def _criteria(one: Wanted) -> str:
    named = {"patient": f"Patient/{one.person}" if one.person else "", "_in": f"Group/{one.caseload or ''}"}
    filters = "&".join(f"{name}={value}" for name, value in named.items() if not value.endswith("/") and value)
    return f"{TOPICS[one.topic].focus}?{filters}" if filters else ""


def _channel(one: Wanted) -> Resource:
    numbers = {HEARTBEAT: one.heartbeat, TIMEOUT: one.timeout, MAX_COUNT: one.max_count}
    made: Resource = {
        "extension": [{"url": url, _NUMBERS[url][0]: value} for url, value in numbers.items() if value is not None]
    }
    if one.channel == REST_HOOK:
        made |= {"type": REST_HOOK, "endpoint": one.url}
    else:  # R4 has no code for it; the extension says what it is
        made |= {"type": "websocket", "_type": {"extension": [{"url": CHANNEL, "valueCoding": STREAM}]}}
    content = {"extension": [{"url": CONTENT, "valueCode": one.payload}]}
    return made | {"payload": _FHIR_JSON, "_payload": content}
