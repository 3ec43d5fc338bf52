"""`toldonce console sign-in`: a code that a named officer, or a named member of a team, signs in with, once."""

from datetime import UTC, datetime

from adapters.records import LONDON
from integration.audit.codes import Kind
from integration.audit.log import AuditLog
from integration.audit.search import AUDIT_PURPOSE, IG_OFFICER
from integration.commands.audit import by_command
from integration.commands.opened import opened
from integration.config import Settings
from integration.console import sessions
from integration.console.desk import caller, is_of_team, is_officer
from integration.console.sessions import Officer
from integration.errors import NotPossible
from integration.sharing import current
from integration.sharing.policy import Policy
from integration.store.database import Database, act_as

CARE_COORDINATION = "COC"


def signing_in(name: str, organisation: str, role: str, purpose: str = "") -> Officer:
    """Whoever is to sign in; where no purpose is said, for that of the role."""
    usual = AUDIT_PURPOSE if role == IG_OFFICER else CARE_COORDINATION
    return Officer(name.strip(), organisation, role=role, purpose=purpose or usual)


async def sign_in(settings: Settings, who: Officer) -> str:
    """The code. Raises NotPossible for somebody whom the console would show nothing."""
    if not who.name:
        raise NotPossible("name them: --user 'R. Okafor'")
    async with opened(settings) as database:
        return await code_for(settings, database, who)


async def code_for(settings: Settings, database: Database, who: Officer) -> str:
    """A code for this officer, or member of a team; giving it out is audited with their name."""
    async with (
        database.pool("toldonce_api", size=2) as pool,
        AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log,
    ):
        now = datetime.now(UTC)
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_registry")
            require_pages(who, await current.policy_at(connection, now), now)
        details = [
            ("console/officer", who.name),
            ("console/organisation", who.organisation),
            ("console/role", who.role),
            ("console/purpose", who.purpose),
        ]
        await log.append(by_command("toldonce console sign-in", Kind.TOKEN, None, details=details))
        async with pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_registry")
            return await sessions.offer(connection, who, now)


def require_pages(who: Officer, policy: Policy, at: datetime) -> None:
    """Raise NotPossible unless there are pages for them: those of officers, or those of teams."""
    if who.organisation not in policy.names:
        raise NotPossible(f"no agreement names an organisation {who.organisation}")
    if not is_officer(who) and not is_of_team(caller(who), policy, at.astimezone(LONDON).date()):
        organisation = policy.name(who.organisation)
        raise NotPossible(f"no agreement in force lets {organisation} care as {who.role} for {who.purpose}")
