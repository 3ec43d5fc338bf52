"""`toldonce subject-access`: a person's copy of their record, made in the name of the professional who reviews it.

It is read for a registered client's organisation, role and purpose (`audit.copy_desk`). Whoever may run it looks after
the server, so who has seen the record is in it whoever the professional is.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import asyncpg

from integration.api.clients import load_clients
from integration.audit.access import Access, Account
from integration.audit.alerts import SELF_CLAIMED
from integration.audit.codes import Kind, Outcome
from integration.audit.copy_desk import CopyDesk
from integration.audit.log import AuditLog
from integration.audit.subject_access import files, zipped
from integration.commands.opened import opened
from integration.config import Settings
from integration.errors import NotPossible
from integration.record.consult import Question, Records
from integration.sharing import current
from integration.sharing.policy import Policy
from integration.sharing.request import Caller, Decision, Grant
from integration.store.database import act_as

_MADE = ("subject-access", "a copy for the person, to be reviewed")


class Asked(NamedTuple):
    """Whose copy, and who makes it: a user of a registered client, in one of its roles, for one of its purposes."""

    nhs_number: str
    client: str
    role: str
    purpose: str
    user: str


async def write(settings: Settings, asked: Asked, out: Path) -> dict[str, int]:
    """Write the copy, a ZIP file that only its owner can read; how many bytes each file in it has. Making it is audited
    before it is written. Raises NotPossible, and what a refusal is answered with."""
    if not asked.user.strip():
        raise NotPossible("say who makes the copy")
    if out.exists():
        raise NotPossible("there is a file of that name")
    now = datetime.now(UTC)
    async with (
        opened(settings) as database,
        database.pool("toldonce_api", size=5) as pool,
        AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log,
    ):
        caller, policy = await _caller(pool, asked, now)

        async def tell(decision: Decision, counts: Mapping[str, int]) -> None:
            await log.append(_access(caller, now, decision, counts))

        desk = CopyDesk(pool, Records(pool, lambda: policy), tell)
        person = await desk.person(asked.nhs_number)
        made = files(await desk.copy(Question(caller, now), person, accesses=True))
    _keep(out, zipped(made, now))
    return {name: len(content) for name, content in made.items()}


async def _caller(pool: asyncpg.Pool, asked: Asked, now: datetime) -> tuple[Caller, Policy]:
    async with pool.acquire() as connection:
        client = (await load_clients(connection)).get(asked.client)
        async with connection.transaction(readonly=True):
            await act_as(connection, "toldonce_registry")
            policy = await current.policy_at(connection, now)
    if client is None:
        raise NotPossible("no such client is registered")
    caller = Caller(client.id, client.organisation, asked.role, asked.purpose, asked.user)
    if not client.may_ask_as(caller):
        raise NotPossible("the client is not registered for that role and purpose")
    return caller, policy


def _access(caller: Caller, now: datetime, decision: Decision, counts: Mapping[str, int]) -> Access:
    """The account of a copy that was made, or refused."""
    granted = isinstance(decision, Grant)
    return Access(
        when=now,
        kind=Kind.EXPORT,
        interaction="operation",
        route="toldonce subject-access",
        outcome=Outcome.SUCCESS if granted else Outcome.SERIOUS_FAILURE,
        caller=caller,
        person=decision.request.person,
        decision=Account.of(decision),
        counts=counts,
        details=[_MADE, *([SELF_CLAIMED] if isinstance(decision, Grant) and decision.self_claimed else [])],
    )


def _keep(out: Path, content: bytes) -> None:
    """As a file that nobody else on this machine can read, and that replaces none."""
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
