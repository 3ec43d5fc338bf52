"""Access tokens bound to TLS certificates (RFC 8705): over real sockets, through a proxy that ends TLS and by it."""

import asyncio
import hashlib
import json
import socket
import ssl
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from starlette.requests import Request

from integration import demo, main
from integration.api.assertion import sign_assertion
from integration.api.certificates import CERTIFICATE, thumbprint
from integration.api.clients import find_client, register
from integration.api.exchange import Exchange
from integration.api.subscription_stream import _Frames
from integration.api.token import ASSERTION_TYPE, smart_configuration, token_url
from integration.audit.entry import rendered
from integration.config import Settings
from integration.sharing import current
from integration.store.database import Database
from tests.database.tls_proxy import ADDRESS, proxying
from tests.unit.adapters.transport.certificates import Authority

BASE = "https://record.example/fhir"
BOUND, UNBOUND = "hospital-epr", "gp-system"


@dataclass
class Place:
    """What runs. Whoever asks shows its own certificate, another's, or none; `direct` comes by the proxy."""

    owner: asyncpg.Connection
    folder: Path
    app: Any
    own: httpx.AsyncClient
    other: httpx.AsyncClient
    bare: httpx.AsyncClient
    direct: httpx.AsyncClient

    async def token(self, client: str, http: httpx.AsyncClient, **headers: str) -> httpx.Response:
        one, key = demo.BY_ID[client], demo.client_key(self.folder, client).as_dict(private=True)
        named = {"organisation": one.organisation}
        url, now = token_url(BASE), datetime.now(UTC)
        assertion = sign_assertion(key, client, url, one.roles[0], one.purposes[0], "someone", None, now, **named)
        form = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        form |= {"grant_type": "client_credentials", "scope": "system/*.rs"}
        return await http.post("/auth/token", data=form, headers=headers)

    async def bound(self) -> str:
        return str((await self.token(BOUND, self.own)).json()["access_token"])

    async def event(self, answer: httpx.Response) -> dict[str, Any]:
        named = answer.headers["X-Request-ID"].encode()
        query = "select content from toldonce.audit_event where position($1::bytea in content) > 0"
        (row,) = await self.owner.fetch(query, named)
        event: dict[str, Any] = json.loads(rendered(row["content"]))
        return event


