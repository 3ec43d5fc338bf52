"""The token endpoint towards clients that publish their keys, and users for whom an identity provider vouches."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from msgspec import structs

from adapters.transport.asking import Asker, Certificates
from integration.api.assertion import sign_assertion
from integration.api.authenticate import TokenAuthority, authenticate
from integration.api.client_keys import PublishedKeys
from integration.api.clients import register
from integration.api.issuer_settings import Issuer, Issuers
from integration.api.keys import new_client_key, new_signing_key, public_jwks
from integration.api.published import FETCH
from integration.api.rate_limit import Rate, RateLimits
from integration.api.token import ACCESS_TOKEN, ASSERTION_TYPE, ID_TOKEN, TOKEN_EXCHANGE, TokenEndpoint, token_routes
from integration.audit.entry import rendered
from integration.audit.log import AuditLog
from integration.sharing.request import Client
from integration.store.database import Database
from tests.database.publisher import Publisher, publishing

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
BASE, URL = "http://test/fhir", "http://test/auth/token"
OLD, NEW = new_client_key(), new_client_key()
RSA = RSAKey.generate_key(2048, {"use": "sig"}, private=True, auto_kid=True)
PROVIDER = RSAKey.generate_key(2048, {"use": "sig"}, private=True, auto_kid=True)
ISS = "https://am.cis2.example"
EPR = Client("epr", "Hospital record", "X9A", frozenset({"hospital doctor", "nurse"}), frozenset({"TREAT"}))


@dataclass
class Place:
    """Two processes of one deployment, the client's server of keys, and the identity provider's."""

    endpoints: list[FastAPI]
    authority: TokenAuthority
    owner: asyncpg.Connection
    client: Publisher
    provider: Publisher
    seconds: list[float] = field(default_factory=lambda: [0.0])

    async def ask(self, assertion: str, process: int = 0, **form: str) -> httpx.Response:
        sent = {
            "grant_type": "client_credentials",
            "scope": "system/*.rs",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
            **form,
        }
        transport = httpx.ASGITransport(self.endpoints[process])
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            return await http.post("/auth/token", data=sent)

    async def exchange(self, token: str, **claimed: str) -> httpx.Response:
        form = {"grant_type": TOKEN_EXCHANGE, "subject_token": token, "subject_token_type": ID_TOKEN}
        return await self.ask(assertion(**{"user": "", **claimed}), **form)

    async def last_event(self) -> dict[str, Any]:
        content = "select content from toldonce.audit_event order by recorded desc, id desc limit 1"
        return json.loads(rendered(await self.owner.fetchval(content)))


@pytest.fixture
async def place(database: Database, owner: asyncpg.Connection) -> AsyncIterator[Place]:
    await owner.execute("truncate toldonce.audit_event, toldonce.client, toldonce.token_use cascade")
    authority = TokenAuthority(new_signing_key(), URL, BASE)
    async with publishing(public_jwks(OLD)) as client, publishing(public_jwks(PROVIDER)) as provider:
        place = Place([], authority, owner, client, provider)
        await register(owner, replace(EPR, jwks_url=client.url))
        asker = Asker(structs.replace(FETCH, timeout=60), Certificates())  # nobody is slow here but the machine
        keys = PublishedKeys(asker, lambda: place.seconds[0])
        limits = RateLimits(Rate(1, 20), lambda: place.seconds[0])
        async with database.pool("toldonce_api") as one, database.pool("toldonce_api") as two:
            async with AuditLog(one) as first, AuditLog(two) as second:
                for pool, audit in ((one, first), (two, second)):
                    endpoint = TokenEndpoint(
                        authority, pool, audit, lambda: NOW, keys, issuers=issuers(provider), limits=limits
                    )
                    app = FastAPI()
                    app.include_router(token_routes(endpoint, BASE))
                    place.endpoints.append(app)
                yield place
        await asker.close()


def issuers(provider: Publisher) -> Issuers:
    issuer = Issuer.model_validate(
        {
            "issuer": ISS,
            "jwks_url": provider.url,
            "clients": {"epr": "epr-at-cis2"},
            "user": "nhsid_useruid",
            "roles": {"claim": "roles", "map": {"R8000": "hospital doctor"}},
        }
    )
    return Issuers(issuers=(issuer,))


def assertion(key: Any = OLD, **changes: Any) -> str:
    details = {"role": "hospital doctor", "purpose": "TREAT", "user": "dr.jones", "break_glass": None, **changes}
    return sign_assertion(key.as_dict(private=True), "epr", URL, now=NOW, **details)


def id_token(key: Any = PROVIDER, **changes: Any) -> str:
    claims = {
        "iss": ISS,
        "sub": "opaque",
        "aud": "epr-at-cis2",
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(hours=1)).timestamp()),
        "nhsid_useruid": "555021935107",
        "roles": ["R8000"],
        **changes,
    }
    return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


def headed(key: ECKey = OLD, **header: Any) -> str:
    """A good assertion under another header."""
    claims = jwt.decode(assertion(), OLD, algorithms=["ES384"]).claims
    return jwt.encode({"alg": "ES384", "kid": key.kid, **header}, claims, key, algorithms=["ES384"])


async def test_a_client_that_publishes_its_keys_may_change_them(place):
    assert (await place.ask(assertion())).status_code == 200
    place.client.keys = public_jwks(NEW, RSA)
    place.seconds[0] += 11
    for key in (NEW, RSA):
        assert (await place.ask(assertion(key))).status_code == 200
    withdrawn = await place.ask(assertion(OLD))
    assert (withdrawn.status_code, withdrawn.json()["error"]) == (401, "invalid_client")
    assert len(place.client.asked) == 2


async def test_while_its_keys_cannot_be_had_a_client_is_refused_in_the_usual_words_and_audited(place):
    place.client.status = 500
    refused = await place.ask(assertion())
    nobody = await place.ask(sign_assertion(OLD.as_dict(private=True), "nobody", URL, "r", "TREAT", "", None, NOW))
    assert (refused.status_code, refused.json()) == (nobody.status_code, nobody.json())
    assert (await place.last_event())["outcome"] == "8"


async def test_a_client_that_is_disabled_has_nobody_asked_for_its_keys(place, owner):
    await register(owner, replace(EPR, jwks_url=place.client.url, active=False))
    assert (await place.ask(assertion())).status_code == 401
    assert place.client.asked == []


@pytest.mark.parametrize(
    "kid",
    ["../../../etc/passwd", "' or 1=1 --", "", "a" * 5000, "https://evil.example/jwks.json", "\u0000", f"{OLD.kid}\n"],
    ids=["a path", "SQL", "nothing", "too long", "an address", "NUL", "a line end after it"],
)
async def test_a_key_id_is_a_name_and_nothing_else(place, kid):
    assert (await place.ask(headed(kid=kid))).status_code == 401


@pytest.mark.parametrize("parameter", ["jku", "x5u"])
async def test_keys_are_never_fetched_from_where_an_assertion_says(place, parameter):
    async with publishing(public_jwks(NEW)) as evil:
        answer = await place.ask(headed(NEW, **{parameter: evil.url}))
        assert answer.status_code == 401
        assert evil.asked == []


async def test_the_registered_url_may_be_named_and_no_other(place):
    assert (await place.ask(headed(jku=place.client.url))).status_code == 200
    for other in (f"{place.client.url}?", place.client.url.replace("127.0.0.1", "localhost"), "https://x.example/"):
        assert (await place.ask(headed(jku=other))).status_code == 401


async def test_a_key_that_comes_with_the_assertion_is_not_believed(place):
    answer = await place.ask(headed(NEW, kid=OLD.kid, jwk=NEW.as_dict(private=False)))
    assert answer.status_code == 401


async def test_an_assertion_that_is_shown_to_two_processes_at_once_works_once(place):
    for _ in range(5):
        sent = assertion()
        answers = await asyncio.gather(*(place.ask(sent, process) for process in (0, 1, 0, 1)))
        assert sorted(one.status_code for one in answers) == [200, 401, 401, 401]
        place.seconds[0] += 1


async def test_tokens_count_as_requests_and_only_of_who_proved_to_be_the_client(place):
    for _ in range(30):
        await place.ask(assertion(NEW))
    answers = [await place.ask(assertion()) for _ in range(21)]
    assert [one.status_code for one in answers] == [200] * 20 + [429]
    assert answers[-1].headers["Retry-After"] == "1"
    assert answers[-1].json()["error"] == "temporarily_unavailable"
    assert (await place.last_event())["outcome"] == "8"


async def test_a_user_for_whom_a_provider_vouches_is_authenticated_and_not_asserted(place):
    answer = await place.exchange(id_token())
    assert answer.status_code == 200, answer.text
    assert answer.json()["issued_token_type"] == ACCESS_TOKEN
    session = authenticate(f"Bearer {answer.json()['access_token']}", {"epr": EPR}, place.authority, NOW)
    assert (session.caller.user, session.caller.user_authenticated) == ("555021935107", True)
    text = json.dumps(await place.last_event())
    assert all(said in text for said in ('"authenticated"', ISS, "555021935107"))
    asserted = await place.ask(assertion())
    session = authenticate(f"Bearer {asserted.json()['access_token']}", {"epr": EPR}, place.authority, NOW)
    assert (session.caller.user, session.caller.user_authenticated) == ("dr.jones", False)


@pytest.mark.parametrize(
    ("token", "claimed", "error"),
    [
        (lambda: id_token(aud="another-app"), {}, "invalid_request"),
        (lambda: id_token(iss="https://elsewhere.example"), {}, "invalid_request"),
        (lambda: id_token(exp=int(NOW.timestamp()) - 60), {}, "invalid_request"),
        (lambda: id_token(RSA), {}, "invalid_request"),
        (lambda: "", {}, "invalid_request"),
        (lambda: assertion(), {}, "invalid_request"),
        (id_token, {"user": "somebody.else"}, "unauthorized_client"),
        (id_token, {"role": "nurse"}, "unauthorized_client"),
        (lambda: id_token(roles=[]), {}, "unauthorized_client"),
        (lambda: id_token(roles=["R8000"]), {"role": "consultant"}, "unauthorized_client"),
    ],
)
async def test_who_is_not_vouched_for_gets_nothing(place, token, claimed, error):
    answer = await place.exchange(token(), **claimed)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert (await place.last_event())["outcome"] == "8"


async def test_an_id_token_alone_is_worth_nothing(place):
    form = {"grant_type": TOKEN_EXCHANGE, "subject_token": id_token(), "subject_token_type": ID_TOKEN}
    assert (await place.ask("", **form)).status_code == 400
    assert (await place.ask(assertion(NEW), **form)).status_code == 401


async def test_an_id_token_is_no_access_token_here(place):
    with pytest.raises(Exception, match="not valid"):
        authenticate(f"Bearer {id_token()}", {"epr": EPR}, place.authority, NOW)


async def test_another_kind_of_subject_token_is_refused(place):
    form = {"grant_type": TOKEN_EXCHANGE, "subject_token": id_token(), "subject_token_type": ACCESS_TOKEN}
    answer = await place.ask(assertion(), **form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_the_providers_keys_may_change_too(place):
    assert (await place.exchange(id_token())).status_code == 200
    place.provider.keys = public_jwks(RSA)
    place.seconds[0] += 11
    assert (await place.exchange(id_token(RSA))).status_code == 200
    assert (await place.exchange(id_token())).status_code == 400
