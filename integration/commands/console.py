"""`toldonce console sign-in`: a code that a named officer signs in with, once."""

from datetime import UTC, datetime

from integration.audit.codes import Kind
from integration.audit.log import AuditLog
from integration.commands.audit import by_command
from integration.commands.opened import opened
from integration.config import Settings
from integration.console import sessions
from integration.errors import NotPossible
from integration.store.database import Database, act_as


async def sign_in(settings: Settings, name: str, organisation: str) -> str:
    """The code."""
    if not name.strip():
        raise NotPossible("name the officer: --user 'R. Okafor'")
    async with opened(settings) as database:
        return await code_for(settings, database, name.strip(), organisation)


async def code_for(settings: Settings, database: Database, name: str, organisation: str) -> str:
    """A code for this officer; giving it out is audited with their name."""
    async with (
        database.pool("toldonce_api", size=2) as pool,
        AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log,
    ):
        details = [("console/officer", name), ("console/organisation", organisation)]
        await log.append(by_command("toldonce console sign-in", Kind.TOKEN, None, details=details))
        async with pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_registry")
            return await sessions.offer(connection, name, organisation, datetime.now(UTC))
