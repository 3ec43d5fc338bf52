"""`toldonce caseload`: describe caseloads, apply their rules, and look at them as a client does."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn
from uuid import UUID

import asyncpg
import structlog
from rich.console import Console

from integration.api.clients import load_clients
from integration.audit.access import Access, Account
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.commands.audit import by_command
from integration.commands.explain import asking
from integration.commands.opened import opened, progress_bar
from integration.config import Settings
from integration.deployment import secret_of
from integration.errors import NotPossible
from integration.record.consult import Question, Records
from integration.sharing import current
from integration.sharing.facts import persons_with_number
from integration.sharing.policy import Policy
from integration.sharing.request import Caller, Decision, Denial, Grant
from integration.store.connection import Connection
from integration.store.database import Database, act_as
from integration.teams.caseloads import membership, register
from integration.teams.caseloads.document import Caseload, CaseloadError, grammar, load
from integration.teams.caseloads.english import english
from integration.teams.caseloads.keeper import Keeper, Told
from integration.teams.caseloads.overview import overview
from integration.teams.caseloads.refresh import CLIENT, PURPOSE, ROLE, Refreshed, refresh

_ROUTE = "toldonce caseload"
log = structlog.get_logger()


@dataclass(frozen=True)
class Desk:
    """What somebody at the command line works with."""

    keeper: Keeper
    audit: AuditLog
    policy: Policy
    console: Console

    async def all(self) -> list[Caseload]:
        async with self._facts() as connection:
            return await register.caseloads(connection)

    async def one(self, id_: str) -> Caseload:
        async with self._facts() as connection:
            found = await register.caseload(connection, id_)
        if found is None:
            raise NotPossible(f"there is no caseload {id_}; `toldonce caseload list` names them")
        return found

    async def person(self, nhs_number: str) -> UUID:
        """Whom a number means: nobody, where no source states it. Raises NotPossible where it means several."""
        async with self._facts() as connection:
            persons = await persons_with_number(connection, nhs_number)
        if len(persons) > 1:
            raise NotPossible("several people have this NHS number: ask by the API, with the Patient's id")
        return persons[0] if persons else UUID(int=0)

    async def refresh(self, caseload: Caseload, at: datetime) -> Refreshed:
        """Apply a rule; an event for everybody who comes or goes, and one for the whole, durable before it counts."""

        async def told(practice: str, added: Sequence[UUID], ended: Sequence[UUID]) -> None:
            caller = Caller(CLIENT, practice, ROLE, PURPOSE)
            changes = [(Kind.CREATE, one) for one in added] + [(Kind.DELETE, one) for one in ended]
            await self.audit.append_all([_change(kind, one, caller, caseload) for kind, one in changes])

        with progress_bar(self.console) as bar:
            task = bar.add_task(f"{caseload.id}: people considered", total=None)
            found = await refresh(
                self.keeper, caseload, at, told, lambda done, _: bar.update(task, completed=done, total=done)
            )
        details = [("caseload", caseload.id), *((name, str(value)) for name, value in vars(found).items())]
        await self.audit.append(by_command(f"{_ROUTE} refresh", Kind.OPERATION, None, details=details))
        return found

    @asynccontextmanager
    async def _facts(self) -> AsyncIterator[Connection]:
        async with self.keeper.records.pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_facts")
            yield connection


def _change(kind: Kind, person: UUID, caller: Caller, caseload: Caseload) -> Access:
    return Access(
        when=datetime.now(UTC),
        kind=kind,
        interaction="operation",
        route=f"{_ROUTE} refresh",
        outcome=Outcome.SUCCESS,
        caller=caller,
        person=person,
        target=f"Group/{caseload.id}",
    )


@asynccontextmanager
async def desk(settings: Settings, database: Database, console: Console) -> AsyncIterator[Desk]:
    """A desk on an open database."""
    policy = current.CurrentPolicy()
    async with (
        database.pool("toldonce_worker", size=2) as workers,
        database.pool("toldonce_api", size=4) as pool,
        AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as audit,
    ):
        await policy.refresh(pool)
        keeper = Keeper(workers, Records(pool, policy), secret_of(settings, "ids", 32))
        yield Desk(keeper, audit, policy(), console)


@asynccontextmanager
async def _desk(settings: Settings, console: Console) -> AsyncIterator[Desk]:
    async with opened(settings) as database, desk(settings, database, console) as ready:
        yield ready


def read(file: Path) -> tuple[str, Caseload]:
    """The description of a caseload. Raises NotPossible with everything that is wrong, each with its line."""
    try:
        text = file.read_text("utf-8")
        return text, load(text)
    except UnicodeDecodeError:
        raise NotPossible(f"{file.name} is not UTF-8 text") from None
    except CaseloadError as error:
        raise NotPossible("\n".join(f"{file.name}: {problem}" for problem in error.problems)) from None


async def check(settings: Settings, file: Path) -> tuple[str, list[str]]:
    """What a description says in plain English, and what in it the agreements do not know."""
    _, caseload = read(file)
    async with opened(settings) as database, database.pool("toldonce_api", size=2) as pool:
        policy = current.CurrentPolicy()
        await policy.refresh(pool)
    return english(caseload, policy().names), doubts(caseload, policy())


def doubts(caseload: Caseload, policy: Policy) -> list[str]:
    """Organisations that the agreements do not know, and practices that are none."""
    named = (*caseload.organisations, *caseload.referrers)
    unknown = [f"{one} takes part in no agreement in force" for one in named if one not in policy.names]
    practices = caseload.rule.practices if caseload.rule else ()
    return [*unknown, *(f"{one} is not a general practice" for one in practices if one not in policy.practices)]


async def apply(settings: Settings, file: Path, user: str, reason: str, console: Console) -> bool:
    """Put a description in force; False when it is already."""
    text, caseload = read(file)
    async with _desk(settings, console) as at_desk:
        return await put_in_force(at_desk, text, caseload, user, reason)


async def put_in_force(at_desk: Desk, text: str, caseload: Caseload, user: str, reason: str) -> bool:
    """The event is durable before the description is in force. Raises NotPossible for what no agreement knows."""
    if wrong := doubts(caseload, at_desk.policy):
        raise NotPossible("; ".join(wrong))
    async with at_desk.keeper.pool.acquire() as connection, connection.transaction():
        applied = await membership.apply(connection, text, user, reason)
        details = [("caseload", caseload.id), ("by", user), ("reason", reason), ("applied", str(applied).lower())]
        await at_desk.audit.append(by_command(f"{_ROUTE} apply", Kind.OPERATION, None, details=details))
    return applied


async def listed(settings: Settings, console: Console) -> list[dict[str, object]]:
    """Every caseload with how many are on it; nobody is named."""
    async with _desk(settings, console) as at_desk:
        async with at_desk.keeper.pool.acquire() as connection:
            rows = {row["caseload"]: dict(row) for row in await connection.fetch(_COUNTS)}
        return [
            {
                "caseload": one.id,
                "title": one.title,
                "organisation": one.organisation,
                "by rule": rows.get(one.id, {}).get("by_rule", 0),
                "by hand": rows.get(one.id, {}).get("by_hand", 0),
                "refreshed": rows.get(one.id, {}).get("refreshed") or "never",
            }
            for one in await at_desk.all()
        ]


async def described(settings: Settings, id_: str, console: Console) -> str:
    """A caseload in plain English."""
    async with _desk(settings, console) as at_desk:
        return english(await at_desk.one(id_), at_desk.policy.names)


async def shown(
    settings: Settings, id_: str, client: str, role: str | None, purpose: str | None, console: Console
) -> list[dict[str, object]]:
    """A caseload's members as a client sees them. Each is audited as seen by that client."""
    async with _desk(settings, console) as at_desk:
        caseload = await at_desk.one(id_)
        question = Question(await _caller(at_desk, client, role, purpose), datetime.now(UTC))
        if question.caller.organisation not in caseload.organisations:
            raise NotPossible(f"{id_} is not a caseload that {question.caller.organisation} owns or works with")
        lines = await overview(at_desk.keeper.records, question, id_)
        await at_desk.audit.append_all(
            [_seen(question, one.grant, one.grant.person, f"{_ROUTE} show", Kind.QUERY) for one in lines]
        )
    return [
        {
            "name": one.name or "(not shown)",
            "NHS number": one.nhs_number or "",
            "reason": caseload.reason(one.member.reason),
            "since": one.member.since.date().isoformat(),
            "adjustments": "yes" if one.adjustments else "",
            "last A&E": one.last_attendance or "",
            "coordinator": one.coordinator or "",
            "next review": one.next_review or "",
        }
        for one in lines
    ]


