"""A hospital that sends over MLLP: what it sent, and what was acknowledged to it."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from adapters.transport.frames import frame, messages
from adapters.transport.mllp import Limits, serve_mllp
from integration.ingest.listen import mllp_handler, receiver
from integration.store.database import Database
from tests.database.bad_input import hl7, pid
from tests.database.ingesting import SECRET

HOSPITAL = "X9A"
LISTEN = (sys.executable, "-m", "integration", "listen", "mllp", "--sender", HOSPITAL)

DIE_BEFORE_ANSWERING = f"""
import asyncio, os, signal
from integration.commands.listening import listen_mllp
from integration.config import Settings
from integration.ingest import inbox
from rich.console import Console

stored = inbox.receive

async def receive(connection, deliveries):
    await stored(connection, deliveries)
    os.kill(os.getpid(), signal.SIGKILL)

inbox.receive = receive
asyncio.run(listen_mllp(Settings(), "127.0.0.1", "{HOSPITAL}", Console(quiet=True), process=False))
"""
"""A listener that is killed after its commit and before its acknowledgement."""


def message(number: int) -> bytes:
    """A message like no other."""
    return hl7(pid(), f"ZZZ|{number}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(database: Database, folder: Path, port: int, *command: str) -> "subprocess.Popen[bytes]":
    """A listener in a process of its own."""
    environment = os.environ | {
        "TOLDONCE_DATABASE_URL": database.owner_url,
        "TOLDONCE_ID_SECRET": SECRET.decode(),
        "TOLDONCE_DATA_DIR": str(folder),
        "TOLDONCE_MLLP_PORT": str(port),
    }
    with (folder / "errors").open("ab") as errors:
        return subprocess.Popen(command or (*LISTEN, "--no-process"), env=environment, stdout=errors, stderr=errors)


async def connected(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """As soon as somebody listens."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)


@dataclass
class Sender:
    """Sends messages by their numbers, `ahead` of their answers at most, and sends again what was not answered."""

    port: int
    ahead: int = 20
    acknowledged: set[int] = field(default_factory=set)
    times: int = 0
    """Messages sent, repeats included."""

    async def send(self, numbers: Sequence[int]) -> None:
        while left := [number for number in numbers if number not in self.acknowledged]:
            try:
                await self._send(left)
            except (ConnectionError, StopAsyncIteration, RuntimeError):
                await asyncio.sleep(0.05)

    async def _send(self, numbers: Sequence[int]) -> None:
        reader, writer = await connected(self.port)
        answers = messages(reader)
        try:
            for start in range(0, len(numbers), self.ahead):
                part = numbers[start : start + self.ahead]
                writer.write(b"".join(frame(message(number)) for number in part))
                self.times += len(part)
                for number in part:
                    assert b"MSA|AA|" in await anext(answers)
                    self.acknowledged.add(number)
        finally:
            writer.close()


@asynccontextmanager
async def listener(database: Database, limits: Limits | None = None) -> AsyncIterator[int]:
    """A listener in this process; its port."""
    async with database.pool("toldonce_worker", size=2) as pool, receiver(pool) as to:
        server = await serve_mllp("127.0.0.1", 0, mllp_handler(to, HOSPITAL), limits=limits)
        yield server.sockets[0].getsockname()[1]
        server.close()


async def numbers(owner: asyncpg.Connection) -> list[int]:
    """The messages in the inbox, by their numbers."""
    rows = await owner.fetch("select content from toldonce.envelope where feed = 'acute' order by id")
    return [int(row["content"].split(b"ZZZ|")[1]) for row in rows]
