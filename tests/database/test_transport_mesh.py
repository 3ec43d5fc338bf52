"""MESH against the NHS sandbox, a real process: received durably, then acknowledged; nobody waits for what has no
route."""

import gzip
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from adapters.transport.mesh import Access, Mailbox, MeshUnavailable
from integration.errors import NotPossible
from integration.ingest.mesh import MeshSettings, load, poll
from integration.ingest.packing import unpacked
from integration.store.database import Database
from tests.database import mesh_sandbox
from tests.database.ingesting import emptied
from tests.database.mesh_sandbox import OURS, PASSWORD, SENDER, SHARED_KEY, WORKFLOW
from tests.database.processes import COMMAND
from tests.database.senders import message

ROUTE = {"workflow": WORKFLOW, "mailbox": SENDER, "feed": "acute", "sender": "X9A"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from mesh_sandbox.running(tmp_path_factory.mktemp("sandbox"))


@pytest.fixture
def mailbox(url: str) -> Iterator[Mailbox]:
    with Mailbox(Access(url, OURS, PASSWORD, SHARED_KEY)) as mailbox:
        for id_ in mailbox.ids():
            mailbox.acknowledge(id_)
        yield mailbox


@pytest.fixture
async def pool(database: Database, owner: asyncpg.Connection) -> AsyncIterator[asyncpg.Pool]:
    await emptied(owner)
    async with database.pool("toldonce_worker", size=2) as pool:
        yield pool


@pytest.fixture
def settings(url: str) -> MeshSettings:
    return MeshSettings.model_validate({"url": url, "mailbox": OURS, "routes": [ROUTE]})


def sent(url: str, content: bytes, *, chunk: int = 1 << 20, compress: bool = False, **more: object) -> str:
    """Its message id."""
    details = {"workflow_id": WORKFLOW, "filename": "a.hl7", **more}
    with mesh_sandbox.client(url, SENDER, max_chunk_size=chunk) as client:
        return client.send_message(OURS, content, compress=compress, **details)


async def envelopes(owner: asyncpg.Connection) -> list[dict[str, Any]]:
    rows = await owner.fetch("select feed, sender, name, content, as_of, received from toldonce.envelope order by id")
    return [{**row, "content": unpacked(row["content"])} for row in rows]


@pytest.mark.slow
async def test_a_message_is_received_as_its_route_says_and_then_acknowledged(
    url: str, mailbox: Mailbox, settings: MeshSettings, pool: asyncpg.Pool, owner: asyncpg.Connection
) -> None:
    sent(url, message(1))
    polled = await poll(mailbox, settings, pool)
    assert (polled.received, polled.new, polled.left) == (1, 1, {})
    (row,) = await envelopes(owner)
    assert (row["feed"], row["sender"], row["name"], row["content"]) == ("acute", "X9A", "a.hl7", message(1))
    assert abs((row["as_of"] - row["received"]).total_seconds()) < 60
    assert mailbox.ids() == []
    assert (await poll(mailbox, settings, pool)).received == 0


@pytest.mark.slow
@pytest.mark.parametrize("compress", [False, True])
async def test_a_message_in_chunks_is_put_together(
    url: str, mailbox: Mailbox, settings: MeshSettings, pool: asyncpg.Pool, owner: asyncpg.Connection, compress: bool
) -> None:
    content = random.Random(7).randbytes(2_400_000)
    sent(url, content, chunk=500_000, compress=compress)
    assert (await poll(mailbox, settings, pool)).new == 1
    (row,) = await envelopes(owner)
    parts = await owner.fetch("select content from toldonce.envelope_part order by part")
    assert b"".join([row["content"], *(unpacked(part["content"]) for part in parts)]) == content


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "kept"),
    [(gzip.compress(message(1)), message(1)), (gzip.compress(message(1))[:-9], None), (message(1), message(1))],
)
async def test_content_that_its_sender_compressed_is_unpacked_where_it_can_be(
    url: str,
    mailbox: Mailbox,
    settings: MeshSettings,
    pool: asyncpg.Pool,
    owner: asyncpg.Connection,
    content: bytes,
    kept: bytes | None,
) -> None:
    sent(url, content, compressed=True)
    assert (await poll(mailbox, settings, pool)).new == 1
    assert [row["content"] for row in await envelopes(owner)] == [kept or content]


