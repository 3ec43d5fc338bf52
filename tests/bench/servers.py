"""The embedded PostgreSQL of a run and its databases, and the child processes that serve them."""

import asyncio
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import psutil

from integration.config import Settings
from integration.store.database import Database, embedded_server
from tests.bench import processor

ROOT = Path(__file__).parents[2]
_CONNECTIONS = 200
"""Enough for every variant to be served side by side."""
_START = 60.0
"""Seconds that a child may take to begin."""


class Cluster:
    """A PostgreSQL of its own, in a folder that is removed afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = embedded_server(folder / "postgres")
        self._server.psql(f"alter system set max_connections = {_CONNECTIONS}")  # it counts from the next start on
        self.stop()
        self._server = embedded_server(folder / "postgres")
        self._url: str = self._server.get_uri()

    def settings(self, name: str, *, port: int = 0) -> Settings:
        """Settings for one of its databases."""
        url = self._url.replace("/postgres?", f"/{name}?")
        return Settings(database_url=url, data_dir=self.folder, host="127.0.0.1", port=port)

    async def create(self, name: str, *, like: str = "template1") -> Settings:
        """A new database; `like` another one, which nobody may be connected to, with everything that is in it."""
        owner = await asyncpg.connect(self._url)
        try:
            await owner.execute(f'create database "{name}" template "{like}"')
        finally:
            await owner.close()
        settings = self.settings(name)
        await Database(settings).migrate()
        return settings

    def processor_seconds(self) -> float:
        """Processor time that PostgreSQL's processes have used so far; of those that ended none."""
        postmaster = psutil.Process(int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0]))
        return sum(processor.seconds(one) for one in postmaster.children())

    def stop(self) -> None:
        """Stop the server."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._server.cleanup()


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL for as long as the block runs."""
    with tempfile.TemporaryDirectory(prefix="toldonce-bench-") as folder:
        made = Cluster(Path(folder))
        try:
            yield made
        finally:
            made.stop()


class Child:
    """A process of `tests.bench.child`. It ends when its standard input does, so it never outlives this one."""

    def __init__(self, mode: str, settings: Settings) -> None:
        self.mode = mode
        environment = {
            **os.environ,
            "TOLDONCE_DATABASE_URL": str(settings.database_url),
            "TOLDONCE_DATA_DIR": str(settings.data_dir),
            "TOLDONCE_CLIENT_RATE": "1000000",  # one client asks as much as there is an answer to
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.child", mode],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.port = 0

    async def ready(self) -> None:
        """Wait until it says on which port it serves. Raises RuntimeError when it ends instead."""
        stdout = self._process.stdout
        assert stdout is not None
        async with asyncio.timeout(_START):
            while (line := await asyncio.to_thread(stdout.readline)) and not line.strip().isdigit():
                pass  # what it logs
        if not line:
            raise RuntimeError(f"the process for {self.mode} ended with {self._process.wait()}")
        self.port = int(line)

    def processor_seconds(self) -> float:
        """Processor time that it and the processes it keeps have used so far, without PostgreSQL's."""
        own = psutil.Process(self._process.pid)
        return sum(processor.seconds(one) for one in (own, *own.children()))

    def most_memory(self) -> int:
        """Bytes that it held at most so far (resident)."""
        return most_memory(self._process.pid)

    def kill(self) -> None:
        """End it at once, as kill -9 does."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Let it end by itself; kill it if it does not."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def children(*started: Child) -> Iterator[tuple[Child, ...]]:
    """These processes for as long as the block runs."""
    try:
        yield started
    finally:
        for child in started:
            with suppress(OSError):
                child.stop()


def most_memory(process: int) -> int:
    """Bytes that a process held at most so far (resident); 0 of one that has ended."""
    status = Path(f"/proc/{process}/status").read_text()
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
