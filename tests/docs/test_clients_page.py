"""docs/clients.md: the form, each line of it, and a client's way to a record as it really goes."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import yaml
from joserfc import jws, jwt
from joserfc.jwk import RSAKey

from integration import main
from integration.api.assertion import sign_assertion
from integration.api.client_form import ClientForm, read
from integration.api.clients import register
from integration.api.issuer_settings import load
from integration.api.keys import new_client_key, public_jwks
from integration.api.token import ASSERTION_TYPE, ID_TOKEN, TOKEN_EXCHANGE, token_url
from tests.database.publisher import publishing
from tests.spec.neighbourhood import NOW, Neighbourhood

PAGE = "docs/clients.md"
TEXT = (Path(__file__).parents[2] / PAGE).read_text()
FORM, ISSUERS, CONSOLE = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
KEY = new_client_key()
PROVIDER = RSAKey.generate_key(2048, {"use": "sig"}, private=True, auto_kid=True)
LONG = re.compile(r'eyJ[\w.-]{20,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<="kid": ")[\w-]+')
MORE = 12
"""Lines of an answer that are shown."""


def shown(answer: httpx.Response, more: int = MORE, **headers: str) -> str:
    """A request and its answer as text, with `…` for what is long."""
    request = answer.request
    said = [f"{request.method} {request.url.raw_path.decode()}"]
    said += [
        f"{name}: {request.headers[name]}" for name in ("Authorization", "Content-Type") if name in request.headers
    ]
    if request.content:
        pairs = [f"{name}={value}" for name, value in parse_qsl(request.content.decode())]
        said += ["", *(f"{'&' if at else ''}{pair}" for at, pair in enumerate(pairs))]
    body = json.dumps(answer.json(), indent=2, ensure_ascii=False).splitlines()
    rest = ["…"] if len(body) > more and more else []
    status = [f"{answer.status_code} {answer.reason_phrase}"]
    status += [
        f"{name}: {answer.headers[name]}" for name in ("WWW-Authenticate", "Retry-After") if name in answer.headers
    ]
    text = "\n".join([*said, "", *status, "", *(body[:more] if more else body), *rest])
    return f"```http\n{LONG.sub('…', text)}\n```"


@dataclass
class Supplier:
    """The supplier of the page's client: its keys, and the server that it asks."""

    http: httpx.AsyncClient
    base: str

    def assertion(self, user: str = "dr.jones", **changes: Any) -> str:
        url, role = token_url(self.base), changes.pop("role", "hospital doctor")
        key = changes.pop("key", KEY).as_dict(private=True)
        return sign_assertion(key, "ward-round", url, role, "TREAT", user, None, NOW, organisation="X9A")

    async def ask(self, assertion: str, **form: str) -> httpx.Response:
        sent = {
            "grant_type": "client_credentials",
            "scope": "system/*.rs",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
            **form,
        }
        return await self.http.post("/auth/token", data=sent)

    async def get(self, path: str, token: str) -> httpx.Response:
        return await self.http.get(path, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="module")
async def supplier(coventry: Neighbourhood, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Supplier]:
    """Another process of the neighbourhood, which knows the page's client and the page's identity providers."""
    folder = tmp_path_factory.mktemp("clients")
    async with publishing(public_jwks(KEY)) as keys, publishing(public_jwks(PROVIDER)) as provider:
        (folder / "form.yaml").write_text(re.sub(r"(?<=jwks_url: ).*", keys.url, FORM))
        (folder / "issuers.yaml").write_text(re.sub(r"https://am\S*/jwks", provider.url, ISSUERS))
        await register(coventry.owner, read(folder / "form.yaml"))
        settings = coventry.settings.model_copy(update={"issuers": folder / "issuers.yaml"})
        try:
            async with main.application(settings, coventry.database, clock=lambda: NOW) as app:
                transport = httpx.ASGITransport(app)
                async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as http:
                    yield Supplier(http, settings.fhir_base)
        finally:
            await coventry.owner.execute("delete from toldonce.client where id = 'ward-round'")


