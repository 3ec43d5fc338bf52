"""What tests of subscriptions share: the application with a clock to set, a hospital that sends, and a real HTTP
subscriber on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from adapters.records import LONDON
from integration import demo, main
from integration.api.authenticate import Session
from integration.config import Settings
from integration.deployment import secret_of
from integration.feeds import EVERY
from integration.ingest import inbox
from integration.ingest.assemble import Assembler
from integration.ingest.inbox import Delivery
from integration.ingest.pipeline import Pipeline
from integration.sharing import current
from integration.sharing.request import BreakGlass, Caller
from integration.sharing.scopes import SUBSCRIBE_SCOPE
from integration.store.database import Database
from integration.teams.subscriptions import endpoints
from integration.teams.subscriptions.topics import CANONICAL
from tests.database.ingesting import SECRET, about
from tests.database.serving import Site
from tests.spec.neighbourhood import FHIR_JSON, Connected
from tests.unit.adapters.acute_messages import adt, pv1

SCOPE = f"system/*.rs {SUBSCRIBE_SCOPE}"
IG = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-"


@dataclass
class Moment:
    """The present moment, for what is new is compared with the database's clock; or so much later."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def pass_by(self, **span: float) -> None:
        self.ahead += timedelta(**span)


@dataclass
class Got:
    """One request that a subscriber got."""

    headers: dict[str, str]
    body: bytes

    @property
    def status(self) -> dict[str, Any]:
        """The parameters of the notification, by name; of events a list."""
        bundle = json.loads(self.body)
        assert bundle["type"] == "history"
        said = bundle["entry"][0]["resource"]
        assert said["resourceType"] == "Parameters"
        found: dict[str, Any] = {"events": [parts(one) for one in said["parameter"] if "part" in one]}
        return found | {one["name"]: value(one) for one in said["parameter"] if "part" not in one}

    @property
    def kind(self) -> str:
        return str(self.status["type"])


def parts(event: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: value(one) for one in event["part"]}


def value(one: dict[str, Any]) -> Any:
    (value,) = (value for name, value in one.items() if name.startswith("value"))
    return value.get("reference", value) if isinstance(value, dict) else value


@dataclass
class Subscriber:
    """A client's endpoint. `answers`: the status of the next answers, then 200."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: str = ""
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/told"

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event of every notification, in the order of arrival."""
        return [event for one in self.got if one.kind == "event-notification" for event in one.status["events"]]

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in self._writers:
                writer.close()
            self._writers.clear()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                lines = [line.partition(": ") for line in head.splitlines()[1:] if line]
                headers = {name.lower(): value for name, _, value in lines}
                body = await reader.readexactly(int(headers["content-length"]))
                self.got.append(Got(headers, body))
                status = self.answers.pop(0) if self.answers else 200
                writer.write(f"HTTP/1.1 {status} said\r\n{self.headers}Content-Length: 0\r\n\r\n".encode())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@dataclass
class Told(Site):
    """The application with its notifier, and whoever is told."""

    clock: Moment = field(default_factory=Moment)
    folder: Path = Path()
    number: int = 0

    async def ring(self) -> None:
        """Let the notifier look at once."""
        await self.owner.execute("select pg_notify('toldonce_events', '')")

    async def send(self, *messages: bytes, feed: str = "acute", sender: str = "X9A") -> None:
        """Receive and process at this moment of the clock."""
        listed = [Delivery(feed, sender, f"M{uuid4()}", one, self.clock()) for one in messages]
        await self.ingest(listed)

    async def ingest(self, listed: Sequence[Delivery]) -> None:
        async with self.database.pool("toldonce_worker", size=2) as pool:
            pipeline = Pipeline(pool, Assembler(EVERY, SECRET, ()))
            async with pool.acquire() as connection:
                await inbox.receive(connection, list(listed))
            await pipeline.run()

    async def endpoint(self, url: str, client: str = "gp-system") -> endpoints.Endpoint:
        return await endpoints.add(self.owner, client, url, (), "the tests")

    async def as_caller(
        self,
        client_id: str,
        role: str | None = None,
        purpose: str | None = None,
        user: str = "someone",
        break_glass: str | None = None,
        scope: str = "system/*.rs",
    ) -> Connected:
        """With a token of this moment."""
        client = demo.BY_ID[client_id]
        caller = Caller(client_id, client.organisation, role or client.roles[0], purpose or client.purposes[0], user)
        session = Session(caller, BreakGlass(break_glass) if break_glass else None, tuple(scope.split()), str(uuid4()))
        token = self.app.state.services.authority.issue(session, self.clock())
        return Connected(self.http, token, self.settings.fhir_base)

    async def subscriber(self, client: str = "gp-system", role: str = "GP", **rest: Any) -> Connected:
        return await self.as_caller(client, role, "TREAT", scope=SCOPE, **rest)

    async def subscribed(self, body: dict[str, Any], status: str = "active", **whose: Any) -> UUID:
        """Subscribe, and wait until it has this status."""
        answer = await post(await self.subscriber(**whose), body)
        assert answer.status_code == 201, answer.text
        id_ = UUID(answer.json()["id"])
        await self.ring()
        await until(lambda: self.state(id_), status)
        return id_

    async def state(self, id_: UUID) -> str:
        found: str = await self.owner.fetchval("select status from toldonce.subscription where id = $1", id_)
        return found

    async def waiting(self) -> int:
        """How many events or notifications have not come to rest."""
        found: int = await self.owner.fetchval(
            "select (select count(*) from toldonce.event where dispatched is null and withdrawn is null and due <= $1) "
            "+ (select count(*) from toldonce.notification where state = 'waiting')",
            self.clock(),
        )
        return found

    async def rest(self) -> None:
        """Wait until everything is told that may be."""
        await self.ring()
        await until(self.waiting, 0)


