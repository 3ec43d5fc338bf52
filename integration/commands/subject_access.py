"""`toldonce subject-access`: a person's copy of their record, made in the name of the professional who reviews it.

It is read as everything is: with a Grant, for a registered client's organisation, role and purpose. Nobody sees more
for making such a copy, least of all an information governance officer.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

import asyncpg
import orjson

from integration.api.clients import load_clients
from integration.audit import subject_access
from integration.audit.access import Access, Account
from integration.audit.alerts import SELF_CLAIMED
from integration.audit.codes import Kind, Outcome
from integration.audit.glance import Glance, glances
from integration.audit.log import AuditLog
from integration.audit.pdf import Document
from integration.audit.subject_access import Copy, Corrected, Held
from integration.audit.told import told
from integration.audit.who_saw import about, letter, report, sentences
from integration.commands.opened import opened
from integration.config import Settings
from integration.errors import NotPossible
from integration.identity.demographics import is_nhs_number
from integration.record.consult import Consultation, Question, Records, refuse
from integration.record.history import versions
from integration.record.longitudinal import all_pages, longitudinal
from integration.record.reader import Query
from integration.sharing import current
from integration.sharing.facts import ids_of, persons_with_number
from integration.sharing.policy import Policy
from integration.sharing.request import Caller, Grant, Label
from integration.store.connection import Connection
from integration.store.database import act_as

_PIECE = 500
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
    if not is_nhs_number(asked.nhs_number) or not asked.user.strip():
        raise NotPossible("say a valid NHS number, and who makes the copy")
    if out.exists():
        raise NotPossible("there is a file of that name")
    now = datetime.now(UTC)
    async with (
        opened(settings) as database,
        database.pool("toldonce_api", size=5) as pool,
        AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log,
    ):
        caller, policy = await _caller(pool, asked, now)
        person = await _person(pool, asked.nhs_number)
        records = Records(pool, lambda: policy)
        async with records.consult(Question(caller, now), person, ever=True) as consultation:
            files = subject_access.files(await _copy(pool, log, records, consultation, _Making(caller, policy, now)))
    _zip(out, files)
    return {name: len(content) for name, content in files.items()}


class _Making(NamedTuple):
    caller: Caller
    policy: Policy
    now: datetime


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


async def _person(pool: asyncpg.Pool, number: str) -> UUID:
    """The one person with this number. A copy of two people's records for one of them would be a breach."""
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        persons = await persons_with_number(connection, number)
    if len(persons) > 1:
        raise NotPossible("several people are stated to have this number: settle who is who first (`identity review`)")
    return persons[0] if persons else UUID(int=0)


async def _copy(
    pool: asyncpg.Pool, log: AuditLog, records: Records, consultation: Consultation, making: _Making
) -> Copy:
    """What goes into the copy, audited. Raises what a refusal is answered with, audited too."""
    decision, reader = consultation.decision, consultation.reader
    if isinstance(decision, Grant) and decision.pseudonymise:
        raise NotPossible("a person's own copy is not for a purpose beyond care")
    held = await _held(records, consultation, decision) if isinstance(decision, Grant) else []
    counts: dict[str, int] = defaultdict(int)
    for one in held:
        counts[one.resource["resourceType"]] += 1
    await log.append(
        Access(
            when=making.now,
            kind=Kind.EXPORT,
            interaction="operation",
            route="toldonce subject-access",
            outcome=Outcome.SUCCESS if isinstance(decision, Grant) else Outcome.SERIOUS_FAILURE,
            caller=making.caller,
            person=decision.request.person,
            decision=Account.of(decision),
            counts=counts,
            details=[_MADE, *([SELF_CLAIMED] if isinstance(decision, Grant) and decision.self_claimed else [])],
        )
    )
    refuse(decision)
    events, told_them = await _seen(pool, await reader.aside(lambda on, person: ids_of(on, [person])), making)
    names = making.policy.agreements.names
    return Copy(
        made=making.now,
        reviewer=f"{making.caller.user}, {making.caller.role}, {names.get(making.caller.organisation, '')}",
        held=held,
        accesses=[_told(event, making.policy) for event in events],
        letter=told_them,
        corrected=await _corrected(consultation, counts, events, names),
        reasons=decision.reasons,
        names=names,
    )


async def _held(records: Records, consultation: Consultation, grant: Grant) -> list[Held]:
    """Every entry that the reviewer may see, with whose word it is."""
    reader, query = consultation.reader, Query(limit=_PIECE)
    held: list[Held] = []
    async for page in all_pages(reader, grant, query, await longitudinal(reader, grant, query, sources=True)):
        ask = partial(_labels, records, {row.label for row in page.rows})
        labels = {one.id: one for one in await reader.aside(ask)}
        held += [Held(one) for one in ([page.patient] if page.patient else [])]
        held += [Held(row.resource(), labels[row.label], row.feed) for row in page.rows]
        held += [Held(one) for one in page.sources]
        held += [Held(orjson.loads(entry)) for entry in page.directory]
    return held


async def _labels(records: Records, ids: set[int], connection: Connection, _person: UUID) -> tuple[Label, ...]:
    return await records.labels.of(connection, ids)


async def _seen(pool: asyncpg.Pool, persons: Sequence[UUID], making: _Making) -> tuple[list[Glance], Document]:
    """Every access that showed something, the oldest first; and what the person is told of them."""
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_audit_reader")
        found = [one async for one in glances(connection, about(persons)) if one.reads and one.shown]
        account = await report(connection, about(persons))
    agreements = making.policy.agreements
    said = sentences(account.seen, agreements.names, making.policy.purpose_names)
    told_them = letter(account, said, making.now, agreements.neighbourhood, (None, None))
    return sorted(found, key=lambda one: one.recorded), told_them


def _told(event: Glance, policy: Policy) -> subject_access.Access:
    one = told(event)
    organisation = policy.agreements.names.get(one.organisation, one.organisation)
    purpose = policy.purpose_names.get(one.purpose, one.purpose)
    return subject_access.Access(one.when, organisation, one.role, purpose, one.what, one.shown)


async def _corrected(
    consultation: Consultation, types: Iterable[str], events: Sequence[Glance], names: Mapping[str, str]
) -> list[Corrected]:
    """Versions that were replaced, and which organisations were shown entries of that type while they stood."""
    found: list[Corrected] = []
    for type_ in sorted(types):
        newer: dict[UUID, datetime] = {}
        shown = [event for event in events if type_ in event.counts]
        for one in await versions(consultation, type_):
            if one.body is not None and one.id in newer:
                until = newer[one.id]
                seen = {event.organisation for event in shown if one.recorded <= event.recorded < until}
                by = ", ".join(sorted(names.get(code, code) for code in seen))
                found.append(Corrected(type_, one.id, one.version, one.recorded, until, by))
            newer[one.id] = one.recorded
    return found


def _zip(out: Path, files: Mapping[str, bytes]) -> None:
    """A file that nobody else on this machine can read, and that replaces none."""
    with (
        os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
        ZipFile(file, "w", ZIP_DEFLATED) as archive,
    ):
        for name, content in files.items():
            archive.writestr(name, content)
