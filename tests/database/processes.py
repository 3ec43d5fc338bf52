"""Processes of our own, to be killed in the middle of their work, by their process ids."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from tests.database.ingesting import SECRET

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).parent / "toldonce"

WORK = """
import asyncio, sys
from integration import deployment
from integration.config import Settings
from integration.store.database import Database

async def work(batch):
    settings = Settings()
    async with Database(settings).pool("toldonce_worker", size=2) as pool:
        pipeline = deployment.pipeline(settings, pool)
        while await pipeline.step(batch) or await pipeline.read_large():
            pass

asyncio.run(work(int(sys.argv[1])))
"""
"""A worker that takes few envelopes at once, so that a kill meets it between and within many transactions."""

RECEIVE = """
import asyncio, sys
from integration.config import Settings
from integration.ingest import inbox
from integration.ingest.inbox import Delivery
from integration.store.database import Database

async def receive():
    async with Database(Settings()).pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        for number in range(100000):
            batch = [Delivery("acute", "X9A", f"{number}-{part}", b"%d of %d" % (part, number)) for part in range(7)]
            await inbox.receive(connection, batch)
            print(number, flush=True)

asyncio.run(receive())
"""
"""A transport: each number that it prints is a batch that it has acknowledged."""


def started(url: str, folder: Path, *command: str) -> subprocess.Popen[bytes]:
    """A process of ours on the database of `url` with the tests' own secret; its errors go to `folder`."""
    environment = os.environ | {
        "TOLDONCE_DATABASE_URL": url,
        "TOLDONCE_ID_SECRET": SECRET.decode(),
        "TOLDONCE_DATA_DIR": str(folder),
    }
    with (folder / "errors").open("ab") as errors:
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors)


def killed(process: subprocess.Popen[bytes]) -> bytes:
    """kill -9; what it had printed."""
    process.kill()
    output, _ = process.communicate()
    return output


async def counts(owner: asyncpg.Connection) -> tuple[int, int]:
    """(processed, waiting) envelopes."""
    row = await owner.fetchrow(
        "select count(*) filter (where state <> 'received'), count(*) filter (where state = 'received') "
        "from toldonce.envelope"
    )
    assert row is not None
    return row[0], row[1]


async def until_processed(owner: asyncpg.Connection, least: int, process: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Waits until that many envelopes are processed, or the process ends; (processed, waiting) then."""
    while True:
        now = await counts(owner)
        if now[0] >= least or process.poll() is not None:
            return now
        await asyncio.sleep(0.004)


@asynccontextmanager
async def gone(owner: asyncpg.Connection) -> AsyncIterator[None]:
    """Waits until no worker is left on the server side: what a killed process had begun is rolled back then."""
    yield
    while await owner.fetchval(
        "select count(*) from pg_stat_activity where usename = 'toldonce_worker' and datname = current_database()"
    ):
        await asyncio.sleep(0.01)
