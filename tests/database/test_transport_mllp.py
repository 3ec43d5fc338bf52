"""HL7 v2 over MLLP into the durable inbox: acknowledged means kept, once; what cannot be used is said."""

import asyncio
import sys
from pathlib import Path

import asyncpg
import psutil
import pytest
from rich.console import Console

from adapters.transport.frames import frame, messages
from adapters.transport.mllp import Limits
from integration.commands.listening import listen_mllp
from integration.config import Settings
from integration.errors import NotPossible
from integration.store.database import Database
from tests.database.bad_input import hl7
from tests.database.ingesting import emptied, set_aside, worker
from tests.database.senders import (
    DIE_BEFORE_ANSWERING,
    LISTEN,
    Sender,
    connected,
    free_port,
    listener,
    listening,
    message,
    numbers,
)


@pytest.fixture(autouse=True)
async def empty(owner: asyncpg.Connection) -> None:
    await emptied(owner)


async def asked(port: int, *sent: bytes) -> list[bytes]:
    """What each message is answered."""
    reader, writer = await connected(port)
    writer.write(b"".join(map(frame, sent)))
    answers = messages(reader)
    found = [await asyncio.wait_for(anext(answers), 60) for _ in sent]
    writer.close()
    return found


async def test_a_thousand_messages_sent_on_are_answered_in_order_and_kept_once(
    database: Database, owner: asyncpg.Connection
) -> None:
    async with listener(database) as port:
        answers = await asked(port, *map(message, range(1000)))
    assert [b"MSA|AA|" in answer for answer in answers] == [True] * 1000
    assert await numbers(owner) == list(range(1000))


async def test_what_waits_together_is_one_transaction(database: Database, owner: asyncpg.Connection) -> None:
    async with listener(database) as port:
        senders = [Sender(port) for _ in range(8)]
        await asyncio.gather(*(one.send(range(place, 800, 8)) for place, one in enumerate(senders)))
    assert sorted(await numbers(owner)) == list(range(800))
    assert await owner.fetchval("select count(distinct xmin::text) from toldonce.envelope") < 200


async def test_each_message_is_answered_with_what_becomes_of_it(database: Database, owner: asyncpg.Connection) -> None:
    good, no_patient, wrong_type = message(1), hl7("PID|1||||Name^Without^Id"), message(2).replace(b"ADT^", b"ORU^")
    foreign = message(3).replace(b"|X9A|", b"|X8B|")
    async with listener(database, Limits(message=10_000)) as port:
        answers = await asked(port, b"garbage", good, no_patient, wrong_type, foreign, good + b"Z" * 10_000, good)
        async with worker(database) as pipeline:
            await pipeline.run()
    codes = [answer.split(b"MSA|")[1][:2].decode() for answer in answers]
    assert codes == ["AR", "AA", "AE", "AR", "AE", "AR", "AA"]
    assert [b"too-large" in answer for answer in answers].index(True) == 5
    assert await owner.fetchval("select count(*) from toldonce.envelope") == 5
    assert {entry["code"] for entry in await set_aside(owner)} == {
        "not-hl7",
        "no-patient-id",
        "unsupported-message-type",
        "wrong-sender",
    }


async def test_who_refuses_says_so_here_too_and_fills_no_disk(database: Database, owner: asyncpg.Connection) -> None:
    await owner.execute("truncate toldonce.refused")
    large = message(1) + b"Z" * 10_000
    async with listener(database, Limits(message=10_000)) as port:
        for _ in range(2):
            answers = await asked(port, *[large] * 20)
            assert [b"MSA|AR|" in answer for answer in answers] == [True] * 20
    (row,) = await owner.fetch("select * from toldonce.refused")
    assert (row["feed"], row["sender"], row["code"], row["count"]) == ("acute", "X9A", "too-large", 40)
    assert row["first_seen"] < row["last_seen"]
    assert row["remedy"].startswith("send it in parts")
    assert await owner.fetchval("select count(*) from toldonce.envelope") == 0


async def test_a_refusal_that_cannot_be_counted_is_not_answered(database: Database, owner: asyncpg.Connection) -> None:
    await owner.execute("alter table toldonce.refused rename to away")
    try:
        async with listener(database, Limits(message=10_000)) as port:
            reader, writer = await connected(port)
            writer.write(frame(message(1) + b"Z" * 10_000))
            with pytest.raises((ConnectionError, StopAsyncIteration)):
                await asyncio.wait_for(anext(messages(reader)), 10)
            writer.close()
    finally:
        await owner.execute("alter table toldonce.away rename to refused")


async def said(owner: asyncpg.Connection) -> list[tuple[object, ...]]:
    """What is kept of every envelope: its moment, its statements, and what was set aside."""
    rows = await owner.fetch(
        "select e.id, e.as_of, s.position, s.at, s.sent, s.record, q.code, q.location, q.fragment "
        "from toldonce.envelope e left join toldonce.statement s on s.reading = e.reading "
        "left join toldonce.quarantine q on q.envelope = e.id and q.resolved is null order by 1, 3, 7, 8"
    )
    return [tuple(row) for row in rows]


