"""Tracing on PDS: what to ask, when, and what becomes of the answers.

    enrol     numbers that sources state; people without one whom a source describes well enough to search for
      | claim     one row of `pds_trace` is leased, in a transaction of its own: nobody else asks the same meanwhile
      | ask       PDS (adapters.transport.pds), without any connection to the database
      | check     is what came about the one whom was asked about? (integration.ingest.pds_questions)
      v keep      an answer goes to the inbox, and when to ask again stands in the row: one transaction
    inbox

PDS is a source among others: its answers are envelopes of the feed `pds`, and whom they are about is for linkage to
say. Nothing waits for PDS: until it has answered, numbers stay as verified as their sources say. A lease is longer than
the longest question; a `kill -9` delays a question, and loses none.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import asyncpg
import msgspec
import orjson
import structlog

from adapters.transport.asking import Failure
from adapters.transport.pds import CIRCUIT_OPEN, Pds
from adapters.transport.pds_answers import ANSWERED, MATCHED, SUPERSEDED, Answer
from integration.identity.demographics import Demographics
from integration.ingest import inbox
from integration.ingest.inbox import Delivery
from integration.ingest.pds_questions import is_alike, question_of, stated_by, would_be_taken_for
from integration.ingest.pds_settings import PdsSettings
from integration.store.connection import Connection

log = structlog.get_logger()
FEED = "pds"
OTHER_PERSON = "OTHER_PERSON"
"""A number's replacement whose record is not like anybody who holds the number."""
DISSIMILAR = "dissimilar"
"""PDS's only match of a search is nobody whom our rules would take for the one searched for."""
NOTHING_TO_SEARCH_BY = "nothing to search by"
_FIRST_WAIT = timedelta(minutes=5)
_LONGEST_WAIT = timedelta(days=1)
"""Between two failed questions: doubles from the first to the longest."""
_TO_KEEP = timedelta(minutes=1)
"""How much longer than the longest question a lease is: to wait for a connection and keep the answer."""
_ROUND = 500
"""Questions of one round: what was answered is processed, and what is new enrolled, before the next ones."""
Kind = Literal["numbers", "searches"]

_ENROL_NUMBERS = """
insert into toldonce.pds_trace (nhs_number)
select distinct s.nhs_number from toldonce.source_patient s
where s.nhs_number is not null and s.feed = any($1)
  and ($2 or not coalesce((s.demographics ->> 'verified')::boolean, false))
  and not exists (select from toldonce.pds_trace t where t.nhs_number = s.nhs_number)
on conflict do nothing
"""
_UNTRACED = """
s.demographics is not null and length(s.birth_date) = 10
and (s.nhs_number is null or exists (select from toldonce.pds_trace t where t.nhs_number = s.nhs_number
    and t.outcome in ('RESOURCE_NOT_FOUND', 'INVALIDATED_RESOURCE')))
and not exists (select from toldonce.source_patient o
    where o.person = s.person and (o.demographics ->> 'verified')::boolean)
"""
_ENROL_SEARCHES = f"""
insert into toldonce.pds_trace (source_patient, stated)
select s.key, md5(s.demographics::text) from toldonce.source_patient s where s.feed = any($1) and {_UNTRACED}
on conflict (source_patient) do update set stated = excluded.stated, due = now(), attempts = 0
where pds_trace.stated is distinct from excluded.stated
"""
"""Who says something new of themselves is searched for anew."""
_CLAIM = """
with next as (
    select id from toldonce.pds_trace
    where due <= now() and (leased_until is null or leased_until <= now()) and {kind} is not null
    order by due, id limit 1 for update skip locked
)
update toldonce.pds_trace t set last_attempted = now(), leased_until = now() + $1::interval, due = now() + $1::interval
from next where t.id = next.id
returning t.id, t.nhs_number, t.source_patient, t.attempts, t.leased_until, t.digest
"""
_CLAIMS: dict[Kind, str] = {
    "numbers": _CLAIM.format(kind="nhs_number"),
    "searches": _CLAIM.format(kind="source_patient"),
}
_KEEP = """
update toldonce.pds_trace set outcome = $3, attempts = $4, leased_until = null, digest = coalesce($7, digest),
    due = case when due < leased_until then due else now() + $5::interval end,
    last_answered = case when $6 then now() else last_answered end
where id = $1 and leased_until = $2
"""
"""`due` before the lease's end: the source said something new while the question was asked."""
_GIVE_BACK = "update toldonce.pds_trace set due = now(), leased_until = null where id = $1 and leased_until = $2"
_FOUND = """
insert into toldonce.pds_trace (nhs_number, due) values ($1, now() + $2::interval)
on conflict (nhs_number) do update set due = least(pds_trace.due, excluded.due)
"""
_SEARCHED_FOR = f"""
select s.demographics, r.body, exists(select from toldonce.facts f
    where f.person = s.person and f.until = 'infinity' and f.restricted) as hidden
from toldonce.source_patient s
join toldonce.resource r on r.source_patient = s.key and r.type = 'Patient' where s.key = $1 and {_UNTRACED}
"""


