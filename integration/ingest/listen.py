"""HL7 v2 over MLLP into the inbox: a message is acknowledged once it is durable, understood or not."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import asyncpg

from adapters.acute.acknowledge import Outcome, accepted, acknowledge, refused
from adapters.acute.parse import parse_message
from adapters.errors import Unreadable
from integration.ingest import inbox
from integration.ingest.inbox import Delivery
from integration.ingest.pipeline import wrong_sender


def mllp_handler(pool: asyncpg.Pool, sender: str) -> Callable[[bytes], Awaitable[bytes]]:
    """Answers each message: AA when it is stored and can be used, AE or AR with the reason when it is stored and
    waits in quarantine. A message that cannot be stored is not answered, so that its sender sends it again."""

    async def handle(message: bytes) -> bytes:
        now = datetime.now(UTC)
        outcome = _outcome(message, sender, now)
        async with pool.acquire() as connection:
            await inbox.receive(connection, [Delivery("acute", sender, "MLLP", message)])
        return acknowledge(message, outcome, control_id=secrets.token_hex(10), at=now)

    return handle


def _outcome(message: bytes, sender: str, now: datetime) -> Outcome:
    try:
        parsed = parse_message(message, sender=sender, as_of=now)
    except Unreadable as error:
        return refused(error.defect)
    foreign = any(event.patient.organisation != sender for event in parsed.events)
    return refused(wrong_sender("acute", sender, message)) if foreign else accepted(parsed.defects)
