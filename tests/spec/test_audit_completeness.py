"""No answer without its audit event: success, refusal and failure alike, durable before the first byte leaves."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from integration.api.read import READABLE
from integration.api.search_type import PARAMETERS
from integration.commands import audit_proof
from integration.store.extract import DIRECTORY
from tests.spec.neighbourhood import MRS_T, NUMBER, SEVEN, Connected, Neighbourhood

SEARCHED = sorted(set(PARAMETERS) - DIRECTORY - {"Patient"})
UNRELATED = "9990000050"


@pytest.fixture(scope="module")
async def mrs_t(coventry: Neighbourhood) -> UUID:
    return await coventry.person()


@pytest.fixture(scope="module")
async def gp(coventry: Neighbourhood) -> Connected:
    return await coventry.asker("GP")


def some(*names: str) -> list[Any]:
    """The first and the last of these callers; the others with the slow tests."""
    return [names[0], *(pytest.param(name, marks=pytest.mark.slow) for name in names[1:-1]), names[-1]]


class Witness:
    """Stands between the application and its caller, and looks up the audit event when an answer begins."""

    def __init__(self, app: Any, owner: asyncpg.Connection) -> None:
        self.app, self.owner = app, owner
        self.found: list[int] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request_id = dict(scope["headers"])[b"x-request-id"]

        async def watched(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.found.append(
                    await self.owner.fetchval(
                        "select count(*) from toldonce.audit_event where position($1::bytea in content) > 0", request_id
                    )
                )
            await send(message)

        await self.app(scope, receive, watched)


@pytest.fixture
async def witness(coventry: Neighbourhood, owner_of_coventry: asyncpg.Connection) -> Witness:
    return Witness(coventry.app, owner_of_coventry)


@pytest.fixture
async def owner_of_coventry(coventry: Neighbourhood) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(coventry.database.owner_url)
    yield connection
    await connection.close()


async def requests(coventry: Neighbourhood, mrs_t: UUID) -> list[tuple[str, str, dict[str, Any]]]:
    """One request to every route that is audited, and what may go wrong with them."""
    stranger = await coventry.person(UNRELATED)
    held = await coventry.owner.fetch(
        "select distinct on (type) type, id from toldonce.resource where person = $1 order by type, id", mrs_t
    )
    directory = await coventry.owner.fetch("select distinct on (type) type, id from toldonce.directory_resource")
    made: list[tuple[str, str, dict[str, Any]]] = [("GET", f"{kind}/{id_}", {}) for kind, id_ in (*held, *directory)]
    made += [("GET", f"{kind}/{uuid4()}", {}) for kind in READABLE]
    made += [("GET", kind, {"params": {"patient": str(mrs_t)}}) for kind in SEARCHED]
    made += [("POST", f"{kind}/_search", {"data": {"patient": str(mrs_t)}}) for kind in SEARCHED]
    made += [("GET", f"Patient/{who}{what}", {}) for who in (mrs_t, stranger) for what in ("", "/$everything")]
    identifier = {"identifier": f"{NUMBER}|{MRS_T}"}
    made += [("GET", "Patient", {"params": identifier}), ("POST", "Patient/_search", {"data": identifier})]
    made += [("GET", "Patient", {"params": {"_id": f"{mrs_t},{stranger}"}})]
    made += [("POST", "Patient/$match", {"content": b"{"})]
    like = {"resourceType": "Patient", "name": [{"family": "Tanner", "given": ["Edith"]}], "birthDate": "1942-03-14"}
    made += [("POST", "Patient/$match", {"json": one}) for one in (like, {"resourceType": "Patient"}, {})]
    made += [("GET", "AuditEvent", {}), ("GET", "Encounter", {"params": {"patient": "1", "colour": "red"}})]
    made += [("GET", "Encounter?patient=1", {"headers": {"Accept": "text/html"}}), ("GET", "Patient/1", {})]
    return [*made, ("POST", "Flag/_search", {"json": {}}), ("GET", "Flag?patient=1&_cursor=AAAA", {})]


@pytest.mark.parametrize("who", some("GP", "unrelated hospital", "IG officer", "paramedic, glass broken", "nobody"))
async def test_every_answer_has_its_event_before_its_first_byte(
    coventry: Neighbourhood, witness: Witness, mrs_t: UUID, who: str
):
    token = "none" if who == "nobody" else (await coventry.asker(who)).token
    async with httpx.AsyncClient(transport=httpx.ASGITransport(witness), base_url="http://127.0.0.1:8000") as http:
        caller = Connected(http, token, coventry.settings.fhir_base)
        statuses = set()
        for method, path, more in await requests(coventry, mrs_t):
            answer = await caller.ask(method, path, **more)
            statuses.add(answer.status_code)
            assert witness.found.pop() >= 1, (answer.status_code, method, path)
    assert statuses == {401, 406} if who == "nobody" else statuses >= {404, 400, 406, 415}


# ---- what the events say


async def test_an_event_says_who_asked_what_of_whom_and_why_it_was_answered(
    coventry: Neighbourhood, gp: Connected, mrs_t: UUID
):
    (event,) = await coventry.event(await gp.everything(mrs_t))

    assert event["outcome"] == "0"
    assert {agent["who"]["identifier"]["value"] for agent in event["agent"]} >= {"gp-system", "X90401", "someone"}
    assert f"Patient/{mrs_t}" in [
        one["what"]["reference"] for one in event["entity"] if "what" in one and "reference" in one["what"]
    ]
    (decision,) = [one for one in event["entity"] if one.get("name") == "decision"]
    details = {one["type"].rpartition("detail/")[2]: one["valueString"] for one in decision["detail"]}
    assert "CW-01 version 6" in json.dumps(decision["detail"])
    assert int(next(value for name, value in details.items() if name.endswith("count/Encounter"))) > 50


@pytest.mark.parametrize(("name", "number"), [("unrelated hospital", MRS_T), ("GP", UNRELATED)])
async def test_a_denial_is_audited_as_one_with_the_person(coventry: Neighbourhood, name: str, number: str):
    person = await coventry.person(number)
    caller = await coventry.asker(name)
    for answer in (
        await caller.everything(person),
        await caller.get(f"Patient/{person}"),
        await caller.get("Encounter", {"patient": str(person)}),
        await caller.get("Patient", {"identifier": f"{NUMBER}|{number}"}),
    ):
        (event,) = await coventry.event(answer)
        assert event["outcome"] == "8"
        assert str(person) in json.dumps(event["entity"])
        assert event["outcomeDesc"]


async def test_a_request_without_a_token_is_audited(coventry: Neighbourhood, mrs_t: UUID):
    answer = await Connected(coventry.http, "none", coventry.settings.fhir_base).everything(mrs_t)
    (event,) = await coventry.event(answer)

    assert (answer.status_code, event["outcome"]) == (401, "8")


async def test_broken_glass_is_marked(coventry: Neighbourhood, mrs_t: UUID):
    (event,) = await coventry.event(await (await coventry.asker("paramedic, glass broken")).everything(mrs_t))

    assert event["meta"]["tag"][0]["code"] == "break-glass"
    assert {one["coding"][0]["code"] for one in event["purposeOfEvent"]} == {"ETREAT", "BTG"}
    assert "emergency" in json.dumps(event["entity"])


# ---- who may read them


async def test_the_ig_officer_finds_every_access_to_a_person(coventry: Neighbourhood, mrs_t: UUID):
    asked = [await (await coventry.asker(one.name)).everything(mrs_t) for one in SEVEN]
    officer = await coventry.asker("IG officer")
    found: dict[str, Any] = {}
    answer = (await officer.get("AuditEvent", {"patient": f"Patient/{mrs_t}", "_count": "200"})).json()
    while True:
        found |= {entry["resource"]["id"]: entry["resource"] for entry in answer.get("entry", ())}
        following = [link["url"] for link in answer["link"] if link["relation"] == "next"]
        if not following:
            break
        answer = (await officer.get(following[0])).json()

    for one in asked:
        (event,) = await coventry.event(one)
        assert found[event["id"]] == event


async def test_broken_glass_can_be_searched_for(coventry: Neighbourhood, mrs_t: UUID):
    asked = await (await coventry.asker("paramedic, glass broken")).everything(mrs_t)
    officer = await coventry.asker("IG officer")
    found = (await officer.get("AuditEvent", {"_tag": "break-glass", "_count": "500"})).json()

    (event,) = await coventry.event(asked)
    assert event in [entry["resource"] for entry in found["entry"]]


@pytest.mark.parametrize("asker", [one for one in SEVEN if one.name != "IG officer"], ids=lambda one: one.name)
async def test_nobody_else_may(coventry: Neighbourhood, mrs_t: UUID, asker):
    caller = await coventry.asker(asker.name)
    answer = await caller.get("AuditEvent", {"patient": f"Patient/{mrs_t}"})
    (event,) = await coventry.event(answer)

    assert (answer.status_code, event["outcome"]) == (403, "8")


async def test_searching_the_audit_is_itself_audited(coventry: Neighbourhood, mrs_t: UUID):
    officer = await coventry.asker("IG officer")
    (event,) = await coventry.event(await officer.get("AuditEvent", {"patient": f"Patient/{mrs_t}"}))

    assert event["meta"]["tag"][0]["code"] == "audit"
    assert str(mrs_t) in json.dumps(event["entity"])


# ---- when it cannot be written


@pytest.fixture
async def unwritable(coventry: Neighbourhood) -> AsyncIterator[None]:
    """The audit's writer may not write."""
    await coventry.owner.execute("revoke insert on toldonce.audit_event from toldonce_audit_writer")
    yield
    await coventry.owner.execute("grant insert on toldonce.audit_event to toldonce_audit_writer")


