"""Pulling records from practices: whom to ask about, when, and what becomes of the answers.

    due       named by somebody, hurt or admitted since we last asked, or no longer fresh
      | claim     one row of `gp_pull` is leased, in a transaction of its own: nobody else asks about them meanwhile
      | ask       the practice (adapters.transport.gp_connect), without any connection to the database
      v keep      an answer goes to the inbox, and when to ask again stands in the row: one transaction
    inbox

A lease is longer than the longest pull, and the person is due again when it ends: so a `kill -9` delays a question, and
loses none. Who stops in an orderly way gives the lease back. Each answer is one envelope: its as-of is when it came, so
the same bytes another day are another statement (a second refusal after the record was shared is not the first one
again).
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import structlog

from adapters.transport.asking import Failure
from adapters.transport.gp_connect import UNUSABLE, Answer, GpConnect
from integration.ingest import inbox
from integration.ingest.gp_connect_settings import GpConnectSettings
from integration.ingest.inbox import Delivery
from integration.store.connection import Connection
from mappings import uk_core

log = structlog.get_logger()
LOOK_BACK = timedelta(days=7)
"""Events older than this ask for no record any more: the worker may have stood still for so long."""
_FIRST_WAIT = timedelta(minutes=5)
_LONGEST_WAIT = timedelta(days=7)
"""Between two failed pulls: doubles from the first to the longest."""
_TO_KEEP = timedelta(minutes=1)
"""How much longer than the longest pull a lease is: to wait for a connection and keep the answer."""

_CAME_TO_HOSPITAL = ("EMER", "IMP", "ACUTE", "NONAC", "OBSENC", "SS")
"""v3-ActCode classes of an A&E attendance or an admission."""


async def name_people(connection: Connection, people: Iterable[tuple[str, str]]) -> None:
    """Ask about these (practice, NHS number) now, and from now on when they are no longer fresh."""
    pairs = sorted(set(people))
    await connection.execute(
        "insert into toldonce.gp_pull (practice, nhs_number) select * from unnest($1::text[], $2::text[]) "
        "on conflict (practice, nhs_number) do update set due = least(gp_pull.due, now())",
        [practice for practice, _ in pairs],
        [number for _, number in pairs],
    )


async def practices_of(connection: Connection, nhs_numbers: Sequence[str]) -> set[tuple[str, str]]:
    """(practice, NHS number) for each person of whom some source says where they are registered."""
    rows = await connection.fetch(_REGISTERED.format(people=_BY_NUMBER), list(nhs_numbers))
    return {(row["practice"], row["nhs_number"]) for row in rows}


async def due_by_events(connection: Connection, settings: GpConnectSettings) -> int:
    """Make due whoever was admitted or came to A&E since we last asked, at each practice with an endpoint that a
    source names as theirs. Only verified numbers count: GP Connect wants a traced one. How many rows became due."""
    status: str = await connection.execute(
        _BY_EVENTS,
        LOOK_BACK,
        list(settings.by_code),
        timedelta(hours=settings.event_hours),
        [f"class={uk_core.ACT_CODE}|{code.lower()}" for code in _CAME_TO_HOSPITAL],
    )
    return int(status.rpartition(" ")[2])


_BY_NUMBER = """
select distinct person, nhs_number, null::timestamptz as since
from toldonce.source_patient where nhs_number = any($1) and person is not null
"""
_BY_ENCOUNTER = """
select s.person, s.nhs_number, max(r.recorded) as since
from toldonce.resource r
join toldonce.source_patient s on s.person = r.person
where r.feed = 'acute' and r.type = 'Encounter' and r.recorded > now() - $1::interval
  and r.status in ('arrived', 'triaged', 'in-progress', 'onleave', 'finished')
  and r.tokens && $4::text[]
  and s.nhs_number is not null and (s.demographics ->> 'verified')::boolean
group by s.person, s.nhs_number
"""
_REGISTERED = """
with people as ({people})
select people.nhs_number, people.since, gp.organisation as practice
from people join toldonce.source_patient gp on gp.person = people.person and gp.feed = 'gp'
union
select people.nhs_number, people.since, sign ->> 'organisation' as practice
from people join toldonce.facts on facts.person = people.person and facts.until = 'infinity'
cross join lateral jsonb_array_elements(facts.evidence) as shown(sign)
where sign ->> 'kind' = 'registration'
"""
_BY_EVENTS = f"""
insert into toldonce.gp_pull (practice, nhs_number)
select practice, nhs_number from ({_REGISTERED.format(people=_BY_ENCOUNTER)}) as came
where practice = any($2) and not exists (
    select from toldonce.gp_pull p
    where (p.practice, p.nhs_number) = (came.practice, came.nhs_number) and p.last_attempted >= came.since)
