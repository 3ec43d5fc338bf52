"""POST /ingest/{feed}: who may send what as whom, and that it is durable and audited before it is answered."""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from integration import main
from integration.api.authenticate import Session
from integration.api.clients import register
from integration.api.keys import new_client_key, public_jwks
from integration.audit.entry import rendered
from integration.config import Settings
from integration.ingest.packing import unpacked
from integration.sharing.request import Caller, Client
from integration.sharing.scopes import SEND_SCOPE
from integration.store.database import Database, act_as
from tests.database.senders import message

CHARITY = Client(
    "casebook",
    "Case book",
    "X9V01",
    frozenset({"charity worker"}),
    frozenset({"TREAT"}),
    scopes=("system/*.rs", SEND_SCOPE),
    jwks=public_jwks(new_client_key()),
    feeds=frozenset({"vcfse", "acute"}),
)
LARGEST = 3_000_000
FILE = message(1)


@dataclass
class Api:
    app: FastAPI
    owner: asyncpg.Connection

    async def send(
        self, feed: str = "vcfse", content: Any = FILE, scope: str = SEND_SCOPE, **headers: str
    ) -> httpx.Response:
        caller = Caller(CHARITY.id, CHARITY.organisation, "charity worker", "TREAT", "somebody")
        token = self.app.state.services.authority.issue(Session(caller, None, (scope,), "token-1"), datetime.now(UTC))
        sent = {"Authorization": f"Bearer {token}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask("POST", f"/ingest/{feed}", content=content, headers=sent)

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as http:
            return await http.request(method, path, **more)

    async def envelopes(self) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self.owner.fetch(
            "select feed, sender, name, as_of, size, content from toldonce.envelope order by id"
        )
        return rows

    async def last_event(self) -> dict[str, Any]:
        """The newest that is of a request: what arrived has one of its own."""
        content = await self.owner.fetchval(
            "select content from toldonce.audit_event where kind <> 'ingest' order by recorded desc limit 1"
        )
        event: dict[str, Any] = json.loads(rendered(content))
        return event


@pytest.fixture(scope="module")
async def app(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FastAPI]:
    owner = await asyncpg.connect(database.owner_url)
    await register(owner, CHARITY)
    await owner.close()
    settings = Settings(
        database_url=database.owner_url, data_dir=tmp_path_factory.mktemp("data"), ingest_largest=LARGEST
    )
    async with main.application(settings, database) as app:
        yield app


@pytest.fixture
async def api(app: FastAPI, owner: asyncpg.Connection) -> Api:
    await owner.execute("truncate toldonce.envelope, toldonce.audit_event cascade")
    return Api(app, owner)


async def test_a_file_is_received_as_its_clients_organisation_and_a_repeat_is_said_to_be_one(api: Api) -> None:
    headers = {"X_File_Name": "referrals%20%C3%A9.xlsx", "X_As_Of": "2026-09-30T18:00:00+01:00"}
    first, again = await api.send(**headers), await api.send(**headers)
    assert (first.status_code, again.status_code) == (202, 200)
    digest = hashlib.sha256(FILE).hexdigest()
    for answer in (first, again):
        outcome = answer.json()
        assert (outcome["resourceType"], outcome["id"]) == ("OperationOutcome", digest)
        assert (outcome["issue"][0]["severity"], outcome["issue"][0]["code"]) == ("information", "informational")
    (row,) = await api.envelopes()
    as_of = datetime(2026, 9, 30, 17, tzinfo=UTC)
    assert tuple(row) == ("vcfse", "X9V01", "referrals é.xlsx", as_of, len(FILE), FILE)


async def test_a_large_body_is_streamed_in(api: Api) -> None:
    async def body() -> AsyncIterator[bytes]:
        for number in range(25):
            yield bytes([number]) * 100_000

    assert (await api.send(content=body())).status_code == 202
    (row,) = await api.envelopes()
    parts = [
        one["content"] for one in await api.owner.fetch("select content from toldonce.envelope_part order by part")
    ]
    whole = b"".join(map(unpacked, [row["content"], *parts]))
    assert row["size"] == len(whole) == 2_500_000
    assert whole == b"".join(bytes([number]) * 100_000 for number in range(25))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("C:\\files\\a.csv", "a.csv"),
        ("a%00b%0Ac.csv", "abc.csv"),
        ("%20", "upload"),
        ("x" * 300 + ".csv", "x" * 196 + ".csv"),
    ],
)
async def test_a_file_name_is_a_name_and_nothing_else(api: Api, name: str, kept: str) -> None:
    assert (await api.send(X_File_Name=name)).status_code == 202
    assert [row["name"] for row in await api.envelopes()] == [kept]