async def test_what_is_found_on_receipt_is_kept_and_is_what_reading_anew_finds(
    database: Database, owner: asyncpg.Connection
) -> None:
    timeless = b"|".join(b"" if place == 6 else field for place, field in enumerate(message(4).split(b"|")))
    sent = (message(1), hl7("PID|1||||Name^Without^Id"), message(3).replace(b"|X9A|", b"|X8B|"), timeless)
    async with listener(database) as port:
        await asked(port, *sent)
    assert await owner.fetchval("select count(*) from toldonce.envelope where found is not null") == len(sent)
    async with worker(database) as pipeline:
        await pipeline.run()
        first = await said(owner)
        assert await owner.fetchval("select count(*) from toldonce.envelope where found is not null") == 0
        await owner.execute("update toldonce.envelope set state = 'received'")
        await pipeline.run()
    assert {row[6] for row in first} == {None, "no-patient-id", "wrong-sender"}
    assert await said(owner) == first


async def test_when_the_database_fails_nothing_is_acknowledged_and_then_it_goes_on(
    database: Database, owner: asyncpg.Connection
) -> None:
    async with listener(database) as port:
        await asked(port, message(1))
        await owner.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'toldonce_worker' "
            "and datname = current_database()"
        )
        reader, writer = await connected(port)
        writer.write(frame(message(2)))
        assert b"\x1c" not in await asyncio.wait_for(reader.read(), 60)
        writer.close()
        await Sender(port).send([2, 3])
    assert await numbers(owner) == [1, 2, 3]


async def test_killed_between_commit_and_acknowledgement_the_message_sent_again_is_there_once(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    port = free_port()
    dying = listening(database, tmp_path, port, sys.executable, "-c", DIE_BEFORE_ANSWERING)
    reader, writer = await connected(port)
    writer.write(frame(message(7)))
    assert await asyncio.wait_for(reader.read(), 60) == b""
    writer.close()
    assert dying.wait(10) == -9
    assert await numbers(owner) == [7]
    async with listener(database) as port:
        (answer,) = await asked(port, message(7))
    assert b"MSA|AA|" in answer
    assert await numbers(owner) == [7]


@pytest.mark.slow
async def test_a_listener_killed_again_and_again_loses_and_doubles_nothing(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    port, count = free_port(), 3000
    sender = [Sender(port, ahead=10) for _ in range(4)]
    sending = [asyncio.create_task(one.send(range(place, count, 4))) for place, one in enumerate(sender)]
    for kill in range(1, 6):
        process = listening(database, tmp_path, port)
        while sum(len(one.acknowledged) for one in sender) < kill * 500 and not all(one.done() for one in sending):
            await asyncio.sleep(0.005)
        acknowledged = set().union(*(one.acknowledged for one in sender))
        process.kill()
        process.wait()
        assert acknowledged <= set(await numbers(owner))
    process = listening(database, tmp_path, port)
    await asyncio.gather(*sending)
    process.kill()
    process.wait()
    assert sum(one.times for one in sender) > count
    assert sorted(await numbers(owner)) == list(range(count))


@pytest.mark.slow
async def test_the_listener_processes_what_it_receives_and_its_worker_ends_with_it(
    database: Database, owner: asyncpg.Connection, tmp_path: Path
) -> None:
    port = free_port()
    process = listening(database, tmp_path, port, *LISTEN)
    await Sender(port).send(range(10))
    async with asyncio.timeout(60):
        while await owner.fetchval("select count(*) from toldonce.envelope where state <> 'done'"):
            await asyncio.sleep(0.1)
        (first,) = psutil.Process(process.pid).children()
        first.kill()
        while not [one for one in psutil.Process(process.pid).children() if one.pid != first.pid]:
            await asyncio.sleep(0.1)
        (second,) = [one for one in psutil.Process(process.pid).children() if one.pid != first.pid]
        process.kill()
        process.wait()
        while second.is_running() and second.status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0.1)


async def test_client_certificates_without_tls_are_refused(database: Database, tmp_path: Path) -> None:
    settings = Settings(database_url=database.owner_url, mllp_tls_client_ca=tmp_path / "ca.pem")
    with pytest.raises(NotPossible, match="TOLDONCE_MLLP_TLS_CERTIFICATE"):
        await listen_mllp(settings, "127.0.0.1", "X9A", Console(quiet=True), process=False)
    settings = Settings(database_url=database.owner_url, mllp_tls_certificate=tmp_path / "none.pem")
    with pytest.raises(NotPossible, match="cannot be set up"):
        await listen_mllp(settings, "127.0.0.1", "X9A", Console(quiet=True), process=False)
