"""What stands of what an organisation recorded here about one person: of each thing the last word, in total order."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from adapters.recorded.records import Said, State
from adapters.records import FoldedEvent, SourcePatient, Submission

_DECODER = msgspec.json.Decoder(Said)


def fold(
    patient: SourcePatient,
    events: Sequence[FoldedEvent],
    submissions: Sequence[Submission],  # noqa: ARG001 # every feed's fold has this shape (integration.feeds.Feed)
) -> State | None:
    """The latest statement of each type and key, without what was removed; None when nothing stands. Each statement is
    whole, so nothing depends on whether an earlier one could be read."""
    latest = {(said.write.type, said.write.key): said for said in map(heard, events)}
    standing = [said for _, said in sorted(latest.items()) if said.write.resource is not None]
    return State(organisation=patient.organisation, standing=standing) if standing else None


def heard(event: FoldedEvent) -> Said:
    """What one event says."""
    return _DECODER.decode(event.record)


def about(patient: SourcePatient) -> tuple[UUID, UUID]:
    """Whom a source patient of this feed is: whoever the first id means, else whoever the second one's source patient
    is (`parse.source_patient`)."""
    person, issued_for = patient.local_id.split()
    return UUID(person), UUID(issued_for)
