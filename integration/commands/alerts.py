"""`toldonce alerts`: what waits for an information governance officer, and what was done about it.

Looking and doing are audited; what is done takes effect only after its event is durable.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import orjson

from adapters.records import LONDON
from integration.audit import alerts
from integration.audit.access import Access
from integration.audit.alerts import Alert
from integration.audit.codes import Kind, Outcome
from integration.audit.entry import rendered
from integration.audit.log import AuditLog
from integration.commands.opened import opened
from integration.config import Settings
from integration.errors import NotPossible
from integration.sharing import current
from integration.sharing.request import Caller
from integration.sharing.self_claims import self_claims
from integration.store.database import act_as


async def listed(settings: Settings, kind: str | None, *, everything: bool, limit: int) -> list[dict[str, Any]]:
    """Alerts, by reference only."""
    async with _desk(settings, "list", "") as desk:
        return await desk.listed(kind, everything=everything, limit=limit)


async def shown(settings: Settings, number: int, user: str) -> dict[str, Any]:
    """One alert with the audit event that it refers to, and what was done about it."""
    async with _desk(settings, "show", user) as desk:
        return await desk.shown(number)


async def step(settings: Settings, number: int, user: str, outcome: str, note: str) -> Alert:
    """Sign an alert off, or escalate it; as it is then. Raises NotPossible."""
    if not user.strip() or not note.strip():
        raise NotPossible("say who you are and what you found: --user and --note")
    async with _desk(settings, outcome, user) as desk:
        return await desk.step(number, outcome, note)


async def claimed(settings: Settings, organisation: str | None, limit: int) -> list[dict[str, Any]]:
    """Relationships on the claimant's own word that count today, at most `limit`."""
    async with _desk(settings, "self-claims", "") as desk:
        return await desk.claimed(organisation, limit)


class _Desk:
    """What an officer can do."""

    def __init__(self, pool: asyncpg.Pool, log: AuditLog, route: str, user: str) -> None:
        self._pool = pool
        self._log = log
        self._route = route
        self._caller = Caller("command line", "this deployment", "administrator", "", user)

    async def listed(self, kind: str | None, *, everything: bool, limit: int) -> list[dict[str, Any]]:
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_officer")
            found = await alerts.alerts(connection, kind=kind, everything=everything, limit=limit)
        await self._account({"alerts": str(len(found))})
        return [msgspec.structs.asdict(one) for one in found]

    async def shown(self, number: int) -> dict[str, Any]:
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_officer")
            found = await alerts.alert(connection, number)
            done = await alerts.steps(connection, number)
            await act_as(connection, "toldonce_audit_reader")
            event = found and await connection.fetchval(
                "select content from toldonce.audit_event where id = $1", found.event
            )
        if found is None:
            raise NotPossible(f"there is no alert {number}")
        await self._account({"alert": str(number)})
        return {
            **msgspec.structs.asdict(found),
            "steps": [msgspec.structs.asdict(one) for one in done],
            "event": orjson.loads(rendered(event)) if event else str(found.event),
        }

    async def step(self, number: int, outcome: str, note: str) -> Alert:
        async with self._pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_officer")
            if not await alerts.take_step(connection, number, self._caller.user, outcome, note):
                raise NotPossible(f"alert {number} is signed off already, or there is none of that number")
            await self._account({"alert": str(number), "outcome": outcome, "note": note})
            found = await alerts.alert(connection, number)
        assert found is not None
        return found

    async def claimed(self, organisation: str | None, limit: int) -> list[dict[str, Any]]:
        now = datetime.now(UTC)
        found: list[dict[str, Any]] = []
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_registry")
            policy = await current.policy_at(connection, now)
            await act_as(connection, "toldonce_facts")
            async for one in self_claims(connection, policy, now.astimezone(LONDON).date(), organisation):
                if len(found) == limit:
                    break
                found.append(msgspec.structs.asdict(one))
        await self._account({"claims": str(len(found))})
        return found

    async def _account(self, details: dict[str, str]) -> None:
        await self._log.append(
            Access(
                when=datetime.now(UTC),
                kind=Kind.AUDIT,
                interaction="operation",
                route=self._route,
                outcome=Outcome.SUCCESS,
                caller=self._caller,
                details=[(f"alerts/{name}", value) for name, value in details.items()],
            )
        )


@asynccontextmanager
async def _desk(settings: Settings, command: str, user: str) -> AsyncIterator[_Desk]:
    async with (
        opened(settings) as database,
        database.pool("toldonce_api", size=3) as pool,
        AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log,
    ):
        yield _Desk(pool, log, f"toldonce alerts {command}", user)
