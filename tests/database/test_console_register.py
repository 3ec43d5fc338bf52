"""`toldonce console register`, `accounts` and `remove`: what takes effect, and that nothing does without its event."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from rich.console import Console

from adapters.synthetic.identity_provider import Provider
from integration import demo
from integration.audit.entry import rendered
from integration.audit.search import IG_OFFICER
from integration.commands import accounts
from integration.commands.administrator import By
from integration.commands.console import signing_in
from integration.commands.demo_accounts import document_of, signing_in_with_accounts
from integration.config import Settings
from integration.console.sign_in import addresses
from integration.errors import AuditUnavailable, NotPossible
from integration.sharing import current
from integration.store.database import Database

pytestmark = pytest.mark.slow
QUIET = Console(file=sys.stderr, quiet=True)
BY = By("A. Admin", "she begins on Monday")
OKAFOR = signing_in(*demo.OFFICER, IG_OFFICER)


@pytest.fixture(scope="module")
async def settings(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("register")
    owner = await asyncpg.connect(database.owner_url)
    await current.apply(owner, demo.AGREEMENTS.read_text())
    await owner.close()
    document = document_of(Provider({}, *addresses("http://127.0.0.1:8000/fhir"), port=8012), folder)
    return Settings(database_url=database.owner_url, data_dir=folder, issuers=document)


async def told(owner: asyncpg.Connection) -> list[str]:
    return [rendered(row[0]).decode() for row in await owner.fetch("select content from toldonce.audit_event")]


async def test_an_account_is_registered_once_and_removed(settings: Settings, owner: asyncpg.Connection) -> None:
    await accounts.register(settings, "", "okafor-1", OKAFOR, BY, QUIET)
    (listed,) = await accounts.listed(settings)
    assert (listed["name"], listed["account"], listed["issuer"]) == ("R. Okafor", "okafor-1", "http://127.0.0.1:8012")
    with pytest.raises(NotPossible, match="is registered"):
        await accounts.register(settings, "http://127.0.0.1:8012", "okafor-1", OKAFOR, BY, QUIET)
    await accounts.remove(settings, "", "okafor-1", BY, QUIET)
    assert await accounts.listed(settings) == []
    with pytest.raises(NotPossible, match="no such account"):
        await accounts.remove(settings, "", "okafor-1", BY, QUIET)
    events = await told(owner)
    assert len(events) == 2
    for command, event in zip(("register", "remove"), sorted(events, key=lambda one: "remove" in one), strict=True):
        for said in (f"toldonce console {command}", "okafor-1", "R. Okafor", "A. Admin", "she begins on Monday"):
            assert said in event


WRONG: dict[str, dict[str, Any]] = {
    "a provider that is not known": {"issuer": "https://elsewhere.example"},
    "nobody": {"who": signing_in(" ", "X9H", IG_OFFICER)},
    "an organisation that is not known": {"who": signing_in("R. Okafor", "X0X", IG_OFFICER)},
    "a role that sees nothing": {"who": signing_in("R. Okafor", "X9H", "receptionist")},
    "an account without a name": {"subject": ""},
    "an account that cannot be written": {"subject": "a\nb"},
    "without saying why": {"by": By("A. Admin", " ")},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_is_not_registered(settings: Settings, wrong: str) -> None:
    asked = SimpleNamespace(**({"issuer": "", "subject": "okafor-2", "who": OKAFOR, "by": BY} | WRONG[wrong]))
    with pytest.raises(NotPossible):
        await accounts.register(settings, asked.issuer, asked.subject, asked.who, asked.by, QUIET)
    assert await accounts.listed(settings) == []


async def test_without_its_event_nothing_takes_effect(settings: Settings, owner: asyncpg.Connection) -> None:
    await owner.execute("alter table toldonce.audit_event rename to audit_event_away")
    try:
        with pytest.raises(AuditUnavailable):
            await accounts.register(settings, "", "okafor-3", OKAFOR, BY, QUIET)
    finally:
        await owner.execute("alter table toldonce.audit_event_away rename to audit_event")
    assert await accounts.listed(settings) == []


async def test_without_a_provider_nobody_is_registered(settings: Settings) -> None:
    without = settings.model_copy(update={"issuers": None})
    with pytest.raises(NotPossible, match="TOLDONCE_ISSUERS"):
        await accounts.register(without, "", "okafor-4", OKAFOR, BY, QUIET)


async def test_the_demo_s_accounts_are_there_while_it_runs(settings: Settings, database: Database) -> None:
    without = settings.model_copy(update={"issuers": None})
    (settings.data_dir / "keys").mkdir()
    async with signing_in_with_accounts(without, database) as served:
        assert served.issuers
        assert (settings.data_dir / "keys" / "console.pem").stat().st_mode & 0o077 == 0
        assert {one["account"] for one in await accounts.listed(served)} == set(demo.ACCOUNTS)
    assert await accounts.listed(settings) == []


@pytest.mark.parametrize(
    "change",
    [
        {"host": "0.0.0.0"},
        {"base_url": "https://record.example/fhir"},
        {"proxies": "127.0.0.1"},
        {"issuers": Path("issuers.yaml")},
    ],
    ids=["reached by others", "asked for elsewhere", "behind a proxy", "another provider"],
)
async def test_where_others_could_reach_it_the_demo_has_no_accounts(
    settings: Settings, database: Database, change: dict[str, Any]
) -> None:
    changed = settings.model_copy(update={"issuers": None, **change})
    async with signing_in_with_accounts(changed, database) as served:
        assert served is changed
        assert await accounts.listed(settings) == []
