"""The audit of very many events proven whole: `toldonce audit verify`, as an officer calls it, of an untouched log."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import NamedTuple

import asyncpg
import psutil
from rich.console import Console

from integration.audit.entry import AuditRow, event_id, to_row
from integration.audit.keys import LogKeys
from integration.audit.seal import seal_all
from integration.commands.opened import progress_bar
from integration.config import Settings
from integration.store.database import Database
from tests.bench import processor
from tests.bench.plan import Figure
from tests.bench.servers import ROOT, Cluster, most_memory
from tests.bench.who_saw import CALLERS, access

_CHUNK = 20_000
_LOOK = 0.2
"""Seconds between two looks at what it has used."""
_SPAN = timedelta(days=365)
"""What the events are scattered over."""
_COLUMNS = ("id", "recorded", "person", "organisation", "client", "kind", "outcome", "salt", "content")


async def measure(server: Cluster, name: str, events: int, console: Console) -> list[Figure]:
    """How long it takes, of both processors' time how much, and how much memory it holds, in a new database of this
    name; `events` in all."""
    settings, start = await server.create(name), perf_counter()
    await _fill(settings, events, console)
    console.print(f"{events:,} events made and sealed in {perf_counter() - start:.0f} s", highlight=False)
    found = _verified(server, settings, events)
    return [
        Figure("audit verify", f"an untouched log of {events:,} events", found.seconds, "s", target=60, at_most=True),
        Figure("audit verify", "its own processor time", found.own, "s"),
        Figure("audit verify", "the database's processor time", found.database, "s"),
        Figure("audit verify", "its most memory", found.memory / 1e6, "MB"),
    ]


class _Run(NamedTuple):
    """What a run took: seconds by the clock, and of processors; bytes."""

    seconds: float
    own: float
    database: float
    memory: int


def _verified(server: Cluster, settings: Settings, events: int) -> _Run:
    """The command as a process of its own. Raises RuntimeError when it does not find the whole log intact."""
    environment = {"TOLDONCE_DATABASE_URL": str(settings.database_url), "TOLDONCE_DATA_DIR": str(settings.data_dir)}
    start, before, own, database, memory = perf_counter(), server.processor_seconds(), 0.0, 0.0, 0
    with subprocess.Popen(
        [sys.executable, "-m", "integration", "audit", "verify"],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            with suppress(psutil.Error):
                own, memory = max(own, processor.seconds(watched)), max(memory, most_memory(process.pid))
                database = max(database, server.processor_seconds() - before)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK)
        seconds = perf_counter() - start
        said = process.stdout.read() if process.stdout else ""
    if process.returncode or f"intact: {events} sealed events" not in said:
        raise RuntimeError(f"verify ended with {process.returncode}: {said[:500]}")
    return _Run(seconds, own, database, memory)


async def _fill(settings: Settings, events: int, console: Console) -> None:
    """Events as the writer makes them, each with its own salt, put in by COPY; the product's own sealer seals them."""
    owner = await asyncpg.connect(settings.database_url)
    try:
        first = datetime.now(UTC) - _SPAN
        await owner.execute("select toldonce.audit_partitions($1)", first)
        await owner.execute("alter table toldonce.audit_event disable trigger raise_alert")
        with progress_bar(console) as bars:
            task = bars.add_task("events", total=events)
            for begin in range(0, events, _CHUNK):
                rows = list(_rows(range(begin, min(begin + _CHUNK, events)), first, _SPAN / events))
                await _put(owner, rows)
                bars.advance(task, len(rows))
        await owner.execute("alter table toldonce.audit_event enable trigger raise_alert")
        await owner.execute("analyze")
    finally:
        await owner.close()
    async with Database(settings).pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
        await seal_all(connection, LogKeys(settings))


def _rows(numbers: range, first: datetime, step: timedelta) -> Iterator[AuditRow]:
    accesses = [access(number) for number in range(CALLERS)]
    for number in numbers:
        chance = secrets.token_bytes(26)
        one = replace(accesses[number % CALLERS], when=first + number * step)
        yield to_row(one, event_id(chance[16:]), chance[:16], server_url="https://a")


async def _put(owner: asyncpg.Connection, rows: list[AuditRow]) -> None:
    await owner.copy_records_to_table(
        "audit_event",
        schema_name="toldonce",
        columns=_COLUMNS,
        records=[tuple(getattr(row, name) for name in _COLUMNS) for row in rows],
    )
    await owner.copy_records_to_table(
        "audit_unsealed",
        schema_name="toldonce",
        columns=("event", "recorded", "hash"),
        records=[(row.id, row.recorded, row.leaf_hash) for row in rows],
    )
