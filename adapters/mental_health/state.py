"""Rows of all MHSDS submissions -> what the provider says of one person now."""

from collections.abc import Sequence
from typing import Any

import msgspec

from adapters.mental_health import records
from adapters.mental_health.tables import MHSDS
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
    return present(MHSDS, _DECODER, records.State, events, submissions)