def test_every_line_of_the_form_is_explained_and_no_other():
    explained = set(re.findall(r"^\| `(\w+)` \|", TEXT.split("## The form")[1].split("\n## ")[0], re.MULTILINE))
    assert explained == set(ClientForm.model_fields) - {"folder"}
    needed = {name for name, line in ClientForm.model_fields.items() if line.is_required()}
    assert needed == set(re.findall(r"^\| `(\w+)` \| needed", TEXT, re.MULTILINE))


def test_the_form_and_the_providers_are_as_they_may_be(tmp_path: Path):
    (tmp_path / "form.yaml").write_text(FORM)
    assert read(tmp_path / "form.yaml").id == yaml.safe_load(FORM)["id"]
    (tmp_path / "issuers.yaml").write_text(ISSUERS)
    assert len(load(tmp_path / "issuers.yaml").issuers) == 2
    (tmp_path / "console.yaml").write_text(CONSOLE)
    assert [one.console.name for one in load(tmp_path / "console.yaml").issuers] == ["NHS CIS2", "your council account"]


async def test_discovery(supplier: Supplier, documented: Any) -> None:
    answer = await supplier.http.get("/fhir/.well-known/smart-configuration")
    documented(PAGE, "discovery", shown(answer, 0))


def test_the_assertion(supplier: Supplier, documented: Any) -> None:
    compact = jws.extract_compact(supplier.assertion().encode())
    parts: tuple[Mapping[str, Any], ...] = (compact.headers(), json.loads(compact.payload))
    text = "\n".join(json.dumps(part, indent=2) for part in parts)
    documented(PAGE, "assertion", f"```json\n{LONG.sub('…', text)}\n```")


async def test_the_token_and_the_record(coventry: Neighbourhood, supplier: Supplier, documented: Any) -> None:
    answer = await supplier.ask(supplier.assertion())
    documented(PAGE, "token", shown(answer))
    record = await supplier.get(f"/fhir/Patient/{await coventry.person()}/$everything", answer.json()["access_token"])
    documented(PAGE, "record", shown(record))
    assert record.status_code == 200


async def test_refusals(supplier: Supplier, documented: Any) -> None:
    used = supplier.assertion()
    assert (await supplier.ask(used)).status_code == 200
    answers = [
        await supplier.ask(used),
        await supplier.ask(supplier.assertion(role="consultant")),
        await supplier.ask(supplier.assertion(), scope="system/Patient.u"),
        await supplier.ask(supplier.assertion(key=new_client_key())),
        await supplier.http.get("/fhir/Patient/5", headers={"Authorization": "Bearer old"}),
    ]
    assert [one.status_code for one in answers] == [401, 400, 400, 401, 401]
    bodies = [answer.json() for answer in answers]
    said = [one.get("error_description") or one["issue"][0]["diagnostics"] for one in bodies]
    words = [one.get("error") or one["issue"][0]["details"]["coding"][0]["code"] for one in bodies]
    what = [
        "the same assertion again",
        "a role that is not registered",
        "a scope that is not registered",
        "another key",
        "an access token that is not ours, or is too old",
    ]
    rows = zip(what, answers, words, said, strict=True)
    table = "\n".join(f"| {one} | {answer.status_code} | `{word}` | {text} |" for one, answer, word, text in rows)
    documented(PAGE, "refusals", f"| sent | | | in words |\n|---|---|---|---|\n{table}")


async def test_the_exchange(supplier: Supplier, documented: Any) -> None:
    claims = {
        "iss": "https://am.cis2.example/oauth2",
        "sub": "555021935107",
        "aud": "1234.apps.national",
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(minutes=30)).timestamp()),
        "nhsid_useruid": "555021935107",
        "id_assurance_level": "3",
        "nhsid_nrbac_roles": [{"org_code": "X9A", "role_code": "S8000:G8000:R8000"}],
    }
    token = jwt.encode({"alg": "RS256", "kid": PROVIDER.kid}, claims, PROVIDER)
    form = {"grant_type": TOKEN_EXCHANGE, "subject_token_type": ID_TOKEN, "subject_token": token}
    answer = await supplier.ask(supplier.assertion(user=""), **form)
    assert answer.status_code == 200, answer.text
    documented(PAGE, "exchange", shown(answer))
