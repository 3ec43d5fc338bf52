"""What every route keeps to, whichever it is: ids echoed and audited, unknown paths audited, bodies limited, forms
negotiated, clients held to their rate."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest

from integration.api.body import LARGEST
from integration.api.exchange import FhirRoute
from integration.api.rate_limit import Rate, RateLimits
from integration.recording.kinds import RECORD_SCOPES
from tests.spec.neighbourhood import Connected, Neighbourhood

FHIR_JSON = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"
CORRELATION = "11C46F5F-CDEF-4865-94B2-0EE0EDCC26DA"


@pytest.fixture(scope="module")
async def gp(coventry: Neighbourhood) -> Connected:
    return await coventry.as_caller("gp-system", "GP", scope=" ".join(("system/*.rs", *RECORD_SCOPES)))


def identifiers(event: dict[str, Any]) -> dict[str, str]:
    """The ids that an audit event names its request by, by system."""
    named = [one["what"]["identifier"] for one in event["entity"] if "identifier" in one.get("what", {})]
    return {one["system"].rpartition("/")[2]: one["value"] for one in named}


@pytest.mark.parametrize(
    ("path", "status", "kept"),
    [
        ("Patient/{id}", 200, True),
        ("Patient/00000000-0000-4000-8000-000000000000", 404, True),
        ("Patient?colour=red", 400, True),
        ("nowhere", 404, True),
        ("metadata", 200, False),
    ],
)
async def test_both_ids_come_back_and_are_audited(coventry, gp, path, status, kept):
    answer = await gp.get(path.format(id=await coventry.person()), X_Correlation_ID=CORRELATION)
    request_id = answer.request.headers["X-Request-ID"]
    assert answer.status_code == status
    assert answer.headers["X-Request-ID"] == request_id
    assert answer.headers["X-Correlation-ID"] == CORRELATION
    for event in await coventry.events(request_id):
        assert identifiers(event) == {"transaction": request_id, "correlation": CORRELATION}
    assert bool(await coventry.events(request_id)) is kept


async def test_without_an_id_the_answer_brings_one_by_which_the_audit_finds_it(coventry, gp):
    url = f"{gp.base}/Patient/{await coventry.person()}"
    answer = await coventry.http.get(url, headers={"Authorization": f"Bearer {gp.token}"})
    assert len(await coventry.events(answer.headers["X-Request-ID"])) == 1
    assert "X-Correlation-ID" not in answer.headers


@pytest.mark.parametrize("value", ["two words", "a" * 101, "caf\xe9", "<script>alert(1)</script> "])
async def test_an_id_that_could_end_a_header_or_a_log_line_is_refused_and_not_repeated(coventry, gp, value):
    sent = {"Authorization": f"Bearer {gp.token}", "X-Request-ID": value.encode("latin-1")}
    answer = await coventry.http.get(f"{gp.base}/Patient", headers=sent)
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["location"] == ["http.X-Request-ID"]
    assert answer.headers["X-Request-ID"] != value
    (event,) = await coventry.events(answer.headers["X-Request-ID"])
    assert value not in json.dumps(event)


async def test_the_users_role_profile_is_audited_and_another_organisation_refused(coventry, gp):
    answer = await gp.get(f"Patient/{await coventry.person()}", NHSD_Session_URID="555254240100")
    assert answer.status_code == 200
    assert "555254240100" in json.dumps(await coventry.event(answer))
    own = {"NHSD_End_User_Organisation_ODS": "X90401"}
    assert (await gp.get(f"Patient/{await coventry.person()}", **own)).status_code == 200
    other = await gp.get(f"Patient/{await coventry.person()}", NHSD_End_User_Organisation_ODS="X9A")
    assert other.status_code == 403
    assert len(await coventry.event(other)) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "PROPFIND"])
@pytest.mark.parametrize(
    "path", ["nowhere", "Patient/1/2/3/4", "%2e%2e/%2e%2e/etc/passwd", "Medicine;DROP", "$nothing"]
)
async def test_what_nobody_serves_is_refused_and_audited(coventry, gp, path, method):
    answer = await gp.ask(method, path)
    assert answer.status_code in (404, 405)
    if method != "HEAD":
        assert answer.json()["resourceType"] == "OperationOutcome"
        assert "passwd" not in answer.text
    (event,) = await coventry.event(answer)
    assert event["outcome"] in ("4", "8")
    assert "gp-system" in json.dumps(event)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "Patient/{id}", "GET"),
        ("PUT", "Patient/{id}/$everything", "GET, POST"),
        ("PUT", "metadata", "GET"),
        ("HEAD", "Patient/{id}", "GET"),
    ],
)
async def test_a_method_that_a_path_does_not_take_is_named_with_those_it_does(coventry, gp, method, path, allowed):
    answer = await gp.ask(method, path.format(id=await coventry.person()))
    assert answer.status_code == 405
    assert answer.headers["Allow"] == allowed
    assert len(await coventry.event(answer)) == 1


@pytest.mark.parametrize("path", ["/fhir/nowhere", "/ingest", "/ingest/gp/more", "/auth/authorize", "/audit/nothing"])
async def test_whoever_asks_for_it(coventry, path):
    answer = await coventry.http.get(path, headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 404
    (event,) = await coventry.events(answer.headers["X-Request-ID"])
    assert event["outcome"] == "4"


def taking_bodies(app: Any) -> list[tuple[str, str]]:
    """Method and path of every route that a body can be sent to; of the searches, which share one, the first."""
    found: dict[str, tuple[str, str]] = {}
    for route in app.router.routes:
        if isinstance(route, FhirRoute) and not route.path.startswith("/ingest"):
            path = route.path.replace("{id_}", str(UUID(int=0))).replace("{path:path}", "x")
            for method in (route.methods or {"POST"}) & {"POST", "PUT", "PATCH"}:
                found.setdefault("_search" if path.endswith("_search") else f"{method} {path}", (method, path))
    return list(found.values())


DEEP = b'{"resourceType":"Parameters","extension":' + b"[" * 30_000 + b"]" * 30_000 + b"}"
NESTED = b'{"resourceType":"Flag","extension":' + b'[{"extension":' * 100 + b"[]" + b"}]" * 100 + b"}"


async def dribbled() -> AsyncIterator[bytes]:
    for _ in range(LARGEST // 65536 + 2):
        yield b" " * 65536


HOSTILE: dict[str, Any] = {
    "too large": ({}, lambda: b"x" * (LARGEST + 1), {400, 413}),
    "too large and of no stated length": ({}, dribbled, {400, 413}),
    "deep": ({}, lambda: DEEP, {400}),
    "nested": ({}, lambda: NESTED, {400}),
    "packed": ({"Content-Encoding": "gzip"}, lambda: b"\x1f\x8b", {400, 415}),
    "of a mad length": ({"Content-Length": "9" * 30}, lambda: b"{}", {400, 413}),
    "of a negative length": ({"Content-Length": "-1"}, lambda: b"{}", {400}),
    "empty": ({}, lambda: b"", {400}),
    "a number": ({}, lambda: b"5", {400}),
    "no text": ({}, lambda: b"\xff\xfe\x00", {400}),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_every_route_that_takes_a_body_takes_no_hostile_one(coventry, gp, name):
    headers, content, statuses = HOSTILE[name]
    asked = 0
    for method, path in taking_bodies(coventry.app):
        kind = FORM if path.endswith("_search") else FHIR_JSON
        sent = {"Content-Type": kind, "If-Match": 'W/"1"', **headers}
        answer = await gp.ask(method, f"http://127.0.0.1:8000{path}", content=content(), headers=sent)
        refused_before = answer.status_code in (403, 404, 405)  # somebody who may not do this at all hears so first
        searched = path.endswith("_search") and answer.status_code in (200, 400, 403, 413, 415)
        assert answer.status_code in statuses or refused_before or searched, (method, path, answer.status_code)
        assert answer.json()["resourceType"] in ("OperationOutcome", "Bundle")
        assert len(await coventry.event(answer)) >= 1, (method, path)
        asked += answer.status_code in statuses
    assert asked >= 2


@pytest.mark.parametrize(
    ("asked", "headers", "status"),
    [
        ("?_format=json", {}, 200),
        ("?_format=application/fhir%2Bjson", {"Accept": "text/html"}, 200),
        ("?_format=xml", {}, 406),
        ("?_format=application/fhir%2Bxml", {"Accept": "*/*"}, 406),
        ("?_format=text/turtle", {}, 406),
        ("", {"Accept": "application/fhir+xml"}, 406),
        ("", {"Accept": "application/fhir+json; fhirVersion=5.0"}, 406),
        ("", {"Accept": "application/fhir+json; fhirVersion=4.0"}, 200),
        ("", {"Accept": "text/html, */*;q=0.1"}, 200),
        ("", {"Accept": "application/fhir+json;q=0"}, 406),
    ],
)
async def test_one_form_is_served_and_others_are_refused(coventry, gp, asked, headers, status):
    for path in (f"Patient/{await coventry.person()}", f"Patient/{await coventry.person()}/$everything", "metadata"):
        answer = await gp.get(f"{path}{asked}", **headers)
        assert answer.status_code == status, path
        assert answer.headers["content-type"] == FHIR_JSON


async def test_an_answer_is_the_same_packed_and_its_tag_too(coventry, gp):
    path = f"Patient/{await coventry.person()}/$everything"
    plain = await gp.get(path, Accept_Encoding="identity")
    packed = await gp.get(path, Accept_Encoding="gzip, br")
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json()["entry"] == plain.json()["entry"]
    assert packed.num_bytes_downloaded < plain.num_bytes_downloaded / 3
    tags = [
        (await gp.get(f"Patient/{await coventry.person()}", Accept_Encoding=one)).headers["ETag"]
        for one in ("", "gzip")
    ]
    assert tags[0] == tags[1]


async def test_a_token_is_never_packed(coventry):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(coventry.app), base_url="http://127.0.0.1:8000") as http:
        answer = await http.post("/auth/token", data={"scope": "x" * 5000}, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in answer.headers


@pytest.fixture
def strict(coventry: Neighbourhood) -> Iterator[None]:
    """Three requests of each client, and hardly more."""
    services = coventry.app.state.services
    coventry.app.state.services = replace(services, limits=RateLimits(Rate(0.01, 3)))
    yield
    coventry.app.state.services = services


async def test_a_client_that_asks_too_much_is_told_to_wait_and_nobody_else(coventry, gp, strict):
    person = await coventry.person()
    nurse = await coventry.as_caller("community-system", "community nurse")
    other = await coventry.as_caller("gp-system", "GP", user="another user of the same client")
    answers = [await gp.get(f"Patient/{person}") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    refused = answers[-1]
    assert refused.headers["Retry-After"] == "100"
    assert refused.json()["issue"][0]["code"] == "throttled"
    (event,) = await coventry.event(refused)
    assert (event["outcome"], "gp-system" in json.dumps(event)) == ("4", True)
    assert (await other.get(f"Patient/{person}")).status_code == 429
    assert (await nurse.get(f"Patient/{person}")).status_code == 200


async def test_whoever_has_no_token_uses_up_nobodys_share(coventry, gp, strict):
    for _ in range(10):
        answer = await coventry.http.get(f"{gp.base}/Patient", headers={"Authorization": "Bearer nonsense"})
        assert answer.status_code == 401
    assert (await gp.get(f"Patient/{await coventry.person()}")).status_code == 200


async def test_text_that_no_database_holds_is_refused_by_every_search_or_finds_nothing(coventry, gp):
    statement = (await gp.get("metadata")).json()
    searches = [
        f"{one['type']}?{parameter['name']}=a%00b"
        for one in statement["rest"][0]["resource"]
        if "search-type" in {interaction["code"] for interaction in one["interaction"]}
        for parameter in one.get("searchParam", ())
    ]
    assert len(searches) > 50
    answers = {search: await gp.get(search) for search in searches}
    assert answers["Subscription?status=a%00b"].status_code == 400
    for search, answer in answers.items():
        assert answer.status_code in (400, 403) or not answer.json()["total"], search
