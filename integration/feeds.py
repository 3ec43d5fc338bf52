"""The registry of feeds: one Feed per sector ties its adapter to its mapping.

A sixth feed is one adapter package, one mapping and one line in FEEDS.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from adapters.records import FoldedEvent, Parsed, SourcePatient, Submission
from mappings.ids import Ids
from mappings.uk_core import Resource


class Parse(Protocol):
    """Bytes of one envelope -> events, defects, submission. Raises `adapters.errors.Unreadable` when nothing of it
    can be used. `sender` is the ODS code of the organisation whose feed it is, `as_of` (aware) was fixed on receipt."""

    def __call__(self, content: bytes, *, name: str, sender: str, as_of: datetime) -> Parsed: ...


@dataclass(frozen=True)
class Feed:
    """How one sector's bytes become UK Core resources. All three functions are pure.

    parse: see `Parse`.
    fold: all events of one source patient, in total order, and every submission of that sender and dataset
        -> the source's present view of the person, or None when it says nothing (any more).
    to_resources: that view -> UK Core resources about the person and the directory entries they refer to.
    """

    name: str
    title: str
    parse: Parse
    fold: Callable[[SourcePatient, Sequence[FoldedEvent], Sequence[Submission]], Any]
    to_resources: Callable[[Any, Ids], list[Resource]]
