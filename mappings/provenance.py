"""Provenance: who said what a group of resources says.

One per source patient and label, so that it carries the label of its targets. It must not say more than they do: the
messages of a source patient, and when the latest came, would tell a caller who sees the name and no contacts how often
the person was there. So it names the source and when that source first spoke of the person; which message said what is
kept in the statements, for the audit and for replay.
https://hl7.org/fhir/R4/provenance.html
"""

from collections.abc import Iterable, Sequence

from adapters.records import FoldedEvent
from mappings import datatypes, uk_core
from mappings.ids import Ids
from mappings.uk_core import Resource


def provenance(ids: Ids, name: Sequence[str], targets: Iterable[Resource], events: Sequence[FoldedEvent]) -> Resource:
    """Provenance of `targets`, said by the source in its `events`. `name`: what tells this group from others."""
    organisation = ids.patient.organisation
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
    )
