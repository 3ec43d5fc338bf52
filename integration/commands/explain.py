"""`toldonce explain`: what a client would see of somebody, and why."""

import json
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from integration import demo as demonstration
from integration.api.clients import load_clients
from integration.audit.codes import Kind
from integration.audit.log import AuditLog
from integration.commands.audit import by_command
from integration.commands.opened import opened
from integration.config import Settings
from integration.errors import NotPossible
from integration.identity.demographics import is_nhs_number
from integration.sharing import current
from integration.sharing.decide import decide
from integration.sharing.explain import as_json as decision_json
from integration.sharing.explain import explain as in_plain_english
from integration.sharing.facts import person_facts, persons_with_number
from integration.sharing.opt_outs import with_opt_out
from integration.sharing.request import BreakGlass, Caller, Client, Decision, Grant, Request
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
                if client is not None:
                    caller = asking(client, role, purpose, reason)
                    facts = [await with_opt_out(connection, one, caller, policy, now) for one in facts]
        async with AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log:
            await log.append_all([by_command("toldonce explain", Kind.OPERATION, person) for person in persons])
    if client is None:
        raise NotPossible(f"no client {client_id} is registered")
    requests = [Request(caller, one.person, now, BreakGlass(reason) if reason else None) for one in facts]
    decisions = [decide(request, one, policy) for request, one in zip(requests, facts, strict=True)]
    if as_json:
        return "\n".join(json.dumps(decision_json(one)) for one in decisions)
    names = {**policy.names, client.id: client.name}
    return "\n\n".join(in_plain_english(one, policy, names) for one in decisions)


class _Decided(msgspec.Struct, frozen=True):
    """What the audit keeps of a decision (`audit.entry`)."""

    recorded: datetime
    caller: tuple[str, str, str, str, str, bool] | None = None
    person: UUID | None = None
    break_glass: BreakGlass | None = None
    granted: bool | None = None
    reasons: list[tuple[Any, ...]] = []
    """Rule, whether it allows, sentence, kind of information, organisation, agreement."""


class Replayed(NamedTuple):
    """A decision made once more, explained, and whether it is the one that was made."""

    text: str
    same: bool


async def replay(settings: Settings, event: UUID) -> Replayed:
    """Make the decision of an audit event again, from what was recorded at its moment: facts, linkage, labels (and so
    code lists) and agreements. Asking is itself audited."""
    async with opened(settings) as database, database.pool("toldonce_api", size=4) as pool:
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_audit_reader")
            content = await connection.fetchval("select content from toldonce.audit_event where id = $1", event)
            was = msgspec.json.decode(content, type=_Decided) if content else None
            if was is None or was.caller is None or was.person is None or was.granted is None:
                raise NotPossible("there is no such event, or nothing was decided about a person in it")
            await act_as(connection, "toldonce_registry")
            policy = await current.policy_at(connection, was.recorded)
            caller = Caller(*was.caller)
            await act_as(connection, "toldonce_facts")
            facts = await person_facts(connection, Labels(), was.person, was.recorded)
            facts = await with_opt_out(connection, facts, caller, policy, was.recorded)
        async with AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log:
            await log.append(by_command("toldonce explain", Kind.OPERATION, was.person))
    decision = decide(Request(caller, facts.person, was.recorded, was.break_glass), facts, policy)
    same = (isinstance(decision, Grant), _told(decision)) == (was.granted, was.reasons)
    return Replayed(in_plain_english(decision, policy, policy.names), same)


def _told(decision: Decision) -> list[tuple[Any, ...]]:
    """The reasons as the audit keeps them."""
    return [
        (one.rule, one.allowed, one.text, one.category and str(one.category), one.organisation, one.agreement)
        for one in decision.reasons
    ]


def asking(client: Client, role: str | None, purpose: str | None, reason: str | None = None, user: str = "") -> Caller:
    """The client in one of its roles and purposes; a demo client's first ones where nothing is said."""
    preferred = demonstration.BY_ID.get(client.id)
    roles = list(preferred.roles) if preferred else sorted(client.roles)
    purposes = list(preferred.purposes) if preferred else sorted(client.purposes)
    return Caller(
        client.id, client.organisation, role or roles[0], purpose or (purposes[-1] if reason else purposes[0]), user
    )