async def until(ask: Callable[[], Any], wanted: Any, seconds: float = 60) -> None:
    """Wait until what is asked for is so."""
    async with asyncio.timeout(seconds):
        while (found := await ask()) != wanted:
            await asyncio.sleep(0.01)
            assert found is not None


async def post(caller: Connected, body: dict[str, Any]) -> httpx.Response:
    return await caller.ask("POST", "Subscription", headers={"Content-Type": FHIR_JSON}, json=body)


def subscription(topic: str, url: str | None, *filters: str, **channel: Any) -> dict[str, Any]:
    """A Subscription as a client sends it; without a URL a stream."""
    made: dict[str, Any] = {
        "payload": "application/fhir+json",
        "_payload": {"extension": [{"url": f"{IG}payload-content", "valueCode": channel.pop("content", "id-only")}]},
    }
    if url is None:
        coding = {
            "system": "https://toldonce.example/CodeSystem/subscription-channel",
            "code": "server-sent-events",
        }
        made |= {"type": "websocket", "_type": {"extension": [{"url": f"{IG}channel-type", "valueCoding": coding}]}}
    else:
        made |= {"type": "rest-hook", "endpoint": url}
    body: dict[str, Any] = {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "the huddle",
        "criteria": f"{CANONICAL}{topic}",
        "channel": made | channel,
    }
    if filters:
        body["_criteria"] = {"extension": [{"url": f"{IG}filter-criteria", "valueString": one} for one in filters]}
    return body


def wall(moment: datetime) -> str:
    """As HL7 v2 has it: wall time."""
    return f"{moment.astimezone(LONDON):%Y%m%d%H%M%S}"


def message(event: str, at: datetime, visit: str, pid: str, **fields: str) -> bytes:
    """An ADT message about one visit; fields of PV1 by number."""
    return adt(event, wall(at), pid=pid, more=[pv1(visit, **fields)], control=uuid4().hex)


def pid_of(key: str) -> str:
    """The PID segment, without its name, that the synthetic hospital sends of a person."""
    content = next(one.content.decode() for one in about(18, key) if one.feed == "acute")
    return next(line for line in content.split("\r") if line.startswith("PID|")).removeprefix("PID|")


@asynccontextmanager
async def telling(database: Database, owner: asyncpg.Connection, folder: Path, *people: str) -> AsyncIterator[Told]:
    """These people, ingested and served; what is new from then on is told."""
    (folder / "keys").mkdir(parents=True, exist_ok=True)
    (folder / "keys" / "ids").write_bytes(SECRET)
    settings = Settings(database_url=database.owner_url, data_dir=folder)
    await owner.execute("truncate toldonce.client, toldonce.agreement_document cascade")
    await current.apply(owner, demo.AGREEMENTS.read_text())
    await owner.execute("update toldonce.agreement_document set applied = '2024-04-01'")
    await demo.register_clients(owner, folder)
    await owner.execute("update toldonce.client set scopes = scopes || '{system/Subscription.cruds}'")
    clock = Moment()
    async with main.application(settings, database, clock=clock) as app:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as http:
            told = Told(database, settings, app, owner, http, clock=clock, folder=folder)
            await told.emptied()
            await told.ingest(about(18, *(people or ("mrs-t",))))
            yield told


def secret(told: Told, endpoint: endpoints.Endpoint) -> bytes:
    return endpoint.secret(secret_of(told.settings, "notifications", 32))
