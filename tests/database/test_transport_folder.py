"""A watched folder into the inbox: kill -9 between claim and receipt, or between receipt and done, loses and doubles
nothing."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from adapters.transport.folder import REPORT, Folder
from integration.ingest import folder as folders
from integration.ingest.folder import problem, sweep
from integration.store.database import Database
from tests.database.ingesting import emptied
from tests.database.processes import COMMAND, gone, killed, started
from tests.database.senders import message

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from adapters.transport.folder import Claim, Folder
from integration.config import Settings
from integration.ingest import folder
from integration.store.database import Database

def die(*_args, **_named):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(Claim, sys.argv[2], die)

async def watch():
    async with Database(Settings()).pool("toldonce_worker", size=1) as pool:
        await folder.sweep(Folder(Path(sys.argv[1]), folder.problem, 0), pool, keep=True)

asyncio.run(watch())
"""
"""A watcher that is killed when it is about to do the named thing with its first claim."""


@pytest.fixture(autouse=True)
async def empty(owner: asyncpg.Connection) -> None:
    await emptied(owner)


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    async with database.pool("toldonce_worker", size=2) as pool:
        yield pool


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "in" / "acute" / "X9A").mkdir(parents=True)
    return tmp_path / "in"


def laid(root: Path, number: int, path: str = "acute/X9A") -> Path:
    (root / path).mkdir(parents=True, exist_ok=True)
    file = root / path / f"{number}.hl7"
    file.write_bytes(message(number))
    return file


async def received(owner: asyncpg.Connection) -> list[tuple[str, str, str]]:
    rows = await owner.fetch("select feed, sender, name from toldonce.envelope order by name")
    return [tuple(row) for row in rows]


async def test_a_file_is_received_with_its_feed_sender_and_name(
    pool: asyncpg.Pool, owner: asyncpg.Connection, root: Path
) -> None:
    for number in range(3):
        laid(root, number)
    stranger = laid(root, 3, "acute/not a code")
    folder = Folder(root, problem, 0)
    swept = await sweep(folder, pool, keep=True)
    assert (swept.received, swept.new) == (3, 3)
    assert await received(owner) == [("acute", "X9A", f"{number}.hl7") for number in range(3)]
    assert "no ODS code" in stranger.with_name(stranger.name + REPORT).read_text()
    laid(root, 1)
    swept = await sweep(folder, pool, keep=True)
    assert (swept.received, swept.new) == (1, 0)


class Away:
    """A database that is away."""

    def acquire(self) -> None:
        raise ConnectionRefusedError


async def test_claims_that_were_left_are_all_received_once_the_database_is_back(
    pool: asyncpg.Pool, owner: asyncpg.Connection, root: Path
) -> None:
    folders_ = [Folder(root, problem, 0) for _ in range(2)]
    for number, folder in enumerate(folders_):
        claim = folder.claim(laid(root, number).relative_to(root))
        assert claim
        claim.release()  # as the kernel does for a watcher that was killed
    with pytest.raises(ConnectionRefusedError):
        await sweep(folders_[0], Away(), keep=True)  # type: ignore[arg-type]
    swept = await sweep(folders_[1], pool, keep=True)
    assert swept.received == 2
    assert await received(owner) == [("acute", "X9A", f"{number}.hl7") for number in range(2)]


async def test_what_is_left_is_counted_until_it_is_gone(
    pool: asyncpg.Pool, owner: asyncpg.Connection, root: Path
) -> None:
    left = "select reference from toldonce.left_behind where transport = 'folder'"
    stranger = laid(root, 3, "no feed/X9A")
    for _ in range(2):
        swept = await sweep(Folder(root, problem, 0), pool, keep=True)
        await folders.tell(pool, {str(path): why for path, why in swept.left.items()})
        assert await owner.fetchval(left) == "no feed/X9A/3.hl7"
    stranger.unlink()
    await folders.tell(pool, {})
    assert await owner.fetchval(left) is None


@pytest.mark.parametrize(("point", "stored"), [pytest.param("open", 0, marks=pytest.mark.slow), ("done", 1)])
async def test_the_claim_of_a_killed_watcher_is_received_once(
    database: Database,
    pool: asyncpg.Pool,
    owner: asyncpg.Connection,
    root: Path,
    tmp_path: Path,
    point: str,
    stored: int,
) -> None:
    file = laid(root, 1)
    process = started(database.owner_url, tmp_path, sys.executable, "-c", KILLED, str(root), point)
    assert await asyncio.to_thread(process.wait, 20) == -signal.SIGKILL
    process.communicate()
    assert not file.exists()
    assert len(await received(owner)) == stored
    swept = await sweep(Folder(root, problem, 0), pool, keep=True)
    assert (swept.received, swept.new) == (1, 1 - stored)
    assert len(await received(owner)) == 1
    assert len(list((root / ".done").glob("*/acute/X9A/1.hl7"))) == 1


async def test_a_file_that_was_still_being_written_is_received_whole_too(
    pool: asyncpg.Pool, owner: asyncpg.Connection, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = laid(root, 1).open("ab")
    stored = folders.inbox.receive

    async def receive(*arguments: object) -> int:
        new = await stored(*arguments)
        if not file.closed:
            file.write(b"NTE|1||late\r")
            file.close()
        return new

    monkeypatch.setattr(folders.inbox, "receive", receive)
    await sweep(Folder(root, problem, 0), pool, keep=True)
    contents = [row["content"] for row in await owner.fetch("select content from toldonce.envelope order by id")]
    assert contents == [message(1), message(1) + b"NTE|1||late\r"]


@pytest.mark.slow
async def test_the_command_killed_again_and_again_beside_another_one(
    database: Database, owner: asyncpg.Connection, root: Path, tmp_path: Path
) -> None:
    command = (str(COMMAND), "watch", str(root), "--no-process")

    def watching() -> "subprocess.Popen[bytes]":
        return started(database.owner_url, tmp_path, *command)

    steady, others = watching(), [watching()]
    try:
        for number in range(300):
            laid(root, number, "acute/.being-written").rename(root / "acute" / "X9A" / f"{number}.hl7")
            if number % 60 == 59:
                await asyncio.sleep(1)
                killed(others[-1])
                others.append(watching())
        async with asyncio.timeout(60):
            while len(list((root / ".done").glob("*/acute/X9A/*.hl7"))) < 300:
                await asyncio.sleep(0.2)
    finally:
        async with gone(owner):
            for process in (steady, others[-1]):
                killed(process)
    assert len(await received(owner)) == 300
    assert list((root / ".claimed").rglob("*.hl7")) == []