@dataclass(frozen=True)
class Claim:
    """The right to ask one thing, until a moment that no other claim of it has. `attempts`: failures since the last
    answer; `digest`: of the last answer that was kept."""

    id: int
    nhs_number: str | None
    source_patient: int | None
    attempts: int
    leased_until: datetime
    digest: bytes | None


@dataclass(frozen=True)
class Told:
    """What one question came to: the outcome's code, the answers to keep, and what is known of numbers by them."""

    code: str
    answers: Sequence[Answer] = ()
    failure: Failure | None = None
    found: str | None = None
    """A number that PDS named and that was not asked for."""
    found_is_due: bool = False


async def enrol_numbers(connection: Connection, settings: PdsSettings) -> None:
    """Let each number be due that a source states and that was never asked about."""
    await connection.execute(_ENROL_NUMBERS, list(settings.feeds), settings.verified_too)


async def enrol_searches(connection: Connection, settings: PdsSettings) -> None:
    """Let each source patient be due for whom nothing gives a verified number, and whom PDS was not asked to find by
    what their source says of them now."""
    if settings.search:
        await connection.execute(_ENROL_SEARCHES, list(settings.feeds))


async def claim(connection: Connection, kind: Kind, lease: timedelta) -> Claim | None:
    """What has been due the longest, now leased; None when nothing is."""
    row = await connection.fetchrow(_CLAIMS[kind], lease)
    return Claim(**row) if row else None


async def keep(connection: Connection, claimed: Claim, told: Told, settings: PdsSettings) -> None:
    """Answers into the inbox, and into the row when to ask again. All or nothing. What comes after the lease has ended
    is kept too, for it was said; the row is the next one's then. The very same as last time is not kept again."""
    fresh = timedelta(days=settings.fresh_days)
    digest = _digest(told.answers)
    wait = _wait(told.failure, claimed.attempts) if told.failure else fresh
    failures = claimed.attempts + 1 if told.failure else 0
    answered = told.failure is None or bool(told.answers)
    async with connection.transaction():
        if digest != claimed.digest:
            deliveries = [Delivery(FEED, settings.sender, one.name, one.content, one.received) for one in told.answers]
            await inbox.receive(connection, deliveries)
        if told.found:
            await connection.execute(_FOUND, told.found, timedelta() if told.found_is_due else fresh)
        key = (claimed.id, claimed.leased_until)
        await connection.execute(_KEEP, *key, told.code, failures, wait, answered, digest)
    if told.failure:
        log.warning("pds trace failed", code=told.failure.code, failures=failures)


async def give_back(connection: Connection, claimed: Claim) -> None:
    """What was not asked to the end is due at once."""
    await connection.execute(_GIVE_BACK, claimed.id, claimed.leased_until)


def _digest(answers: Sequence[Answer]) -> bytes | None:
    return hashlib.sha256(b"\0".join(one.content for one in answers)).digest() if answers else None


def _wait(failure: Failure, failed: int) -> timedelta:
    """How long to leave something alone after `failed` failures before this one."""
    return min(max(_FIRST_WAIT * (1 << min(failed, 20)), timedelta(seconds=failure.wait)), _LONGEST_WAIT)


