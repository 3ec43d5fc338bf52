"""`toldonce export`: the columnar extract, as one registered client may have it; and what writes bulk exports."""

import asyncio
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
from rich.console import Console

from integration import deployment, main
from integration.api.clients import load_clients
from integration.audit.log import AuditLog
from integration.commands.opened import opened, progress_bar
from integration.config import Settings
from integration.errors import NotPossible
from integration.record.consult import Records
from integration.sharing.current import CurrentPolicy
from integration.sharing.facts import everybody
from integration.sharing.policy import Policy
from integration.sharing.request import Caller, Client
from integration.sharing.rules import BEYOND_CARE
from integration.store.database import act_as
from integration.store.labels import Labels
from integration.teams.caseloads import Member, caseload
from integration.teams.caseloads.register import history, members
from integration.teams.export.extract import Extract
from integration.teams.export.extraction import Extraction
from integration.teams.export.parquet import writing

Memberships = dict[UUID, list[Member]]


@dataclass(frozen=True)
class Asked:
    """Whose caseload (None: of everybody whom the purpose permits), as whom, and into which folder."""

    caseload: str | None
    client: str
    role: str | None
    purpose: str | None
    folder: Path


async def extract(settings: Settings, console: Console, asked: Asked) -> dict[str, int]:
    """Write the extract; how many rows each table has. Raises NotPossible."""
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened(settings))
        pool = await stack.enter_async_context(database.pool("toldonce_api", size=4))
        policy = CurrentPolicy()
        await policy.refresh(pool)
        async with pool.acquire() as connection:
            client = (await load_clients(connection)).get(asked.client)
        caller = _caller(client, policy(), asked)
        persons, memberships = await _whom(pool, caller, asked.caseload)
        beyond = policy().purposes[caller.purpose].kind == BEYOND_CARE
        names = Extract.of(caller, deployment.secret_of(settings, "pseudonyms", 32), beyond_care=beyond)
        writer = stack.enter_context(writing(asked.folder))
        audit = AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data)
        await stack.enter_async_context(audit)
        records, now = Records(pool, policy), lambda: datetime.now(UTC)
        extraction = Extraction(records, audit, caller, names, asked.caseload or "", now)
        with progress_bar(console) as progress:
            task = progress.add_task("people", total=len(persons))
            async for done in extraction.write(persons, memberships, writer.add):
                progress.update(task, completed=done)
                await policy.refresh(pool)
        return dict(writer.counts)


def _caller(client: Client | None, policy: Policy, asked: Asked) -> Caller:
    """As whom is asked: what is not said is the client's first. Raises NotPossible."""
    if client is None or not client.active:
        raise NotPossible(f"no client {asked.client} is registered and active")
    role, purpose = asked.role or sorted(client.roles)[0], asked.purpose or sorted(client.purposes)[0]
    caller = Caller(client.id, client.organisation, role, purpose)
    if not client.may_ask_as(caller) or purpose not in policy.purposes:
        raise NotPossible(f"client {client.id} is not registered for that role and purpose")
    return caller


async def _whom(pool: asyncpg.Pool, caller: Caller, id_: str | None) -> tuple[list[UUID], Memberships]:
    """Everybody to be asked about, and when they were on the caseload. Raises NotPossible."""
    memberships: Memberships = defaultdict(list)
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await act_as(connection, "toldonce_facts")
        if id_ is None:
            return [one.person async for one in everybody(connection, Labels())], memberships
        found = await caseload(connection, id_)
        if found is None or caller.organisation not in found.organisations:
            raise NotPossible("this client's organisation has no such caseload")
        for one in await history(connection, id_):
            memberships[one.person].append(one)
        return [one.person for one in await members(connection, id_)], memberships


async def work(settings: Settings, console: Console) -> None:
    """Write bulk exports that are ordered until told to stop, without serving anything."""
    writing_them = settings.model_copy(update={"exports_served": True})
    async with opened(settings) as database, main.application(writing_them, database):
        console.print("writing exports")
        await asyncio.Event().wait()
