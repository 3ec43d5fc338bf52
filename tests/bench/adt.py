"""ADT messages over MLLP into the product's own listener: acknowledged once durable, and processed to the end."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import asyncpg

from adapters.synthetic import acute
from adapters.synthetic.neighbourhood import build
from adapters.transport.frames import frame, messages
from integration.config import Settings
from integration.store.connection import Connection
from tests.bench.child import SENDER
from tests.bench.files import LEFT
from tests.bench.load import Answers
from tests.bench.plan import CONNECTIONS, Figure, Plan
from tests.bench.servers import Child, Cluster, children

_BATCH = 200
WARM_UP = 100
"""Messages before the measurement, so that worker processes run and models are loaded."""
_TABLE = "create table if not exists bench_message (id bigint generated always as identity, content bytea not null)"
_INSERT = "insert into bench_message (content) values ($1)"


def generated(plan: Plan) -> list[bytes]:
    """What the hospital sends about many people, in the order in which it sends it; a message that it repeats is sent
    once."""
    sent = [file.content for file in acute.feed_files(build(plan.patients)) if file.sender == SENDER]
    return list(dict.fromkeys(sent))[: plan.messages]


@dataclass(frozen=True)
class Sent:
    """Acknowledgements of one way to send, the seconds until the last message was processed, and the processor time
    (seconds) that the listener and its worker used."""

    acknowledged: Answers
    processed: float
    processor: float


async def measure(cluster: Cluster, like: str, content: Sequence[bytes]) -> list[Figure]:
    """One sender, one message after the other; then as many senders as there are connections; then the bare INSERT."""
    alone = await _listened(await cluster.create(f"{like}_one_sender", like=like), content, 1)
    together = await _listened(await cluster.create(f"{like}_senders", like=like), content, CONNECTIONS)
    single, batched = await _bare(cluster.settings(like), content)
    measured = len(content) - WARM_UP
    return [
        Figure("ADT", "messages acknowledged, 1 sender", alone.acknowledged.per_second, "/s", single),
        Figure("ADT", "99 of 100 acknowledged within, 1 sender", alone.acknowledged.percentile(99), "ms"),
        Figure("ADT", f"messages acknowledged, {CONNECTIONS} senders", together.acknowledged.per_second, "/s", single),
        Figure("ADT", "messages end to end, 1 sender", measured / alone.processed, "/s", batched, target=1000),
        Figure(
            "ADT",
            f"messages end to end, {CONNECTIONS} senders",
            measured / together.processed,
            "/s",
            batched,
            target=1000,
        ),
        Figure(
            "ADT",
            f"processor time of listener and worker for each, {CONNECTIONS} senders",
            1000 * together.processor / measured,
            "ms",
        ),
    ]


async def _listened(settings: Settings, content: Sequence[bytes], senders: int) -> Sent:
    owner = await asyncpg.connect(settings.database_url)
    with children(Child("listen", settings)) as (child,):
        await child.ready()
        await _sent(owner, child, content[:WARM_UP], CONNECTIONS)
        sent = await _sent(owner, child, content[WARM_UP:], senders)
    failed = await owner.fetchval("select count(*) from toldonce.envelope where feed = 'acute' and state <> 'done'")
    await owner.close()
    if failed:
        raise RuntimeError(f"{failed} generated messages were not processed")
    return sent


async def _sent(owner: Connection, child: Child, content: Sequence[bytes], senders: int) -> Sent:
    """Send all of them and wait until none waits to be processed."""
    opened = [await connect(child.port) for _ in range(senders)]
    answers = Answers()
    start, used = perf_counter(), child.processor_seconds()
    parts = [content[number::senders] for number in range(senders)]
    await asyncio.gather(*(_send(*pair, part, answers) for pair, part in zip(opened, parts, strict=True)))
    answers.wall = perf_counter() - start
    while await owner.fetchval(LEFT):
        await asyncio.sleep(0.02)
    return Sent(answers, perf_counter() - start, child.processor_seconds() - used)


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The listener says its port before it listens: try until it does."""
    for _ in range(300):
        try:
            return await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            await asyncio.sleep(0.1)
    raise ConnectionError("the listener did not begin to listen")


async def _send(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: Sequence[bytes], answers: Answers
) -> None:
    replies = messages(reader)
    for message in content:
        sent = perf_counter()
        writer.write(frame(message))
        reply = await anext(replies)
        answers.seconds.append(perf_counter() - sent)
        if b"MSA|AA|" not in reply:
            raise RuntimeError("a generated message was not accepted")
    writer.close()


async def _bare(settings: Settings, content: Sequence[bytes]) -> tuple[float, float]:
    """Messages per second that the database takes by itself: a commit for each, and batches of 200."""
    owner = await asyncpg.connect(settings.database_url)
    await owner.execute(_TABLE)
    start = perf_counter()
    for message in content:
        await owner.execute(_INSERT, message)
    single = len(content) / (perf_counter() - start)
    start = perf_counter()
    for first in range(0, len(content), _BATCH):
        await owner.executemany(_INSERT, [(one,) for one in content[first : first + _BATCH]])
    batched = len(content) / (perf_counter() - start)
    await owner.close()
    return single, batched
