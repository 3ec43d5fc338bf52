"""What the synthetic neighbourhood does not hold by itself: what is recorded here through the API, and what PDS answers
of its people; each through the pipeline's own pure steps."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from adapters.recorded.parse import written
from adapters.recorded.records import Author, Request, Write
from adapters.records import FoldedEvent, SourcePatient
from adapters.synthetic import pds
from adapters.synthetic.neighbourhood import build
from integration.feeds import EVERY, RECORDED
from integration.ingest.assemble import Assembler
from integration.ingest.statements import Source
from integration.store.versions import stamped
from mappings import uk_core
from mappings.ids import Ids
from tests.database.recording import (
    adjustment,
    choice,
    coordinator,
    ended,
    existence,
    impairment,
    organisation,
    recipient,
    task,
)

_AT = datetime(2026, 9, 30, 12, tzinfo=UTC)
_HER = "11111111-1111-4111-8111-111111111111"
_ENTRY = "22222222-2222-4222-8222-222222222222"
_ASSEMBLE = Assembler(EVERY, b"the same ids in every run", (uk_core.HEALTH_TEST_DATA,))
_RECORDED: Sequence[dict[str, Any]] = (
    existence(_HER, extension=[{"url": "https://toldonce.example/StructureDefinition/review-date",
                                "valueDate": "2027-03-01"}]),
    adjustment(_HER),
    adjustment(_HER, status="inactive", extension=ended()),
    impairment(_HER),
    choice(_HER),
    choice(_HER, "view-by-charity", "permit", provision={"actor": [recipient("X9V01")]}),
    task(_HER),
    task(_HER, status="completed", owner={"display": "her nephew"}, note=[{"text": "done"}], priority="asap",
         partOf=[{"reference": f"Task/{_ENTRY}"}], focus={"reference": f"CarePlan/{_ENTRY}"},
         executionPeriod={"start": "2026-09-29", "end": "2026-09-30"}),
    coordinator(_HER),
    coordinator(_HER, status="inactive", period={"start": "2026-01-01", "end": "2026-09-29"},
                participant=[{"role": coordinator(_HER)["participant"][0]["role"], "member": organisation("X9V01")}]),
)  # fmt: skip


def recorded() -> Iterator[tuple[str, bytes]]:
    """Feed and JSON of one of each kind of statement, as it is served."""
    by = Author(client="tool", organisation="X9N04", role="care coordinator", purpose="COC", user="A. Singh")
    writes = [
        Write(interaction="create", type=one["resourceType"], key=f"{number}", resource=one)
        for number, one in enumerate(_RECORDED)
    ]
    request = Request(at="2026-09-30T12:00:00.000000Z", by=by, person=_HER, issued_for=_ENTRY, writes=writes)
    yield from _assembled(RECORDED.name, "X9N04", "a request", written(request))


def national(people: int) -> Iterator[tuple[str, bytes]]:
    """Feed and JSON of what PDS answers of these people."""
    for file in pds.feed_files(build(people)):
        yield from _assembled(file.feed, file.sender, file.name, file.content)


def _assembled(feed: str, sender: str, name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    parsed = EVERY[feed].parse(content, name=name, sender=sender, as_of=_AT)
    digest = hashlib.sha256(content).hexdigest()
    said: dict[SourcePatient, list[FoldedEvent]] = {}
    for one in parsed.events:
        event = FoldedEvent(at=one.at, sent=one.sent, digest=digest, name=name, record=one.record)
        said.setdefault(one.patient, []).append(event)
    for patient, events in said.items():
        id_ = UUID(Ids(_ASSEMBLE.secret, patient, feed).own("Patient"))
        made = _ASSEMBLE(Source(1, id_, feed, patient), events, ())
        assert not made.defects, made.defects
        for resource in made.resources:
            assert resource.content is not None
            body = stamped(resource.content.body, 1, _AT)
            yield feed, body.replace(uk_core.SUBJECT.encode(), f"Patient/{_HER}".encode())
