"""A running neighbourhood to ask: a migrated database, the Coventry agreements, the demo's clients, the named people
and a few others ingested, and the application called through its ASGI interface at one fixed moment.

One serves the whole run, for tests only ask. A test that changes something puts it back.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from adapters.records import LONDON
from adapters.synthetic.feeds import feed_files
from adapters.synthetic.neighbourhood import LAST_DAY, build
from integration import demo, deployment, main
from integration.api.assertion import sign_assertion
from integration.api.token import ASSERTION_TYPE, token_url
from integration.audit.entry import rendered
from integration.audit.keys import LogKeys
from integration.audit.seal import seal_all
from integration.config import Settings
from integration.ingest import inbox
from integration.ingest.inbox import Delivery
from integration.sharing import current
from integration.sharing.request import BreakGlass, Caller
from integration.store.database import Database
from tests.migrated import fresh

PEOPLE = 25
MRS_T = demo.MRS_T
NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
NOW = datetime.combine(LAST_DAY, time(23, 45), LONDON)
"""The moment of every request: the end of the last day that the synthetic neighbourhood tells of."""
FHIR_JSON = "application/fhir+json"


@dataclass(frozen=True)
class Asker:
    """One caller as a table of who sees what names it."""

    name: str
    client: str
    role: str | None = None
    purpose: str | None = None
    emergency: str | None = None


SEVEN = (
    Asker("GP", "gp-system", "GP"),
    Asker("A&E doctor", "hospital-epr", "emergency doctor"),
    Asker("social worker", "council-system", "social worker"),
    Asker("link worker", "companions", "social prescriber"),
    Asker("unrelated hospital", "distant-hospital", "hospital doctor"),
    Asker("IG officer", "ig-office", "information governance officer"),
    Asker("paramedic, glass broken", "ambulance", "paramedic", emergency="emergency"),
)
BY_NAME = {asker.name: asker for asker in SEVEN}


@dataclass
class Connected:
    """A client system with its token. Every answer is kept, with the request id it was asked under."""

    http: httpx.AsyncClient
    token: str
    base: str

    async def get(self, path: str, parameters: Any = None, **headers: str) -> httpx.Response:
        """GET below the FHIR base, or of an absolute URL of this server."""
        return await self.ask("GET", path, params=parameters, headers=headers)

    async def post(self, path: str, form: Mapping[str, str], **headers: str) -> httpx.Response:
        return await self.ask("POST", path, data=form, headers=headers)

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **rest: Any
    ) -> httpx.Response:
        url = path if path.startswith("http") else f"{self.base}/{path}"
        named = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        sent = {"Authorization": f"Bearer {self.token}", "X-Request-ID": str(uuid4()), **named}
        return await self.http.request(method, url, headers=sent, **rest)

    async def everything(self, person: UUID | str, parameters: Any = None) -> httpx.Response:
        return await self.get(f"Patient/{person}/$everything", parameters)


@dataclass
class Neighbourhood:
    """What runs, and how to ask it."""

    database: Database
    settings: Settings
    app: Any
    owner: asyncpg.Connection
    http: httpx.AsyncClient
    tokens: dict[tuple[Any, ...], str] = field(default_factory=dict)

    async def as_caller(
        self,
        client_id: str,
        role: str | None = None,
        purpose: str | None = None,
        user: str = "someone",
        break_glass: str | None = None,
        scope: str = "system/*.rs",
    ) -> Connected:
        """Connected with a token from the token endpoint, got as a real client gets it; one per kind of caller."""
        key = (client_id, role, purpose, user, break_glass, scope)
        if key not in self.tokens:
            self.tokens[key] = await self._token(*key)
        return Connected(self.http, self.tokens[key], self.settings.fhir_base)

    async def asker(self, name: str) -> Connected:
        one = BY_NAME[name]
        return await self.as_caller(one.client, one.role, one.purpose, break_glass=one.emergency)

    async def _token(
        self, client_id: str, role: str | None, purpose: str | None, user: str, reason: str | None, scope: str
    ) -> str:
        client = demo.BY_ID[client_id]
        endpoint = token_url(self.settings.fhir_base)
        assertion = sign_assertion(
            demo.client_key(self.settings.data_dir, client_id).as_dict(private=True),
            client_id,
            endpoint,
            role or client.roles[0],
            purpose or client.purposes[0],
            user,
            BreakGlass(reason) if reason else None,
            NOW,
            organisation=client.organisation,
        )
        form = {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        answer = await self.http.post(endpoint, data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def person(self, number: str = MRS_T) -> UUID:
        """Id of the person of whom the sources state this NHS number."""
        found: UUID = await self.owner.fetchval(
            "select distinct person from toldonce.source_patient where nhs_number = $1", number
        )
        return found

    async def persons(self) -> list[UUID]:
        rows = await self.owner.fetch(
            "select distinct person from toldonce.source_patient where person is not null order by person"
        )
        return [row["person"] for row in rows]

    async def event(self, answer: httpx.Response) -> list[dict[str, Any]]:
        """The audit events of one answer, by its request id."""
        return await self.events(answer.request.headers["X-Request-ID"])

    async def events(self, request_id: str) -> list[dict[str, Any]]:
        rows = await self.owner.fetch(
            "select content from toldonce.audit_event where position($1::bytea in content) > 0", request_id.encode()
        )
        return [json.loads(rendered(row["content"])) for row in rows]

    async def sealed(self) -> None:
        """Give every committed audit event its place in the log."""
        async with self.database.pool("toldonce_api", size=1) as pool, pool.acquire() as connection:
            await seal_all(connection, LogKeys(self.settings))


@asynccontextmanager
async def running(server_url: str, data_dir: Path, people: int = PEOPLE) -> AsyncIterator[Neighbourhood]:
    """The neighbourhood, for as long as the context lasts, in a database of its own."""
    database = await fresh(server_url)
    settings = Settings(database_url=database.owner_url, data_dir=data_dir, id_secret="the same ids in every run")
    owner = await asyncpg.connect(database.owner_url)
    try:
        await current.apply(owner, demo.AGREEMENTS.read_text())
        await demo.register_clients(owner, data_dir)
        await _ingest(settings, database, people)
        await owner.execute("update toldonce.agreement_document set applied = '2024-04-01'")
        await owner.execute("update toldonce.facts set recorded = $1", NOW - timedelta(hours=1))
        async with main.application(settings, database, clock=lambda: NOW) as app:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as http:
                yield Neighbourhood(database, settings, app, owner, http)
    finally:
        await owner.close()


async def _ingest(settings: Settings, database: Database, people: int) -> None:
    """In two parts, so that there are earlier versions too."""
    files = feed_files(build(people))
    deliveries = [Delivery(one.feed, one.sender, one.name, one.content, one.as_of) for one in files]
    async with database.pool("toldonce_worker", size=2) as pool:
        for part in (deliveries[::2], deliveries[1::2]):
            async with pool.acquire() as connection:
                await inbox.receive(connection, part)
            await deployment.pipeline(settings, pool).run()


def resources(bundle: Mapping[str, Any], *modes: str) -> list[dict[str, Any]]:
    """The resources of a Bundle's entries, of all or of some search modes."""
    entries: Sequence[Any] = bundle.get("entry", ())
    return [one["resource"] for one in entries if not modes or one["search"]["mode"] in modes]


def caller_of(asker: Asker) -> Caller:
    """The caller as a decision is handed it."""
    client = demo.BY_ID[asker.client]
    return Caller(client.id, client.organisation, asker.role or client.roles[0], asker.purpose or client.purposes[0])
