"""Provenance: which of a source's messages a group of resources came from.

One per source patient and label, so that it can carry the label of its targets and never says more than they do.
https://hl7.org/fhir/R4/provenance.html
"""

from collections.abc import Iterable, Sequence

from adapters.records import FoldedEvent
from mappings import datatypes, uk_core
from mappings.ids import Ids
from mappings.uk_core import Resource

ENVELOPE_DIGEST = f"{uk_core.LOCAL_ID}envelope-sha256"
"""Identifier system of the messages and files that statements came from."""


def provenance(ids: Ids, name: Sequence[str], targets: Iterable[Resource], events: Sequence[FoldedEvent]) -> Resource:
    """Provenance of `targets`, from the source's `events`. `name`: what tells this group from the patient's others."""
    organisation = ids.patient.organisation
    return uk_core.resource(
        "Provenance",
        ids.own("Provenance", *name),
        target=[{"reference": f"{target['resourceType']}/{target['id']}"} for target in targets],
        recorded=max(event.sent for event in events),
        agent=[
            {
                "type": datatypes.concept(
                    "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "author", "Author"
                ),
                "who": datatypes.organisation_reference(ids, organisation),
            }
        ],
        entity=[
            {"role": "source", "what": {"identifier": {"system": ENVELOPE_DIGEST, "value": digest}}}
            for digest in sorted({event.digest for event in events})
        ],
    )
