"""`toldonce audit search`: who saw what; and the event of a command itself."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from msgspec import structs

from adapters.records import LONDON
from integration.audit.access import Access
from integration.audit.codes import Kind
from integration.audit.codes import Outcome as Result
from integration.audit.log import AuditLog
from integration.audit.pdf import pdf
from integration.audit.saved import tabled
from integration.audit.usage import Question, Use, usage
from integration.commands.opened import opened
from integration.config import Settings
from integration.sharing.facts import ids_with_number
from integration.sharing.request import Caller
from integration.store.database import act_as

_EVENTS = """
select recorded, organisation, client, kind, outcome, person from toldonce.audit_event
where ($1::uuid[] is null or person = any($1)) and ($2::text is null or organisation = $2)
order by recorded desc, id desc limit $3
"""


async def audit_search(
    settings: Settings, nhs_number: str | None, organisation: str | None, limit: int
) -> list[dict[str, Any]]:
    """Events, newest first. Asking is itself an event, written before anything is printed."""
    async with opened(settings) as database, database.pool("toldonce_api", size=4) as pool:
        persons = await _same_persons(pool, nhs_number) if nhs_number else None
        async with pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_audit_reader")
            rows = await connection.fetch(_EVENTS, persons, organisation, limit)
        async with AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log:
            person = persons[0] if persons else None
            await log.append(by_command("toldonce audit search", Kind.AUDIT, person, {"AuditEvent": len(rows)}))
    return [_event(row) for row in rows]


async def audit_report(settings: Settings, question: Question) -> Sequence[Use]:
    """Whoever asked, most often first; asking is itself an event, written before anything is printed."""
    async with opened(settings) as database, database.pool("toldonce_api", size=4) as pool:
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_audit_reader")
            uses = await usage(connection, question)
        asked = [(f"report/{name}", str(value)) for name, value in structs.asdict(question).items() if value]
        async with AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log:
            counts = {"AuditEvent": sum(one.accesses + one.refused for one in uses)}
            await log.append(by_command("toldonce audit report", Kind.AUDIT, None, counts, asked))
    return uses


async def audit_report_pdf(settings: Settings, question: Question) -> bytes:
    """The same as a PDF. Raises NotPossible where nothing is installed that makes one."""
    uses = await audit_report(settings, question)
    last = question.end.astimezone(LONDON) - timedelta(days=1)
    caption = f"From {question.start.astimezone(LONDON):%-d %B %Y} to {last:%-d %B %Y}, most often first"
    return pdf(tabled("Who uses the record", caption, uses, Use), datetime.now(UTC))


def _event(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "when": row["recorded"].isoformat(timespec="seconds"),
        "organisation": row["organisation"],
        "client": row["client"],
        "what": row["kind"],
        "outcome": _OUTCOMES[row["outcome"]],
        "person": row["person"],
    }


_OUTCOMES = {"0": "shown", "4": "failed", "8": "refused", "12": "failed"}


async def _same_persons(pool: asyncpg.Pool, nhs_number: str) -> list[UUID]:
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        return await ids_with_number(connection, nhs_number)


def by_command(
    route: str,
    kind: Kind,
    person: UUID | None,
    counts: Mapping[str, int] | None = None,
    details: Sequence[tuple[str, str]] = (),
) -> Access:
    """An access of whoever administers this deployment."""
    return Access(
        when=datetime.now(UTC),
        kind=kind,
        interaction="search-type" if kind is Kind.AUDIT else "operation",
        route=route,
        outcome=Result.SUCCESS,
        caller=Caller("command line", "this deployment", "administrator", ""),
        person=person if person and person.int else None,
        counts=counts or {},
        details=details,
    )
