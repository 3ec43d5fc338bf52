"""A caseload of a million resources exported: written by a process of its own and fetched by another, in memory that
does not grow with it."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from uuid import UUID

import asyncpg
import psutil
from rich.console import Console

from integration.commands.opened import progress_bar
from integration.config import Settings
from integration.store.connection import Connection
from integration.store.database import Database
from tests.bench.plan import Figure
from tests.bench.servers import ROOT
from tests.database.exporting import agreed, join, ordered, working
from tests.database.ingesting import about, ingest

MRS_T = "9990000018"
PEOPLE = 18
TYPES = (
    "Patient", "Encounter", "Condition", "Observation", "Flag", "CarePlan", "CareTeam", "Provenance", "Organization",
)  # fmt: skip
_TIMES = """
create function pg_temp.other(n int, id uuid) returns uuid language sql immutable as
$$ select md5(n || ' ' || id)::uuid $$;
create temp table n as select generate_series(1, {copies}) as n;
insert into toldonce.source_patient (id, feed, organisation, local_id, person, birth_date, about, about_issued_for)
select pg_temp.other(n, id), feed, organisation, local_id || ' ' || n, pg_temp.other(n, person), birth_date,
    pg_temp.other(n, about), pg_temp.other(n, about_issued_for)
from toldonce.source_patient, n where person = '{her}';
insert into toldonce.person (id, issued_to)
select pg_temp.other(n, id), pg_temp.other(n, issued_to) from toldonce.person, n where id = '{her}';
create temp table copy as
select n, s.key as old, t.key as new from toldonce.source_patient s, n, toldonce.source_patient t
where s.person = '{her}' and t.id = pg_temp.other(n, s.id);
insert into toldonce.facts (source_patient, person, labels, evidence, choices, restricted, recorded)
select new, pg_temp.other(n, person), labels, evidence, choices, restricted, recorded
from toldonce.facts f join copy on f.source_patient = old where person = '{her}' and until = 'infinity';
insert into toldonce.caseload_member (caseload, source_patient, by_rule, reason, since, added_by)
select caseload, new, by_rule, reason, since, added_by
from toldonce.caseload_member m join copy on m.source_patient = old;
insert into toldonce.resource (person, id, type, feed, source_patient, label, version, recorded, starts, ends, status,
    tokens, refs, entries, digest, body)
select pg_temp.other(n, person), pg_temp.other(n, id), type, feed, new, label, version, recorded, starts, ends, status,
    tokens, array(select pg_temp.other(n, one) from unnest(refs) as one), entries, digest,
    convert_to(replace(convert_from(body, 'UTF8'), id::text, pg_temp.other(n, id)::text), 'UTF8')
from toldonce.resource r join copy on r.source_patient = old where person = '{her}';
analyze;
"""
"""Her record, so many times, each of somebody else."""
_WORK = """
import asyncio, sys
from uuid import UUID
from integration.config import Settings
from integration.store.database import Database
from integration.teams.export import jobs, worker
from integration.teams.export.files import Fetching
from tests.database.exporting import OWNER, working
from integration.sharing.request import Caller

async def work(id_):
    async with working(Database(Settings())) as exports:
        if sys.argv[1] == "write":
            while await worker.step(exports):
                pass
            return
        caller = Caller("int-south-west", OWNER, "GP", "TREAT")
        async with jobs.exporter(exports.pool) as connection:
            job = await jobs.find(connection, UUID(id_), caller, exports.clock())
        for file in job.output:
            async for piece in Fetching(exports, job, file, "bench").pieces():
                print(len(piece), flush=True)

asyncio.run(work(sys.argv[2]))
"""


async def measure(settings: Settings, resources: int, console: Console) -> list[Figure]:
    """Resources per second of writing and of fetching, and how much memory each held at a tenth of it and at most."""
    database = Database(settings)
    owner = await asyncpg.connect(database.owner_url)
    with TemporaryDirectory() as folder:
        await agreed(owner, Path(folder))
        await ingest(database, about(PEOPLE, "mrs-t"))
        her: UUID = await owner.fetchval("select person from toldonce.source_patient where nhs_number = $1", MRS_T)
        await join(database, her)
        each = await owner.fetchval("select count(*) from toldonce.resource where type = any($1)", list(TYPES))
        await owner.execute(_TIMES.format(copies=resources // each, her=her))
        async with working(database) as exports:
            id_ = await ordered(exports, TYPES)
        wrote = await _run(settings, folder, "write", id_, owner, console)
        lines = await owner.fetchval("select sum(lines) from toldonce.export_part")
        fetched = await _run(settings, folder, "fetch", id_, owner, console)
    await owner.close()
    console.print(f"{lines} lines of {resources // each + 1} people", highlight=False)
    return [figure for run, name in ((wrote, "written"), (fetched, "fetched")) for figure in _figures(run, name, lines)]


_Run = tuple[float, list[int]]
"""Seconds, and the memory held, in bytes, each time that somebody looked."""


def _figures(run: _Run, name: str, lines: int) -> list[Figure]:
    took, held = run
    early, most = max(held[: len(held) // 10 + 1]) / 1e6, max(held) / 1e6
    return [
        Figure("export", f"resources {name}", lines / took, "/s"),
        Figure("export", f"most memory until a tenth is {name}", early, "MB"),
        Figure("export", f"most memory until all is {name}", most, "MB", target=early * 1.5, at_most=True),
    ]


async def _run(settings: Settings, folder: str, what: str, id_: UUID, owner: Connection, console: Console) -> _Run:
    """One of the two, in a process of its own, with a bar."""
    environment = {"TOLDONCE_DATABASE_URL": str(settings.database_url), "TOLDONCE_DATA_DIR": folder}
    began, held = perf_counter(), list[int]()
    process = subprocess.Popen(
        [sys.executable, "-c", _WORK, what, str(id_)], cwd=ROOT, env=os.environ | environment, stdout=subprocess.DEVNULL
    )
    with progress_bar(console) as bars:
        task = bars.add_task(f"export: {what}", total=None)
        while process.poll() is None:
            with suppress(psutil.Error):
                held.append(psutil.Process(process.pid).memory_info().rss)
            row = await owner.fetchrow("select people, done from toldonce.export_job where id = $1", id_)
            bars.update(task, completed=row["done"], total=row["people"])
            await asyncio.sleep(0.25)
    assert process.returncode == 0
    return perf_counter() - began, held
