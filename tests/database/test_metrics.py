"""GET /metrics: what every process received and processed, counted in the database; nobody's data in it."""

from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from adapters.records import LONDON, Defect
from integration.api.metrics import metrics_routes
from integration.ingest import inbox, refused
from integration.ingest.inbox import Delivery
from integration.ingest.refused import Refusal
from integration.store.database import Database
from tests.database.bad_input import hl7
from tests.database.ingesting import emptied, worker
from tests.database.senders import message
from tests.unit.sharing.scene import CARE, POLICY

Labels = tuple[tuple[str, str], ...]


@pytest.fixture
async def app(database: Database, owner: asyncpg.Connection) -> AsyncIterator[FastAPI]:
    await emptied(owner)
    async with database.pool("toldonce_api", size=1) as pool:
        app = FastAPI()
        app.include_router(metrics_routes(pool, lambda: POLICY))
        yield app


async def scraped(app: FastAPI) -> dict[tuple[str, Labels], float]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        answer = await http.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def by(outcome: str = "", sender: str = "X9A") -> Labels:
    labels = {"feed": "acute", "sender": sender} | ({"outcome": outcome} if outcome else {})
    return tuple(sorted(labels.items()))


async def received(database: Database, *deliveries: Delivery) -> None:
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        await inbox.receive(connection, deliveries)


async def test_what_waits_is_processed_or_set_aside_is_told_by_feed_and_sender(
    database: Database, owner: asyncpg.Connection, app: FastAPI
) -> None:
    good = [Delivery("acute", "X9A", "MLLP", message(number)) for number in range(3)]
    await received(database, *good, Delivery("acute", "X9A", "MLLP", hl7("ZZZ|no patient")))
    await received(database, Delivery("acute", "X8B", "MLLP", message(4).replace(b"X9A", b"X8B")))
    await owner.execute("update toldonce.envelope set received = now() - interval '90 seconds' where sender = 'X9A'")
    before = await scraped(app)
    assert before["toldonce_envelopes_received_total", by()] == 4
    assert before["toldonce_envelopes", by("waiting")] == 4
    assert 90 <= before["toldonce_feed_lag_seconds", by()] < 150
    async with worker(database) as pipeline:
        await pipeline.run()
    after = await scraped(app)
    counts = {outcome: after["toldonce_envelopes", by(outcome)] for outcome in ("waiting", "processed", "quarantined")}
    assert counts == {"waiting": 0, "processed": 3, "quarantined": 1}
    assert after["toldonce_feed_lag_seconds", by()] == 0
    assert after["toldonce_envelopes_received_total", by(sender="X8B")] == 1
    assert [labels for name, labels in after if name == "toldonce_quarantine_entries"] == [
        (("code", "no-pid"), ("feed", "acute"), ("sender", "X9A"))
    ]
    assert after["toldonce_source_patients_due", ()] == 0


async def test_what_is_settled_is_counted_once_and_what_is_new_is_added(
    database: Database, owner: asyncpg.Connection, app: FastAPI
) -> None:
    for count in (1, 2, 3):
        await received(database, Delivery("acute", "X9A", "MLLP", message(count)))
        await owner.execute("update toldonce.envelope set received = now() - interval '1 hour'")
        await received(database, Delivery("acute", "X9A", "MLLP", message(100)))
        for _ in range(2):
            assert (await scraped(app))["toldonce_envelopes_received_total", by()] == count + 1


async def test_what_was_refused_is_counted(database: Database, owner: asyncpg.Connection, app: FastAPI) -> None:
    defect = Defect(
        code="too-large", where="the whole message", reason="it is larger than is taken in", remedy="send it in parts"
    )
    for total in (3, 6):
        async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
            await refused.note(connection, [Refusal("acute", "X9A", defect)] * 3)
        assert (await scraped(app))["toldonce_refused_total", tuple(sorted((*by(), ("code", "too-large"))))] == total
    await owner.execute("truncate toldonce.refused")


async def test_what_a_transport_left_behind_is_counted(owner: asyncpg.Connection, app: FastAPI) -> None:
    await owner.execute("insert into toldonce.left_behind (transport, reference, reason) values ('MESH', 'a', 'b')")
    assert (await scraped(app))["toldonce_left_behind", (("transport", "MESH"),)] == 1
    await owner.execute("truncate toldonce.left_behind")


async def test_it_tells_until_when_each_agreement_lasts(app: FastAPI) -> None:
    last = "toldonce_agreement_until_timestamp_seconds"
    found = {labels: value for (name, labels), value in (await scraped(app)).items() if name == last}

    reviewed = datetime.combine(CARE.review + timedelta(days=1), time(), LONDON)
    assert found[("agreement", CARE.citation), ("day", "review")] == reviewed.timestamp()
    assert (("agreement", CARE.citation), ("day", "end")) not in found


async def test_it_names_nobody(database: Database, app: FastAPI) -> None:
    await received(database, Delivery("acute", "X9A", "Mrs Named 9990000018.hl7", message(1)))
    async with worker(database) as pipeline:
        await pipeline.run()
    assert not [labels for labels in await scraped(app) if "Named" in str(labels) or "9990000018" in str(labels)]
