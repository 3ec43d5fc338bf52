"""Statements: what sources said, kept for good, and read back in the one total order in which they are folded.

A statement belongs to a reading of an envelope. Only the reading in force counts: so a large file is kept piece by
piece, and an envelope read anew, without anybody seeing half of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from adapters.records import Event, FoldedEvent, SourcePatient, Submission
from integration.ingest.inbox import Envelope
from integration.ingest.packing import packed, unpacked
from integration.store.connection import Connection
from mappings.ids import Ids


@dataclass(frozen=True)
class Source:
    """A source patient whose record is made."""

    key: int
    id: UUID
    feed: str
    patient: SourcePatient


@dataclass(frozen=True)
class Kept:
    """Events of one reading of an envelope of `feed`, the first of them at `position`."""

    reading: int
    position: int
    feed: str
    events: Sequence[Event]


@dataclass(frozen=True)
class Finished:
    """A reading that came to its end: it is in force from now on. `unreadable` when nothing of the envelope can be
    used."""

    envelope: Envelope
    reading: int
    submission: Submission | None
    unreadable: bool


async def begin(connection: Connection, count: int) -> list[int]:
    """Numbers for so many new readings."""
    rows = await connection.fetch("select nextval('toldonce.reading') from generate_series(1, $1::int)", count)
    return [row[0] for row in rows]


async def keep(connection: Connection, secret: bytes, kept: Sequence[Kept]) -> None:
    """Store events as statements; source patients are made where new."""
    keys = await source_patients(
        connection, secret, sorted({(one.feed, event.patient) for one in kept for event in one.events})
    )
    await connection.copy_records_to_table(
        "statement",
        schema_name="toldonce",
        columns=("reading", "position", "source_patient", "at", "sent", "record"),
        records=[
            (one.reading, position, keys[one.feed, event.patient], event.at, event.sent, packed(event.record))
            for one in kept
            for position, event in enumerate(one.events, start=one.position)
        ],
    )


async def finish(connection: Connection, finished: Sequence[Finished]) -> None:
    """Put these readings in force in place of earlier ones, so that reading better than before leaves nothing of the
    old; whoever is concerned is due.

    Two submissions of one sender are put in force one after the other: each has everyone of that sender looked at anew,
    and those whom the other makes are not seen before it is committed."""
    senders = {f"{one.envelope.feed} {one.submission.sender}" for one in finished if one.submission}
    for sender in sorted(senders):
        await connection.execute("select pg_advisory_xact_lock($1, hashtext($2))", _SUBMITTING, sender)
    envelopes = [one.envelope.id for one in finished]
    readings = [one.reading for one in finished]
    earlier = [one.envelope.reading for one in finished if one.envelope.reading is not None]
    await connection.execute(_DUE, [*readings, *earlier])
    if earlier:
        await connection.execute("delete from toldonce.statement where reading = any($1)", earlier)
        await connection.execute(_SENDERS_DUE, earlier)
        await connection.execute("delete from toldonce.submission where envelope = any($1)", envelopes)
    await connection.execute(
        "update toldonce.envelope e set finished = now(), reading = f.reading, begun = null, pieces = 0, passed = 0, "
        "tries = 0, found = null, state = case when f.unreadable then 'quarantined' else 'done' end "
        "from unnest($1::bigint[], $2::bigint[], $3::boolean[]) as f(id, reading, unreadable) where e.id = f.id",
        envelopes,
        readings,
        [one.unreadable for one in finished],
    )
    submitted = [one for one in finished if one.submission]
    if submitted:
        await connection.executemany(
            "insert into toldonce.submission (envelope, feed, sender, content) values ($1, $2, $3, $4)",
            [_submission(one.envelope, one.submission) for one in submitted if one.submission],
        )
        await connection.execute(_SENDERS_DUE, [one.reading for one in submitted])


_SUBMITTING = 0x1D0CF
"""First half of the advisory locks of senders whose submissions are put in force."""
_DUE = """
insert into toldonce.due (source_patient)
select distinct source_patient from toldonce.statement where reading = any($1)
"""
_SENDERS_DUE = """
insert into toldonce.due (source_patient)
select p.key from toldonce.source_patient p where (p.feed, p.organisation) in (
    select t.feed, t.sender from toldonce.submission t join toldonce.envelope e on e.id = t.envelope
    where e.reading = any($1))
