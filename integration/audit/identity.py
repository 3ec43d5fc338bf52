"""The work on identity, each step of it audited before it answers: for the commands, and for pages of the console.

A decision takes effect only together with its audit event: the event is committed first, so that a decision whose event
cannot be written does not happen.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

import asyncpg

from integration.audit import breach
from integration.audit.access import Access
from integration.audit.breach import Breach
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.errors import NotPossible
from integration.identity import decisions, linking, review
from integration.identity.compare import Outcome as Verdict
from integration.identity.decisions import Logged
from integration.identity.review import Count, Page, SideBySide
from integration.sharing.request import Caller
from integration.store.connection import Connection
from integration.store.database import act_as

Pair: TypeAlias = tuple[UUID, UUID]


@dataclass(frozen=True)
class ReviewDesk:
    """What somebody who reviews identity can do. `workers`: connections as `toldonce_worker`; `readers`: as
    `toldonce_api`; `secret`: that of ids. `caller` is who does it, `route` what they used."""

    workers: asyncpg.Pool
    readers: asyncpg.Pool
    log: AuditLog
    secret: bytes
    caller: Caller
    route: str

    async def queue(self, limit: int = 50, after: str | None = None) -> Page:
        """What waits for a decision, a page of it, oldest first. It names records, and shows nothing of them."""
        async with self._working() as connection:
            page = await review.queue(connection, limit, after)
        await self._account(counts={"Linkage": len(page.items)})
        return page

    async def counts(self) -> list[Count]:
        """How much waits, by kind and pair of sources."""
        async with self._working() as connection:
            return await review.counts(connection)

    async def show(self, pair: Pair) -> SideBySide:
        """Two records side by side, demographics in the clear."""
        async with self._working() as connection:
            shown = await review.side_by_side(connection, pair)
        await self._account(pair, {one.person for one in shown.sides}, counts={"Patient": 2})
        return shown

    async def decide(self, pair: Pair, outcome: Verdict, reason: str) -> None:
        """SAME or NOT THE SAME; replaces an earlier decision about the two."""
        async with self._working() as connection, self._accounted(connection, pair, outcome, reason):
            await decisions.decide(connection, self.secret, pair, outcome, self.caller.user, reason)

    async def withdraw(self, pair: Pair, reason: str) -> None:
        """Take a decision back: what the rules say holds again."""
        async with self._working() as connection, self._accounted(connection, pair, "withdrawn", reason):
            await decisions.withdraw(connection, self.secret, pair, self.caller.user, reason)

    async def history(self, pair: Pair) -> list[Logged]:
        """Everything that was ever decided about the two, by rules, feeds and people."""
        async with self._working() as connection:
            logged = await decisions.history(connection, pair)
            persons = await linking.persons(connection, pair)
        await self._account(pair, persons.values(), counts={"Linkage": len(logged)})
        return logged

    async def decided(self, id_: int) -> Pair:
        """The pair that an entry of the decision log is about. Raises NotPossible."""
        async with self._working() as connection:
            logged = await decisions.decision(connection, id_)
        if logged is None:
            raise NotPossible("there is no decision with this id; `identity history` and `identity review` show ids")
        return logged.a, logged.b

    async def breach(self, pair: Pair) -> Breach:
        """Who saw the two records as one person's while they were taken for one."""
        async with self._working() as connection:
            periods = await breach.together(connection, pair)
        async with self.readers.acquire() as connection:
            found = await breach.who_saw(connection, pair, periods)
        await self._account(
            pair, {one.person for one in periods}, counts={"AuditEvent": sum(one.accesses for one in found.seen)}
        )
        return found

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[Connection]:
        async with self.workers.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_ingest")
            yield connection

    @asynccontextmanager
    async def _accounted(self, connection: Connection, pair: Pair, outcome: str, reason: str) -> AsyncIterator[None]:
        """The event names whom the two were taken for before and are after, so that it is found under either id."""
        before = (await linking.persons(connection, pair)).values()
        yield
        after = (await linking.persons(connection, pair)).values()
        details = (("linkage/decision", outcome), ("linkage/reason", reason))
        await self._account(pair, [*before, *after], details=details)

    async def _account(
        self,
        pair: Sequence[UUID] = (),
        persons: Iterable[UUID | None] = (),
        *,
        counts: Mapping[str, int] | None = None,
        details: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Audit what is about to be answered, or to take effect: one event for each person it is about."""
        named = (*details, *(("linkage/source-patient", str(one)) for one in pair))
        known: list[UUID | None] = [*sorted({one for one in persons if one is not None})]
        await self.log.append_all([self._access(one, counts or {}, named) for one in known or [None]])

    def _access(self, person: UUID | None, counts: Mapping[str, int], details: Sequence[tuple[str, str]]) -> Access:
        return Access(
            when=datetime.now(UTC),
            kind=Kind.LINKAGE,
            interaction="operation",
            route=self.route,
            outcome=Outcome.SUCCESS,
            caller=self.caller,
            person=person,
            counts=counts,
            details=details,
        )