@pytest.mark.parametrize("who", some("GP", "unrelated hospital", "IG officer", "nobody"))
async def test_without_audit_nothing_is_answered(coventry: Neighbourhood, mrs_t: UUID, unwritable, who: str):
    known = [one.token for one in [await coventry.asker(who)]] if who != "nobody" else ["none"]
    caller = Connected(coventry.http, known[0], coventry.settings.fhir_base)
    bodies = set()
    for method, path, more in await requests(coventry, mrs_t):
        answer = await caller.ask(method, path, **more)
        assert answer.status_code == 503, (method, path)
        assert answer.headers["Retry-After"] == "5"
        bodies.add(answer.content)
    (body,) = bodies
    assert json.loads(body)["issue"][0]["details"]["coding"][0]["code"] == "AUDIT_UNAVAILABLE"


async def test_without_audit_no_token_is_given(coventry: Neighbourhood, unwritable):
    with pytest.raises(AssertionError, match="temporarily_unavailable"):
        await coventry.as_caller("gp-system", user=str(uuid4()))


async def test_without_audit_metadata_is_still_answered(coventry: Neighbourhood, unwritable):
    assert (await coventry.http.get(f"{coventry.settings.fhir_base}/metadata")).status_code == 200


async def test_afterwards_all_is_as_before_and_the_log_is_intact(coventry: Neighbourhood, gp: Connected, mrs_t: UUID):
    answer = await gp.everything(mrs_t)
    assert answer.status_code == 200
    assert len(await coventry.event(answer)) == 1

    report = await audit_proof.audit_verify(coventry.settings, audit_proof.Against())
    assert report.intact, report