@pytest.mark.slow
async def test_what_has_no_route_stays_and_keeps_nobody_waiting(
    url: str, mailbox: Mailbox, settings: MeshSettings, pool: asyncpg.Pool, owner: asyncpg.Connection
) -> None:
    before = sent(url, message(1))
    unknown = sent(url, message(2), workflow_id="TEST_WORKFLOW2")
    encrypted = sent(url, message(3), encrypted=True)
    sent(url, message(4))
    for received in (2, 0):
        polled = await poll(mailbox, settings, pool)
        assert polled.received == received
        assert polled.left.keys() == {unknown, encrypted}
        assert mailbox.ids() == [unknown, encrypted]
    assert "no route for workflow TEST_WORKFLOW2 from mailbox X26ABC1" in polled.left[unknown]
    assert before not in polled.left
    assert [row["content"] for row in await envelopes(owner)] == [message(1), message(4)]


KILLED = """
import os, signal, sys
from adapters.transport.mesh import Mailbox
from integration.cli import app

Mailbox.acknowledge = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
app(["mesh", "poll"])
"""
"""A poller that is killed when its first message is durable, and is not acknowledged yet."""


def command(
    database: Database, folder: Path, url: str, *arguments: str, **more: str
) -> "subprocess.CompletedProcess[str]":
    document = folder / "mesh.yaml"
    document.write_text(yaml.safe_dump({"url": url, "mailbox": OURS, "routes": [ROUTE]}))
    environment = os.environ | {
        "TOLDONCE_DATABASE_URL": database.owner_url,
        "TOLDONCE_DATA_DIR": str(folder),
        "TOLDONCE_MESH": str(document),
        "TOLDONCE_MESH_PASSWORD": PASSWORD,
        "TOLDONCE_MESH_SHARED_KEY": SHARED_KEY,
        **more,
    }
    return subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.slow
async def test_killed_between_receipt_and_acknowledgement_the_message_is_there_once(
    url: str, mailbox: Mailbox, pool: asyncpg.Pool, database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    id_ = sent(url, message(1))
    assert command(database, tmp_path, url, sys.executable, "-c", KILLED).returncode == -signal.SIGKILL
    assert len(await envelopes(owner)) == 1
    assert mailbox.ids() == [id_]
    again = command(database, tmp_path, url, str(COMMAND), "mesh", "poll")
    assert (again.returncode, again.stdout) == (0, "1 received, 0 of them new\n")
    assert len(await envelopes(owner)) == 1
    assert mailbox.ids() == []


@pytest.mark.slow
async def test_the_command_says_what_stays_and_the_metrics_know(
    url: str, mailbox: Mailbox, pool: asyncpg.Pool, database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    id_ = sent(url, message(1), workflow_id="TEST_WORKFLOW2")
    ended = command(database, tmp_path, url, str(COMMAND), "mesh", "poll")
    assert ended.returncode == 1
    assert f"left: {id_}: no route for workflow TEST_WORKFLOW2" in ended.stdout
    assert [row["reference"] for row in await owner.fetch("select reference from toldonce.left_behind")] == [id_]
    mailbox.acknowledge(id_)
    assert command(database, tmp_path, url, str(COMMAND), "mesh", "poll").returncode == 0
    assert await owner.fetchval("select count(*) from toldonce.left_behind") == 0
    refused = command(database, tmp_path, url, str(COMMAND), "mesh", "poll", TOLDONCE_MESH_PASSWORD="wrong")
    assert refused.returncode == 1
    assert "MESH answered 40" in refused.stderr


@pytest.mark.slow
def test_a_mesh_that_is_not_there_is_said_to_be() -> None:
    with Mailbox(Access("http://127.0.0.1:9", OURS, PASSWORD, SHARED_KEY)) as mailbox:
        with pytest.raises(MeshUnavailable, match="ConnectionError"):
            mailbox.ids()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"routes": [{**ROUTE, "feed": "no such"}]}, "there is no feed no such"),
        ({"routes": [ROUTE, {**ROUTE, "sender": "X9C"}]}, "two routes"),
        ({"routes": [{**ROUTE, "mailbox": "not an id"}]}, r"routes\.0\.mailbox"),
        ({"password": "secret"}, "password: Extra inputs"),
    ],
)
def test_a_wrong_document_is_refused_without_its_values(tmp_path: Path, change: dict[str, object], said: str) -> None:
    file = tmp_path / "mesh.yaml"
    file.write_text(yaml.safe_dump({"url": "https://mesh.example", "mailbox": OURS, "routes": [ROUTE], **change}))
    with pytest.raises(NotPossible, match=said) as refused:
        load(file)
    assert "secret" not in str(refused.value)