"""
"""Everyone of whom a sender that has submitted a batch ever said anything: what the batch no longer holds was
withdrawn. An organisation speaks for its own patients only (`ingest.pipeline`)."""


def _submission(envelope: Envelope, submission: Submission) -> tuple[int, str, str, object]:
    said = msgspec.structs.replace(submission, digest=envelope.digest)
    return envelope.id, envelope.feed, said.sender, msgspec.to_builtins(said)


async def drop(connection: Connection, reading: int) -> None:
    """Forget what a reading kept that will not be finished."""
    await connection.execute("delete from toldonce.statement where reading = $1", reading)


_SOURCES = "select key, id, feed, organisation, local_id from toldonce.source_patient where key = any($1) order by key"


async def sources(connection: Connection, keys: Sequence[int]) -> dict[int, Source]:
    """Source patients by their keys."""
    return {
        key: Source(key, id_, feed, SourcePatient(organisation, local_id))
        for key, id_, feed, organisation, local_id in await connection.fetch(_SOURCES, list(keys))
    }


async def events(connection: Connection, keys: Sequence[int]) -> dict[int, list[FoldedEvent]]:
    """All statements of these source patients that count, each list in total order."""
    rows = await connection.fetch(
        "select s.source_patient, s.at, s.sent, e.digest, e.name, s.record from toldonce.statement s "
        "join toldonce.envelope e on e.reading = s.reading where s.source_patient = any($1) "
        'order by s.source_patient, s.at collate "C", s.sent collate "C", e.digest collate "C", '
        'e.delivery collate "C", s.position',
        list(keys),
    )
    found: dict[int, list[FoldedEvent]] = {key: [] for key in keys}
    for key, at, sent, digest, name, record in rows:
        found[key].append(FoldedEvent(at=at, sent=sent, digest=digest, name=name, record=unpacked(record)))
    return found


async def newest_envelopes(connection: Connection, keys: Sequence[int]) -> dict[int, int]:
    """The envelope of the last statement, in total order, of each of these source patients."""
    rows = await connection.fetch(
        "select distinct on (s.source_patient) s.source_patient, e.id from toldonce.statement s "
        "join toldonce.envelope e on e.reading = s.reading where s.source_patient = any($1) "
        'order by s.source_patient, s.at collate "C" desc, s.sent collate "C" desc, e.digest collate "C" desc, '
        'e.delivery collate "C" desc, s.position desc',
        list(keys),
    )
    return {row["source_patient"]: row["id"] for row in rows}


_SUBMISSIONS = """
select t.feed, t.content
from (select distinct feed, organisation from toldonce.source_patient where key = any($1)) concerned
join toldonce.submission t on t.feed = concerned.feed and t.sender = concerned.organisation
"""


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


async def source_patients(
    connection: Connection, secret: bytes, said: Sequence[tuple[str, SourcePatient]]
) -> Mapping[tuple[str, SourcePatient], int]:
    """Keys of source patients, made where new."""
    ids = [Ids(secret, patient, feed).own("Patient") for feed, patient in said]
    known = await _keys(connection, ids)
    if len(known) < len(said):
        await connection.execute(
            "insert into toldonce.source_patient (id, feed, organisation, local_id) "
            "select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) on conflict do nothing",
            ids,
            [feed for feed, _ in said],
            [patient.organisation for _, patient in said],
            [patient.local_id for _, patient in said],
        )
        known = await _keys(connection, ids)
    return known


async def _keys(connection: Connection, ids: Sequence[str]) -> dict[tuple[str, SourcePatient], int]:
    rows = await connection.fetch(
        "select feed, organisation, local_id, key from toldonce.source_patient where id = any($1::uuid[])", ids
    )
    return {(feed, SourcePatient(organisation, local_id)): key for feed, organisation, local_id, key in rows}
