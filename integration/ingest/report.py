"""How good what a sender sends is, in words and numbers that the sender can act on. Nothing of it is patient data.

Four statements, each of one part: files and messages, people, what is set aside, what was refused. Names of files are
left out, for a GP Connect answer is named after its patient's NHS number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from integration.ingest.refused import Refused, by_sender
from integration.store.connection import Connection

UNKNOWN = frozenset({"unknown-code", "unlisted-value", "unknown-type"})
"""Defect codes of values that no code table of ours holds."""


@dataclass(frozen=True)
class Trend:
    """How many in the last 30 days, and in the 30 days before."""

    last_30_days: int
    before: int


@dataclass(frozen=True)
class Envelopes:
    """Files and messages. `set_aside` whole; `lag_seconds` is the age of the oldest that waits, 0 when none does."""

    trend: Trend
    received: int
    read: int
    set_aside: int
    waiting: int
    last_received: datetime | None
    """None: everything was refused."""
    lag_seconds: int


@dataclass(frozen=True)
class People:
    """Source patients who are in the record, and how many of them have what linking them needs. `linked`: another
    source patient is taken to be the same person; what is stated here about somebody is none."""

    known: int
    nhs_number: int
    verified: int
    birth_date: int
    postcode: int
    linked: int


@dataclass(frozen=True)
class Problem:
    """Open quarantine entries of one code. `example` is the place of the newest, which has the number `entry`: row,
    segment or element, never what stands there."""

    trend: Trend
    code: str
    entries: int
    envelopes: int
    first_seen: datetime
    last_seen: datetime
    entry: int
    example: str
    reason: str
    remedy: str

    @property
    def is_unknown_code(self) -> bool:
        return self.code in UNKNOWN


@dataclass(frozen=True)
class SenderReport:
    """One sender's feed, something of which was received or refused. `trend` counts every problem that was first seen
    in its days, those resolved since too."""

    feed: str
    sender: str
    envelopes: Envelopes
    people: People
    problems: Sequence[Problem]
    unknown_codes: int
    trend: Trend
    refused: Sequence[Refused]
    """Stored nowhere."""


async def report(connection: Connection, feed: str | None = None, sender: str | None = None) -> list[SenderReport]:
    """Every sender's feed (of those named), if something of it was received or refused; as `toldonce_ingest`."""
    people = {(row[0], row[1]): People(*row[2:]) for row in await connection.fetch(_PEOPLE, feed, sender)}
    found = await problems(connection, feed, sender)
    outside = await by_sender(connection, feed, sender)
    nobody, nothing = People(0, 0, 0, 0, 0, 0), Envelopes(Trend(0, 0), 0, 0, 0, 0, None, 0)
    received = {
        (row[0], row[1]): Envelopes(Trend(row[2], row[3]), *row[4:])
        for row in await connection.fetch(_ENVELOPES, feed, sender)
    }
    return [
        _sender(key, received.get(key, nothing), people.get(key, nobody), found.get(key, []), outside.get(key, []))
        for key in sorted(received.keys() | outside.keys())
    ]


async def problems(
    connection: Connection, feed: str | None = None, sender: str | None = None
) -> dict[tuple[str, str], list[Problem]]:
    """What is set aside or was in the last 60 days, by feed and sender, what is open most often first. In the role
    `toldonce_ingest`."""
    found: dict[tuple[str, str], list[Problem]] = {}
    for row in await connection.fetch(_PROBLEMS, feed, sender):
        found.setdefault((row[0], row[1]), []).append(Problem(Trend(row[2], row[3]), *row[4:]))
    return found


def _sender(
    key: tuple[str, str], envelopes: Envelopes, people: People, problems: Sequence[Problem], outside: Sequence[Refused]
) -> SenderReport:
    still = [one for one in problems if one.entries]
    return SenderReport(
        *key,
        envelopes,
        people,
        still,
        sum(one.entries for one in still if one.is_unknown_code),
        Trend(sum(one.trend.last_30_days for one in problems), sum(one.trend.before for one in problems)),
        outside,
    )


_LATELY = "{0} > now() - interval '30 days'"
_BEFORE = "{0} > now() - interval '60 days' and {0} <= now() - interval '30 days'"
_ENVELOPES = f"""
with arrived as (
    select feed, sender, count(*) filter (where {_LATELY.format("received")}) as lately,
        count(*) filter (where {_BEFORE.format("received")}) as before, count(*), max(received) as last
    from toldonce.envelope where ($1::text is null or feed = $1) and ($2::text is null or sender = $2)
    group by feed, sender
), aside as (select feed, sender, count(*) from toldonce.envelope where state = 'quarantined' group by feed, sender),
waiting as (
    select feed, sender, count(*), min(received) as first from toldonce.envelope where state = 'received'
    group by feed, sender
)
select feed, sender, lately, before, arrived.count,
    arrived.count - coalesce(aside.count, 0) - coalesce(waiting.count, 0),
    coalesce(aside.count, 0), coalesce(waiting.count, 0), last,
    coalesce(extract(epoch from now() - waiting.first), 0)::bigint
from arrived left join aside using (feed, sender) left join waiting using (feed, sender) order by feed, sender
"""
"""Each count from the index that holds no more than it: contents lie beside the rows, and would be read with them."""
_PEOPLE = """
select feed, organisation, count(*), count(nhs_number), count(*) filter (where demographics ->> 'verified' = 'true'),
    count(birth_date), count(*) filter (where jsonb_array_length(demographics -> 'postcodes') > 0),
    count(*) filter (where exists (
        select from toldonce.source_patient other
        where other.person = s.person and other.key <> s.key and other.about is null))
from toldonce.source_patient s
where demographics is not null and ($1::text is null or feed = $1) and ($2::text is null or organisation = $2)
group by feed, organisation
"""
_PLACE = (
    "case when starts_with(q.location, e.name) then 'file' || substr(q.location, length(e.name) + 1) "
    "else q.location end"
)
_PROBLEMS = f"""
select e.feed, e.sender, count(*) filter (where {_LATELY.format("q.at")}),
    count(*) filter (where {_BEFORE.format("q.at")}), q.code, count(*) filter (where q.resolved is null),
    count(distinct q.envelope) filter (where q.resolved is null),
    min(q.at) filter (where q.resolved is null), max(q.last_seen) filter (where q.resolved is null),
    max(q.id) filter (where q.resolved is null),
    (array_agg({_PLACE} order by q.id desc) filter (where q.resolved is null))[1],
    (array_agg(q.reason order by q.id desc) filter (where q.resolved is null))[1],
    (array_agg(q.remedy order by q.id desc) filter (where q.resolved is null))[1]
from toldonce.quarantine q join toldonce.envelope e on e.id = q.envelope
where ($1::text is null or e.feed = $1) and ($2::text is null or e.sender = $2)
    and (q.resolved is null or q.at > now() - interval '60 days')
group by e.feed, e.sender, q.code order by e.feed, e.sender, 6 desc, q.code
"""
