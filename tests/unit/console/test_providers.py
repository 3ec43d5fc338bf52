"""The console as an application of identity providers: their metadata and keys as they change, and how it proves who it
is. The provider is a real server."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwt
from joserfc.jwk import RSAKey

from adapters.synthetic.http_server import serving
from adapters.synthetic.identity_provider import CLIENT, KEY_ID, Provider, application
from adapters.transport.asking import Asker, Certificates
from integration.api.client_keys import PublishedKeys
from integration.api.discovery import metadata
from integration.api.issuer_settings import ConsoleApplication, Issuer, Issuers, load
from integration.console.attempt import Attempt
from integration.console.providers import LIMITS, SignIn, SignInRefused
from integration.console.sign_in import addresses
from integration.errors import NotPossible

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
OURS = addresses("http://127.0.0.1:8000/fhir")
KEYS = [RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True) for _ in range(2)]
CLIENT_KEY = RSAKey.generate_key(2048)
UNUSED: Any = None


@dataclass
class Signing:
    provider: Provider
    sign_in: SignIn
    outside: httpx.AsyncClient
    seconds: list[float]

    async def answer(self, attempt: Attempt) -> dict[str, str]:
        """What the browser comes back with."""
        asked = dict(parse_qsl(urlsplit(await self.sign_in.way(attempt)).query))
        form = {**asked, "person": "r.okafor"}
        sent = await self.outside.post(f"{self.provider.issuer}/authorize", data=form)
        return dict(parse_qsl(urlsplit(sent.headers["location"]).query))

    async def user(self) -> str:
        attempt = Attempt.begin(self.provider.issuer, "")
        return await self.sign_in.user(attempt, await self.answer(attempt), NOW)


def issuers_of(issuer: str, folder: Path, **registered: Any) -> Issuers:
    """The document of one provider, with the console's key beside it."""
    (folder / "key.pem").write_bytes(CLIENT_KEY.as_pem(private=True))
    application = ConsoleApplication(name="them", client=CLIENT, key=Path("key.pem"), key_id=KEY_ID, **registered)
    return Issuers(issuers=(Issuer(issuer=issuer, console=application),), folder=folder)


@asynccontextmanager
async def signing(folder: Path, **registered: Any) -> AsyncIterator[Signing]:
    provider = Provider({"r.okafor": "R. Okafor"}, *OURS, KEYS[0], CLIENT_KEY, now=NOW.timestamp)
    seconds = [1000.0]
    asker = Asker(LIMITS, Certificates())
    async with serving(provider, application), httpx.AsyncClient(verify=False) as outside:
        issuers = issuers_of(provider.issuer, folder, **registered)
        keys = PublishedKeys(asker, lambda: seconds[0])
        try:
            yield Signing(provider, SignIn(issuers, asker, keys, OURS), outside, seconds)
        finally:
            await asker.close()


async def test_a_key_that_was_changed_counts_at_once_and_the_old_one_no_longer(tmp_path: Path) -> None:
    async with signing(tmp_path) as place:
        assert await place.user() == "r.okafor"
        place.provider.key = KEYS[1]
        place.seconds[0] += 11
        assert await place.user() == "r.okafor"
        place.provider.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": KEYS[0].kid}, claims, KEYS[0])
        with pytest.raises(SignInRefused):
            await place.user()


SOUND = {
    "issuer": "https://am.example",
    "authorization_endpoint": "https://am.example/authorize",
    "token_endpoint": "https://am.example/token",
    "jwks_uri": "https://am.example/jwks",
}


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {name: value for name, value in SOUND.items() if name != "token_endpoint"},
        SOUND | {"token_endpoint": "http://elsewhere.example/token"},
        SOUND | {"token_endpoint": "http://127.0.0.1:9/token"},
        SOUND | {"jwks_uri": "http://localhost/jwks"},
        SOUND | {"authorization_endpoint": "javascript:alert(1)"},
        SOUND | {"jwks_uri": "https://user:password@am.example/jwks"},
        SOUND | {"issuer": 7},
    ],
)
def test_metadata_that_cannot_be_used_are_none(document: object) -> None:
    assert metadata(SOUND).token_endpoint == "https://am.example/token"
    with pytest.raises(ValueError):
        metadata(document)


