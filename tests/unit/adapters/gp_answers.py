"""GP Connect answers for tests: as small as they can be, with a part exchanged."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.gp.parse import parse
from adapters.gp.records import State, StructuredRecord
from adapters.gp.state import fold
from adapters.records import FoldedEvent, Parsed, SourcePatient

NUMBER = "9990000018"
AS_OF = datetime(2026, 9, 30, 8, 0, tzinfo=UTC)


def patient(**parts: Any) -> dict[str, Any]:
    number = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": NUMBER}
    return {"resourceType": "Patient", "id": "P1", "identifier": [number], "birthDate": "1942-03-04", **parts}


def observation(**parts: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "O1",
        "status": "final",
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "105529008", "display": "Lives alone"}]},
        "subject": {"reference": "Patient/P1"},
        **parts,
    }


def bundle(*resources: Any, **parts: Any) -> bytes:
    entries = [{"resource": resource} for resource in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries, **parts}).encode()


def read(content: bytes, *, name: str = f"{NUMBER}.json", sender: str = "X90101") -> Parsed:
    return parse(content, name=name, sender=sender, as_of=AS_OF)


def record(parsed: Parsed) -> StructuredRecord:
    return msgspec.json.decode(parsed.events[0].record, type=StructuredRecord)


def outcome(code: str) -> bytes:
    coding = [{"system": "https://fhir.nhs.uk/STU3/CodeSystem/Spine-ErrorOrWarningCode-1", "code": code}]
    issue = {"severity": "error", "code": "forbidden", "details": {"coding": coding}}
    return json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()


def folded(*answers: tuple[str, bytes]) -> list[FoldedEvent]:
    """The events of answers (ISO moment of receipt, content) about one person, in the order of the pipeline."""
    events = []
    for moment, content in answers:
        parsed = parse(content, name=f"{NUMBER}.json", sender="X90101", as_of=datetime.fromisoformat(moment))
        digest = hashlib.sha256(content).hexdigest()
        events += [
            FoldedEvent(at=event.at, sent=event.sent, digest=digest, name=f"{NUMBER}.json", record=event.record)
            for event in parsed.events
        ]
    return sorted(events, key=lambda event: (event.at, event.sent, event.digest))


def state_of(*answers: tuple[str, bytes]) -> State | None:
    """The folded state of those answers."""
    return fold(SourcePatient("X90101", NUMBER), folded(*answers), ())
