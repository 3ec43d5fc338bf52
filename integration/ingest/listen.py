"""HL7 v2 over MLLP into the inbox: a message is acknowledged once it is durable, understood or not.

Messages that wait together, of one connection or of many, are one transaction: the disk is asked once for all of them,
then all are acknowledged.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import NamedTuple

import asyncpg
import structlog

from adapters.acute.acknowledge import Outcome, accepted, acknowledge, refused
from adapters.records import Defect, Parsed
from adapters.transport.mllp import Handler
from integration.feeds import FEEDS
from integration.ingest import inbox
from integration.ingest.inbox import Delivery
from integration.ingest.reading import encoded, read
from integration.ingest.refused import Refusal, note
from integration.store.connection import Connection

log = structlog.get_logger()
FEED = "acute"
_NAME = "MLLP"
TOGETHER = 500
"""Messages in one transaction, at most."""
_TOO_LARGE = Defect(
    code="too-large",
    where="the whole message",
    reason="it is larger than is taken in; it was not stored",
    remedy="send it in parts; documents do not belong into ADT",
)
_UNEXPECTED = Defect(
    code="unexpected-failure",
    where="the whole message",
    reason="reading it failed; it is stored and waits in quarantine",
    remedy="nothing: it is a fault of the receiver",
)


class _Waiting(NamedTuple):
    delivery: Delivery | Refusal
    answer: bytes
    answered: asyncio.Future[bytes]


class Receiver:
    """Stores deliveries and counts refusals, as many together as wait. How many may wait is the transport's affair
    (`mllp.Limits`)."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()

    def put(self, delivery: Delivery | Refusal, answer: bytes) -> asyncio.Future[bytes]:
        """Promise `answer` for when the delivery is durable, or the refusal counted; an exception instead when it could
        not be stored."""
        answered = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(_Waiting(delivery, answer, answered))
        return answered

    async def write(self, pool: asyncpg.Pool) -> None:
        """Store what is put, until cancelled. When the database fails, what waited for it is not answered, and the
        next is tried on a new connection."""
        while True:
            batch = await self._next()
            try:
                async with pool.acquire() as connection:
                    while True:  # the pool resets a connection that it gets back, which is a round trip
                        await _store(connection, batch)
                        batch = await self._next()
            except Exception as error:  # noqa: BLE001  whatever it is, the next messages are tried
                log.error("messages could not be stored", count=len(batch), error=type(error).__name__)
                for one in batch:
                    if not one.answered.done():
                        one.answered.set_exception(ConnectionError("not stored"))

    async def _next(self) -> list[_Waiting]:
        batch = [await self._queue.get()]
        while len(batch) < TOGETHER and not self._queue.empty():
            batch.append(self._queue.get_nowait())
        return batch


async def _store(connection: Connection, batch: list[_Waiting]) -> None:
    await inbox.receive(connection, [one.delivery for one in batch if isinstance(one.delivery, Delivery)])
    await note(connection, [one.delivery for one in batch if isinstance(one.delivery, Refusal)])
    for one in batch:
        if not one.answered.done():
            one.answered.set_result(one.answer)


@asynccontextmanager
async def receiver(pool: asyncpg.Pool) -> AsyncIterator[Receiver]:
    """A receiver at work on one connection of the pool: while it commits, the next transaction fills, and two would
    share what waits."""
    made = Receiver()
    task = asyncio.create_task(made.write(pool))
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def mllp_handler(to: Receiver, sender: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Handler:
    """Answers each message: AA when it is stored and can be used, AE or AR with the reason when it is stored and
    waits in quarantine. A message that cannot be stored is not answered, so that its sender sends it again; one that is
    too large is answered AR once that is counted (`ingest.refused`), and is not stored."""

    def receive(message: bytes) -> asyncio.Future[bytes]:
        now = clock()
        found = _found(message, sender, now)
        answer = acknowledge(message, _outcome(found), control_id=secrets.token_hex(10), at=now)
        delivery = Delivery(FEED, sender, _NAME, message, received=now, found=encoded(found) if found else None)
        return to.put(delivery, answer)

    def refuse(head: bytes) -> asyncio.Future[bytes]:
        answer = acknowledge(head, refused(_TOO_LARGE), control_id=secrets.token_hex(10), at=clock())
        return to.put(Refusal(FEED, sender, _TOO_LARGE), answer)

    return Handler(receive, refuse)


def _found(message: bytes, sender: str, now: datetime) -> Parsed | None:
    """What the message says, for the answer and for the pipeline; None when reading it fails: then it is kept, and the
    pipeline, which fails too, sets it aside."""
    try:
        return read(FEEDS[FEED], message, name=_NAME, sender=sender, as_of=now)
    except Exception as error:  # noqa: BLE001  a fault of ours is no reason to lose the message
        log.error("a message cannot be read", error=type(error).__name__)
        return None


def _outcome(found: Parsed | None) -> Outcome:
    if found is None:
        return refused(_UNEXPECTED)
    return accepted(found.defects) if found.events or not found.defects else refused(found.defects[-1])
