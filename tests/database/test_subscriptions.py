"""Subscriptions end to end: what happens is told to whoever subscribed, in order, once, and only while it may be."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from integration import main
from integration.recording.kinds import RECORD_SCOPES
from integration.store.database import Database, act_as
from integration.teams.subscriptions.delivery import GIVEN_UP, NO_HANDSHAKE, PATIENCE
from integration.teams.subscriptions.gate import Gate
from integration.teams.subscriptions.outbox import Outbox, TakenOver, hold
from tests.database.ingesting import again
from tests.database.recording import choice, cleared, send
from tests.database.subscribing import IG, Subscriber, Told, message, pid_of, secret, subscription, telling, until

MRS_T, RESIDENT = "9990000018", "9990000034"


@pytest.fixture(scope="module")
async def told(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    owner = await asyncpg.connect(database.owner_url)
    async with telling(database, owner, tmp_path_factory.mktemp("told"), "mrs-t", "care-home-resident") as made:
        yield made
    await owner.close()


@pytest.fixture
async def subscriber(told: Told) -> AsyncIterator[Subscriber]:
    """An endpoint of the practice's system; afterwards nobody is subscribed to anything."""
    one = Subscriber()
    await one.open()
    await told.endpoint(one.url)
    yield one
    await told.owner.execute("delete from toldonce.subscription")
    await one.close()
    told.clock.ahead = timedelta()


def attendance(told: Told, visit: str, who: str = "mrs-t", event: str = "A01", **ago: float) -> bytes:
    """An arrival at A&E, a few minutes ago unless said otherwise."""
    return message(event, told.clock() - timedelta(**(ago or {"minutes": 5})), visit, pid_of(who), f2="E")


async def happened(told: Told) -> list[str]:
    """Topics of everything that is kept to be told."""
    rows = await told.owner.fetch("select topic from toldonce.event where due is not null and withdrawn is null")
    return sorted(row["topic"] for row in rows)


async def test_a_history_load_announces_nothing(told: Told) -> None:
    assert await told.owner.fetchval("select count(*) from toldonce.resource where type = 'Encounter'") > 20
    assert await happened(told) == []


async def test_an_arrival_at_a_e_is_told_signed_after_a_handshake(told: Told, subscriber: Subscriber) -> None:
    endpoint = await told.endpoint(subscriber.url)
    id_ = await told.subscribed(subscription("emergency-attendance", subscriber.url))
    (handshake,) = subscriber.got
    assert handshake.kind == "handshake"
    await told.send(attendance(told, "AE1"))
    await told.rest()
    _, got = subscriber.got
    status = got.status
    assert status["subscription"].endswith(f"/Subscription/{id_}")
    assert status["events-since-subscription-start"] == "1"
    (event,) = status["events"]
    assert event["event-number"] == "1"
    person = await told.person()
    assert event["additional-context"].endswith(f"/Patient/{person}")
    reader = await told.as_caller("gp-system", "GP", "TREAT")
    focus = (await reader.get(event["focus"])).json()
    assert focus["class"]["code"] == "EMER"
    signed = b".".join((got.headers["webhook-id"].encode(), got.headers["webhook-timestamp"].encode(), got.body))
    expected = base64.b64encode(hmac.digest(secret(told, endpoint), signed, hashlib.sha256)).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"


async def test_each_is_told_once_however_often_and_in_whatever_order_it_is_said(
    told: Told, subscriber: Subscriber
) -> None:
    await told.subscribed(subscription("emergency-attendance", subscriber.url))
    await told.subscribed(subscription("discharge", subscriber.url))
    arrived, left = attendance(told, "AE2", minutes=50), attendance(told, "AE2", event="A03", minutes=10)
    await told.send(left)
    await told.send(arrived, arrived)
    await told.send(attendance(told, "AE2", event="A08", minutes=2))
    await again(told.owner, told.database)
    await told.rest()
    assert [event["event-number"] for event in subscriber.events] == ["1"]


@pytest.mark.slow
async def test_what_is_taken_back_and_happens_again_is_told_again(told: Told, subscriber: Subscriber) -> None:
    def stay(event: str, minutes: int) -> bytes:
        return message(event, told.clock() - timedelta(minutes=minutes), "IP1", pid_of("mrs-t"), f2="I")

    await told.subscribed(subscription("discharge", subscriber.url))
    await told.send(stay("A01", 600), stay("A03", 60))
    await told.rest()
    await told.send(stay("A13", 50))
    await told.rest()
    assert len(subscriber.events) == 1
    await told.send(stay("A03", 20))
    await told.rest()
    assert [event["event-number"] for event in subscriber.events] == ["1", "2"]
    assert len({event["focus"] for event in subscriber.events}) == 1


