"""From an ADT message on the MLLP socket to its notification at the subscriber: the product's listener with its worker,
the product as it is served, and a subscriber that answers at once."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from uuid import uuid4

import asyncpg

from adapters.records import LONDON
from adapters.transport.frames import frame, messages
from integration import demo
from integration.api.clients import find_client
from integration.config import Settings
from integration.sharing import current
from integration.sharing.request import Caller
from integration.store.connection import Connection
from integration.store.events import Topic
from integration.teams.subscriptions import endpoints, register
from integration.teams.subscriptions.resource import REST_HOOK, Wanted
from tests.bench.adt import connect
from tests.bench.child import SENDER
from tests.bench.plan import Figure, Plan
from tests.bench.servers import Child, Cluster, children

RATE = 100
"""Messages a second."""
_SENDERS = 4
_CLIENT, _ROLE = "hospital-epr", "emergency doctor"
_CASELOADS = 7
"""Subscriptions beside, each about a caseload that nobody of these is on: one for every team, and the hub's."""
_WARM = 20
"""Messages before, so that models are loaded and connections open."""
_AHEAD = 0.5
"""Seconds in which all senders connect."""
_LOST = 30.0
"""Seconds after the last message until what has not come is lost."""


@dataclass
class Subscriber:
    """When the notification of each focus came, and how many notifications there were."""

    came: dict[str, float] = field(default_factory=dict)
    notifications: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                self._note(await reader.readexactly(length))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _note(self, body: bytes) -> None:
        now = perf_counter()
        self.notifications += 1
        for event in json.loads(body)["entry"][0]["resource"]["parameter"]:
            for part in event.get("part", ()):
                if part["name"] == "focus":
                    self.came.setdefault(part["valueReference"]["reference"].rpartition("/")[2], now)


@dataclass(frozen=True)
class Latency:
    """Seconds from socket to subscriber, in order; `lost`: what did not come; `processor`: seconds that the telling
    process used."""

    seconds: Sequence[float]
    lost: int
    notifications: int
    processor: float

    def percentile(self, of_100: int) -> float:
        return self.seconds[min(len(self.seconds) - 1, len(self.seconds) * of_100 // 100)]


async def measure(cluster: Cluster, plan: Plan) -> list[Figure]:
    """So many arrivals at A&E as the plan has messages, RATE of them a second."""
    found = await latency(await cluster.create("notified"), plan.messages // 4)
    name = f"from the MLLP socket to the subscriber, {RATE} messages/s"
    return [
        Figure("notify", f"95 of 100 {name}", found.percentile(95), "s", target=2.0, at_most=True),
        Figure("notify", f"50 of 100 {name}", found.percentile(50), "s"),
        Figure("notify", "events that did not come", found.lost, "", target=0, at_most=True),
        Figure(
            "notify", "processor time of the telling process for each", 1000 * found.processor / plan.messages * 4, "ms"
        ),
        Figure("notify", "events in each notification", len(found.seconds) / found.notifications, ""),
    ]


async def latency(settings: Settings, count: int) -> Latency:
    """What it takes with this many messages, in a database of its own."""
    owner = await asyncpg.connect(settings.database_url)
    subscriber = Subscriber()
    async with _listening(subscriber) as url:
        await _subscribe(owner, settings, url)
        with children(Child("listen", settings), Child("whole", settings)) as (listener, served):
            await listener.ready()
            await served.ready()
            await _until(owner, "select count(*) from toldonce.subscription where status = 'active'", _CASELOADS + 1)
            await _sent(listener.port, [f"W{place}" for place in range(_WARM)])
            await asyncio.sleep(1)
            used = served.processor_seconds()
            begun = await _sent(listener.port, [f"V{place}" for place in range(count)])
            visits = await _visits(owner, count + _WARM, subscriber)
            used = served.processor_seconds() - used
    await owner.close()
    took = [subscriber.came[id_] - begun[visit] for id_, visit in visits.items() if visit in begun]
    return Latency(sorted(took), count - len(took), subscriber.notifications, used)


@asynccontextmanager
async def _listening(subscriber: Subscriber) -> AsyncIterator[str]:
    server = await asyncio.start_server(subscriber.serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/told"
    server.close()


async def _subscribe(owner: Connection, settings: Settings, url: str) -> None:
    await current.apply(owner, demo.AGREEMENTS.read_text())
    await demo.register_clients(owner, settings.data_dir)
    client = await find_client(owner, _CLIENT)
    assert client is not None
    endpoint = await endpoints.add(owner, _CLIENT, url, (), "the benchmark")
    caller = Caller(_CLIENT, client.organisation, _ROLE, "TREAT")
    for caseload in (None, *(f"caseload-{place}" for place in range(_CASELOADS))):
        wanted = Wanted(Topic.ATTENDANCE, "id-only", REST_HOOK, url, None, caseload, "measured", 20, 10, None, None)
        await register.create(owner, uuid4(), caller, wanted, endpoint.id, datetime.now(UTC))


async def _sent(port: int, visits: Sequence[str]) -> dict[str, float]:
    """Send an arrival for each visit at its time, over several connections; when each was written."""
    begun: dict[str, float] = {}
    start = perf_counter() + _AHEAD
    await asyncio.gather(
        *(_send(port, list(enumerate(visits))[number::_SENDERS], start, begun) for number in range(_SENDERS))
    )
    return begun


async def _send(port: int, visits: Sequence[tuple[int, str]], start: float, begun: dict[str, float]) -> None:
    reader, writer = await connect(port)
    replies = messages(reader)
    for place, visit in visits:
        await asyncio.sleep(max(0.0, start + place / RATE - perf_counter()))
        begun[visit] = perf_counter()
        writer.write(frame(_arrival(place, visit)))
        if b"MSA|AA|" not in await anext(replies):
            raise RuntimeError("an arrival was not accepted")
    writer.close()


def _arrival(place: int, visit: str) -> bytes:
    now = f"{datetime.now(LONDON):%Y%m%d%H%M%S}"
    segments = (
        f"MSH|^~\\&|PAS|{SENDER}|ROUTE|ROUTE|{now}||ADT^A01|{visit}{place}|P|2.4|||||GBR|UNICODE",
        f"EVN||{now}||||{now}",
        f"PID|1||N{place}^^^{SENDER}^MR||Person^Number{place}^^^^^L||19500101|1",
        f"PV1||E|||||||||||||||||{visit}|||||||||||||||||||||||||{now}",
    )
    return "".join(f"{one}\r" for one in segments).encode()


async def _visits(owner: Connection, count: int, subscriber: Subscriber) -> dict[str, str]:
    """Visit number by id of the Encounter, of those that came."""
    ends = perf_counter() + _LOST
    while len(subscriber.came) < count and perf_counter() < ends:
        await asyncio.sleep(0.1)
    rows = await owner.fetch("select id, body from toldonce.resource where type = 'Encounter'")
    numbers = {str(row["id"]): json.loads(row["body"])["identifier"][0]["value"] for row in rows}
    return {id_: numbers[id_] for id_ in subscriber.came}


async def _until(owner: Connection, ask: str, wanted: int) -> None:
    async with asyncio.timeout(60):
        while await owner.fetchval(ask) != wanted:
            await asyncio.sleep(0.1)
