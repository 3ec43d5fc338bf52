"""Rows of all CSDS submissions -> what the provider says of one person now."""

from collections.abc import Sequence
from typing import Any

import msgspec

from adapters.community import records
from adapters.community.tables import CSDS
from adapters.records import FoldedEvent, SourcePatient, Submission
from adapters.tables.state import present

_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(records.Record)


def fold(
    patient: SourcePatient,  # noqa: ARG001 - the shape of every feed's fold; the person is in the rows
    events: Sequence[FoldedEvent],
    submissions: Sequence[Submission],
) -> records.State | None:
    """The provider's present view of one person, or None when it never said who the person is; see
    `adapters/tables/state.py`."""
    return present(CSDS, _DECODER, records.State, events, submissions)
