"""`toldonce explain`: what a client would see of somebody, and why."""

import json
from datetime import UTC, datetime
from uuid import UUID

from integration import demo as demonstration
from integration.api.clients import load_clients
from integration.audit.codes import Kind
from integration.audit.log import AuditLog
from integration.commands.audit import by_command
from integration.commands.opened import opened
from integration.config import Settings
from integration.errors import NotPossible
from integration.identity.demographics import is_nhs_number
from integration.record.consult import served
from integration.sharing import current
from integration.sharing.decide import decide
from integration.sharing.explain import as_json as decision_json
from integration.sharing.explain import explain as in_plain_english
from integration.sharing.facts import person_facts, persons_with_number
from integration.sharing.request import BreakGlass, Caller, Client, Request
from integration.store.database import act_as
from integration.store.labels import Labels


async def explain(
    settings: Settings,
    client_id: str,
    nhs_number: str,
    role: str | None,
    purpose: str | None,
    at: datetime | None,
    reason: str | None,
    *,
    as_json: bool,
) -> str:
    """What a client would see of somebody and why, now or as recorded by `at`. Asking is itself audited."""
    if not is_nhs_number(nhs_number):
        raise NotPossible("that is not a valid NHS number")
    now = at or datetime.now(UTC)
    async with opened(settings) as database, database.pool("toldonce_api", size=4) as pool:
        async with pool.acquire() as connection:
            client = (await load_clients(connection)).get(client_id)
            async with connection.transaction(readonly=True):
                await act_as(connection, "toldonce_registry")
                policy = await current.policy_at(connection, now)
                await act_as(connection, "toldonce_facts")
                persons = await persons_with_number(connection, nhs_number, at) or [UUID(int=0)]
                facts = [await person_facts(connection, Labels(), person, at) for person in persons]
        async with AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log:
            await log.append_all([by_command("toldonce explain", Kind.OPERATION, person) for person in persons])
    if client is None:
        raise NotPossible(f"no client {client_id} is registered")
    caller = _caller(client, role, purpose, reason)
    requests = [Request(caller, one.person, now, BreakGlass(reason) if reason else None) for one in facts]
    decisions = [served(decide(request, one, policy)) for request, one in zip(requests, facts, strict=True)]
    if as_json:
        return "\n".join(json.dumps(decision_json(one)) for one in decisions)
    names = {**policy.names, client.id: client.name}
    return "\n\n".join(in_plain_english(one, policy, names) for one in decisions)


def _caller(client: Client, role: str | None, purpose: str | None, reason: str | None) -> Caller:
    """The client in one of its roles and purposes; a demo client's first ones where nothing is said."""
    preferred = demonstration.BY_ID.get(client.id)
    roles = list(preferred.roles) if preferred else sorted(client.roles)
    purposes = list(preferred.purposes) if preferred else sorted(client.purposes)
    return Caller(
        client.id, client.organisation, role or roles[0], purpose or (purposes[-1] if reason else purposes[0])
    )