@pytest.mark.slow
async def test_what_is_told_late_is_not_announced(told: Told, subscriber: Subscriber) -> None:
    await told.subscribed(subscription("emergency-attendance", subscriber.url))
    await told.send(attendance(told, "OLD", days=8))
    await told.send(attendance(told, "NEW", days=6))
    await told.rest()
    assert len(subscriber.events) == 1


@pytest.mark.slow
async def test_a_subscriber_that_is_down_for_an_hour_loses_nothing(told: Told, subscriber: Subscriber) -> None:
    id_ = await told.subscribed(subscription("emergency-attendance", subscriber.url))
    await subscriber.close()
    for visit in ("D1", "D2", "D3"):
        await told.send(attendance(told, visit))
    attempts = "select attempts >= $2 from toldonce.subscription where id = $1"
    await told.ring()
    await until(lambda: told.owner.fetchval(attempts, id_, 1), True)
    assert await told.owner.fetchval("select count(*) from toldonce.notification where number is not null") == 0
    audited = await told.owner.fetchval("select count(*) from toldonce.audit_event where kind = 'subscription'")
    for failed in (2, 3):
        told.clock.pass_by(minutes=20)
        await told.ring()
        await until(lambda: told.owner.fetchval(attempts, id_, failed), True)  # noqa: B023  waited for here
    told.clock.pass_by(minutes=20)
    await subscriber.open()
    subscriber.got.clear()
    await told.rest()
    assert [one.kind for one in subscriber.got] == ["heartbeat", "event-notification"]
    assert subscriber.got[0].status["events-since-subscription-start"] == "0"
    assert [event["event-number"] for event in subscriber.events] == ["1", "2", "3"]
    assert len({event["focus"] for event in subscriber.events}) == 3
    now = await told.owner.fetchval("select count(*) from toldonce.audit_event where kind = 'subscription'")
    assert now - audited == 3  # and not one more for each time that nobody answered


@pytest.mark.slow
async def test_what_may_have_arrived_comes_again_under_its_number(told: Told, subscriber: Subscriber) -> None:
    await told.subscribed(subscription("emergency-attendance", subscriber.url))
    subscriber.answers = [503]
    await told.send(attendance(told, "R1"))
    await told.ring()
    await until(_count(subscriber, 2), True)
    await told.send(attendance(told, "R2"))
    await told.rest()  # without another clock: by that, what is under way just then would be taken over
    kinds = [one.kind for one in subscriber.got]
    assert kinds == ["handshake", "event-notification", "heartbeat", "event-notification", "event-notification"]
    assert [event["event-number"] for event in subscriber.events] == ["1", "1", "2"]
    first, _, second, third = subscriber.got[1:]
    assert first.headers["webhook-id"] == second.headers["webhook-id"] != third.headers["webhook-id"]


def _count(subscriber: Subscriber, count: int):  # type: ignore[no-untyped-def] # an awaitable bool
    async def reached() -> bool:
        return len(subscriber.got) >= count

    return reached


async def test_whoever_may_not_know_is_told_nothing_and_cannot_count_it(told: Told, subscriber: Subscriber) -> None:
    far = Subscriber()
    await far.open()
    await told.endpoint(far.url, "distant-hospital")
    whose = {"client": "distant-hospital", "role": "hospital doctor"}
    heartbeat = [{"url": f"{IG}heartbeat-period", "valueUnsignedInt": 60}]
    id_ = await told.subscribed(subscription("emergency-attendance", far.url, extension=heartbeat), **whose)
    await told.send(attendance(told, "F1"))
    await told.rest()
    assert [one.kind for one in far.got] == ["handshake"]
    caller = await told.subscriber(**whose)
    answer = (await caller.get(f"Subscription/{id_}/$status")).json()
    names = {one["name"]: one for one in answer["entry"][0]["resource"]["parameter"]}
    assert names["events-since-subscription-start"]["valueString"] == "0"
    assert await told.owner.fetchval("select count(*) from toldonce.notification") == 0
    await far.close()


