"""What an event says, told to people: whose access, of what kind, what was shown. Pure."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from integration.audit.codes import Kind, Outcome
from integration.audit.glance import Glance

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
    Kind.CLIENTS: "worked on the registered systems",
    Kind.RETENTION: "removed old entries of the log",
    Kind.INGEST: "sent something in",
    Kind.QUESTION: "asked another service",
    Kind.LABELLING: "labelled everything anew",
}
OUTCOMES = {Outcome.SUCCESS: "shown", Outcome.SERIOUS_FAILURE: "refused"}

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
    "Task": "who does what next",
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


def told(event: Glance) -> Told:
    """The row of one event."""
    return Told(
        id=event.id,
        when=event.recorded,
        user=event.user,
        organisation=event.organisation,
        client=event.client,
        role=event.role,
        purpose=event.purpose,
        what=what_was_done(event.kind),
        outcome=OUTCOMES.get(Outcome(event.outcome), "failed"),
        emergency=event.emergency,
        shown=in_words(event.counts),
    )


def what_was_done(kind: str) -> str:
    """A kind of access, in words."""
    return _WHAT.get(Kind(kind), kind) if kind else ""


def in_words(types: Mapping[str, int]) -> str:
    """Kinds of information, in words, each once."""
    words = [_KINDS.get(name, "other entries") for name in types if name not in _NOT_TOLD]
    named = list(dict.fromkeys(words))
    return f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else "".join(named)
