"""A practice's answers about one person, folded to its present view of them."""

from collections.abc import Sequence

import msgspec

from adapters.gp import records, stu3
from adapters.records import FoldedEvent, SourcePatient, Submission


class _Kind(msgspec.Struct):
    type: str


def fold(
    patient: SourcePatient,
    events: Sequence[FoldedEvent],
    submissions: Sequence[Submission],  # noqa: ARG001 # every feed's fold has this shape (integration.feeds.Feed)
) -> records.State | None:
    """The latest answer is the practice's view. After a refusal or a "not found" only the Patient of the last record
    and the practice's own description are kept. None when the practice never gave a record nor a refusal.
    """
    kinds = [msgspec.json.decode(event.record, type=_Kind).type for event in events]
    given = [i for i, kind in enumerate(kinds) if kind == "structured-record"]
    objections = _objections(events, kinds)
    if not (given or objections):
        return None
    record = msgspec.json.decode(events[given[-1]].record, type=records.StructuredRecord) if given else None
    withheld = not given or given[-1] != len(events) - 1
    if record is not None and withheld:
        record = _without_content(record, patient.organisation)
    return records.State(
        nhs_number=record.nhs_number if record else patient.local_id,
        record=record,
        withheld=withheld,
        objections=objections,
        as_at=events[-1].at,
    )


def _without_content(record: records.StructuredRecord, practice: str) -> records.StructuredRecord:
    described = (
        resource
        for resource in record.resources
        if isinstance(resource, stu3.Organization)
        and any(entry.system == records.ODS_CODE and entry.value == practice for entry in resource.identifier)
    )
    return records.StructuredRecord(nhs_number=record.nhs_number, patient=record.patient, resources=tuple(described))


def _objections(events: Sequence[FoldedEvent], kinds: Sequence[str]) -> tuple[records.Objection, ...]:
    """Each spell of refusals, from its first to the next record that was shared; "not found" ends none."""
    spells: list[records.Objection] = []
    open_since: str | None = None
    for event, kind in zip(events, kinds, strict=True):
        if kind == "refusal" and open_since is None:
            open_since = event.at
        elif kind == "structured-record" and open_since is not None:
            spells.append(records.Objection(start=open_since, end=event.at))
            open_since = None
    if open_since is not None:
        spells.append(records.Objection(start=open_since))
    return tuple(spells)
