"""`toldonce beyond-care`: asking who opted out nationally, and whom a client may ask about, by pseudonym."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from integration import deployment
from integration.api.clients import load_clients
from integration.audit.access import Access
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.commands.opened import as_owner, opened
from integration.config import Settings
from integration.errors import NotPossible
from integration.sharing import current, opt_outs
from integration.sharing.decide import decide
from integration.sharing.facts import everybody
from integration.sharing.policy import Policy
from integration.sharing.pseudonyms import pseudonyms
from integration.sharing.request import Caller, Client, Grant, Request
from integration.sharing.rules import BEYOND_CARE
from integration.store.connection import Connection
from integration.store.database import act_as
from integration.store.labels import Labels


async def ask(settings: Settings, file: Path) -> int:
    """Write the file that the national service is asked with; how many numbers it holds."""
    async with opened(settings) as database, database.pool("toldonce_api", size=2) as pool:
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_facts")
            asked = await opt_outs.numbers(connection)
        await _account(settings, pool, "toldonce beyond-care ask", None, {"numbers": len(asked)})
    file.touch(mode=0o600)
    file.write_bytes(opt_outs.question(asked))
    return len(asked)


async def take(settings: Settings, file: Path, checked: datetime | None) -> int:
    """Take the answer of the national service, which was asked about everybody; how many it lets through."""
    through = opt_outs.answer(file.read_bytes())
    async with opened(settings) as database, database.pool("toldonce_api", size=2) as pool:
        await _account(settings, pool, "toldonce beyond-care take", None, {"numbers": len(through)})
        async with as_owner(database) as owner:
            await opt_outs.clear(owner, through, checked or datetime.now(UTC))
    return len(through)


async def people(settings: Settings, client_id: str, role: str | None, purpose: str | None) -> list[UUID]:
    """Pseudonyms of all whom a client may ask about for a purpose beyond care. That it was told is audited first."""
    now = datetime.now(UTC)
    async with opened(settings) as database, database.pool("toldonce_api", size=2) as pool:
        async with pool.acquire() as connection:
            client = (await load_clients(connection)).get(client_id)
            if client is None:
                raise NotPossible(f"no client {client_id} is registered")
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                await act_as(connection, "toldonce_registry")
                policy = await current.policy_at(connection, now)
                caller = _caller(client, role, purpose, policy)
                await act_as(connection, "toldonce_facts")
                granted = [one async for one in _granted(connection, caller, policy, now)]
        await _account(settings, pool, "toldonce beyond-care people", caller, {"people": len(granted)})
    recipient = pseudonyms(deployment.secret_of(settings, "pseudonyms", 32), client.organisation)
    return sorted(recipient.of(person) for person in granted)


async def _granted(connection: Connection, caller: Caller, policy: Policy, now: datetime) -> AsyncIterator[UUID]:
    async for one in everybody(connection, Labels()):
        facts = await opt_outs.with_opt_out(connection, one, caller, policy, now)
        if isinstance(decide(Request(caller, one.person, now), facts, policy), Grant):
            yield one.person


def _caller(client: Client, role: str | None, purpose: str | None, policy: Policy) -> Caller:
    beyond = sorted(
        one for one in client.purposes if one in policy.purposes and policy.purposes[one].kind == BEYOND_CARE
    )
    if not beyond or (purpose is not None and purpose not in beyond):
        raise NotPossible(f"client {client.id} is not registered for that purpose beyond care")
    return Caller(client.id, client.organisation, role or sorted(client.roles)[0], purpose or beyond[0])


async def _account(
    settings: Settings, pool: asyncpg.Pool, route: str, caller: Caller | None, counts: dict[str, int]
) -> None:
    async with AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log:
        await log.append(
            Access(
                when=datetime.now(UTC),
                kind=Kind.EXPORT,
                interaction="operation",
                route=route,
                outcome=Outcome.SUCCESS,
                caller=caller or Caller("command line", "this deployment", "administrator", ""),
                details=[(f"beyond-care/{name}", str(number)) for name, number in counts.items()],
            )
        )
