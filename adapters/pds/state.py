"""What PDS answered about one NHS number, folded to its present view of it."""

from collections.abc import Sequence

import msgspec

from adapters.pds import records
from adapters.pds import resources as r4
from adapters.records import FoldedEvent, SourcePatient, Submission

_DECODER: msgspec.json.Decoder[records.Said] = msgspec.json.Decoder(records.Said)


def fold(
    patient: SourcePatient,
    events: Sequence[FoldedEvent],
    submissions: Sequence[Submission],  # noqa: ARG001 # every feed's fold has this shape (integration.feeds.Feed)
) -> records.State | None:
    """The latest answer to a question by number is PDS's view; a search gives only a part of the record, so it counts
    where nobody has asked by number. None when PDS never had a record of the number, or has invalidated it.

    PDS forgets no number: "not found" after a record may hide somebody, or come from a wrong service. So who it was and
    their restriction stay, and where they are does not. The same of a restricted person's number that is invalidated:
    whoever hides may get another number, and what other sources say under the old one must not tell where they are."""
    said: records.Answer | records.Superseded | None = None
    lost = False
    match: records.Match | None = None
    related: tuple[r4.RelatedPerson, ...] = ()
    for event in events:
        one = _DECODER.decode(event.record)
        if isinstance(one, records.Related):
            related = one.people
        elif isinstance(one, records.Match):
            match, lost = one, lost and said is not None
        elif isinstance(one, records.Absent):
            lost, related = True, ()
            if one.code == "INVALIDATED_RESOURCE" and not _is_hidden(said or match):
                said = match = None
        else:
            said, lost = one, False
            related = related if _may_be_located(one) else ()
    held = said or match
    if held is None:
        return None
    return records.State(
        number=patient.local_id,
        patient=held.patient,
        superseded=isinstance(held, records.Superseded),
        lost=lost,
        related=related if _may_be_located(held) and not lost else (),
        as_at=events[-1].at,
    )


def _is_hidden(held: records.Answer | records.Superseded | records.Match | None) -> bool:
    return held is not None and records.is_restricted(held.patient)


def _may_be_located(said: records.Said) -> bool:
    """Relatives have addresses too: of a restricted person, and of a number that is nobody's now, none is kept."""
    return isinstance(said, records.Answer) and not records.is_restricted(said.patient)
