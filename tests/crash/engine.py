"""A hospital's integration engine: it sends a message until that is acknowledged, and only then the next."""

import asyncio
import hashlib
import random
from collections.abc import Sequence
from contextlib import aclosing
from datetime import date, timedelta

from adapters.acute.er7 import header
from adapters.synthetic import acute
from adapters.synthetic.neighbourhood import build
from adapters.transport.frames import frame, messages

SENDER = "X9A"
LINES = 8
"""Connections, each with one message that is not acknowledged yet."""
_PATIENCE = 60.0
"""Seconds until an engine that hears nothing connects anew."""
_PAUSE = 0.05
"""Seconds between two attempts to connect."""
_SENDS_THE_LAST_AGAIN = 0.3
"""How often an engine that connects anew does not know any more what was acknowledged."""
_REFUSED_EVERY = 50
"""Each so many messages one that says nothing we can use: refused, and stored like any other."""


_AHEAD = timedelta(days=3 * 366)
"""From today to the end of the two years that the messages tell of. They lie ahead as a whole: nothing that happened is
too old to be kept for telling (`store.events.NEW_ENOUGH`), nor becomes so while its message waits for a worker."""


def hospital(people: int, count: int) -> list[bytes]:
    """Different messages of the synthetic hospital, in the order in which it sends them, some to be refused. Their
    dates lie ahead."""
    world = build(people, today=date.today() + _AHEAD)  # noqa: DTZ011  a day more or less is nothing here
    files = [file.content for file in acute.feed_files(world) if file.content.startswith(b"MSH")]
    made: list[bytes] = []
    for number, content in enumerate(dict.fromkeys(files)):
        made.append(content)
        if number % _REFUSED_EVERY == 0:
            made.append(content.replace(b"|ADT^A", b"|ADT^Z", 1))
    assert len(made) >= count
    assert len(set(made)) == len(made)
    return made[:count]


def digest(message: bytes) -> str:
    return hashlib.sha256(message).hexdigest()


class Engine:
    """After an answer it waits up to `pause` seconds for the next message to come up. `acknowledged` says by a
    message's SHA-256 (hex) how it was answered: AA, AE or AR. `sent` counts every sending, `connections` every
    connection."""

    def __init__(self, port: int, seed: int, pause: float) -> None:
        self._port = port
        self._seed = seed
        self._pause = pause
        self.acknowledged: dict[str, str] = {}
        self.sent = 0
        self.connections = 0

    async def send(self, listed: Sequence[bytes]) -> None:
        """Until every one is acknowledged. What concerns one patient goes over several connections, as it comes."""
        chance = random.Random(self._seed)
        lines = [(listed[number::LINES], random.Random(chance.random())) for number in range(LINES)]
        await asyncio.gather(*(self._line(part, own) for part, own in lines))

    async def _line(self, listed: Sequence[bytes], chance: random.Random) -> None:
        done = 0
        while done < len(listed):
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                await asyncio.sleep(_PAUSE)
                continue
            self.connections += 1
            if done and chance.random() < _SENDS_THE_LAST_AGAIN:
                done -= 1
            try:
                async with aclosing(messages(reader)) as replies:
                    while done < len(listed):
                        await self._exchange(writer, replies, listed[done])
                        done += 1
                        await asyncio.sleep(chance.uniform(0, self._pause))
            except (OSError, TimeoutError, StopAsyncIteration):  # no answer: the same message again
                await asyncio.sleep(_PAUSE)
            finally:
                writer.close()

    async def _exchange(self, writer: asyncio.StreamWriter, replies, message: bytes) -> None:
        self.sent += 1
        writer.write(frame(message))
        async with asyncio.timeout(_PATIENCE):
            await writer.drain()
            reply = await anext(replies)
        code, of = reply.split(b"\rMSA|", 1)[1].split(b"\r", 1)[0].decode().split("|")[:2]
        assert of == header(message).value(10), "the answer is to another message"
        assert self.acknowledged.setdefault(digest(message), code) == code, "the same message is answered otherwise"
