"""A stream of server-sent events over a real socket; and a caseload whose members come and go."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from integration import demo
from integration.store.connection import Connection
from integration.store.database import Database
from integration.teams.caseloads import membership
from integration.teams.caseloads.document import load
from integration.teams.caseloads.membership import Place
from tests.database.ingesting import SECRET
from tests.database.recording import send
from tests.database.streams import connected, served
from tests.database.subscribing import SCOPE, Subscriber, Told, message, pid_of, post, subscription, telling, until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def told(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    owner = await asyncpg.connect(database.owner_url)
    async with telling(database, owner, tmp_path_factory.mktemp("told")) as made:
        yield made
    await owner.close()


@pytest.fixture(scope="module")
async def url(told: Told) -> AsyncIterator[str]:
    async with served(told) as base:
        yield base


async def arrives(told: Told, visit: str) -> None:
    at = told.clock() - timedelta(minutes=5)
    await told.send(message("A01", at, visit, pid_of("mrs-t"), f2="E"))


async def streamed(told: Told) -> str:
    """A new stream of arrivals at A&E; its id."""
    answer = await post(await told.subscriber(), subscription("emergency-attendance", None))
    return str(answer.json()["id"])


async def test_a_stream_tells_and_goes_on_where_it_was(told: Told, url: str) -> None:
    id_ = await streamed(told)
    async with connected(told, url, id_) as frames:
        await arrives(told, "S1")
        kind, number, status = await frames.next() or ("", "", {})
        assert (kind, number) == ("event-notification", "1")
        assert "/Encounter/" in status["events"][0]["focus"]
    await arrives(told, "S2")
    await arrives(told, "S3")
    async with connected(told, url, id_, "1") as frames:
        got = []
        while len(got) < 2:
            _, _, status = await frames.next() or ("", "", {})
            got += [event["event-number"] for event in status["events"]]
        assert got == ["2", "3"]
    async with connected(told, url, id_, "2") as frames:
        _, number, _ = await frames.next() or ("", "", {})
        assert number == "3"
    audited = "select count(*) from toldonce.audit_event where kind = 'subscription' and person is not null"
    assert await told.owner.fetchval(audited) == 4


async def test_it_ends_with_its_token_and_when_another_takes_over(told: Told, url: str) -> None:
    id_ = await streamed(told)
    async with connected(told, url, id_) as first:
        async with connected(told, url, id_) as second:
            await arrives(told, "T1")
            assert await first.next() is None
            _, number, _ = await second.next() or ("", "", {})
            assert number == "1"
            told.clock.pass_by(seconds=301)
            await arrives(told, "T2")
            assert await second.next() is None
    assert await told.owner.fetchval("select number from toldonce.notification where state = 'waiting'") is None


async def test_what_ended_is_not_streamed_any_more(told: Told, url: str) -> None:
    id_ = await streamed(told)
    async with connected(told, url, id_) as frames:
        caller = await told.subscriber()
        served = (await caller.get(f"Subscription/{id_}")).json()
        assert (await send(caller, "PUT", f"Subscription/{id_}", served | {"status": "off"})).status_code == 200
        assert await frames.next() is None


async def on_caseload(told: Told, work: Any) -> None:
    async with told.database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        async with connection.transaction():
            await work(connection)


async def test_a_caseload_is_told_of_its_members_while_they_are_on_it(told: Told) -> None:
    await told.owner.execute("delete from toldonce.subscription")
    person: UUID = await told.person()
    text = (demo.CASELOADS / "int-south.yaml").read_text()
    caseload = load(text)
    at = told.clock() - timedelta(days=1)
    place = Place(person, "X90401", next(iter(caseload.reasons)), False, "Dr Daniels")

    async def begin(connection: Connection) -> None:
        await membership.apply(connection, text, "the tests", "to be told")
        await membership.add(connection, SECRET, caseload, [place], at)

    async def end(connection: Connection) -> None:
        await membership.end(connection, caseload, [person], ("Dr Daniels", "declined"), told.clock())

    subscriber = Subscriber()
    await subscriber.open()
    await told.endpoint(subscriber.url, "int-south")
    caller = await told.as_caller("int-south", "care coordinator", "TREAT", scope=SCOPE)
    body = subscription("emergency-attendance", subscriber.url, "Encounter?_in=Group/int-south")
    id_ = UUID((await post(caller, body)).json()["id"])
    await until(lambda: told.state(id_), "active")
    await arrives(told, "G1")
    await told.rest()
    assert subscriber.events == []
    await on_caseload(told, begin)
    await arrives(told, "G2")
    await told.rest()
    assert [event["event-number"] for event in subscriber.events] == ["1"]
    await subscriber.close()
    await arrives(told, "G3")
    await told.ring()
    await until(lambda: told.owner.fetchval("select attempts > 0 from toldonce.subscription where id = $1", id_), True)
    await on_caseload(told, end)
    told.clock.pass_by(minutes=5)
    await subscriber.open()
    await told.rest()
    assert [event["event-number"] for event in subscriber.events] == ["1"]
    await subscriber.close()
