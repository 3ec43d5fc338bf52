"""`toldonce measure`: the measures of a caseload, as one registered client may count them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import asyncpg
from rich.console import Console

from adapters.records import LONDON
from integration.api.clients import load_clients
from integration.audit.access import Access, Account
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.commands.opened import opened, progress_bar
from integration.config import Settings
from integration.errors import NotPossible
from integration.record.consult import Question, Records
from integration.sharing import current
from integration.sharing.policy import Policy
from integration.sharing.request import Caller, Client, Grant
from integration.sharing.rules import BEYOND_CARE
from integration.store.database import Database, act_as
from integration.teams.measures import picture
from integration.teams.measures.definitions import Definition, measures
from integration.teams.measures.disclosure import Rule, Shown, rule_for, shown
from integration.teams.measures.evaluate import Counted, Evaluation, caseload_of
from integration.teams.measures.person_time import Month, months_of
from integration.teams.measures.publish import publish
from integration.teams.measures.report import Subject, measure_report
from mappings.uk_core import Resource

ROUTE = "toldonce measure"


@dataclass(frozen=True)
class Asked:
    """What is asked for, as it was typed. Months are `2026-08`."""

    caseload: str
    first: str
    last: str
    measures: Sequence[str] = ()
    client: str | None = None
    role: str | None = None
    purpose: str | None = None
    publish: bool = False


Figures = tuple[Definition, Shown, Resource]


@dataclass(frozen=True)
class Found:
    """The figures of each measure, with its report; and the titles of measures that the client may not ask for."""

    figures: Sequence[Figures]
    closed: Sequence[str]


async def measure(settings: Settings, asked: Asked, console: Console | None = None) -> Found:
    """Evaluate, and tell a console how far it is. One event for the evaluation and one for each member are durable
    before anything is returned. Raises NotPossible."""
    now = datetime.now(UTC)
    months, wanted = _months(asked, now.astimezone(LONDON).date()), _wanted(asked)
    async with opened(settings) as database, database.pool("toldonce_api", size=4) as pool:
        client, policy = await _known(pool, asked.client or settings.measures_client, now)
        caller = _caller(client, policy, asked)
        records = Records(pool, lambda: policy)
        if await caseload_of(records, asked.caseload, caller.organisation) is None:
            raise NotPossible("this client's organisation has no such caseload")
        on = now.astimezone(LONDON).date()
        open_ = [one for one in wanted if policy.opens(caller, one.category, on)]
        kind = policy.purposes[caller.purpose].kind
        if asked.publish and kind != BEYOND_CARE:
            raise NotPossible("what is published is counted for a purpose beyond care, with small numbers protected")
        async with AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log:
            with progress_bar(console or Console(quiet=True)) as progress:
                audit = _Audit(log, caller, now, partial(progress.advance, progress.add_task("people", total=None)))
                tally = await Evaluation(records, Question(caller, now), audit.each).tally(
                    asked.caseload, open_, months
                )
            await log.append(_event(caller, now, asked, open_))
        rule = rule_for(kind, Rule(settings.measures_smallest, settings.measures_nearest))
        subject = Subject(asked.caseload, caller.organisation, now, settings.test_data)
        counted = [(one, shown(tally, one.id, rule)) for one in open_]
        figures = [(one, figures, measure_report(one, figures, subject)) for one, figures in counted]
        if asked.publish:
            await _publish(database, figures, caller.client, now)
    return Found(figures, [one.title for one in wanted if one not in open_])


async def _publish(database: Database, figures: Sequence[Figures], client: str, now: datetime) -> None:
    """All of them or none."""
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection, connection.transaction():
        for definition, _, report in figures:
            await publish(connection, definition, report, client, now)


def rows(found: Found, *, as_json: bool) -> list[dict[str, Any]]:
    """MeasureReports, or a row for each measure and month in words."""
    if as_json:
        return [report for _, _, report in found.figures]
    return [
        {"measure": one.title, "unit": one.unit, **_columns(line)}
        for one, shown, _ in found.figures
        for line in picture.table(shown)
    ]


def page(found: Found) -> str:
    """A page with a picture and a table of each measure."""
    return picture.page([(one, shown) for one, shown, _ in found.figures])


def _columns(line: picture.Line) -> dict[str, str]:
    return {
        "month": line.month,
        "people": line.people,
        "numerator": line.numerator,
        "denominator": line.denominator,
        "figure": line.score,
    }


def _months(asked: Asked, today: date) -> Sequence[Month]:
    try:
        first, last = (date.fromisoformat(f"{month}-01") for month in (asked.first, asked.last))
        months = months_of(first, Month.of(last).last)
    except ValueError:
        raise NotPossible("--from and --to are months, the first and the last, such as 2026-01 and 2026-03") from None
    if months[-1].last >= today:
        raise NotPossible("a month is measured when it is over")
    return months


def _wanted(asked: Asked) -> list[Definition]:
    known = measures()
    if unknown := [one for one in asked.measures if one not in known]:
        raise NotPossible(f"there is no measure {unknown[0]}; there are {', '.join(known)}")
    return [known[one] for one in asked.measures or known]


async def _known(pool: asyncpg.Pool, client_id: str, now: datetime) -> tuple[Client, Policy]:
    async with pool.acquire() as connection:
        client = (await load_clients(connection)).get(client_id)
        if client is None or not client.active:
            raise NotPossible(f"no client {client_id} is registered and active; say --client")
        async with connection.transaction(readonly=True):
            await act_as(connection, "toldonce_registry")
            return client, await current.policy_at(connection, now)


def _caller(client: Client, policy: Policy, asked: Asked) -> Caller:
    """The client in the role and for the purpose that were asked for; where none were, in the first role that an
    agreement lets ask for planning or research."""
    purposes = (
        [asked.purpose] if asked.purpose else sorted(client.purposes, key=lambda one: (not _beyond(policy, one), one))
    )
    roles = [asked.role] if asked.role else sorted(client.roles)
    if not client.purposes.issuperset(purposes) or not client.roles.issuperset(roles):
        raise NotPossible(f"client {client.id} is not registered for that role or purpose")
    callers = [Caller(client.id, client.organisation, role, purpose) for purpose in purposes for role in roles]
    found = next((one for one in callers if policy.terms_for(one)), None)
    if found is None:
        raise NotPossible(f"no agreement lets client {client.id} see anything so")
    return found


def _beyond(policy: Policy, purpose: str) -> bool:
    return purpose in policy.purposes and policy.purposes[purpose].kind == BEYOND_CARE


@dataclass(frozen=True)
class _Audit:
    """Writes an event for each member who was read, or refused, for the sums."""

    log: AuditLog
    caller: Caller
    when: datetime
    done: Callable[[int], None]
    """Told how many more there were."""

    async def each(self, counted: Sequence[Counted]) -> None:
        await self.log.append_all(
            [
                Access(
                    when=self.when,
                    kind=Kind.OPERATION,
                    interaction="operation",
                    route=ROUTE,
                    outcome=Outcome.SUCCESS if isinstance(one.decision, Grant) else Outcome.SERIOUS_FAILURE,
                    caller=self.caller,
                    person=one.decision.request.person,
                    decision=Account.of(one.decision),
                    counts=one.counts,
                )
                for one in counted
            ]
        )
        self.done(len(counted))


def _event(caller: Caller, when: datetime, asked: Asked, evaluated: Sequence[Definition]) -> Access:
    return Access(
        when=when,
        kind=Kind.OPERATION,
        interaction="operation",
        route=ROUTE,
        outcome=Outcome.SUCCESS,
        caller=caller,
        details=[
            *(("measure/id", one.canonical) for one in evaluated),
            ("measure/caseload", asked.caseload),
            *([("measure/published", "yes")] if asked.publish else []),
            ("measure/period", f"{asked.first} to {asked.last}"),
        ],
    )
