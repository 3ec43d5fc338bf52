"""The work on alerts, each step of it audited before it answers: for the commands, and for pages of the console.

A step takes effect only together with its audit event, as with decisions about identity (`audit.identity`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import asyncpg
import orjson

from integration.audit import alerts, corrections
from integration.audit.access import Access
from integration.audit.alerts import Alert, Step
from integration.audit.codes import Kind
from integration.audit.corrections import Correction
from integration.audit.entry import rendered
from integration.audit.log import AuditLog
from integration.errors import NotPossible
from integration.sharing.request import Caller
from integration.store.database import act_as
from mappings.uk_core import Resource


class Shown(NamedTuple):
    """An alert, what was done about it, and its AuditEvent; None once retention has removed that. `correction`: what a
    source took back, and who had been shown it, made anew whenever somebody looks."""

    alert: Alert
    steps: Sequence[Step]
    event: Resource | None
    correction: Correction | None


@dataclass(frozen=True)
class AlertDesk:
    """What an officer can do. `pool`: connections as `toldonce_api`; `caller`: who does it; `route`: what they used."""

    pool: asyncpg.Pool
    log: AuditLog
    caller: Caller
    route: str

    async def listed(self, kind: str | None, *, everything: bool, limit: int) -> list[Alert]:
        """Alerts, by reference only; see `alerts.alerts`."""
        async with self.pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_officer")
            found = await alerts.alerts(connection, kind=kind, everything=everything, limit=limit)
        await self.account({"alerts": str(len(found))})
        return found

    async def shown(self, number: int) -> Shown:
        """One alert with what belongs to it. Raises NotPossible."""
        async with self.pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_officer")
            found = await alerts.alert(connection, number)
            done = await alerts.steps(connection, number)
            await act_as(connection, "toldonce_audit_reader")
            event = found and await connection.fetchval(
                "select content from toldonce.audit_event where id = $1 and recorded = $2", found.event, found.raised
            )
            taken_back = found.records if found and found.kind == alerts.CORRECTION else ()
            correction = await corrections.of(connection, taken_back) if taken_back else None
        if found is None:
            raise NotPossible(f"there is no alert {number}")
        await self.account({"alert": str(number)})
        return Shown(found, done, orjson.loads(rendered(event)) if event else None, correction)

    async def step(self, number: int, outcome: str, note: str) -> Alert:
        """Sign an alert off, or escalate it; as it is then. Raises NotPossible."""
        async with self.pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_officer")
            if not await alerts.take_step(connection, number, self.caller.user, outcome, note):
                raise NotPossible(f"alert {number} is signed off already, or there is none of that number")
            await self.account({"alert": str(number), "outcome": outcome, "note": note})
            found = await alerts.alert(connection, number)
        assert found is not None
        return found

    async def account(self, details: dict[str, str]) -> None:
        """Audit what is about to be answered, or to take effect."""
        said = {f"alerts/{name}": value for name, value in details.items()}
        await self.log.append(Access.work(self.caller, self.route, Kind.AUDIT, said))
