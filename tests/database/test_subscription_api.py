"""Subscription over HTTP and at the command line: a client's own, to endpoints that were registered for it."""

from collections.abc import AsyncIterator
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from rich.console import Console

from integration.commands import subscriptions as commands
from integration.commands.administrator import By
from integration.errors import NotPossible
from integration.store.database import Database
from tests.database.recording import send
from tests.database.subscribing import IG, Told, post, subscription, telling

URL = "https://tools.example/told"
BY = By("P. Admin", "asked for by its owner")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def told(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    owner = await asyncpg.connect(database.owner_url)
    async with telling(database, owner, tmp_path_factory.mktemp("told"), "nobody") as made:
        await made.endpoint(URL)
        await made.owner.execute("update toldonce.subscription_endpoint set active = true")
        yield made
    await owner.close()


async def made(told: Told, **whose: Any) -> dict[str, Any]:
    answer = await post(await told.subscriber(**whose), subscription("admission", None))
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"].endswith(f"/Subscription/{answer.json()['id']}")
    return dict(answer.json())


async def test_what_is_created_is_read_searched_and_deleted(told: Told) -> None:
    caller = await told.subscriber()
    one = await made(told)
    assert one["status"] == "active"
    read = await caller.get(f"Subscription/{one['id']}")
    assert read.json() == one
    found = (await caller.get("Subscription", {"status": "active", "_id": one["id"]})).json()
    assert [entry["resource"]["id"] for entry in found["entry"]] == [one["id"]]
    assert (await caller.get("Subscription", {"url": URL})).json()["total"] == 0
    assert (await caller.ask("DELETE", f"Subscription/{one['id']}")).status_code == 204
    assert (await caller.get(f"Subscription/{one['id']}")).status_code == 404


async def test_another_clients_is_not_there(told: Told) -> None:
    one = await made(told)
    other = await told.subscriber("council-system", "social worker")
    for path in ("", "/$status", "/$events", "/$stream"):
        mine = await other.get(f"Subscription/{one['id']}{path}")
        nobodys = await other.get(f"Subscription/{uuid4()}{path}")
        assert (mine.status_code, mine.json()) == (nobodys.status_code, nobodys.json())
        assert mine.status_code == 404
    assert (await other.ask("DELETE", f"Subscription/{one['id']}")).status_code == 404
    assert (await send(other, "PUT", f"Subscription/{one['id']}", one)).status_code == 404
    assert (await other.get("Subscription")).json()["total"] == 0


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (subscription("admission", "https://169.254.169.254/latest"), 422),
        (subscription("admission", "http://127.0.0.1:8000/fhir"), 422),
        (subscription("admission", URL, content="full-resource"), 422),
        (subscription("admission", URL, header=["Authorization: Bearer x"]), 422),
        (subscription("admission", URL) | {"criteria": "Encounter?class=EMER"}, 422),
        (subscription("admission", URL) | {"channel": {"type": "rest-hook"}, "nonsense": 1}, 400),
        ({"resourceType": "Patient"}, 400),
    ],
    ids=["not registered", "ourselves", "full", "headers", "a query", "no FHIR", "a patient"],
)
async def test_what_is_refused(told: Told, sent: dict[str, Any], status: int) -> None:
    answer = await post(await told.subscriber(), sent)
    assert answer.status_code == status, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert "169.254" not in answer.text


async def test_an_endpoint_is_its_clients_alone(told: Told) -> None:
    other = await told.subscriber("council-system", "social worker")
    assert (await post(other, subscription("admission", URL))).status_code == 422
    await told.owner.execute("update toldonce.subscription_endpoint set active = false")
    assert (await post(await told.subscriber(), subscription("admission", URL))).status_code == 422
    await told.owner.execute("update toldonce.subscription_endpoint set active = true")


async def test_who_may_not_subscribe(told: Told) -> None:
    body = subscription("admission", None)
    reading = await told.as_caller("gp-system", "GP", "TREAT")
    assert (await post(reading, body)).status_code == 403
    narrow = await told.as_caller("gp-system", "GP", "TREAT", scope="system/Flag.rs system/Subscription.c")
    assert (await post(narrow, body)).status_code == 403
    broken = await told.subscriber(break_glass="emergency")
    assert (await post(broken, body)).status_code == 403


async def test_only_status_reason_and_end_can_be_changed(told: Told) -> None:
    caller, one = await told.subscriber(), await made(told)
    path = f"Subscription/{one['id']}"
    off = await send(caller, "PUT", path, one | {"status": "off"}, **{"If-Match": 'W/"1"'})
    assert (off.status_code, off.json()["status"], off.headers["etag"]) == (200, "off", 'W/"2"')
    stale = await send(caller, "PUT", path, one | {"status": "active"}, **{"If-Match": 'W/"1"'})
    assert stale.status_code == 412
    on = await send(caller, "PUT", path, one | {"status": "active", "reason": "still"})
    assert (on.json()["status"], on.json()["reason"]) == ("active", "still")
    moved = await send(caller, "PUT", path, one | {"criteria": one["criteria"].replace("admission", "death")})
    assert moved.status_code == 422
    faulty = await send(caller, "PUT", path, one | {"status": "error"})
    assert faulty.status_code == 422
    assert (await caller.get(f"{path}/$stream", last_event_id="x")).status_code == 400