group by practice, nhs_number
on conflict (practice, nhs_number) do update
set due = least(gp_pull.due, greatest(now(), gp_pull.last_attempted + $3::interval))
"""
_CLAIM = """
with next as (
    select nhs_number from toldonce.gp_pull
    where practice = $1 and due <= now() and (leased_until is null or leased_until <= now())
      and ($2::text[] is null or nhs_number = any($2))
    order by due, nhs_number limit 1 for update skip locked
)
update toldonce.gp_pull p set last_attempted = now(), leased_until = now() + $3::interval, due = now() + $3::interval
from next where p.practice = $1 and p.nhs_number = next.nhs_number
returning p.practice, p.nhs_number, p.attempts, p.leased_until
"""
_KEEP = """
update toldonce.gp_pull set outcome = $4, attempts = $5, leased_until = null,
    due = case when due < leased_until then due else now() + $6::interval end,
    last_answered = case when $7 then now() else last_answered end
where practice = $1 and nhs_number = $2 and leased_until = $3
"""
"""`due` before the lease's end: somebody named the person after the question was begun, so it is asked once more."""
_GIVE_BACK = """
update toldonce.gp_pull set due = now(), leased_until = null
where practice = $1 and nhs_number = $2 and leased_until = $3
"""


@dataclass(frozen=True)
class Claim:
    """The right to ask one practice about one person, until a moment that no other claim of them has. `attempts`:
    failed pulls since the last answer."""

    practice: str
    nhs_number: str
    attempts: int
    leased_until: datetime


async def claim(connection: Connection, practice: str, numbers: Sequence[str] | None, lease: timedelta) -> Claim | None:
    """Whoever has been due the longest (of these NHS numbers), now leased; None when nobody is."""
    row = await connection.fetchrow(_CLAIM, practice, numbers, lease)
    return Claim(**row) if row else None


async def keep(connection: Connection, claimed: Claim, outcome: Answer | Failure, fresh: timedelta) -> None:
    """An answer into the inbox, and into the row when to ask again: `fresh` after an answer. All or nothing. An answer
    that comes after the lease has ended is kept too, for it was given; the row is the next one's then."""
    answered = isinstance(outcome, Answer) and outcome.code != UNUSABLE
    wait = fresh if answered else _wait(outcome, claimed.attempts)
    failures = 0 if answered else claimed.attempts + 1
    async with connection.transaction():
        if isinstance(outcome, Answer):
            name = f"{claimed.nhs_number}.json"  # the parser reads from it whom a refusal is about
            delivery = Delivery("gp", claimed.practice, name, outcome.content, outcome.received)
            await inbox.receive(connection, [delivery])
        await connection.execute(_KEEP, *_key(claimed), outcome.code, failures, wait, answered)
    if not answered:
        log.warning("gp pull failed", practice=claimed.practice, code=outcome.code, failures=failures)


async def give_back(connection: Connection, claimed: Claim) -> None:
    """What was not asked to the end is due at once."""
    await connection.execute(_GIVE_BACK, *_key(claimed))


def _key(claimed: Claim) -> tuple[str, str, datetime]:
    return claimed.practice, claimed.nhs_number, claimed.leased_until


@dataclass(frozen=True)
class Puller:
    """Asks what is due. A connection of `pool` is held to claim and to keep, never while a practice is asked."""

    pool: asyncpg.Pool
    consumer: GpConnect
    settings: GpConnectSettings

    async def run(self, only: Sequence[tuple[str, str]] | None = None) -> Counter[str]:
        """Ask about everybody who is due (of `only` these), at most `at_once` at one practice; how often each outcome
        came. Returns when nobody is due who is not being asked about by another worker."""
        outcomes: Counter[str] = Counter()
        async with asyncio.TaskGroup() as group:
            for practice in self.settings.by_code:
                numbers = None if only is None else [number for code, number in only if code == practice]
                if numbers is None or numbers:
                    for _ in range(self.settings.at_once):
                        group.create_task(self._while_due(practice, numbers, outcomes))
        return outcomes

    async def _while_due(self, practice: str, numbers: list[str] | None, outcomes: Counter[str]) -> None:
        while code := await self._next(practice, numbers):
            outcomes[code] += 1

    async def _next(self, practice: str, numbers: list[str] | None) -> str | None:
        """Ask about one person; the outcome's code, or None when nobody is due."""
        async with self.pool.acquire() as connection:
            claimed = await claim(connection, practice, numbers, self._lease)
        if claimed is None:
            return None
        try:
            outcome = await self.consumer.pull(self.settings.by_code[practice], claimed.nhs_number)
            async with self.pool.acquire() as connection:
                await keep(connection, claimed, outcome, timedelta(hours=self.settings.fresh_hours))
        except BaseException:  # this task is to stop
            async with self.pool.acquire() as connection:
                await give_back(connection, claimed)
            raise
        return outcome.code

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self.consumer.limits.longest_pull) + _TO_KEEP


def _wait(outcome: Answer | Failure, failed: int) -> timedelta:
    """How long to leave a person alone after `failed` failures before this one."""
    asked = timedelta(seconds=outcome.wait if isinstance(outcome, Failure) else 0)
    return min(max(_FIRST_WAIT * (1 << min(failed, 20)), asked), _LONGEST_WAIT)
