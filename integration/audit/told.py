"""What an AuditEvent says, read for people: whose access, of what kind, what was shown. Pure."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from integration.audit import codes
from integration.audit.codes import BREAK_GLASS_PURPOSE, Kind, Outcome
from integration.audit.event import CLIENT_ID
from mappings.uk_core import Resource

_WHAT = {
    Kind.READ: "read one entry",
    Kind.QUERY: "searched",
    Kind.HISTORY: "read earlier versions",
    Kind.EVERYTHING: "read the whole record",
    Kind.SUMMARY: "read the summary",
    Kind.OPERATION: "asked a question",
    Kind.CREATE: "recorded something",
    Kind.UPDATE: "changed something",
    Kind.DELETE: "ended something",
    Kind.EXPORT: "exported",
    Kind.SUBSCRIPTION: "was notified",
    Kind.TOKEN: "signed in",
    Kind.BREAK_GLASS: "opened the record in an emergency",
    Kind.AUDIT: "looked into the access log",
    Kind.LINKAGE: "worked on who is who",
    Kind.AGREEMENTS: "worked on the agreements",
}
_OUTCOMES = {Outcome.SUCCESS: "shown", Outcome.SERIOUS_FAILURE: "refused"}

_NO_READING = frozenset({Kind.TOKEN, Kind.AUDIT, Kind.LINKAGE})
"""Kinds of access that show nothing of the record: tokens, the audit itself, and the work of undoing it."""
_KINDS: Mapping[str, str] = {
    "Patient": "who the person is",
    "CarePlan": "care plans",
    "CareTeam": "who cares for them",
    "Encounter": "visits and contacts",
    "Flag": "alerts and reasonable adjustments",
    "Condition": "conditions",
    "AllergyIntolerance": "allergies",
    "MedicationStatement": "medicines",
    "MedicationRequest": "prescriptions",
    "Observation": "measurements and findings",
    "ServiceRequest": "referrals",
    "EpisodeOfCare": "services",
    "RelatedPerson": "family and carers",
    "Goal": "goals",
    "Immunization": "vaccinations",
    "Procedure": "procedures",
    "DocumentReference": "documents",
    "DiagnosticReport": "test results",
    "Consent": "choices about sharing",
    "AuditEvent": "the access log",
}
_NOT_TOLD = frozenset({"Provenance", "Organization", "Practitioner", "PractitionerRole", "Location", "Specimen"})
"""Types that tell nothing of the person that the others do not."""


class Told(msgspec.Struct, frozen=True):
    """`shown`: kinds of information, in words."""

    id: UUID
    when: datetime
    user: str
    organisation: str
    client: str
    role: str
    purpose: str
    what: str
    outcome: str
    emergency: bool
    shown: str


def told(event: Resource) -> Told:
    """The row of one event."""
    user, organisation, client, role, purpose = caller_of(event)
    kind = kind_of_event(event)
    return Told(
        id=UUID(event["id"]),
        when=datetime.fromisoformat(event["recorded"]),
        user=user,
        organisation=organisation,
        client=client,
        role=role,
        purpose=" ".join(code for code in purpose.split() if code != BREAK_GLASS_PURPOSE),  # `emergency` says so
        what=_WHAT.get(Kind(kind), kind) if kind else "",
        outcome=_OUTCOMES.get(Outcome(event["outcome"]), "failed"),
        emergency=kind == Kind.BREAK_GLASS,
        shown=in_words(types_of(event)),
    )


def in_words(types: Mapping[str, int]) -> str:
    """Kinds of information, in words, each once."""
    words = [_KINDS.get(name, "other entries") for name in types if name not in _NOT_TOLD]
    named = list(dict.fromkeys(words))
    return f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else "".join(named)


def shows_nothing(event: Resource) -> bool:
    """Whether an AuditEvent is of a kind that shows nothing of the record."""
    return kind_of_event(event) in _NO_READING


def kind_of_event(event: Resource) -> str:
    """The word of its kind (`codes.Kind`)."""
    return next((tag["code"] for tag in event["meta"]["tag"] if tag["system"] == codes.KIND_TAG), "")


def caller_of(event: Resource) -> tuple[str, ...]:
    """User, organisation, client, role and purpose, as the event tells them; empty where it does not."""
    by_type = {agent["type"]["coding"][0]["code"]: agent for agent in event["agent"] if agent["who"].get("identifier")}
    user, organisation = by_type.get(codes.USER["code"], {}), by_type.get(codes.USER_ORGANISATION["code"], {})
    named = (one for one in event["agent"] if one["who"].get("identifier", {}).get("system") == CLIENT_ID)
    client: Resource = next(named, {})
    acting = user or client
    purposes = [coding["code"] for one in event.get("purposeOfEvent", ()) for coding in one["coding"]]
    return (
        _value(user),
        _value(organisation),
        _value(client),
        " ".join(role["text"] for role in acting.get("role", ())),
        " ".join(purposes),
    )


def _value(agent: Resource) -> str:
    return str(agent.get("who", {}).get("identifier", {}).get("value", ""))


def types_of(event: Resource) -> dict[str, int]:
    """How many resources of each type were answered."""
    details = [detail for entity in event["entity"] for detail in entity.get("detail", ())]
    counted = f"{codes.DETAIL}count/"
    return {
        one["type"].removeprefix(counted): int(one["valueString"]) for one in details if one["type"].startswith(counted)
    }