async def test_an_objection_between_the_happening_and_the_telling(told: Told, subscriber: Subscriber) -> None:
    await told.subscribed(subscription("emergency-attendance", subscriber.url))
    await subscriber.close()
    await told.send(attendance(told, "C1"), attendance(told, "C2", "care-home-resident"))
    recorder = await told.as_caller("gp-system", "GP", "TREAT", scope=" ".join(("system/*.rs", *RECORD_SCOPES)))
    person = await told.person(MRS_T)
    said = choice(person, dateTime=told.clock().isoformat(timespec="seconds"))
    answer = await send(recorder, "POST", "Consent", said)
    assert answer.status_code == 201, answer.text
    told.clock.pass_by(minutes=1)
    await subscriber.open()
    await told.rest()
    resident = await told.person(RESIDENT)
    assert {(one["event-number"], one["additional-context"].rpartition("/")[2]) for one in subscriber.events} == {
        ("1", str(resident))  # no gap tells that there was another; it may come twice, for a minute passed meanwhile
    }
    await cleared(told.owner)
    await told.send(attendance(told, "C3"))
    await told.rest()
    assert sorted({one["event-number"] for one in subscriber.events}) == ["1", "2"]


@pytest.mark.slow
async def test_what_was_told_and_may_be_told_no_more_keeps_its_number_and_nothing_else(
    told: Told, subscriber: Subscriber
) -> None:
    id_ = await told.subscribed(subscription("emergency-attendance", subscriber.url))
    await told.send(attendance(told, "K1"))
    await told.rest()
    caller = await told.subscriber()
    before = (await caller.get(f"Subscription/{id_}/$events", {"eventsSinceNumber": "1"})).text
    assert "/Encounter/" in before
    await told.owner.execute("update toldonce.subscription set role = 'nobody'")
    after = (await caller.get(f"Subscription/{id_}/$events")).text
    assert "/Encounter/" not in after
    assert '"event-number","valueString":"1"' in after


@pytest.mark.slow
async def test_only_one_person_where_only_one_is_asked_for(told: Told, subscriber: Subscriber) -> None:
    person = await told.person(RESIDENT)
    await told.subscribed(subscription("emergency-attendance", subscriber.url, f"Encounter?patient=Patient/{person}"))
    nobody = UUID(int=5)
    await told.subscribed(subscription("emergency-attendance", subscriber.url, f"patient=Patient/{nobody}"))
    await told.send(attendance(told, "P1"), attendance(told, "P2", "care-home-resident"))
    await told.rest()
    assert [event["additional-context"].rpartition("/")[2] for event in subscriber.events] == [str(person)]


@pytest.mark.slow
async def test_nobody_answers_for_three_days_and_then_somebody_does(told: Told, subscriber: Subscriber) -> None:
    id_ = await told.subscribed(subscription("emergency-attendance", subscriber.url))
    await subscriber.close()
    await told.send(attendance(told, "X1"))
    await told.ring()
    await until(lambda: told.owner.fetchval("select attempts > 0 from toldonce.subscription"), True)
    told.clock.pass_by(seconds=PATIENCE.total_seconds())
    await told.ring()
    await until(lambda: told.state(id_), "error")
    caller = await told.subscriber()
    served = (await caller.get(f"Subscription/{id_}")).json()
    assert served["error"] == GIVEN_UP
    await until(lambda: told.owner.fetchval("select state from toldonce.notification"), "dead")
    await subscriber.open()
    subscriber.got.clear()
    del served["error"]
    answer = await send(caller, "PUT", f"Subscription/{id_}", served | {"status": "requested"})
    assert answer.json()["status"] == "requested", answer.text
    await told.rest()
    assert [one.kind for one in subscriber.got] == ["handshake", "event-notification"]
    assert [event["event-number"] for event in subscriber.events] == ["1"]


@pytest.mark.slow
async def test_a_refused_handshake_is_an_error(told: Told, subscriber: Subscriber) -> None:
    subscriber.answers = [404]
    await told.subscribed(subscription("admission", subscriber.url), status="error")
    assert await told.owner.fetchval("select error from toldonce.subscription") == NO_HANDSHAKE


@pytest.mark.slow
async def test_a_heartbeat_comes_when_it_was_quiet_for_so_long(told: Told, subscriber: Subscriber) -> None:
    heartbeat = [{"url": f"{IG}heartbeat-period", "valueUnsignedInt": 600}]
    await told.subscribed(subscription("admission", subscriber.url, extension=heartbeat))
    told.clock.pass_by(seconds=590)
    await told.ring()
    told.clock.pass_by(seconds=20)
    await told.ring()
    await until(_count(subscriber, 2), True)
    assert [one.kind for one in subscriber.got] == ["handshake", "heartbeat"]


