"""What sources took back: entries that stood for a while, and that their own source then said were entered in error. An
officer is told who was shown them before, without having asked (UK GDPR Article 19: notice to each recipient).

The database tells which entries, and from when until when they stood (migration `0033`); the facts, whose record they
were in then; the audit, who read it, and what was removed here as created in error. No content is read.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from integration.audit.codes import BEGUN, Kind, Outcome
from integration.audit.glance import Glance, glances
from integration.audit.search import AuditQuery, Moments
from integration.audit.sights import EDGE, Accounts, Period, Seen, Sight, first, joined, once, reads, sights, were_shown
from integration.audit.told import in_words
from integration.recording.kinds import REMOVABLE
from integration.store.connection import Connection
from integration.store.database import act_as

_IN_ORDER = "order by source_patient, type, since, until, id"
_CORRECTED = f"select * from toldonce.corrected($1, $2, $3::uuid[], $4::timestamptz[]) {_IN_ORDER}"
_TAKEN_BACK = f"select * from toldonce.taken_back($1::uuid[], $2::uuid[], $3::timestamptz[]) {_IN_ORDER}"
_WHOSE = """
select person, greatest(recorded, $2) as start, least(until, $3) as end from toldonce.facts
where source_patient = $1 and until > $2 and recorded < $3 order by start
"""
_WRITING = frozenset({Kind.CREATE, Kind.UPDATE, Kind.DELETE})
"""Whoever records an entry is not shown it by that."""
_CREATED_IN_ERROR = ("reason", "created-in-error")
"""Detail of the event of a removal (`mappings.recorded.vocabulary`)."""


class TakenBack(Struct, frozen=True):
    """An entry that stood from `since` until before `until`, in however many versions. `organisation`: the ODS code of
    its source; `source_patient`: a key; `categories`: what kind of information it was (`sharing.request.Category`)."""

    id: UUID
    type: str
    feed: str
    organisation: str
    source_patient: int
    categories: Sequence[str]
    since: datetime
    until: datetime


class Correction(NamedTuple):
    """Entries of one type that a source took back of one of its patients, the earliest first, and the accesses that may
    have shown one of them while it stood."""

    entries: Sequence[TakenBack]
    sights: Sequence[Sight]

    @property
    def ids(self) -> list[UUID]:
        """Of the entries, each once."""
        return list(dict.fromkeys(one.id for one in self.entries))

    @property
    def first(self) -> Glance:
        """The earliest of the accesses, where there are any."""
        return first(self.sights)

    @property
    def seen(self) -> Sequence[Seen]:
        """Whoever was shown them, most often first."""
        return Accounts.of(self.sights).seen()

    @property
    def kind(self) -> str:
        """What was taken back, in words."""
        return in_words({self.entries[0].type: 1}) or "entries"

    @property
    def about(self) -> str:
        """What tells it from every other."""
        one = self.entries[0]
        return f"{one.source_patient} {one.type} {one.until}"

    @property
    def reason(self) -> str:
        """In words that name nobody."""
        were = "1 entry was" if len(self.ids) == 1 else f"{len(self.ids):,} entries were"
        shown = were_shown(len(self.seen))
        return f"{were} taken back by the source as entered in error ({self.kind}), and {shown} shown such before"


async def corrected(connection: Connection, start: datetime, end: datetime) -> Sequence[Correction]:
    """Everything that was taken back in that time after somebody had been shown it, by source patient and type. The
    connection is in a transaction of a login that may step into `toldonce_watcher` and `toldonce_facts`, and ends as
    the former, as for all of this file."""
    await act_as(connection, "toldonce_watcher")
    removals = await _removed(connection, start, end)
    rows = await connection.fetch(_CORRECTED, start, end, *_columns(removals))
    return [one for one in await _corrections(connection, rows) if one.sights]


async def of(connection: Connection, ids: Sequence[UUID]) -> Correction | None:
    """The same of these entries of one source patient and type, whenever they were taken back; None where nothing of
    them is held any more."""
    await act_as(connection, "toldonce_watcher")
    # for whatever reason they went: the audit says for which
    gone = await connection.fetch(_TAKEN_BACK, list(ids), list(ids), [])
    ends = sorted({row["until"] for row in gone})
    removals = [one for end in ends for one in await _removed(connection, end, end)]
    rows = await connection.fetch(_TAKEN_BACK, list(ids), *_columns(removals))
    return next(iter(await _corrections(connection, rows)), None)


async def _removed(connection: Connection, start: datetime, end: datetime) -> list[tuple[UUID, datetime]]:
    """What was removed here as created in error from `start` to `end`, and when, each as often as that was. An event
    tells of what is done a little later, or a little earlier by another clock; one without such a target removed
    nothing, or somebody from a caseload."""
    around = Moments(start - EDGE, end + EDGE)
    asked = AuditQuery(dates=(around,), outcomes=(str(Outcome.SUCCESS),), kinds=(str(Kind.DELETE),))
    return [
        (UUID(id_), event.recorded)
        async for event in glances(connection, asked)
        for type_, _, id_ in (event.target.partition("/"),)
        if type_ in REMOVABLE and _CREATED_IN_ERROR in event.details
    ]


def _columns(removals: Sequence[tuple[UUID, datetime]]) -> tuple[list[UUID], list[datetime]]:
    """As the functions of the database take them."""
    return [id_ for id_, _ in removals], [moment for _, moment in removals]


async def _corrections(connection: Connection, rows: Iterable[Iterable[Any]]) -> list[Correction]:
    found = [TakenBack(*row) for row in rows]
    together = [list(some) for _, some in groupby(found, key=attrgetter("source_patient", "type"))]
    return [Correction(entries, await _sights(connection, entries)) for entries in together]


async def _sights(connection: Connection, entries: Sequence[TakenBack]) -> list[Sight]:
    found: list[Sight] = []
    for _, some in groupby(entries, key=attrgetter("since", "until")):
        stood_so = list(some)
        await act_as(connection, "toldonce_facts")
        periods = await _whose(connection, stood_so[0])
        await act_as(connection, "toldonce_watcher")
        found += await sights(connection, periods, partial(may_show, stood_so))
    return once(found)


async def _whose(connection: Connection, entry: TakenBack) -> list[Period]:
    """In whose record it stood: whom the source patient was taken for."""
    return joined(await connection.fetch(_WHOSE, entry.source_patient, entry.since, entry.until))


def may_show(entries: Sequence[TakenBack], event: Glance) -> bool:
    """Whether an access to the person's record may have shown one of these entries of one type and one source. It read
    or told of that very entry; or it read some of that type, and was permitted this kind of information of this source.
    What is sent while it is made says what it held when it ends; if it did not end, that may have been anything."""
    wrong = entries[0]
    if not reads(event) or event.kind in _WRITING:
        return False
    type_, _, named = event.target.partition("/")
    if type_ == wrong.type:
        return named.partition("/")[0] in {str(one.id) for one in entries}
    shown = event.counts.get(wrong.type, 0) > 0 or BEGUN in event.details
    return shown and _permitted(event, wrong.organisation, {category for one in entries for category in one.categories})


def _permitted(event: Glance, source: str, categories: Collection[str]) -> bool:
    """What the decision said of these kinds of information. It names the source only where sources fared differently,
    and one alone fared so (`sharing.account`)."""
    said = [why for why in event.reasons if why.category in categories]
    return not said or any(why.allowed and why.organisation in (None, source) for why in said)
