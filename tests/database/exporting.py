"""A caseload of a few people, and an export of it as a client goes about it: asked for, polled, fetched."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from integration import demo
from integration.api.clients import load_clients
from integration.audit.log import AuditLog
from integration.record.consult import Records
from integration.sharing import current
from integration.sharing.current import CurrentPolicy
from integration.sharing.request import Caller
from integration.store.database import Database
from integration.teams.caseloads import caseload, membership
from integration.teams.caseloads.membership import Place
from integration.teams.export import jobs, worker
from integration.teams.export.exports import Exports
from integration.teams.export.files import Fetching
from integration.teams.export.jobs import Job, Order, exporter
from tests.database.ingesting import SECRET
from tests.spec.neighbourhood import NOW, Connected, Neighbourhood

CASELOAD = """
caseload: {name}
title: A caseload of the tests
kind: INT
organisation: {owner}
seen also by: [X9H]
reasons by hand:
  chosen: The team chose them
"""
NAME, OWNER = "tests", "X9N03"
NDJSON = "application/fhir+ndjson"


async def describe(site: Neighbourhood, name: str = NAME, owner: str = OWNER) -> None:
    """Put a caseload in force."""
    async with site.owner.transaction():
        await membership.apply(site.owner, CASELOAD.format(name=name, owner=owner), "tests", "tests")


async def join(database: Database, *persons: UUID, name: str = NAME, secret: bytes = SECRET) -> None:
    """Let these people be on it from now on. `secret`: the one that ids are made with."""
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        async with connection.transaction():
            described = await caseload(connection, name)
            assert described
            places = [Place(one, described.organisation, "chosen", False, "somebody") for one in persons]
            await membership.add(connection, secret, described, places, NOW)


async def leave(database: Database, *persons: UUID, name: str = NAME) -> None:
    """Let these people be on it no more."""
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        async with connection.transaction():
            described = await caseload(connection, name)
            assert described
            await membership.end(connection, described, persons, ("somebody", "moved away"), NOW)


@dataclass
class Export:
    """An export that was asked for."""

    client: Connected
    where: str

    async def status(self) -> httpx.Response:
        return await self.client.get(self.where)

    async def manifest(self) -> dict[str, Any]:
        """The manifest, once everything is written."""
        async with asyncio.timeout(30):
            while (answer := await self.status()).status_code == 202:
                await asyncio.sleep(0.02)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def fetch(self, url: str) -> httpx.Response:
        return await self.client.get(url, accept=NDJSON)

    async def resources(self, manifest: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Every line of every file."""
        found = []
        for file in (manifest or await self.manifest())["output"]:
            answer = await self.fetch(file["url"])
            assert answer.status_code == 200, answer.text
            lines = [json.loads(line) for line in answer.text.splitlines()]
            assert {one["resourceType"] for one in lines} <= {file["type"]}
            found += lines
        return found


async def asked(client: Connected, parameters: Any = None, name: str = NAME) -> Export:
    """Asked for by GET; the answer says where to look."""
    answer = await client.get(f"Group/{name}/$export", parameters, prefer="respond-async")
    assert answer.status_code == 202, answer.text
    return Export(client, answer.headers["content-location"])


def whose(resource: dict[str, Any]) -> str:
    """Id of the person whom a resource is about; empty for an entry of the directory."""
    if resource["resourceType"] == "Patient":
        return str(resource["id"])
    about = resource.get("subject") or resource.get("patient") or resource.get("beneficiary") or {}
    return str(about.get("reference", "")).removeprefix("Patient/")


@asynccontextmanager
async def working(database: Database) -> AsyncIterator[Exports]:
    """What exports are written with, without anything being served."""
    owner = await asyncpg.connect(database.owner_url)
    clients = await load_clients(owner)
    await owner.close()
    async with database.pool("toldonce_api") as pool, AuditLog(pool) as audit:
        policy, now = CurrentPolicy(), lambda: datetime.now(UTC)
        await policy.refresh(pool)
        yield Exports(pool, Records(pool, policy), audit, lambda: clients, bytes(32), timedelta(hours=1), now)


async def agreed(owner: asyncpg.Connection, folder: Path) -> None:
    """The demo's agreements and clients, and a caseload."""
    await current.apply(owner, demo.AGREEMENTS.read_text())
    await owner.execute("update toldonce.agreement_document set applied = '2024-04-01'")
    await demo.register_clients(owner, folder)
    async with owner.transaction():
        await membership.apply(owner, CASELOAD.format(name=NAME, owner=OWNER), "tests", "tests")


async def ordered(exports: Exports, types: tuple[str, ...], since: datetime | None = None) -> UUID:
    """An order of the team's."""
    caller = Caller("int-south-west", OWNER, "GP", "TREAT")
    async with exporter(exports.pool) as connection:
        id_ = await jobs.add(connection, Order(NAME, caller, types, since, "tests", exports.clock()))
    assert id_
    return id_


async def written(exports: Exports, id_: UUID) -> Job:
    """The export, written to its end."""
    while await worker.step(exports):
        pass
    async with exporter(exports.pool) as connection:
        job = await jobs.find(connection, id_, Caller("int-south-west", OWNER, "GP", "TREAT"), exports.clock())
    assert job
    assert job.state == "complete"
    return job


async def lines(exports: Exports, job: Job) -> list[dict[str, Any]]:
    """Every line of every file."""
    return [
        json.loads(line)
        for file in job.output
        async for piece in Fetching(exports, job, file, "tests").pieces()
        for line in piece.splitlines()
    ]
