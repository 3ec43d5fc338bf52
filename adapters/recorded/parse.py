"""An envelope of what was recorded here -> events of one source patient.

The source patient is the person as the author saw them: an organisation's statements about one id are one source
patient's. Whom it is about follows that id through merges and their undoing (`state.about`).
"""

from datetime import datetime

import msgspec

from adapters.errors import Unreadable
from adapters.recorded.records import Request, Said
from adapters.records import Defect, Event, Parsed, SourcePatient

_DECODER = msgspec.json.Decoder(Request)


def written(request: Request) -> bytes:
    """The envelope of a request: `parse` gives back what it says."""
    return msgspec.json.encode(request)


def source_patient(organisation: str, person: str, issued_for: str) -> SourcePatient:
    """The source patient of an organisation's statements about a person whom it saw under this id."""
    return SourcePatient(organisation=organisation, local_id=f"{person} {issued_for}")


def parse(
    content: bytes,
    *,
    name: str,
    sender: str,
    as_of: datetime,  # noqa: ARG001 # every feed's parse has this shape (integration.feeds.Parse)
) -> Parsed:
    """One event for each write. Raises Unreadable for what this software did not write itself."""
    try:
        request = _DECODER.decode(content)
    except msgspec.MsgspecError as error:
        raise _unreadable(name, "it is not a request as the API keeps it") from error
    if request.by.organisation != sender:
        raise _unreadable(name, "its author is not of the organisation whose envelope it is")
    patient = source_patient(sender, request.person, request.issued_for)
    said = (Said(at=request.at, by=request.by, write=write) for write in request.writes)
    return Parsed(
        events=[Event(patient=patient, at=request.at, sent=request.at, record=msgspec.json.encode(one)) for one in said]
    )


def _unreadable(name: str, reason: str) -> Unreadable:
    return Unreadable(
        Defect(code="not-recorded-here", where=name, reason=reason, remedy="record it again through the API")
    )