async def change(
    settings: Settings, id_: str, nhs_number: str, reason: str, asked: Mapping[str, str | None], console: Console
) -> bool:
    """Add somebody, or (`asked["end"]`) end that, as a user of a client does; whether anything changed."""
    async with _desk(settings, console) as at_desk:
        caller = await _caller(at_desk, str(asked["client"]), asked["role"], asked["purpose"], asked["user"] or "")
        question = Question(caller, datetime.now(UTC))
        person = await at_desk.person(nhs_number)
        return await (ended if asked["end"] else added)(at_desk, question, id_, person, reason)


async def added(at_desk: Desk, question: Question, id_: str, person: UUID, reason: str) -> bool:
    """Add somebody as the caller does; the event is durable before it counts."""
    told = _told(at_desk, question, id_, f"{_ROUTE} add", Kind.CREATE)
    return await at_desk.keeper.add(question, id_, person, reason, told)


async def ended(at_desk: Desk, question: Question, id_: str, person: UUID, why: str) -> bool:
    """End a membership as the caller does; the event is durable before it counts."""
    told = _told(at_desk, question, id_, f"{_ROUTE} end", Kind.DELETE)
    return await at_desk.keeper.end(question, id_, person, why, told)


async def refreshed(settings: Settings, id_: str | None, console: Console) -> list[dict[str, object]]:
    """Apply the rule of one caseload, or of each that has one."""
    async with _desk(settings, console) as at_desk:
        wanted = [await at_desk.one(id_)] if id_ else [one for one in await at_desk.all() if one.rule]
        at = datetime.now(UTC)
        return [{"caseload": one.id, **vars(await at_desk.refresh(one, at))} for one in wanted]


