"""Looking through a day's accesses for what is unusual, by the rules of `audit.unusual`: each day once.

It reads the audit, and learns from the database what a user and a person have in common, never who they are. What it
finds waits for an officer as an alert, by reference. What an officer signed off does not come again.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import asyncpg
import structlog

from adapters.records import LONDON
from integration.audit import corrections, unusual, wrong_links
from integration.audit.access import Access
from integration.audit.alerts import CORRECTION, SELF_CLAIMED, UNUSUAL, WRONG_LINK
from integration.audit.codes import Kind, Outcome
from integration.audit.glance import Glance, glances
from integration.audit.log import AuditLog
from integration.audit.search import AuditQuery, Moments
from integration.audit.unusual import OF_A_DAY, OF_A_LOOK, SOON, Likeness, Looked, UsersDay
from integration.identity.demographics import demographics
from integration.sharing.facts import WHOM
from integration.sharing.request import Caller
from integration.store.connection import Connection
from integration.store.database import act_as

BEFORE = timedelta(days=28)
"""How far back a user's other days are looked at."""
_EVERY = 600.0
_COMMITTED = timedelta(minutes=10)
"""After the end of a day, until what was begun in it is committed, or is not any more."""
_LONGEST_NAME = 200
_LOOKED_AT = "select * from toldonce.looked_at($1::uuid[], $2, $3, $4)"
_BEGIN = "insert into toldonce.looked (day) values ($1) on conflict do nothing returning true"
_LOOKED_THROUGH = "select day from toldonce.looked where day <= $1"
_DAYS = """
select people, hours from toldonce.user_day
where organisation = $1 and client = $2 and user_name = $3 and day < $4 and day >= $5
"""
_KEEP = """
insert into toldonce.user_day (organisation, client, user_name, day, people, hours) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
"""
_RAISE = """
insert into toldonce.alert (key, kind, event, organisation, client, raised, reason, records)
values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (key) do nothing
"""
_RELATED = f"""
select exists (
    select from (values ($1::uuid)) as asked(id)
    join toldonce.facts f on f.until = 'infinity' and f.person = {WHOM}
    cross join jsonb_array_elements(f.evidence) e
    where e->>'organisation' = $2 and e->>'source' is distinct from $2)
"""

_NOT_LOOKED_THROUGH = "accesses not looked through"

log = structlog.get_logger(__name__)


class User(NamedTuple):
    """Who looks: users are told apart by organisation and client, which name them."""

    organisation: str
    client: str
    name: str


@dataclass
class _Work:
    """What one user did that day: the first event of each person, and accesses by hour."""

    first: dict[UUID, Glance] = field(default_factory=dict)
    hours: list[int] = field(default_factory=lambda: [0] * 24)

    def add(self, event: Glance, person: UUID) -> None:
        known = self.first.get(person)
        if known is None or event.recorded < known.recorded:
            self.first[person] = event
        self.hours[event.recorded.astimezone(LONDON).hour] += 1


class Found(NamedTuple):
    """What an officer must know: by which rule and why, at which event, and what it is about: a person's id, or a day;
    of a wrong link and a correction, which records."""

    rule: str
    reason: str
    event: Glance
    about: str
    kind: str = UNUSUAL
    records: Sequence[UUID] = ()


class Days(NamedTuple):
    """What looking through several days came to: how much each had that is unusual, None where it was looked through
    before; and of those that could not be looked through, the type of the error."""

    found: Mapping[date, int | None]
    failed: Mapping[date, str]


async def look(connection: Connection, day: date) -> int | None:
    """Look through a day, in London, and through what was opened on the caller's own word some days before; how much
    was found, what is known already with it. None: that day was looked through before. The connection is in a
    transaction of a login that may step into `toldonce_watcher` and `toldonce_facts`."""
    await act_as(connection, "toldonce_watcher")
    if not await connection.fetchval(_BEGIN, day):
        return None
    found: list[Found] = []
    for user, work in (await _work(connection, day)).items():
        found += await _at_whom(connection, user, work)
        found += await _how_much(connection, user, work, day)
    found += await _unrelated(connection, day - timedelta(days=SOON))
    found += await _wrong_links(connection, day)
    found += await _corrections(connection, day)
    await act_as(connection, "toldonce_watcher")
    for one in found:
        client, organisation, _, _, user_name, _ = one.event.caller
        key = sha256("\0".join((one.kind, one.rule, organisation, client, user_name, one.about)).encode()).digest()
        event = one.event
        raised = (key, one.kind, event.id, organisation, client, event.recorded, one.reason, one.records)
        await connection.execute(_RAISE, *raised)
    return len(found)


def _bounds(day: date) -> tuple[datetime, datetime]:
    return datetime.combine(day, time(), LONDON), datetime.combine(day + timedelta(days=1), time(), LONDON)


def _of(day: date) -> AuditQuery:
    return AuditQuery(dates=(Moments(*_bounds(day)),), outcomes=(str(Outcome.SUCCESS),))


async def _work(connection: Connection, day: date) -> dict[User, _Work]:
    """What each user was shown of whom. What a system asks by itself has no user."""
    found: dict[User, _Work] = {}
    async for event in glances(connection, _of(day)):
        person = event.person
        if event.reads and person is not None and event.user:
            client, organisation, _, _, name, _ = event.caller
            found.setdefault(User(organisation, client, _name(name)), _Work()).add(event, person)
    return found


