"""Agreements put in force: shown first, by whom and why, audited, kept, and in force everywhere at once."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import asyncpg
import pytest
from rich.console import Console
from typer.testing import CliRunner

from integration import main, registry
from integration.audit.entry import rendered
from integration.cli import app as command_line
from integration.commands import agreements as commands
from integration.commands.administrator import By
from integration.config import Settings
from integration.errors import AuditUnavailable, NotPossible
from integration.record.proposal import Proposal
from integration.sharing import current
from integration.store.database import Database
from tests.unit.sharing.scene import FILE

QUIET = Console(quiet=True)
OTHER = FILE.replace("title: Care", "title: Care for all").replace("minutes: 60", "minutes: 30")


@pytest.fixture
async def settings(database: Database, owner: asyncpg.Connection, tmp_path: Path) -> Settings:
    await owner.execute("truncate toldonce.agreement_document restart identity")
    await owner.execute("truncate toldonce.audit_event")
    return Settings(database_url=database.owner_url, data_dir=tmp_path)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "agreements.yaml"
        path.write_text(text)
        return path

    return write


def yes(_proposal: Proposal) -> bool:
    return True


async def applied(settings: Settings, file: Path, reason: str = "the board agreed") -> Any:
    return await commands.apply(settings, file, By("A Officer", reason), yes, QUIET)


async def details(owner: asyncpg.Connection) -> list[dict[str, str]]:
    """What the audit keeps of each event about agreements, oldest first."""
    rows = await owner.fetch("select content from toldonce.audit_event where kind = 'agreements' order by recorded")
    events = [json.loads(rendered(row["content"])) for row in rows]
    return [
        {
            one["type"].rpartition("/")[2]: one["valueString"]
            for entity in event["entity"]
            for one in entity.get("detail", ())
        }
        for event in events
    ]


async def test_a_version_is_kept_with_who_applied_it_and_why(
    settings: Settings, owner: asyncpg.Connection, written: Callable[[str], Path]
) -> None:
    first = await applied(settings, written(FILE))
    second = await applied(settings, written(OTHER), "the glass was open for too long")

    versions = await commands.history(settings)
    assert versions == [second, first]
    assert [(one.applied_by, one.reason) for one in versions] == [
        ("A Officer", "the glass was open for too long"),
        ("A Officer", "the board agreed"),
    ]
    assert await commands.text_of(settings, first.number) == FILE
    assert await commands.text_of(settings, None) == OTHER
    with pytest.raises(NotPossible, match="no version 99"):
        await commands.text_of(settings, 99)
    assert [(one["applied"], one["reason"]) for one in await details(owner)] == [
        ("yes", "the board agreed"),
        ("yes", "the glass was open for too long"),
    ]


async def test_nothing_is_put_in_force_that_was_not_confirmed(
    settings: Settings, owner: asyncpg.Connection, written: Callable[[str], Path]
) -> None:
    await applied(settings, written(FILE))
    shown: list[Proposal] = []

    def no(proposal: Proposal) -> bool:
        shown.append(proposal)
        return False

    assert await commands.apply(settings, written(OTHER), By("A Officer", "why not"), no, QUIET) is None

    assert [change.about for change in shown[0].changes] == ["Agreement AA-01"]
    assert len(await commands.history(settings)) == 1
    assert (await details(owner))[-1]["applied"] == "no"


async def test_the_same_again_is_no_new_version(settings: Settings, written: Callable[[str], Path]) -> None:
    await applied(settings, written(FILE))

    assert await applied(settings, written(FILE)) is None
    assert len(await commands.history(settings)) == 1


async def test_what_was_shown_against_another_version_is_not_put_in_force(
    settings: Settings, written: Callable[[str], Path]
) -> None:
    """Somebody else applies theirs while the question is asked."""

    async def other() -> None:
        connection = await asyncpg.connect(settings.database_url)
        await current.apply(connection, FILE, "B Officer", "was quicker")
        await connection.close()

    def meanwhile(_proposal: Proposal) -> bool:
        thread = Thread(target=asyncio.run, args=[other()])
        thread.start()
        thread.join()
        return True

    with pytest.raises(NotPossible, match="meanwhile"):
        await commands.apply(settings, written(OTHER), By("A Officer", "slower"), meanwhile, QUIET)
    assert [one.applied_by for one in await commands.history(settings)] == ["B Officer"]


async def test_nothing_is_put_in_force_unaudited(
    settings: Settings, written: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> None:
        raise AuditUnavailable("the disk is full")

    monkeypatch.setattr("integration.audit.log.AuditLog.append", broken)
    with pytest.raises(AuditUnavailable):
        await applied(settings, written(FILE))
    monkeypatch.undo()
    assert await commands.history(settings) == []


@pytest.mark.parametrize(("user", "reason"), [("", "why"), ("A Officer", " ")])
async def test_who_and_why_must_be_said(
    settings: Settings, written: Callable[[str], Path], user: str, reason: str
) -> None:
    with pytest.raises(NotPossible, match="who you are and why"):
        await commands.apply(settings, written(FILE), By(user, reason), yes, QUIET)


async def test_a_server_that_runs_takes_a_version_over_at_once(
    settings: Settings,
    database: Database,
    owner: asyncpg.Connection,
    written: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "_REFRESH", 600.0)  # it is told, and need not look
    async with main.application(settings, database) as app:
        policy = app.state.services.records.policy
        assert policy().agreements.agreements == ()
        await applied(settings, written(FILE))
        async with asyncio.timeout(30):
            while not policy().agreements.agreements:
                await asyncio.sleep(0.01)


@pytest.fixture
def commanded(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Commands as they are typed."""
    monkeypatch.setenv("TOLDONCE_DATABASE_URL", str(settings.database_url))
    monkeypatch.setenv("TOLDONCE_DATA_DIR", str(settings.data_dir))

    def run(*words: object, typed: str = "") -> tuple[int, str]:
        result = CliRunner().invoke(command_line, ["agreements", *map(str, words)], typed)
        return result.exit_code, result.stdout

    return run


def test_the_commands_as_they_are_typed(written: Callable[[str], Path], commanded: Callable[..., Any]) -> None:
    by = ("--user", "A Officer", "--reason", "the board agreed")
    assert commanded("list")[0] == 1
    code, told = commanded("apply", written(FILE), *by, typed="n\n")
    assert (code, told.splitlines()[-1]) == (0, "nothing was put in force")
    code, told = commanded("apply", written(FILE), *by, "--yes")
    assert (code, told.splitlines()[-1]) == (0, "in force: version 1")
    code, told = commanded("diff", written(OTHER), "--json")
    proposed = json.loads(told)
    assert (code, [one["about"] for one in proposed["changes"]]) == (0, ["Agreement AA-01"])
    assert any("30 minutes" in sentence for sentence in proposed["changes"][0]["sentences"])
    code, signed = commanded("show", "--english")
    assert (code, signed.splitlines()[0]) == (0, "The data sharing agreements of “Testing”.")
    kept = written(FILE).with_name("signed.txt")
    kept.write_text(signed)
    assert commanded("check", written(FILE), "--signed", kept, "--within", 0)[0] == 0
    assert commanded("check", written(OTHER), "--signed", kept)[0] == 1
    assert json.loads(commanded("history", "--json")[1])[0]["by"] == "A Officer"
    assert commanded("show", 1) == (0, FILE)
    assert json.loads(commanded("schema")[1])["title"] == "Data sharing agreements of a neighbourhood"