async def refreshed_forever(settings: Settings, id_: str | None, hours: float, console: Console) -> NoReturn:
    """The same again and again. What fails is told, and tried again the next time."""
    while True:
        try:
            for row in await refreshed(settings, id_, console):
                log.info("caseload refreshed", **row)
        except (NotPossible, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            log.warning("this round failed; the next one tries again", error=type(error).__name__)
        await asyncio.sleep(hours * 3600)


def _told(at_desk: Desk, question: Question, id_: str, route: str, kind: Kind) -> Told:
    async def told(decision: Decision, person: UUID) -> None:
        await at_desk.audit.append(_seen(question, decision, person, route, kind, f"Group/{id_}"))

    return told


def _seen(question: Question, decision: Decision, person: UUID, route: str, kind: Kind, target: str = "") -> Access:
    return Access(
        when=question.at,
        kind=kind,
        interaction="operation",
        route=route,
        outcome=Outcome.SERIOUS_FAILURE if isinstance(decision, Denial) else Outcome.SUCCESS,
        caller=question.caller,
        person=person if person.int else None,
        decision=Account.of(decision),
        counts={"Patient": 1} if isinstance(decision, Grant) else {},
        target=target,
    )


async def _caller(at_desk: Desk, client: str, role: str | None, purpose: str | None, user: str = "") -> Caller:
    async with at_desk.keeper.records.pool.acquire() as connection:
        registered = (await load_clients(connection)).get(client)
    if registered is None:
        raise NotPossible(f"no client {client} is registered")
    return asking(registered, role, purpose, user=user)


_COUNTS = """
select m.caseload, count(*) filter (where m.by_rule) as by_rule, count(*) filter (where not m.by_rule) as by_hand,
    (select max(r.at) from toldonce.caseload_refresh r where r.caseload = m.caseload) as refreshed
from toldonce.caseload_member m where m.until is null group by m.caseload
"""


def schema_text() -> str:
    """The JSON Schema of descriptions."""
    return grammar()