def _name(user: str) -> str:
    """A user's name as a key. Clients name users as they like, and no name may stop everybody's day from being looked
    through: PostgreSQL holds no null character, and no key of thousands of letters."""
    return user.replace("\0", "")[:_LONGEST_NAME]


async def _at_whom(connection: Connection, user: User, work: _Work) -> list[Found]:
    surname = next(iter(_family(unusual.surname_of(user.name))), "")
    rows = await connection.fetch(_LOOKED_AT, list(work.first), user.organisation, user.name, surname)
    looks = {
        row["asked"]: Looked(
            Likeness(row["same_person"], row["same_address"], row["same_surname"]), frozenset(row["watched"])
        )
        for row in rows
    }
    return [
        Found(rule, reason, work.first[person], str(person))
        for person, looked in looks.items()
        for rule, why in OF_A_LOOK.items()
        if (reason := why(looked))
    ]


def _family(surname: str) -> Iterable[str]:
    """As linkage compares it."""
    return demographics({"resourceType": "Patient", "name": [{"family": surname}]}).families


async def _how_much(connection: Connection, user: User, work: _Work, day: date) -> list[Found]:
    before = await connection.fetch(_DAYS, *user, day, day - BEFORE)
    hours = [sum(row["hours"][hour] for row in before) for hour in range(24)]
    now = UsersDay(len(work.first), work.hours, [row["people"] for row in before], hours)
    await connection.execute(_KEEP, *user, day, now.people_now, work.hours)
    first = min(work.first.values(), key=lambda event: event.recorded)
    return [Found(rule, reason, first, str(day)) for rule, why in OF_A_DAY.items() if (reason := why(now))]


async def _unrelated(connection: Connection, day: date) -> list[Found]:
    """What was opened on the caller's own word, or in an emergency, and nobody else has explained since."""
    opened = {(person, event.organisation): event async for person, event in _on_own_word(connection, day)}
    await act_as(connection, "toldonce_facts")
    return [
        Found("unrelated", unusual.UNRELATED, event, str(person))
        for (person, organisation), event in opened.items()
        if not await connection.fetchval(_RELATED, person, organisation)
    ]


async def _wrong_links(connection: Connection, day: date) -> list[Found]:
    """Whoever was shown two people's records as one person's, of those that were parted that day."""
    return [
        Found(WRONG_LINK, one.reason, one.first, f"{one.pair} {one.until}", WRONG_LINK, one.pair)
        for one in await wrong_links.undone(connection, *_bounds(day))
    ]


async def _corrections(connection: Connection, day: date) -> list[Found]:
    """Whoever was shown what a source took back that day."""
    return [
        Found(CORRECTION, one.reason, one.first, one.about, CORRECTION, one.ids)
        for one in await corrections.corrected(connection, *_bounds(day))
    ]


async def _on_own_word(connection: Connection, day: date) -> AsyncIterator[tuple[UUID, Glance]]:
    async for event in glances(connection, _of(day)):
        person = event.person
        if person is not None and event.reads and (event.emergency or SELF_CLAIMED in event.details):
            yield person, event


async def keep_looking(pool: asyncpg.Pool, audit: AuditLog, *, every: float = _EVERY) -> None:
    """Look through each day once it is over, whoever of several processes is first; run it as a task and cancel it at
    shutdown. A day that cannot be looked through stops no other; it is tried again, as is a database that is away."""
    while True:
        await asyncio.sleep(every)
        try:
            days = await days_due(pool, datetime.now(LONDON))
        except Exception as error:  # noqa: BLE001  whatever it is, the next round tries again
            log.error(_NOT_LOOKED_THROUGH, error=type(error).__name__)
        else:
            await look_through_each(pool, audit, days, "every day", "")


async def look_through_each(pool: asyncpg.Pool, audit: AuditLog, days: Iterable[date], route: str, user: str) -> Days:
    """`look_through` of each day. One that fails stops no other: it is logged, and can be looked through again."""
    found: dict[date, int | None] = {}
    failed: dict[date, str] = {}
    for day in days:
        try:
            found[day] = await look_through(pool, audit, day, route, user)
        except Exception as error:  # noqa: BLE001  whatever it is, the other days are looked through
            failed[day] = type(error).__name__
            log.error(_NOT_LOOKED_THROUGH, day=str(day), error=failed[day])
    return Days(found, failed)


async def days_due(pool: asyncpg.Pool, now: datetime) -> list[date]:
    """The days that are over and were not looked through, the oldest first: those since the first that ever was, as far
    back as a user's days count, whichever of them were; yesterday alone where none was. `now` is in London."""
    yesterday = (now - _COMMITTED).date() - timedelta(days=1)
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_watcher")
        through = [row["day"] for row in await connection.fetch(_LOOKED_THROUGH, yesterday)]
    first = max(min(through, default=yesterday), yesterday - BEFORE)
    return [day for day in days_of(first, yesterday) if day not in through]


async def look_through(pool: asyncpg.Pool, audit: AuditLog, day: date, route: str, user: str) -> int | None:
    """`look`, audited before it counts."""
    async with pool.acquire() as connection, connection.transaction():
        found = await look(connection, day)
        if found is not None:
            by = Caller("watcher", "this deployment", "administrator", "", user)
            said = {"look/day": str(day), "look/found": str(found)}
            await audit.append(Access.work(by, route, Kind.AUDIT, said))
    return found


def days_of(start: date, end: date) -> Iterator[date]:
    """Each day, both ends included."""
    while start <= end:
        yield start
        start += timedelta(days=1)
