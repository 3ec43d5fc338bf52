"""`toldonce clients`: what becomes of the register, what the audit then says, and what is refused."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest
import yaml
from joserfc.jwk import RSAKey
from rich.console import Console

from integration.api.keys import new_client_key, public_jwks
from integration.audit.entry import rendered
from integration.commands import clients
from integration.config import Settings
from integration.errors import NotPossible
from integration.store.database import Database
from tests.database.publisher import publishing

KEY = new_client_key()
FORM: dict[str, Any] = {
    "id": "epr",
    "name": "Hospital record",
    "organisation": "X9A",
    "contact": "desk@supplier.example",
    "roles": ["hospital doctor"],
    "purposes": ["TREAT"],
    "jwks": public_jwks(KEY),
}
WHO = ("A. Officer", "ticket 812")


class Office:
    """Whoever looks after the register."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings, self.folder = settings, folder
        self.said = StringIO()
        self.console = Console(file=self.said, width=200)

    def form(self, **changes: Any) -> Path:
        file = self.folder / "form.yaml"
        file.write_text(
            yaml.safe_dump({name: value for name, value in {**FORM, **changes}.items() if value is not None})
        )
        return file

    async def register(self, **changes: Any) -> None:
        await clients.register_form(self.settings, self.form(**changes), *WHO, self.console)

    async def change(self, **changes: Any) -> None:
        await clients.change(self.settings, self.form(**changes), *WHO, self.console)

    async def switch(self, active: bool) -> None:
        await clients.switch(self.settings, "epr", *WHO, self.console, active=active)

    async def events(self, owner: asyncpg.Connection) -> list[dict[str, str]]:
        """What the audit keeps of each change, oldest first."""
        rows = await owner.fetch(
            "select content from toldonce.audit_event where kind = 'clients' order by recorded, id"
        )
        events = [orjson.loads(rendered(row["content"])) for row in rows]
        assert all("A. Officer" in json.dumps(one) for one in events)
        found = [one["detail"] for event in events for one in event["entity"] if one.get("name") == "decision"]
        return [{one["type"].rpartition("clients/")[2]: one["valueString"] for one in details} for details in found]


@pytest.fixture
async def office(database: Database, owner: asyncpg.Connection, tmp_path: Path) -> Office:
    await owner.execute("truncate toldonce.client, toldonce.audit_event cascade")
    return Office(Settings(database_url=database.owner_url, data_dir=tmp_path), tmp_path)


async def test_a_life_of_a_registration_is_told_whole_by_the_audit(office, owner):
    await office.register()
    await office.change(purposes=["TREAT", "ETREAT"], rate=20)
    await office.switch(active=False)
    await office.change(purposes=["TREAT", "ETREAT"], rate=20, name="Hospital record 2", certificate_bound=True)
    assert (await clients.shown(office.settings, "epr"))["active"] == "no", "a change does not let it in again"
    await office.switch(active=True)
    first, *rest = await office.events(owner)
    assert first["reason"] == "ticket 812"
    assert (first["roles"], first["organisation"]) == ("hospital doctor", "X9A")
    assert KEY.thumbprint() in first["keys"]
    assert rest == [
        {"id": "epr", "reason": "ticket 812", "purposes": "TREAT -> ETREAT, TREAT", "rate": "nothing -> 20 a second"},
        {"id": "epr", "reason": "ticket 812", "active": "yes -> no"},
        {
            "id": "epr",
            "reason": "ticket 812",
            "name": "Hospital record -> Hospital record 2",
            "certificate-bound": "no -> yes",
        },
        {"id": "epr", "reason": "ticket 812", "active": "no -> yes"},
    ]


async def test_what_changes_nothing_is_said_to(office, owner):
    await office.register()
    await office.change()
    assert "like that already" in office.said.getvalue()
    assert (await office.events(owner))[-1] == {"id": "epr", "reason": "ticket 812", "changed": "no"}


async def test_nobody_is_registered_twice_or_changed_unregistered(office):
    with pytest.raises(NotPossible, match="no client epr"):
        await office.change()
    with pytest.raises(NotPossible, match="no client epr"):
        await office.switch(active=False)
    await office.register()
    with pytest.raises(NotPossible, match="change"):
        await office.register(name="another")
    assert (await clients.shown(office.settings, "epr"))["name"] == "Hospital record"


async def test_whoever_changes_it_says_who_and_why(office):
    for user, reason in ((" ", "why"), ("who", "")):
        with pytest.raises(NotPossible, match="--user and --reason"):
            await clients.register_form(office.settings, office.form(), user, reason, office.console)
    assert await clients.listed(office.settings) == []


async def test_nothing_is_registered_that_cannot_be_audited(office, owner):
    await owner.execute("alter table toldonce.audit_unsealed rename to gone")
    try:
        with pytest.raises(Exception, match="not be recorded"):
            await office.register()
    finally:
        await owner.execute("alter table toldonce.gone rename to audit_unsealed")
    assert await clients.listed(office.settings) == []


PRIVATE = {"keys": [KEY.as_dict(private=True)]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"jwks": None},
        {"jwks_url": "https://epr.example/jwks.json"},
        {"jwks": None, "jwks_url": "http://epr.example/jwks.json"},
        {"jwks": PRIVATE},
        {"jwks": {"keys": []}},
        {"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "a"}]}},
        {"roles": []},
        {"roles": None},
        {"purposes": ["treat"]},
        {"scopes": []},
        {"scopes": ["system/*.read"]},
        {"scopes": ["user/*.rs"]},
        {"scopes": ["system/Patient.sr"]},
        {"scopes": ["system/Patient."]},
        {"organisation": "the trust"},
        {"id": "epr two"},
        {"id": "../epr"},
        {"contact": "  "},
        {"feeds": ["no-such-feed"]},
        {"rate": 0},
        {"burst": 0},
        {"rate": "inf"},
        {"secret": "hunter2"},
    ],
)
async def test_a_form_that_is_wrong_is_refused_without_its_values_before_anything_is_opened(tmp_path, wrong):
    office = Office(Settings(database_url="postgresql://127.0.0.1:1/none", data_dir=tmp_path), tmp_path)
    with pytest.raises(NotPossible) as refusal:
        await office.register(**wrong)
    said = str(refusal.value)
    assert "cannot be reached" not in said
    assert "hunter2" not in said
    assert str(PRIVATE["keys"][0]["d"]) not in said


async def test_keys_are_shown_as_they_can_be_had_now(office):
    async with publishing(public_jwks(KEY)) as publisher:
        await office.register(jwks=None, jwks_url=publisher.url)
        assert await clients.check(office.settings, "epr") == [{"kid": KEY.kid, "kind": "EC P-384"}]
        rsa = RSAKey.generate_key(2048, {"use": "sig"}, private=True, auto_kid=True)
        publisher.keys = public_jwks(rsa)
        assert await clients.check(office.settings, "epr") == [{"kid": rsa.kid, "kind": "RSA"}]
        publisher.status = 404
        with pytest.raises(NotPossible, match="HTTP_404"):
            await clients.check(office.settings, "epr")
    assert (await clients.listed(office.settings))[0]["id"] == "epr"
