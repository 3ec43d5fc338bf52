"""The pipeline without its database: what deliveries of one feed say, in total order, folded, mapped and validated."""

from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID

import msgspec

from adapters.errors import Unreadable
from adapters.records import FoldedEvent, Parsed, SourcePatient, Submission
from integration.feeds import FEEDS
from integration.ingest.assemble import Assembled, Assembler
from integration.ingest.inbox import Delivery
from integration.ingest.statements import Source
from mappings.ids import Ids
from mappings.uk_core import HEALTH_TEST_DATA

ASSEMBLE = Assembler(FEEDS, b"a test's secret", (HEALTH_TEST_DATA,))


def parsed(delivery: Delivery) -> Parsed:
    """What one delivery says; nothing but a defect where it is unreadable."""
    try:
        return read(delivery)
    except Unreadable as unreadable:
        return Parsed(defects=[unreadable.defect])


def read(delivery: Delivery) -> Parsed:
    """Raises `Unreadable`."""
    assert isinstance(delivery.content, bytes)
    assert delivery.as_of is not None
    parse = FEEDS[delivery.feed].parse
    return parse(delivery.content, name=delivery.name, sender=delivery.sender, as_of=delivery.as_of)


def record(feed: str, said: Iterable[tuple[Delivery, Parsed]]) -> dict[SourcePatient, Assembled]:
    """The present view of each source patient, whatever the order in which `said` comes; what is delivered twice comes
    once, as the inbox has it."""
    ordered: list[tuple[SourcePatient, tuple[str, str, str, str, int], FoldedEvent]] = []
    submitted: list[Submission] = []
    for delivery, told in dict(said).items():
        digest = sha256(bytes(delivery.content)).hexdigest()
        for position, one in enumerate(told.events):
            event = FoldedEvent(at=one.at, sent=one.sent, digest=digest, name=delivery.name, record=one.record)
            ordered.append(
                (one.patient, (one.at, one.sent, digest, f"{delivery.name} {delivery.as_of}", position), event)
            )
        if told.submission:
            submitted.append(msgspec.structs.replace(told.submission, digest=digest))
    ordered.sort(key=lambda one: one[:2])
    by_patient: dict[SourcePatient, list[FoldedEvent]] = {}
    for patient, _, event in ordered:
        by_patient.setdefault(patient, []).append(event)
    submitted.sort(key=lambda one: (one.as_of, one.digest))
    return {
        patient: ASSEMBLE(
            Source(0, UUID(Ids(ASSEMBLE.secret, patient, feed).own("Patient")), feed, patient), events, submitted
        )
        for patient, events in by_patient.items()
    }