@pytest.mark.parametrize(
    "stated",
    [{}, *[{"end_session_endpoint": one} for one in (None, "", "/logout", "http://am.example", "javascript:1")]],
)
def test_without_a_way_out_that_can_be_used_one_signs_in_all_the_same(stated: dict[str, object]) -> None:
    assert metadata(SOUND | stated).end_session_endpoint == ""
    assert metadata(SOUND | stated).token_endpoint == "https://am.example/token"


async def test_metadata_of_another_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with signing(tmp_path) as place:
        said = place.provider.metadata() | {"issuer": "https://elsewhere.example"}
        monkeypatch.setattr(place.provider, "metadata", lambda: said)
        with pytest.raises(SignInRefused) as refusal:
            await place.sign_in.way(Attempt.begin(place.provider.issuer, ""))
        assert refusal.value.away


async def test_where_a_provider_has_no_way_out_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with signing(tmp_path) as place:
        assert await place.sign_in.way_out("https://elsewhere.example") is None
        said = {name: value for name, value in place.provider.metadata().items() if name != "end_session_endpoint"}
        monkeypatch.setattr(place.provider, "metadata", lambda: said)
        assert await place.sign_in.way_out(place.provider.issuer) is None


async def test_how_strongly_people_are_to_be_authenticated_is_asked_for(tmp_path: Path) -> None:
    async with signing(tmp_path, acr_values="AAL3_ANY", scope="openid profile") as place:
        asked = dict(parse_qsl(urlsplit(await place.sign_in.way(Attempt.begin(place.provider.issuer, ""))).query))
        assert (asked["acr_values"], asked["scope"]) == ("AAL3_ANY", "openid profile")


def test_a_key_that_is_known_by_its_certificate(tmp_path: Path) -> None:
    """As Entra ID knows it."""
    pem, thumbprint = certificate_of(CLIENT_KEY)
    (tmp_path / "certificate.pem").write_bytes(pem)
    issuers = issuers_of("https://am.example", tmp_path, algorithm="PS256", certificate=Path("certificate.pem"))
    application = SignIn(issuers, UNUSED, UNUSED, OURS)._applications["https://am.example"]
    token = jwt.decode(application.assertion("https://am.example/token", NOW), CLIENT_KEY, algorithms=["PS256"])
    assert token.header["x5t#S256"] == thumbprint
    assert (token.claims["iss"], token.claims["sub"]) == (CLIENT, CLIENT)
    assert token.claims["aud"] == "https://am.example/token"
    assert token.claims["exp"] - token.claims["iat"] == 120


def test_a_certificate_of_another_key_is_refused_before_anybody_signs_in(tmp_path: Path) -> None:
    (tmp_path / "certificate.pem").write_bytes(certificate_of(KEYS[0])[0])
    issuers = issuers_of("https://am.example", tmp_path, certificate=Path("certificate.pem"))
    with pytest.raises(NotPossible, match="cannot be read"):
        SignIn(issuers, UNUSED, UNUSED, OURS)


def certificate_of(key: RSAKey) -> tuple[bytes, str]:
    """One that the key signs of itself, as PEM, and its thumbprint (RFC 7515, 4.1.8)."""
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "console")])
    made = x509.CertificateBuilder(
        name, name, key.public_key, x509.random_serial_number(), NOW, NOW + timedelta(days=1)
    )
    certificate = made.sign(key.private_key, hashes.SHA256())
    thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).decode().rstrip("=")
    return certificate.public_bytes(Encoding.PEM), thumbprint