@asynccontextmanager
async def served(app: Any, settings: Settings) -> AsyncIterator[int]:
    """On a port of this machine, as `toldonce serve` does."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = main.web_server(app, settings)
    server.config.lifespan = "off"
    task = asyncio.create_task(server.serve(sockets=[listening]))
    yield listening.getsockname()[1]
    server.should_exit = True
    await task


@pytest.fixture(scope="module")
async def place(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    folder = tmp_path_factory.mktemp("bound")
    settings = Settings(
        database_url=database.owner_url, data_dir=folder, base_url=BASE, proxies=ADDRESS, client_certificates=True
    )
    authority = Authority(folder, "authority")
    own, other, proxy = (authority.signed(name) for name in ("own", "other", "proxy"))
    async with AsyncExitStack() as stack:
        owner = await asyncpg.connect(database.owner_url)
        stack.push_async_callback(owner.close)
        await current.apply(owner, demo.AGREEMENTS.read_text())
        await demo.register_clients(owner, folder)
        client = await find_client(owner, BOUND)
        await register(owner, replace(client, certificate_bound=True))
        app = await stack.enter_async_context(main.application(settings, database))
        port = await stack.enter_async_context(served(app, settings))
        front = await stack.enter_async_context(proxying(port, proxy, authority.file))

        async def through(certificate: Path | None) -> httpx.AsyncClient:
            context = ssl.create_default_context(cafile=str(authority.file))
            if certificate:
                context.load_cert_chain(certificate)
            client = httpx.AsyncClient(base_url=f"https://127.0.0.1:{front}", verify=context, trust_env=False)
            return await stack.enter_async_context(client)

        direct = await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}"))
        yield Place(owner, folder, app, await through(own), await through(other), await through(None), direct)


def der(place: Place, name: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert((place.folder / f"{name}.pem").read_text().partition("-----BEGIN PRIVATE")[0])


def client_cert(place: Place, name: str) -> dict[str, str]:
    return {"Client-Cert": f":{b64encode(der(place, name)).decode()}:"}


def claims(token: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    return said


async def read(http: httpx.AsyncClient, token: str, **headers: str) -> httpx.Response:
    return await http.get("/fhir/Organization?name=x", headers={"Authorization": f"Bearer {token}", **headers})


async def check_refused(place: Place, answer: httpx.Response) -> None:
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="toldonce", error="invalid_token"'
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert (await place.event(answer))["outcome"] == "8"


async def test_a_token_holds_beside_the_certificate_it_was_asked_for_with(place):
    token = await place.bound()
    expected = urlsafe_b64encode(hashlib.sha256(der(place, "own")).digest()).rstrip(b"=").decode()
    assert claims(token)["cnf"] == {"x5t#S256": expected}
    assert (await read(place.own, token)).status_code == 200


async def test_every_entry_of_a_batch_comes_with_it(place):
    entry = {"request": {"method": "GET", "url": "Organization?name=x"}}
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    headers = {"Authorization": f"Bearer {await place.bound()}", "Content-Type": "application/fhir+json"}
    answer = (await place.own.post("/fhir", content=json.dumps(batch), headers=headers)).json()
    assert [one["response"]["status"] for one in answer["entry"]] == ["200 OK"]


async def test_a_stolen_token_is_of_no_use_without_it_or_with_another(place):
    token = await place.bound()
    for thief in (place.bare, place.other, place.direct):
        await check_refused(place, await read(thief, token))


async def test_whoever_is_no_proxy_can_show_nothing(place):
    """A certificate is no secret: what counts is who says that it was shown."""
    forged = client_cert(place, "own")
    token = await place.bound()
    for thief in (place.bare, place.other, place.direct):
        await check_refused(place, await read(thief, token, **forged))
    await check_refused(place, await read(place.direct, token, **forged, **{"X-Forwarded-For": ADDRESS}))
    assert (await place.token(BOUND, place.direct, **forged)).json()["error"] == "invalid_request"


async def test_without_a_certificate_there_is_no_token_and_the_audit_says_why(place):
    answer = await place.token(BOUND, place.bare)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    event = await place.event(answer)
    assert event["outcome"] == "8"
    assert "bound to its TLS certificate" in event["outcomeDesc"]


async def test_the_audit_names_the_certificate_of_a_token(place):
    answer = await place.token(BOUND, place.own)
    assert claims(answer.json()["access_token"])["cnf"]["x5t#S256"] in json.dumps(await place.event(answer))


async def test_who_is_not_registered_for_it_is_served_as_before(place):
    for asking in (place.own, place.bare, place.direct):
        token = (await place.token(UNBOUND, asking)).json()["access_token"]
        assert "cnf" not in claims(token)
        for reading in (place.own, place.other, place.bare, place.direct):
            assert (await read(reading, token)).status_code == 200


async def test_a_token_from_before_the_registration_said_so_ends_with_it(place):
    services = place.app.state.services
    token = (await place.token(UNBOUND, place.own)).json()["access_token"]
    registered = services.clients()
    changed = {**registered, UNBOUND: replace(registered[UNBOUND], certificate_bound=True)}
    place.app.state.services = replace(services, clients=lambda: changed)
    try:
        await check_refused(place, await read(place.own, token))
    finally:
        place.app.state.services = services


async def test_a_stream_goes_on_beside_its_certificate(place):
    """It looks at its token again and again."""
    token, sent = await place.bound(), []
    for certificate, holds in ((thumbprint(client_cert(place, "own")["Client-Cert"].encode()), True), ("", False)):
        scope = {"type": "http", "headers": [(b"authorization", b"Bearer " + token.encode())], CERTIFICATE: certificate}
        exchange = Exchange(Request(scope), place.app.state.services, datetime.now(UTC))
        sent.append((_Frames(exchange, None, None, None)._holds(), holds))
    assert [found for found, _ in sent] == [expected for _, expected in sent]


async def test_it_is_told_to_clients_where_it_is_so(place):
    said = (await place.bare.get("/fhir/.well-known/smart-configuration")).json()
    assert said["tls_client_certificate_bound_access_tokens"] is True
    assert "tls_client_certificate_bound_access_tokens" not in smart_configuration(BASE)


async def test_only_a_proxy_says_for_whom_it_asks(place):
    for asking, address in ((place.direct, "127.0.0.1"), (place.bare, "127.0.0.1")):
        answer = await asking.get("/fhir/Organization", headers={"X-Forwarded-For": "203.0.113.9"})
        event = await place.event(answer)
        assert address in json.dumps(event["agent"])
        assert "203.0.113.9" not in json.dumps(event)
