"""Statements: what sources said, kept for good, and read back in the one total order in which they are folded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from adapters.records import FoldedEvent, Parsed, SourcePatient, Submission
from integration.ingest.inbox import Envelope
from integration.store.connection import Connection
from mappings.ids import Ids


@dataclass(frozen=True)
class Source:
    """A source patient that a batch touches."""

    key: int
    id: UUID
    feed: str
    patient: SourcePatient


async def keep(
    connection: Connection, secret: bytes, parsed: Sequence[tuple[Envelope, Parsed]]
) -> Mapping[int, Source]:
    """Store what was parsed; every source patient that it touches. A replayed envelope replaces its own statements,
    so parsing it better than before leaves nothing of the old reading."""
    envelopes = [envelope.id for envelope, _ in parsed]
    before = await connection.fetch(
        "delete from toldonce.statement where envelope = any($1) returning source_patient", envelopes
    )
    withdrawn = await connection.fetch(
        "delete from toldonce.submission where envelope = any($1) returning feed, sender", envelopes
    )
    said = {(envelope.feed, event.patient) for envelope, one in parsed for event in one.events}
    keys = await _source_patients(connection, secret, sorted(said))
    await connection.copy_records_to_table(
        "statement",
        schema_name="toldonce",
        columns=("envelope", "position", "source_patient", "at", "sent", "record"),
        records=[
            (envelope.id, position, keys[envelope.feed, event.patient], event.at, event.sent, event.record)
            for envelope, one in parsed
            for position, event in enumerate(one.events)
        ],
    )
    submissions = [
        (envelope, msgspec.structs.replace(one.submission, digest=envelope.digest))
        for envelope, one in parsed
        if one.submission
    ]
    await connection.executemany(
        "insert into toldonce.submission (envelope, feed, sender, content) values ($1, $2, $3, $4)",
        [(envelope.id, envelope.feed, one.sender, msgspec.to_builtins(one)) for envelope, one in submissions],
    )
    touched = {*keys.values(), *(row["source_patient"] for row in before)}
    submitted = {(envelope.feed, envelope.sender) for envelope, _ in submissions}
    return await _sources(connection, touched, submitted | {(row["feed"], row["sender"]) for row in withdrawn})


async def events(connection: Connection, keys: Sequence[int]) -> dict[int, list[FoldedEvent]]:
    """All statements of these source patients, each list in total order."""
    rows = await connection.fetch(
        "select s.source_patient, s.at, s.sent, e.digest, e.name, s.record from toldonce.statement s "
        "join toldonce.envelope e on e.id = s.envelope where s.source_patient = any($1) "
        'order by s.source_patient, s.at collate "C", s.sent collate "C", e.digest collate "C", '
        'e.delivery collate "C", s.position',
        list(keys),
    )
    found: dict[int, list[FoldedEvent]] = {key: [] for key in keys}
    for key, at, sent, digest, name, record in rows:
        found[key].append(FoldedEvent(at=at, sent=sent, digest=digest, name=name, record=record))
    return found


async def newest_envelopes(connection: Connection, keys: Sequence[int]) -> dict[int, int]:
    """The envelope of the last statement, in total order, of each of these source patients."""
    rows = await connection.fetch(
        "select distinct on (s.source_patient) s.source_patient, s.envelope from toldonce.statement s "
        "join toldonce.envelope e on e.id = s.envelope where s.source_patient = any($1) "
        'order by s.source_patient, s.at collate "C" desc, s.sent collate "C" desc, e.digest collate "C" desc, '
        'e.delivery collate "C" desc, s.position desc',
        list(keys),
    )
    return {row["source_patient"]: row["envelope"] for row in rows}


async def submissions(
    connection: Connection, keys: Sequence[int]
) -> Callable[[str, Sequence[FoldedEvent]], list[Submission]]:
    """A lookup for these source patients: every submission of the senders that brought their events of a feed, ordered
    by as-of, then digest."""
    rows = await connection.fetch(_SUBMISSIONS, list(keys))
    by_feed: dict[str, list[Submission]] = {}
    for feed, content in rows:
        by_feed.setdefault(feed, []).append(msgspec.convert(content, Submission))
    for listed in by_feed.values():
        listed.sort(key=lambda one: (one.as_of, one.digest))

    def of(feed: str, said: Sequence[FoldedEvent]) -> list[Submission]:
        digests = {event.digest for event in said}
        senders = {one.sender for one in by_feed.get(feed, ()) if one.digest in digests}
        return [one for one in by_feed.get(feed, ()) if one.sender in senders]

    return of


async def _source_patients(
    connection: Connection, secret: bytes, said: Sequence[tuple[str, SourcePatient]]
) -> dict[tuple[str, SourcePatient], int]:
    """Keys of source patients, made where new."""
    feeds = [feed for feed, _ in said]
    organisations = [patient.organisation for _, patient in said]
    local_ids = [patient.local_id for _, patient in said]
    ids = [Ids(secret, patient, feed).own("Patient") for feed, patient in said]
    await connection.execute(
        "insert into toldonce.source_patient (id, feed, organisation, local_id) "
        "select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) on conflict do nothing",
        ids,
        feeds,
        organisations,
        local_ids,
    )
    rows = await connection.fetch(
        "select feed, organisation, local_id, key from toldonce.source_patient where id = any($1::uuid[])", ids
    )
    return {(feed, SourcePatient(organisation, local_id)): key for feed, organisation, local_id, key in rows}


_SUBMISSIONS = """
select t.feed, t.content
from (select distinct feed, organisation from toldonce.source_patient where key = any($1)) concerned
join toldonce.submission t on t.feed = concerned.feed and t.sender = concerned.organisation
"""
_SOURCES = """
select key, id, feed, organisation, local_id from toldonce.source_patient where key = any($1) order by key
"""
_SOURCES_OF_SENDERS = """
select key, id, feed, organisation, local_id from toldonce.source_patient where key = any($1)
union
select p.key, p.id, p.feed, p.organisation, p.local_id
from unnest($2::text[], $3::text[]) as submitted(feed, sender)
join toldonce.source_patient p on p.feed = submitted.feed and p.organisation = submitted.sender
order by key
"""
"""An organisation speaks for its own patients only (`ingest.pipeline`)."""


async def _sources(connection: Connection, keys: set[int], submitted: set[tuple[str, str]]) -> dict[int, Source]:
    """These source patients, and everyone of whom a sender that has just submitted a batch ever said anything: what
    the batch no longer holds was withdrawn."""
    feeds, senders = [feed for feed, _ in submitted], [sender for _, sender in submitted]
    if submitted:
        rows = await connection.fetch(_SOURCES_OF_SENDERS, list(keys), feeds, senders)
    else:
        rows = await connection.fetch(_SOURCES, list(keys))
    return {
        key: Source(key, id_, feed, SourcePatient(organisation, local_id))
        for key, id_, feed, organisation, local_id in rows
    }
