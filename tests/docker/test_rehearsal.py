"""The services of docker/compose.yaml, rehearsed without containers: their commands, their variables, their passwords.

A PostgreSQL that asks the login roles for a password, then what Compose would do: the logins, the migration, and the
three processes side by side. What only a container engine can show (the image, the networks) is not shown here.
"""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import yaml

from adapters.transport.frames import frame
from integration.store.database import embedded_server
from tests.docker.test_logins import run

pytestmark = pytest.mark.slow
SERVICES: dict[str, Any] = yaml.safe_load((Path(__file__).parents[2] / "docker" / "compose.yaml").read_text())[
    "services"
]
SECRETS = {
    "POSTGRES_PASSWORD": "owner",
    "TOLDONCE_API_PASSWORD": "api",
    "TOLDONCE_WORKER_PASSWORD": "worker",
    "TOLDONCE_ID_SECRET": "a" * 64,
    "TOLDONCE_BASE_URL": "https://record.example/fhir",
    "TOLDONCE_TEST_DATA": "true",
    "MLLP_SENDER": "X9A",
}
MESSAGE = (
    b"MSH|^~\\&|PAS|X9A|ROUTE|ROUTE|20260930090000||ADT^A28^ADT_A05|REHEARSAL1|P|2.4\r"
    b"EVN||20260930090000|||||20260930090000\r"
    b"PID|1||9990000018^^^NHS~M1^^^X9A^MR||SAMPLE^SAM^^^MR^^L||19700101|1\r"
)


def filled_in(text: str) -> str:
    """As Compose fills in `${NAME:?why}`."""
    return re.sub(r"\$\{(\w+)[^}]*\}", lambda found: SECRETS[found[1]], text)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[str]:
    """URL, as the owner, of a server of its own with an empty database `toldonce`, that lets the login roles in with
    their passwords only."""
    folder = tmp_path / "postgres"
    embedded = embedded_server(folder)
    try:
        (folder / "pg_hba.conf").write_text(
            "local all toldonce_api,toldonce_worker scram-sha-256\nlocal all postgres trust\n"
        )
        owner = await asyncpg.connect(embedded.get_uri())
        await owner.execute("create database toldonce")
        await owner.execute("select pg_reload_conf()")
        await owner.close()
        yield embedded.get_uri()
    finally:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            embedded.cleanup()


@pytest.fixture
def start(server: str, tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """`start("api")`: the command of a service with its variables; stopped at the end as Compose stops it."""
    toldonce = Path(sys.executable).with_name("toldonce")
    running: list[subprocess.Popen[bytes]] = []

    def process(service: str, **more: str) -> "subprocess.Popen[bytes]":
        given = {name: filled_in(value) for name, value in SERVICES[service]["environment"].items()}
        database = server.rpartition("host=")[2]
        here = f"@/toldonce?host={database}"
        given = {name: value.replace("@postgres/toldonce", here) for name, value in given.items()}
        environment = {"PATH": os.environ["PATH"], "TOLDONCE_DATA_DIR": str(tmp_path / service), **given, **more}
        command = [str(toldonce), *map(filled_in, SERVICES[service]["command"])]
        running.append(subprocess.Popen(command, env=environment))
        return running[-1]

    yield process
    for one in running:
        one.send_signal(signal.SIGTERM)
    for one in running:
        one.wait(60)


async def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """What the condition gives as soon as it gives anything; refusals to connect count as nothing."""
    async with asyncio.timeout(seconds):
        while True:
            try:
                if found := await condition():
                    return found
            except (OSError, httpx.TransportError):
                pass
            await asyncio.sleep(0.1)


async def test_every_process_does_its_work_under_its_own_login(server, start):
    assert (
        run(
            server, **{name: SECRETS[name] for name in SERVICES["postgres"]["environment"] if name in SECRETS}
        ).returncode
        == 0
    )
    assert start("migrate").wait(60) == 0

    port, mllp_port = free_port(), free_port()
    processes = [
        start("api", TOLDONCE_PORT=str(port)),
        start("worker"),
        start("mllp", TOLDONCE_MLLP_PORT=str(mllp_port)),
    ]

    async def ready() -> bool:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200

    async def acknowledged() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", mllp_port)
        writer.write(frame(MESSAGE))
        answer = await reader.readuntil(b"\x1c\r")
        writer.close()
        await writer.wait_closed()
        return answer

    assert await until(ready)
    assert b"MSA|AA|REHEARSAL1" in await until(acknowledged)
    owner = await asyncpg.connect(server.replace("/postgres?", "/toldonce?"))
    assert await until(lambda: owner.fetchval("select count(*) from toldonce.resource where type = 'Patient'")) == 1
    await owner.close()
    assert [one.poll() for one in processes] == [None, None, None]


async def test_a_login_without_its_password_is_turned_away(server, start):
    run(server, TOLDONCE_API_PASSWORD="another", TOLDONCE_WORKER_PASSWORD="another")
    assert start("migrate").wait(60) == 0
    assert start("worker").wait(60) == 1