@pytest.mark.parametrize("key", [b"", b"no key", None])
def test_a_key_that_cannot_be_read_is_named_before_anybody_signs_in(tmp_path: Path, key: bytes | None) -> None:
    issuers = issuers_of("https://am.example", tmp_path)
    (tmp_path / "key.pem").unlink()
    if key is not None:
        (tmp_path / "key.pem").write_bytes(key)
    with pytest.raises(NotPossible, match="the key or certificate of the console at them cannot be read"):
        SignIn(issuers, UNUSED, UNUSED, OURS)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("issuers: [{issuer: 'http://am.example', console: {name: a, client: b, key: c}}]", "https"),
        ("issuers: [{issuer: 'https://am.example', clients: {epr: epr}}]", "jwks_url"),
        ("issuers: [{issuer: 'https://am.example', console: {name: a, client: b}}]", "key"),
        ("issuers: [{issuer: 'https://am.example', console: {name: a, client: b, key: c, algorithm: HS256}}]", "alg"),
        ("issuers: [{issuer: 'https://am.example', console: {name: a, client: b, key: c, scope: profile}}]", "scope"),
    ],
)
def test_a_document_that_is_wrong_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "issuers.yaml").write_text(text)
    with pytest.raises(NotPossible, match=why):
        load(tmp_path / "issuers.yaml")


class TestDevelopmentProvider:
    """It is a provider like others, but for whom it believes; and on this machine only."""

    @pytest.mark.parametrize(
        "answers", ["https://record.example/done", "http://10.0.0.7:8000/done", "", "//127.0.0.1.x/"]
    )
    def test_it_sends_nobody_to_another_machine(self, answers: str) -> None:
        with pytest.raises(ValueError, match="for this machine only"):
            Provider({}, answers, OURS.left, KEYS[0], CLIENT_KEY)

    async def test_it_asks_as_strictly_as_others(self, tmp_path: Path) -> None:
        async with signing(tmp_path) as place:
            there = await place.sign_in.way(Attempt.begin(place.provider.issuer, ""))
            assert (await place.outside.get(there)).status_code == 200
            asked = dict(parse_qsl(urlsplit(there).query))
            for name, value in {
                "redirect_uri": "http://127.0.0.1:8000/elsewhere",
                "client_id": "another",
                "response_type": "token",
                "code_challenge_method": "plain",
                "code_challenge": "",
                "nonce": "",
                "scope": "profile",
            }.items():
                answer = await place.outside.get(f"{place.provider.issuer}/authorize", params={**asked, name: value})
                assert answer.status_code == 400, name
            wrong = await place.outside.post(f"{place.provider.issuer}/authorize", data={**asked, "person": "nobody"})
            assert wrong.status_code == 400

    async def test_it_signs_out_whoever_says_so_and_sends_nobody_elsewhere(self, tmp_path: Path) -> None:
        async with signing(tmp_path) as place:
            there = await place.sign_in.way_out(place.provider.issuer)
            assert there is not None
            asked = dict(parse_qsl(urlsplit(there).query))
            assert asked == {"client_id": CLIENT, "post_logout_redirect_uri": OURS.left}
            assert "Do you want to sign out?" in (await place.outside.get(there)).text
            assert (await place.outside.post(there)).headers["location"] == OURS.left
            for name in asked:
                wrong = await place.outside.get(f"{place.provider.issuer}/logout", params={**asked, name: "another"})
                assert wrong.status_code == 400, name

    async def test_an_assertion_works_once(self, tmp_path: Path) -> None:
        async with signing(tmp_path) as place:
            application = place.sign_in._applications[place.provider.issuer]
            form = {
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": application.assertion(f"{place.provider.issuer}/token", NOW),
            }
            answers = [await place.outside.post(f"{place.provider.issuer}/token", data=form) for _ in range(2)]
            assert [one.json()["error"] for one in answers] == ["invalid_grant", "invalid_client"]
