"""A load generator that costs little: one asyncio protocol per connection, on uvloop and without an HTTP library, one
request after the other on each."""

import asyncio
import statistics
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

_END_OF_HEAD = b"\r\n\r\n"
_PATIENCE = 10.0
"""Seconds within which the last answers must come."""


@dataclass
class Answers:
    """What came back: seconds each answer took, and how long the measurement lasted."""

    seconds: list[float] = field(default_factory=list)
    """Of those that count."""
    wall: float = 0.0
    count: int = 0
    """All of them, with those before the measurement."""
    processor: float = 0.0
    """Processor seconds of the answering process."""
    database: float = 0.0
    """Those of PostgreSQL's processes."""
    generator: float = 0.0
    """Those of this process, which asks."""

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.wall

    @property
    def milliseconds_each(self) -> float:
        """Processor time for one answer: others' work on the machine disturbs it less than the rate."""
        return 1000 * self.processor / self.count

    @property
    def in_all(self) -> float:
        """Milliseconds of processor time for one answer, of whoever works on it."""
        return 1000 * (self.processor + self.database + self.generator) / self.count

    def percentile(self, percent: int) -> float:
        """Milliseconds within which `percent` of the answers came."""
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[percent - 1] * 1000


class _Client(asyncio.Protocol):
    """Sends its request again as soon as the answer has arrived, until the time is over."""

    def __init__(self, request: bytes, length: int, since: float, until: float, answers: Answers) -> None:
        self._request, self._length, self._answers = request, length, answers
        self._since, self._until = since, until
        self._head = bytearray()
        self._missing = -1
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._ask()

    def _ask(self) -> None:
        self._sent = perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._missing >= 0:
            self._missing -= len(data)
        else:
            self._head += data
            end = self._head.find(_END_OF_HEAD)
            if end < 0:
                return
            self._check(bytes(self._head[:end]))
            self._missing = self._length - (len(self._head) - end - len(_END_OF_HEAD))
        if self._missing == 0:
            self._answered()

    def _check(self, head: bytes) -> None:
        if not head.startswith(b"HTTP/1.1 200 ") or b"content-length: %d" % self._length not in head.lower():
            self._fail(RuntimeError("an answer differs from the first one: " + head.decode("latin-1")))

    def _answered(self) -> None:
        now = perf_counter()
        self._answers.count += 1
        if now >= self._since:
            self._answers.seconds.append(now - self._sent)
        self._head.clear()
        self._missing = -1
        if now < self._until:
            self._ask()
        else:
            self._transport.close()
            if not self.done.done():
                self.done.set_result(None)

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(error or ConnectionError("the server hung up"))


async def ask(
    port: int, request: bytes, length: int, *, connections: int, seconds: float, before: float = 0.0
) -> Answers:
    """Ask for `seconds`; every answer must be a 200 with a body of `length` bytes. Raises when one is not. For so long
    `before` it is asked already, and that counts for nothing but processor time: all connections ask for their first
    answer at the same moment, as nobody does afterwards."""
    loop = asyncio.get_running_loop()
    answers = Answers()
    start = perf_counter() + before
    opened = [
        await loop.create_connection(
            lambda: _Client(request, length, start, start + seconds, answers), "127.0.0.1", port
        )
        for _ in range(connections)
    ]
    async with asyncio.timeout(before + seconds + _PATIENCE):
        await asyncio.gather(*(client.done for _, client in opened))
    answers.wall = perf_counter() - start
    return answers


def get(path: str, token: str = "") -> bytes:
    """The bytes of a GET request."""
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/fhir+json\r\n{authorization}\r\n".encode()
