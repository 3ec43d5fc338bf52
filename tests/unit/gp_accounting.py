"""Accounting: every resource of a bundle is mapped, used, left out by its type, or a Defect."""

import json
from collections import Counter
from datetime import datetime
from hashlib import sha256

from adapters.gp import stu3
from adapters.gp.parse import parse
from adapters.gp.state import fold
from adapters.records import FoldedEvent
from mappings.gp import to_resources
from mappings.gp.source import source_of
from mappings.ids import Ids

EXCLUDING = frozenset(
    {"unsound-resource", "modifier-extension", "duplicate-id", "other-patient", "unknown-type", "incomplete-answer"}
)
"""Defects that leave a whole resource out."""


def unaccounted(content: bytes, *, sender: str, as_of: datetime) -> list[str]:
    """What became of no resource of the bundle, as `Type` once for each; [] when the sums agree."""
    parsed = parse(content, name="x.json", sender=sender, as_of=as_of)
    (event,) = parsed.events
    folded = FoldedEvent(
        at=event.at, sent=event.sent, digest=sha256(content).hexdigest(), name="x", record=event.record
    )
    state = fold(event.patient, [folded], ())
    assert state
    assert state.record
    ids = Ids(b"secret", event.patient, "gp")
    made = {resource["id"] for resource in to_resources(state, ids)}
    source = source_of(state, ids)
    mapped = Counter(
        type(resource).__name__
        for resource in state.record.resources
        if isinstance(resource, stu3.Medication)  # put into what names it
        or source.id(resource) in made
    )
    mapped["Patient"] += 1
    left_out = Counter({entry.type: entry.count for entry in state.record.left_out})
    excluded = {_resource_of(defect.where) for defect in parsed.defects if defect.code in EXCLUDING}
    named = Counter(where.split(" ")[-1] for where in excluded)
    sent = _sent(content)
    lists = Counter({"List": sent["List"] - named["List"]})  # read for warnings and the date of the answer
    return sorted((sent - mapped - left_out - named - lists).elements())


def _resource_of(where: str) -> str:
    """`Bundle.entry[3] Observation.status` -> `Bundle.entry[3] Observation`."""
    place, _, path = where.partition(" ")
    return f"{place} {path.split('.')[0]}"


def _sent(content: bytes) -> Counter[str]:
    """Resources by type, contained ones too; the same resource sent twice counts once."""
    distinct: set[tuple[str, str]] = set()
    for entry in json.loads(content)["entry"]:
        for resource in (entry["resource"], *entry["resource"].get("contained", ())):
            distinct.add((resource["resourceType"], json.dumps(resource, sort_keys=True)))
    return Counter(kind for kind, _ in distinct)