async def test_the_status_of_all_of_them(told: Told) -> None:
    caller, one = await told.subscriber(), await made(told)
    answer = (await caller.get("Subscription/$status", {"id": one["id"]})).json()
    (entry,) = answer["entry"]
    names = {part["name"]: part for part in entry["resource"]["parameter"]}
    assert answer["type"] == "searchset"
    assert names["type"]["valueCode"] == "query-status"
    assert names["subscription"]["valueReference"]["reference"].endswith(one["id"])
    assert (await caller.get("Subscription/$status", {"status": "error"})).json()["total"] == 0
    assert (await caller.get("Subscription/$status", {"name": "x"})).status_code == 400


async def test_topics_are_found_without_a_token(told: Told) -> None:
    found = (await told.http.get(f"{told.settings.fhir_base}/Basic", params={"code": "SubscriptionTopic"})).json()
    assert found["total"] == 8
    ids = [entry["resource"]["id"] for entry in found["entry"]]
    one = await told.http.get(f"{told.settings.fhir_base}/Basic/{ids[0]}")
    assert one.json()["code"]["coding"][0]["code"] == "SubscriptionTopic"
    assert (await told.http.get(f"{told.settings.fhir_base}/Basic/birth")).status_code == 404
    assert (await told.http.get(f"{told.settings.fhir_base}/Basic?code=x")).json()["total"] == 0


async def test_every_request_is_audited(told: Told) -> None:
    caller, one = await told.subscriber(), await made(told)
    for answer in (
        await caller.get("Subscription"),
        await caller.get(f"Subscription/{one['id']}/$status"),
        await caller.get(f"Subscription/{one['id']}/$events", {"eventsSinceNumber": "x"}),
        await post(caller, subscription("admission", "https://else.example/")),
    ):
        (event,) = await told.event(answer)
        assert event["resourceType"] == "AuditEvent"


async def test_what_is_served_is_declared(told: Told) -> None:
    statement = (await told.http.get(f"{told.settings.fhir_base}/metadata")).json()
    declared = {one["type"]: one for one in statement["rest"][0]["resource"]}["Subscription"]
    assert {one["code"] for one in declared["interaction"]} == {"create", "read", "update", "delete", "search-type"}
    assert {one["name"] for one in declared["operation"]} == {"status", "events", "stream"}
    assert declared["supportedProfile"] == [f"{IG.removesuffix('backport-')}backport-subscription"]


async def test_metrics_tell_how_far_behind_the_telling_is(told: Told) -> None:
    await made(told)
    text = (await told.http.get("http://127.0.0.1:8000/metrics")).text
    assert 'toldonce_subscriptions{status="active"}' in text
    assert "toldonce_notification_lag_seconds 0.0" in text
    assert "toldonce_notifications_dead 0.0" in text


async def test_an_administrator_registers_endpoints_and_is_audited(told: Told) -> None:
    console = Console(record=True, width=200, file=StringIO())
    await commands.add(told.settings, "int-south", "https://int.example/told", ["10.1.0.0/16"], BY, console)
    first = console.export_text()
    rows = {row["client"]: row for row in await commands.endpoint_list(told.settings)}
    assert rows["int-south"]["networks"] == "10.1.0.0/16"
    assert rows["gp-system"]["networks"] == "public"
    await commands.rotate(told.settings, rows["int-south"]["id"], BY, console)
    second = console.export_text()
    secrets = [text.rpartition("whsec_")[2].strip() for text in (first, second)]
    assert len(set(secrets)) == 2
    kept = await told.owner.fetchval("select string_agg(e::text, '') from toldonce.subscription_endpoint e")
    assert not any(one in kept for one in secrets)
    await commands.close(told.settings, rows["int-south"]["id"], BY, console)
    closed = {row["client"]: row["open"] for row in await commands.endpoint_list(told.settings)}
    assert closed == {"gp-system": True, "int-south": False}
    audited = "select count(*) from toldonce.audit_event where position($1::bytea in content) > 0"
    assert await told.owner.fetchval(audited, b"toldonce subscriptions endpoint") == 3


@pytest.mark.parametrize(
    ("client", "url", "by"),
    [
        ("gp-system", "http://tools.example/told", BY),
        ("gp-system", "https://user@tools.example/told", BY),
        ("nobody", "https://tools.example/other", BY),
        ("gp-system", "https://tools.example/other", By("", "no name")),
    ],
    ids=["http", "a user", "no client", "nobody says so"],
)
async def test_what_cannot_be_registered(told: Told, client: str, url: str, by: By) -> None:
    with pytest.raises(NotPossible):
        await commands.add(told.settings, client, url, [], by, Console(quiet=True))


async def test_an_administrator_asks_again_for_what_was_given_up(told: Told) -> None:
    one = await made(told)
    with pytest.raises(NotPossible, match="active"):
        await commands.replay(told.settings, one["id"], BY, Console(quiet=True))
    with pytest.raises(NotPossible, match="no such"):
        await commands.replay(told.settings, str(uuid4()), BY, Console(quiet=True))
    await told.owner.execute("update toldonce.subscription set status = 'error' where id = $1", UUID(one["id"]))
    await told.owner.execute(
        "with e as (insert into toldonce.event (topic, type, resource, source_patient, key, told) "
        "values ('death', 'Patient', gen_random_uuid(), 1, 'k', now()) returning id) "
        "insert into toldonce.notification (subscription, event, state, created, settled) "
        "select $1, id, 'dead', now(), now() from e",
        UUID(one["id"]),
    )
    (row,) = await commands.dead_letters(told.settings)
    assert (str(row["subscription"]), row["dead"]) == (one["id"], 1)
    await commands.replay(told.settings, one["id"], BY, Console(quiet=True))
    assert await commands.dead_letters(told.settings) == []
    listed = {str(row["id"]): row for row in await commands.listed(told.settings)}
    assert (listed[one["id"]]["status"], listed[one["id"]]["waiting"]) == ("active", 1)
