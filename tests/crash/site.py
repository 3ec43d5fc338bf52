"""One installation, to be killed: PostgreSQL, receiver and workers, each started again when it is gone, as a process
manager does it."""

import asyncio
import logging
import os
import random
import signal
import socket
import subprocess
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence, Sized
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import psutil

from integration.config import Settings
from integration.store.database import Database, embedded_server
from tests.crash.engine import SENDER
from tests.crash.plan import Kill, Together, Victim
from tests.database.ingesting import SECRET
from tests.database.processes import COMMAND, ROOT

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)
LISTEN = ("listen", "mllp", "--sender", SENDER)
_LOOK = 0.05
"""Seconds between two looks whether everything runs."""
_PATIENCE = 20
"""Seconds for a process to end that is told to."""
_LEFT = """
select (select count(*) from toldonce.envelope where state = 'received') + (select count(*) from toldonce.due)
"""


class Site:
    """`killed` counts kills by kind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = embedded_server(folder / "postgres")
        self._commands: dict[Victim, tuple[str, ...]] = {}
        self._running: dict[Victim, subprocess.Popen[bytes]] = {}
        self.database = Database(Settings(database_url=self._server.get_uri()))
        self.port = _free_port()
        self.killed: Counter[str] = Counter()

    def run(self, victim: Victim, *command: str) -> None:
        """Keep this `toldonce` command running from now on."""
        self._commands[victim] = command

    async def end(self, victim: Victim) -> None:
        """Tell it to end, and wait until it has."""
        self._commands.pop(victim, None)
        if process := self._running.pop(victim, None):
            process.terminate()
            try:
                await asyncio.to_thread(process.wait, _PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    async def keep_serving(self) -> None:
        """Start PostgreSQL again when it is gone, until cancelled. It will not start while a process of the old one is
        left; then it is tried again."""
        while True:
            if not self._server.get_postmaster_info().is_running():
                try:
                    await asyncio.to_thread(embedded_server, self._folder / "postgres")
                except Exception as error:  # noqa: BLE001  pg_ctl fails, or its files change while they are read
                    log.info("PostgreSQL does not start yet: %s", type(error).__name__)
            await asyncio.sleep(_LOOK)

    async def keep_running(self) -> None:
        """Start processes of ours again when they are gone, until cancelled."""
        while True:
            for victim, command in list(self._commands.items()):
                if victim not in self._running or self._running[victim].poll() is not None:
                    self._running[victim] = self._started(command)
            await asyncio.sleep(_LOOK)

    def _started(self, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "TOLDONCE_DATABASE_URL": self.database.owner_url,
            "TOLDONCE_ID_SECRET": SECRET.decode(),
            "TOLDONCE_DATA_DIR": str(self._folder),
            "TOLDONCE_MLLP_PORT": str(self.port),
        }
        with (self._folder / "output").open("ab") as output:
            return subprocess.Popen(
                (COMMAND, *command), cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    async def kill(self, victims: Together) -> None:
        """kill -9, by process ids, as soon as all of them are there; returns when they are gone."""
        while not all(map(self._pids, victims)):
            await asyncio.sleep(0.002)
        found = [(victim, pid) for victim in sorted(victims) for pid in self._pids(victim)]
        for victim, pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.killed[victim] += 1
        log.info("killed: %s", ", ".join(f"{victim} {pid}" for victim, pid in found))
        while any(map(_alive, (pid for _, pid in found))):
            await asyncio.sleep(0.002)

    def _pids(self, victim: Victim) -> list[int]:
        if victim is Victim.POSTMASTER:
            info = self._server.get_postmaster_info()
            return [info.pid] if info.is_running() else []
        process = self._running.get(Victim.RECEIVER if victim is Victim.ITS_WORKER else victim)
        if process is None or process.poll() is not None:
            return []
        if victim is not Victim.ITS_WORKER:
            return [process.pid]
        with suppress(psutil.NoSuchProcess):
            return [child.pid for child in psutil.Process(process.pid).children() if _alive(child.pid)]
        return []

    async def suffer(self, kills: Sequence[Kill], acknowledged: Sized) -> None:
        """All these kills, one after the other."""
        for kill in kills:
            while len(acknowledged) < kill.after:
                await asyncio.sleep(0.002)
            await asyncio.sleep(kill.pause)
            await self.kill(kill.victims)

    async def suffer_at_work(self, victims: Sequence[Together], longest: float, chance: random.Random) -> None:
        """These kills, each up to `longest` seconds after a worker is seen at work, unless nothing is left to do."""
        for together in victims:
            while not await self.ask(_AT_WORK) and await self.ask(_LEFT):
                await asyncio.sleep(0.005)
            await asyncio.sleep(chance.uniform(0, longest))
            await self.kill(together)

    async def until_processed(self) -> None:
        while await self.ask(_LEFT):
            await asyncio.sleep(0.1)

    async def ask(self, sql: str) -> Any:
        """One value from the database, as soon as it answers."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                async with self.owner() as owner:
                    return await owner.fetchval(sql)
            await asyncio.sleep(_LOOK)

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.database.owner_url)
        try:
            yield connection
        finally:
            await connection.close()

    def stop(self) -> None:
        """End everything that was started here."""
        self._commands.clear()
        for process in self._running.values():
            process.kill()
            process.wait()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._server.cleanup()


_AT_WORK = """
select count(*) from pg_stat_activity where usename = 'toldonce_worker' and state <> 'idle' and xact_start is not null
"""


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    made = Site(folder)
    try:
        yield made
    finally:
        made.stop()


@asynccontextmanager
async def kept_running(made: Site) -> AsyncIterator[None]:
    """Everything that shall run is started again when it is gone."""
    tasks = [asyncio.create_task(made.keep_serving()), asyncio.create_task(made.keep_running())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for victim in (Victim.RECEIVER, Victim.OTHER_WORKER):
            await made.end(victim)


def _alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _free_port() -> int:
    """Below those that the system gives to outgoing connections: one that tries to connect to a port of these, where
    nobody listens, may come out at itself."""
    while True:
        port = random.SystemRandom().randrange(20_000, 30_000)
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port
