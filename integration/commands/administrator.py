"""Whoever looks after clients, after what is sent to them, and after who signs in to the console, at the command line:
who it is, why they do it, and the account of it, without which nothing takes effect."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from integration.audit.access import Access
from integration.audit.codes import Kind
from integration.audit.log import AuditLog
from integration.commands.opened import opened
from integration.config import Settings
from integration.errors import NotPossible
from integration.sharing.request import Caller
from integration.store.connection import Connection
from integration.store.database import Database


@dataclass(frozen=True)
class By:
    """Who does it, and why."""

    user: str
    reason: str

    def require_said(self) -> None:
        """Raise NotPossible where nobody says who they are and why."""
        if not self.user.strip() or not self.reason.strip():
            raise NotPossible("say who you are and why: --user and --reason")


@dataclass(frozen=True)
class Desk:
    """What an administrator works with, as the owner of the database. `about`: the group of the command, which names
    what is said of it in the audit; `kind`: what sort of work the audit says it is."""

    connection: Connection
    log: AuditLog
    about: str
    command: str
    by: By
    kind: Kind = Kind.CLIENTS

    async def account(self, said: Mapping[str, str]) -> None:
        """Audit what is about to take effect, and why; returns when that is durable."""
        caller = Caller("command line", "this deployment", "administrator", "", self.by.user)
        named = {f"{self.about}/{name}": value for name, value in {"reason": self.by.reason, **said}.items()}
        await self.log.append(Access.work(caller, f"toldonce {self.about} {self.command}", self.kind, named))


@asynccontextmanager
async def administrator(
    settings: Settings, about: str, command: str, by: By, kind: Kind = Kind.CLIENTS
) -> AsyncIterator[Desk]:
    """The desk. Raises NotPossible where nobody says who they are and why."""
    by.require_said()
    async with opened(settings) as database, desk_on(database, settings, about, command, by, kind) as desk:
        yield desk


@asynccontextmanager
async def desk_on(
    database: Database, settings: Settings, about: str, command: str, by: By, kind: Kind
) -> AsyncIterator[Desk]:
    """The desk, on a database that is open."""
    async with (
        asyncpg.create_pool(database.owner_url, min_size=1, max_size=3) as pool,
        AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log,
        pool.acquire() as connection,
    ):
        yield Desk(connection, log, about, command, by, kind)
