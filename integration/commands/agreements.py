"""`toldonce agreements`: check a file, show what it would change, put it in force, and what was in force before."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.progress import Progress as RichProgress
from rich.progress import TaskID

from adapters.records import LONDON
from integration.audit.access import Access
from integration.audit.codes import Kind
from integration.audit.log import AuditLog
from integration.commands.administrator import By
from integration.commands.opened import opened, progress_bar
from integration.config import Settings
from integration.errors import NotPossible
from integration.record.population import Progress
from integration.record.proposal import Proposal, propose
from integration.sharing import current
from integration.sharing.agreement_file import Problem, schema
from integration.sharing.agreements import AgreementError, Agreements, load
from integration.sharing.changes import changes
from integration.sharing.current import Version
from integration.sharing.doubts import doubts
from integration.sharing.english import english
from integration.sharing.english_reading import read_english
from integration.sharing.expiry import Standing, standings
from integration.sharing.request import Caller
from integration.store.database import act_as

_NOTHING_YET = "no agreements are in force yet"


def read(file: Path) -> tuple[str, Agreements]:
    """A file of agreements. Raises NotPossible with everything that is wrong, each with its line."""
    try:
        text = file.read_text("utf-8")
        return text, load(text)
    except UnicodeDecodeError:
        raise NotPossible(f"{file.name} is not UTF-8 text") from None
    except AgreementError as error:
        raise NotPossible(_wrong(file, error.problems)) from None


def _wrong(file: Path, problems: list[Problem]) -> str:
    return "\n".join(f"{file.name}: {problem}" for problem in problems)


@dataclass(frozen=True)
class Checked:
    """How a file's agreements stand today, and what in it is hardly meant."""

    standings: list[Standing]
    doubts: list[Problem]


def check(file: Path, signed: Path | None, within: int) -> Checked:
    """A file that is not wrong. Raises NotPossible for a file that is wrong, or that does not say what was
    signed."""
    text, agreements = read(file)
    if signed is not None:
        try:
            said = read_english(signed.read_text("utf-8"))
        except AgreementError as error:
            raise NotPossible(_wrong(signed, error.problems)) from None
        if differing := changes(said, agreements):
            told = "\n".join(f"  {one.about}: {sentence}" for one in differing for sentence in one.sentences)
            raise NotPossible(f"{file.name} does not say what was signed. Against what was signed:\n{told}")
    return Checked(standings(agreements, _today(), within), doubts(text, agreements))


def _today() -> date:
    return datetime.now(LONDON).date()


def schema_text() -> str:
    """The JSON Schema of agreement files."""
    return schema()


async def diff(settings: Settings, file: Path, user: str, on: date | None, console: Console) -> Proposal:
    """What the file would change against what is in force; on another day if one is given. That somebody asked is
    audited before anything is told."""
    _, agreements = read(file)
    async with _desk(settings, "diff", user) as desk:
        proposal = await desk.proposal(agreements, on, console)
        await desk.account(proposal.in_force, {"people": str(proposal.effect.people)})
    return proposal


async def apply(
    settings: Settings, file: Path, by: By, confirm: Callable[[Proposal], bool], console: Console
) -> Version | None:
    """Show what the file would change and, once that is confirmed, put it in force; the new version, or None where
    nothing was put in force. Raises NotPossible when another version was put in force meanwhile."""
    by.require_said()
    text, agreements = read(file)
    async with _desk(settings, "apply", by.user) as desk:
        proposal = await desk.proposal(agreements, None, console)
        if not confirm(proposal):
            await desk.account(proposal.in_force, {"reason": by.reason, "applied": "no"})
            return None
        return await desk.put_in_force(text, proposal.in_force, by.reason)


async def history(settings: Settings) -> list[Version]:
    """Every version that was ever in force, the newest first."""
    async with _desk(settings, "history", "") as desk:
        return await desk.history()


async def text_of(settings: Settings, number: int | None) -> str:
    """The text of a version as it was applied; of the one in force if none is named."""
    async with _desk(settings, "show", "") as desk:
        return await desk.text_of(number)


async def listed(settings: Settings, within: int) -> list[Standing]:
    """How the agreements in force stand today."""
    async with _desk(settings, "list", "") as desk:
        return standings(load(await desk.text_of(None)), _today(), within)


def in_english(text: str) -> str:
    """The agreements of a text that was checked, in plain English."""
    return english(load(text))


class _Desk:
    """What somebody who looks after agreements can do. The pool is of the database's owner, who alone may change
    agreements; people's facts are read under the role that can read nothing else."""

    def __init__(self, pool: asyncpg.Pool, log: AuditLog, route: str, user: str) -> None:
        self._pool = pool
        self._log = log
        self._route = route
        self._caller = Caller("command line", "this deployment", "administrator", "", user)

    async def proposal(self, agreements: Agreements, on: date | None, console: Console) -> Proposal:
        at = datetime.combine(on, time(12), LONDON) if on else datetime.now(UTC)
        async with self._pool.acquire() as connection:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                with progress_bar(console) as bar:
                    return await propose(connection, agreements, at, _shown_on(bar))

    async def put_in_force(self, text: str, shown_against: Version | None, reason: str) -> Version | None:
        """The event is durable before the version is: what takes effect is never unaudited."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("lock table toldonce.agreement_document in exclusive mode")
            if await current.newest(connection) != shown_against:
                raise NotPossible("another version was put in force meanwhile: look at what yours changes now")
            applied = await current.apply(connection, text, self._caller.user, reason)
            version = await current.newest(connection)
            await self.account(version, {"reason": reason, "applied": "yes" if applied else "in force already"})
        return version if applied else None

    async def history(self) -> list[Version]:
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_registry")
            return await current.history(connection)

    async def text_of(self, number: int | None) -> str:
        async with self._pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_registry")
            text = await current.text_of(connection, number)
        if text is None:
            raise NotPossible(_NOTHING_YET if number is None else f"there is no version {number}")
        return text

    async def account(self, version: Version | None, details: dict[str, str]) -> None:
        named = {"version": f"{version.number} {version.digest}" if version else "none", **details}
        said = {f"agreements/{name}": value for name, value in named.items()}
        await self._log.append(Access.work(self._caller, self._route, Kind.AGREEMENTS, said))


@asynccontextmanager
async def _desk(settings: Settings, command: str, user: str) -> AsyncIterator[_Desk]:
    async with (
        opened(settings) as database,
        asyncpg.create_pool(database.owner_url, min_size=1, max_size=3) as pool,
        AuditLog(pool, server_url=settings.fhir_base, test_data=settings.test_data) as log,
    ):
        yield _Desk(pool, log, f"toldonce agreements {command}", user)


def _shown_on(bar: RichProgress) -> Progress:
    """One line of the bar for each thing that is done."""
    tasks: dict[str, TaskID] = {}

    def show(doing: str, done: int, total: int) -> None:
        if doing not in tasks:
            tasks[doing] = bar.add_task(doing, total=total)
        bar.update(tasks[doing], completed=done, total=total)

    return show
