"""Provenance: who said what a group of resources says.

One per source patient and label, so that it carries the label of its targets. It must not say more than they do: the
messages of a source patient, and when the latest came, would tell a caller who sees the name and no contacts how often
the person was there. So it names the source and when that source first spoke of the person; which message said what is
kept in the statements, for the audit and for replay.

A resource that was promoted (a Flag made of a coded observation) refers to what it was made of: `made_of`. Its
Provenance names the same as `entity`, so this too says no more than its targets do, and is cut where they are.
https://hl7.org/fhir/R4/provenance.html
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from adapters.records import FoldedEvent
from mappings import datatypes, uk_core
from mappings.ids import Ids
from mappings.uk_core import Resource

MADE_OF = "https://toldonce.example/StructureDefinition/made-of"
"""Extension for what has no element of its own to say what it was made of: a CareTeam, and the national flags of
reasonable adjustments, whose flag-detail leads to other things."""
_RA_FLAGS = frozenset({uk_core.RA_PATIENT_FLAG_PROFILE, uk_core.RA_ADJUSTMENT_PROFILE})

Json = dict[str, Any]


def made_of(resource: Resource, entries: Iterable[Json | None]) -> Resource:
    """`resource` with references to the resources that it was made of, in the element that FHIR has for them."""
    found = list({entry["reference"]: entry for entry in entries if entry and "reference" in entry}.values())
    if not found:
        return resource
    match resource["resourceType"]:
        case "Flag" if not _RA_FLAGS & _profiles(resource):  # http://hl7.org/fhir/R4/extension-flag-detail.html
            return _extended(resource, uk_core.FLAG_DETAIL, found)
        case "CarePlan":
            return {**resource, "supportingInfo": [*resource.get("supportingInfo", ()), *found]}
        case "Condition":
            return {**resource, "evidence": [*resource.get("evidence", ()), {"detail": found}]}
    return _extended(resource, MADE_OF, found)


def _extended(resource: Resource, url: str, entries: Iterable[Json]) -> Resource:
    added = [{"url": url, "valueReference": entry} for entry in entries]
    return {**resource, "extension": [*resource.get("extension", ()), *added]}


def _made_of(resource: Resource) -> Iterator[str]:
    """References to what the resource was made of. The details of the national adjustment flags, and the evidence of a
    Condition that was not derived, are the source's own links."""
    profiles = _profiles(resource)
    urls = {MADE_OF} if _RA_FLAGS & profiles else {MADE_OF, uk_core.FLAG_DETAIL}
    for extension in resource.get("extension", ()):
        if extension["url"] in urls:
            yield from _references([extension["valueReference"]])
    if resource["resourceType"] == "CarePlan":
        yield from _references(resource.get("supportingInfo", ()))
    if uk_core.RA_CONDITION_PROFILE in profiles:
        for evidence in resource.get("evidence", ()):
            yield from _references(evidence.get("detail", ()))


def _profiles(resource: Resource) -> frozenset[str]:
    return frozenset(resource.get("meta", {}).get("profile", ()))


def _references(entries: Iterable[Json]) -> Iterator[str]:
    return (entry["reference"] for entry in entries if "reference" in entry)


def provenance(ids: Ids, name: Sequence[str], targets: Iterable[Resource], events: Sequence[FoldedEvent]) -> Resource:
    """Provenance of `targets`, said by the source in its `events`. `name`: what tells this group from others."""
    organisation = ids.patient.organisation
    targets = list(targets)
    entities = sorted({entry for target in targets for entry in _made_of(target)})
    return uk_core.resource(
        "Provenance",
        ids.own("Provenance", *name),
        target=[{"reference": f"{target['resourceType']}/{target['id']}"} for target in targets],
        recorded=min(event.sent for event in events),
        agent=[
            {
                "type": datatypes.concept(
                    "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "author", "Author"
                ),
                "who": datatypes.organisation_reference(ids, organisation),
            }
        ],
        entity=[{"role": "derivation", "what": {"reference": entry}} for entry in entities],
    )
