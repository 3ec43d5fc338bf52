"""The registry of feeds: one Feed per sector, and the national demographics, ties its adapter to its mapping.

Another feed is one adapter package, one mapping and one line in FEEDS.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Protocol
from uuid import UUID

from adapters.acute import parse as acute_in
from adapters.acute import state as acute_now
from adapters.community import parse as community_in
from adapters.community import state as community_now
from adapters.gp import parse as gp_in
from adapters.gp import state as gp_now
from adapters.mental_health import parse as mhsds_in
from adapters.mental_health import state as mhsds_now
from adapters.pds import parse as pds_in
from adapters.pds import state as pds_now
from adapters.recorded import parse as recorded_in
from adapters.recorded import state as recorded_now
from adapters.records import FoldedEvent, Parsed, SourcePatient, Submission
from adapters.social_care import parse as social_care_in
from adapters.social_care import state as social_care_now
from adapters.vcfse import parse as vcfse_in
from adapters.vcfse import state as vcfse_now
from mappings import acute, community, gp, mental_health, pds, recorded, social_care, vcfse
from mappings.ids import Ids
from mappings.uk_core import Resource


class Parse(Protocol):
    """Bytes of one envelope -> events, defects, submission. Raises `adapters.errors.Unreadable` when nothing of it
    can be used. `sender` is the ODS code of the organisation whose feed it is, `as_of` (aware) was fixed on receipt."""

    def __call__(self, content: bytes, *, name: str, sender: str, as_of: datetime) -> Parsed: ...


class Pieces(Protocol):
    """A large file of one envelope, at its start -> what `Parse` gives, in pieces of a few thousand events, in constant
    memory. The same bytes give the same pieces, so that an interrupted reading goes on where it was; the submission is
    on the last. Raises `adapters.errors.Unreadable`, late too."""

    def __call__(self, content: BinaryIO, *, name: str, sender: str, as_of: datetime) -> Iterator[Parsed]: ...


def in_one(parse: Parse) -> Pieces:
    """The pieces of a feed whose files are not so large."""

    def pieces(content: BinaryIO, *, name: str, sender: str, as_of: datetime) -> Iterator[Parsed]:
        yield parse(content.read(), name=name, sender=sender, as_of=as_of)

    return pieces


@dataclass(frozen=True)
class Feed:
    """How one sector's bytes become UK Core resources. All these functions are pure.

    parse, pieces: see `Parse` and `Pieces`.
    fold: all events of one source patient, in total order, and every submission of that sender and dataset
        -> the source's present view of the person, or None when it says nothing (any more).
    to_resources: that view -> UK Core resources about the person and the directory entries they refer to.
    about: where its source patients are nobody by themselves: whom one is, see `identity.following`.
    """

    name: str
    title: str
    parse: Parse
    fold: Callable[[SourcePatient, Sequence[FoldedEvent], Sequence[Submission]], Any]
    to_resources: Callable[[Any, Ids], list[Resource]]
    pieces: Pieces | None = None
    about: Callable[[SourcePatient], tuple[UUID, UUID]] | None = None


FEEDS = {
    feed.name: feed
    for feed in (
        Feed("gp", "General practice: GP Connect structured record", gp_in.parse, gp_now.fold, gp.to_resources),
        Feed("acute", "Hospital: HL7 v2.4 ADT", acute_in.parse, acute_now.fold, acute.to_resources, acute_in.pieces),
        Feed(
            "community",
            "Community services: CSDS",
            community_in.parse,
            community_now.fold,
            community.to_resources,
            community_in.pieces,
        ),
        Feed(
            "mental_health",
            "Mental health: MHSDS",
            mhsds_in.parse,
            mhsds_now.fold,
            mental_health.to_resources,
            mhsds_in.pieces,
        ),
        Feed(
            "social_care",
            "Social care: CLD",
            social_care_in.parse,
            social_care_now.fold,
            social_care.to_resources,
            social_care_in.pieces,
        ),
        Feed("vcfse", "Charities: referral spreadsheets", vcfse_in.parse, vcfse_now.fold, vcfse.to_resources),
        Feed(
            "pds", "National demographics: Personal Demographics Service", pds_in.parse, pds_now.fold, pds.to_resources
        ),
    )
}
"""What arrives from outside."""

RECORDED = Feed(
    "recorded",
    "Recorded here through the API",
    recorded_in.parse,
    recorded_now.fold,
    recorded.to_resources,
    about=recorded_now.about,
)
"""Written by the API alone (`integration.recording`): nobody sends it."""
EVERY = {**FEEDS, RECORDED.name: RECORDED}
"""What the record is made of."""
