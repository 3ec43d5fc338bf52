"""A record of 10,000 resources: how soon its first byte comes, and how much memory a server needs to send it."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID, uuid5

import asyncpg
import httpx

from integration.config import Settings
from integration.store.connection import Connection
from tests.bench.plan import Figure
from tests.bench.servers import Child, children

LONG = 10_000
Access = Callable[[httpx.AsyncClient, int], Awaitable[str]]
_TIMES = 6
_PART = "a record of 10,000 resources"
_OF_PERSON = "select * from toldonce.resource where person = $1 and type <> 'Patient' order by id"


@dataclass(frozen=True)
class _Answer:
    first: float
    """Seconds until its first byte."""
    whole: float
    size: int


async def measure(settings: Settings, person: UUID, access: Access) -> list[Figure]:
    """Of the record of `person`, made long by repeating what is in it. The memory is what the server held at most,
    beyond what it had held for the same record as it was. `access` gets a token."""
    url = f"/fhir/Patient/{person}/$everything"
    with children(Child("whole", settings)) as (child,):
        await child.ready()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{child.port}", timeout=60) as http:
            token = await access(http, child.port)
            http.headers.update({"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"})
            for _ in range(_TIMES):
                short = await _asked(http, url)
            held = child.most_memory()
            owner = await asyncpg.connect(settings.database_url)
            await lengthen(owner, person)
            await owner.close()
            answers = [await _asked(http, url) for _ in range(_TIMES)]
            more = child.most_memory() - held
    assert min(one.size for one in answers) > 10 * short.size
    return [
        Figure(_PART, "first byte", median(one.first for one in answers) * 1000, "ms", target=200, at_most=True),
        Figure(_PART, "last byte", median(one.whole for one in answers) * 1000, "ms"),
        Figure(_PART, "sent", answers[0].size / 1e6, "MB"),
        Figure(_PART, "most memory beyond that for the record as it was", more / 1e6, "MB"),
    ]


async def lengthen(owner: Connection, person: UUID, resources: int = LONG) -> None:
    """Repeat what a person's record holds, under new ids, until it has so many resources."""
    rows = await owner.fetch(_OF_PERSON, person)
    await owner.copy_records_to_table(
        "resource", schema_name="toldonce", columns=list(rows[0].keys()), records=_copies(rows, resources - len(rows))
    )
    await owner.execute("vacuum analyze toldonce.resource")


def _copies(rows: list[asyncpg.Record], count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        row = dict(rows[number % len(rows)])
        new = uuid5(row["id"], str(number))
        row["body"] = row["body"].replace(str(row["id"]).encode(), str(new).encode())
        yield tuple((row | {"id": new}).values())


async def _asked(http: httpx.AsyncClient, url: str) -> _Answer:
    start, first, size = perf_counter(), 0.0, 0
    async with http.stream("GET", url) as answer:
        answer.raise_for_status()
        async for chunk in answer.aiter_raw():
            first = first or perf_counter() - start
            size += len(chunk)
    return _Answer(first, perf_counter() - start, size)
