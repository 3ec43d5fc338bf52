"""`toldonce alerts`: what waits for an information governance officer, and what was done about it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.records import LONDON
from integration.audit.alert_desk import AlertDesk
from integration.audit.alerts import Alert
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
        found = await desk.listed(kind, everything=everything, limit=limit)
    return [msgspec.structs.asdict(one) for one in found]


async def shown(settings: Settings, number: int, user: str) -> dict[str, Any]:
    """One alert with the audit event that it refers to, and what was done about it; of a correction, what was taken
    back and who had been shown it."""
    async with _desk(settings, "show", user) as desk:
        alert, steps, event, correction = await desk.shown(number)
    done = [msgspec.structs.asdict(one) for one in steps]
    found = {**msgspec.structs.asdict(alert), "steps": done, "event": event or str(alert.event)}
    if correction is None:
        return found
    listed = {"taken_back": correction.entries, "seen": correction.seen}
    return found | {name: [msgspec.structs.asdict(one) for one in some] for name, some in listed.items()}


async def step(settings: Settings, number: int, user: str, outcome: str, note: str) -> Alert:
    """Sign an alert off, or escalate it; as it is then. Raises NotPossible."""
    if not user.strip() or not note.strip():
        raise NotPossible("say who you are and what you found: --user and --note")
    async with _desk(settings, outcome, user) as desk:
        return await desk.step(number, outcome, note)


async def claimed(settings: Settings, organisation: str | None, limit: int) -> list[dict[str, Any]]:
    """Relationships on the claimant's own word that count today, at most `limit`."""
    now = datetime.now(UTC)
    found: list[dict[str, Any]] = []
    async with _desk(settings, "self-claims", "") as desk:
        async with desk.pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_registry")
            policy = await current.policy_at(connection, now)
            await act_as(connection, "toldonce_facts")
            async for one in self_claims(connection, policy, now.astimezone(LONDON).date(), organisation):
                if len(found) == limit:
                    break
                found.append(msgspec.structs.asdict(one))
        await desk.account({"claims": str(len(found))})
    return found


@asynccontextmanager
async def _desk(settings: Settings, command: str, user: str) -> AsyncIterator[AlertDesk]:
    caller = Caller("command line", "this deployment", "administrator", "", user)
    async with (
        opened(settings) as database,
        database.pool("toldonce_api", size=3) as pool,
        AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log,
    ):
        yield AlertDesk(pool, log, caller, f"toldonce alerts {command}")