@pytest.mark.slow
async def test_several_processes_tell_each_once_and_in_order(told: Told, subscriber: Subscriber) -> None:
    one = [{"url": f"{IG}max-count", "valuePositiveInt": 1}]
    await told.subscribed(subscription("emergency-attendance", subscriber.url, extension=one))
    async with main.application(told.settings, told.database, clock=told.clock):
        async with main.application(told.settings, told.database, clock=told.clock):
            await told.send(*(attendance(told, f"S{place}") for place in range(12)))
            await told.rest()
    assert [event["event-number"] for event in subscriber.events] == [str(place) for place in range(1, 13)]
    assert len({event["focus"] for event in subscriber.events}) == 12


@pytest.mark.slow
async def test_who_dies_with_a_notification_in_hand_is_followed_by_another(told: Told, subscriber: Subscriber) -> None:
    id_ = await told.subscribed(subscription("emergency-attendance", subscriber.url))
    services = told.app.state.services
    async with told.database.pool("toldonce_api", size=2) as pool:
        outbox = Outbox(pool, Gate(pool, services.records, services.clients), services.audit)
        async with pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_notifier")
            dying = await hold(connection, id_, told.clock())
        assert dying is not None
        await told.send(attendance(told, "K2"))
        await told.ring()
        await until(lambda: told.owner.fetchval("select count(*) from toldonce.notification"), 1)
        batch = await outbox.next(dying, told.clock(), "a test")
        assert batch is not None
        assert [event.number for event in batch.events] == [1]
        assert subscriber.events == []
        told.clock.pass_by(minutes=1)
        await told.rest()
        assert [event["event-number"] for event in subscriber.events] == ["1"]
        with pytest.raises(TakenOver):
            await outbox.next(dying, told.clock(), "a test")
        await outbox.not_sent(dying, batch)
        assert await told.owner.fetchval("select events from toldonce.subscription") == 1


@pytest.mark.slow
async def test_a_review_is_announced_on_its_day_and_not_before(told: Told, subscriber: Subscriber) -> None:
    await told.owner.execute(
        "insert into toldonce.event (topic, type, resource, source_patient, key, happened, told, due) "
        "select 'care-plan-review-due', 'CarePlan', id, source_patient, 'k', $1, now(), $1 from toldonce.resource "
        "where type = 'CarePlan' and status = 'active' and feed = 'gp' limit 1",
        told.clock() + timedelta(days=2),
    )
    await told.subscribed(subscription("care-plan-review-due", subscriber.url))
    told.clock.pass_by(days=1)
    await told.rest()
    assert subscriber.events == []
    told.clock.pass_by(days=1)
    await told.rest()
    assert ["/CarePlan/" in event["focus"] for event in subscriber.events] == [True]


@pytest.mark.slow
async def test_a_death_is_told_once_whoever_says_so(told: Told, subscriber: Subscriber) -> None:
    await told.subscribed(subscription("death", subscriber.url))
    rows = await told.owner.fetch(
        "select id, source_patient from toldonce.resource where type = 'Patient' and person = $1 and feed in "
        "('gp', 'acute')",
        await told.person(MRS_T),
    )
    assert len(rows) >= 2
    for row in rows:
        await told.owner.execute(
            "insert into toldonce.event (topic, type, resource, source_patient, key, happened, told, due) "
            "values ('death', 'Patient', $1, $2, $3, now(), now(), now())",
            row["id"],
            row["source_patient"],
            row["id"].bytes,
        )
    await told.rest()
    assert [event["focus"].rpartition("/")[2] for event in subscriber.events] == [str(await told.person(MRS_T))]


@pytest.mark.parametrize(
    ("role", "sql"),
    [
        ("toldonce_notifier", "select * from toldonce.resource"),
        ("toldonce_notifier", "select * from toldonce.facts"),
        ("toldonce_notifier", "select * from toldonce.source_patient"),
        ("toldonce_notifier", "update toldonce.subscription_endpoint set url = ''"),
        ("toldonce_notifier", "update toldonce.subscription set role = 'GP'"),
        ("toldonce_notifier", "insert into toldonce.event (topic) values ('death')"),
        ("toldonce_notifier", "delete from toldonce.event"),
        ("toldonce_subscriber", "select * from toldonce.resource"),
        ("toldonce_subscriber", "insert into toldonce.subscription_endpoint (client, url) values ('a', 'b')"),
        ("toldonce_subscriber", "update toldonce.subscription set organisation = 'X9A'"),
        ("toldonce_subscriber", "update toldonce.subscription set events = 7"),
        ("toldonce_ingest", "update toldonce.event set dispatched = null"),
        ("toldonce_ingest", "select * from toldonce.subscription"),
    ],
)
async def test_no_role_may_do_more_than_its_task(told: Told, role: str, sql: str) -> None:
    await told.owner.execute(f"set role {role}")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await told.owner.execute(sql)
    finally:
        await told.owner.execute("reset role")