@dataclass(frozen=True)
class Tracer:
    """Asks what is due. A connection of `pool` is held to claim, to check and to keep, never while PDS is asked."""

    pool: asyncpg.Pool
    pds: Pds
    settings: PdsSettings
    most: int = _ROUND
    """Questions of one round, but for those that are under way when it ends."""

    async def numbers(self) -> Counter[str]:
        """Ask about numbers that are due, a round of them; how often each outcome came, none where no number is due.
        Ends early while PDS is unwell."""
        async with self.pool.acquire() as connection:
            await enrol_numbers(connection, self.settings)
        return await self._run("numbers")

    async def searches(self) -> Counter[str]:
        """Search for those who are due, as `numbers`."""
        async with self.pool.acquire() as connection:
            await enrol_searches(connection, self.settings)
        return await self._run("searches")

    async def _run(self, kind: Kind) -> Counter[str]:
        outcomes: Counter[str] = Counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(self.settings.at_once):
                group.create_task(self._while_due(kind, outcomes))
        return outcomes

    async def _while_due(self, kind: Kind, outcomes: Counter[str]) -> None:
        while outcomes.total() < self.most and (code := await self._next(kind)):
            outcomes[code] += 1
            if code == CIRCUIT_OPEN:
                return

    async def _next(self, kind: Kind) -> str | None:
        """Ask one thing; the outcome's code, or None when nothing is due."""
        async with self.pool.acquire() as connection:
            claimed = await claim(connection, kind, self._lease)
        if claimed is None:
            return None
        try:
            told = await self._told(claimed)
            async with self.pool.acquire() as connection:
                if told.code == CIRCUIT_OPEN:
                    await give_back(connection, claimed)
                else:
                    await keep(connection, claimed, told, self.settings)
        except BaseException:  # this task is to stop
            async with self.pool.acquire() as connection:
                await give_back(connection, claimed)
            raise
        return told.code

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=2 * self.pds.longest_question) + _TO_KEEP

    async def _told(self, claimed: Claim) -> Told:
        if claimed.nhs_number:
            return await self._about(claimed.nhs_number)
        assert claimed.source_patient is not None  # a row asks one thing
        return await self._searched(claimed.source_patient)

    async def _about(self, number: str) -> Told:
        """What PDS says of a number, and of the people related to its holder."""
        answer = await self.pds.by_number(number)
        if isinstance(answer, Failure):
            return Told(answer.code, failure=answer)
        if answer.code == SUPERSEDED:
            return await self._replaced(number, answer)
        if answer.code != ANSWERED or not self.settings.related:
            return Told(answer.code, [answer])
        related = await self.pds.related(number)
        if isinstance(related, Failure):  # what was answered is kept, and both are asked again
            return Told(answer.code, [answer], failure=related)
        return Told(answer.code, [answer, related])

    async def _replaced(self, number: str, answer: Answer) -> Told:
        """Whoever holds the number must be like whom PDS now names: an answer may be somebody else's by mistake."""
        async with self.pool.acquire() as connection:
            rows = await connection.fetch(
                "select demographics from toldonce.source_patient where nhs_number = $1 and demographics is not null",
                number,
            )
        holders = [msgspec.convert(row["demographics"], Demographics) for row in rows]
        if would_be_taken_for(holders, number, stated_by(answer, self.settings.sender)):
            return Told(answer.code, [answer], found=answer.number)
        return Told(OTHER_PERSON, failure=Failure(code=OTHER_PERSON))

    async def _searched(self, source_patient: int) -> Told:
        """Whom PDS takes a source patient for, where our rules see it too; their number is asked about next."""
        async with self.pool.acquire() as connection:
            row = await connection.fetchrow(_SEARCHED_FOR, source_patient)
        question = question_of(orjson.loads(row["body"]), hidden=row["hidden"]) if row else None
        if row is None or question is None:
            return Told(NOTHING_TO_SEARCH_BY)
        answer = await self.pds.search(question)
        if isinstance(answer, Failure):
            return Told(answer.code, failure=answer)
        if answer.code != MATCHED:
            return Told(answer.code)
        ours = msgspec.convert(row["demographics"], Demographics)
        if not is_alike(ours, stated_by(answer, self.settings.sender)):
            return Told(DISSIMILAR)
        return Told(MATCHED, [answer], found=answer.number, found_is_due=True)