async def too_much() -> AsyncIterator[bytes]:
    for _ in range(LARGEST // 100_000 + 1):
        yield b"x" * 100_000


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (401, {"Authorization": "Bearer nonsense"}),
        (403, {"scope": "system/*.rs"}),
        (403, {"feed": "gp"}),
        (404, {"feed": "no-such-feed"}),
        (400, {"X_As_Of": "2026-09-30T18:00:00"}),
        (400, {"X_As_Of": "yesterday"}),
        (400, {"content": b""}),
        (413, {"content": b"x" * (LARGEST + 1)}),
        (413, {"content": too_much}),
        (406, {"Accept": "text/html"}),
    ],
)
async def test_what_is_refused_is_audited_as_an_attempt_to_write_and_leaves_nothing(
    api: Api, status: int, request_: dict[str, Any]
) -> None:
    if callable(request_.get("content")):
        request_ = {**request_, "content": request_["content"]()}
    answer = await api.send(**request_)
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert await api.envelopes() == []
    event = await api.last_event()
    assert event["action"] == "C"
    assert event["outcome"] == ("8" if status in (401, 403) else "4")


async def test_what_is_received_is_audited_as_a_create_by_its_client(api: Api) -> None:
    await api.send()
    event = await api.last_event()
    assert (event["action"], event["outcome"]) == ("C", "0")
    assert {agent["who"]["identifier"]["value"] for agent in event["agent"]} >= {"casebook", "X9V01"}
    assert f"Binary/{hashlib.sha256(FILE).hexdigest()}" in json.dumps(event)


async def test_nothing_is_answered_that_cannot_be_audited_and_a_repeat_then_is_one(
    api: Api, owner: asyncpg.Connection
) -> None:
    await owner.execute("revoke insert on toldonce.audit_event from toldonce_audit_writer")
    try:
        answer = await api.send()
    finally:
        await owner.execute("grant insert on toldonce.audit_event to toldonce_audit_writer")
    assert answer.status_code == 503
    assert (await api.send()).status_code == 200


async def test_nothing_is_kept_whose_arrival_cannot_be_audited(api: Api, owner: asyncpg.Connection) -> None:
    await owner.execute("alter table toldonce.audit_event rename to elsewhere")
    try:
        answer = await api.send()
    finally:
        await owner.execute("alter table toldonce.elsewhere rename to audit_event")
    assert answer.status_code == 503
    assert await api.envelopes() == []
    assert (await api.send()).status_code == 202


@pytest.mark.parametrize(
    "sql",
    [
        "select content from toldonce.envelope",
        "update toldonce.envelope set state = 'done'",
        "delete from toldonce.envelope",
        "insert into toldonce.envelope (feed, sender, name, digest, content, size, as_of, delivery, state) "
        "values ('gp', 'X9A', '', '', '', 0, now(), '', 'done')",
        "select * from toldonce.quarantine",
        "select * from toldonce.statement",
    ],
)
async def test_the_api_can_put_into_the_inbox_and_nothing_more(database: Database, sql: str) -> None:
    async with database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await act_as(connection, "toldonce_receiver")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(sql)
        await transaction.rollback()


async def test_a_charity_can_download_the_template(api: Api) -> None:
    answer = await api.ask("GET", "/charities/template.xlsx")
    assert (answer.status_code, answer.content[:2]) == (200, b"PK")
