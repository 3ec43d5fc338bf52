"""Where each element of a golden Patient is from: a Provenance for each source that gave it something.

The target names the elements with the HL7 extension targetPath (http://hl7.org/fhir/StructureDefinition/targetPath,
FHIRPath of the simple subset); `entity` is the source's own Patient. They are made with the golden Patient, for one
caller, and stored nowhere. http://hl7.org/fhir/R4/provenance.html
"""

import hashlib
from collections.abc import Sequence
from uuid import UUID

import orjson

from integration.record.patient import Golden
from integration.record.reader import Row
from integration.sharing.mask import location_free
from integration.sharing.request import Grant
from mappings import uk_core
from mappings.uk_core import Resource

TARGET_PATH = "http://hl7.org/fhir/StructureDefinition/targetPath"
_PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
_TWIN = int.from_bytes(hashlib.sha256(b"toldonce: provenance of a golden Patient").digest()[:16], "big") & ~(
    0xF << 76 | 0x3 << 62
)
"""Turns the id of a source's Patient into that of the Provenance which speaks of it, and back again: all bits but
those of the UUID's version and variant."""


def twin(id_: UUID) -> UUID:
    """Id of the Provenance of what a source's Patient gave to the golden one; of such an id, the source's Patient."""
    return UUID(int=id_.int ^ _TWIN)


def provenances(grant: Grant, golden: Golden) -> list[Resource]:
    """One for each statement from which the golden Patient has something, the best source's first."""
    rows = {row.id: row for _, row in golden.sources}
    return [
        _provenance(grant, row, [path for path, source in golden.sources if source.id == row.id])
        for row in rows.values()
    ]


def _provenance(grant: Grant, row: Row, paths: Sequence[str]) -> Resource:
    patient = row.resource()
    version = hashlib.sha256(orjson.dumps([row.version, paths, str(grant.person)])).hexdigest()[:16]
    meta = {name: patient["meta"][name] for name in ("security", "tag") if name in patient["meta"]}
    made: Resource = {
        "resourceType": "Provenance",
        "id": str(twin(row.id)),
        "meta": {
            "versionId": version,
            "lastUpdated": row.recorded.isoformat(timespec="milliseconds"),
            "profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Provenance"],
            **meta,
        },
        "target": [
            {
                "extension": [{"url": TARGET_PATH, "valueString": path} for path in paths],
                "reference": f"Patient/{grant.person}",
            }
        ],
        "recorded": row.recorded.isoformat(timespec="milliseconds"),
        "agent": [{"type": {"coding": [_AUTHOR]}, "who": _source(patient)}],
        "entity": [{"role": "source", "what": {"reference": f"Patient/{row.id}"}}],
    }
    return (location_free(made) or made) if grant.hides_location(row.label) else made


_AUTHOR = {"system": _PARTICIPANT, "code": "author", "display": "Author"}


def _source(patient: Resource) -> Resource:
    """The organisation that says so; `withheld` where that would tell where a restricted person is."""
    organisation: Resource | None = patient.get("managingOrganization")
    if organisation:
        return organisation
    parts = patient["meta"].get("source", "").split(":")
    if len(parts) != 5:  # urn:toldonce:source:<organisation>:<feed>, taken away from a restricted person's
        return {"display": "withheld"}
    return {"identifier": {"system": uk_core.ODS_ORGANISATION, "value": parts[3]}}
