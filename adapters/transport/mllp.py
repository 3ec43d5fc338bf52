"""An MLLP server over TCP, with TLS or without: several connections, an answer for every message, in order.

Only transport: what a message means, and when it may be acknowledged, is the handler's. A sender may send on before
it has its answers; how much of that is taken in is bounded, for each connection and for all of them: beyond it nothing
more is read, TCP's own window fills, and the sender waits.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from adapters.transport.frames import CHUNK, LARGEST_MESSAGE, Frames, MessageTooLargeError, frame

log = structlog.get_logger()


@dataclass(frozen=True)
class Limits:
    """How much is taken in, and how long is waited."""

    message: int = LARGEST_MESSAGE
    """Bytes of one message. What is larger is refused, and the connection goes on."""
    connections: int = 200
    """Open at once; one more is closed as soon as it is opened."""
    unanswered: int = 64
    """Messages of one connection."""
    in_flight: int = 2000
    """Messages of all connections that the handler has and has not answered."""
    in_flight_bytes: int = 32 << 20
    frame_seconds: float = 60
    """From a message's first byte to its last."""
    idle_seconds: float = 24 * 3600
    """Between messages: hospitals keep connections open through quiet nights."""
    answer_seconds: float = 60
    """Until the sender takes an answer."""


@dataclass(frozen=True)
class Handler:
    """What messages mean. `receive` is called with each message as it arrives; the answer that it promises is sent when
    it is there, in order. If there is an exception instead, the connection is closed without an answer, so that its
    sender sends again. `too_large` answers so a message of which only the first bytes were kept."""

    receive: Callable[[bytes], asyncio.Future[bytes]]
    too_large: Callable[[bytes], asyncio.Future[bytes]]


class _Room:
    """What may be in flight at once, over all connections: it is exceeded by one message at most."""

    def __init__(self, limits: Limits) -> None:
        self._messages, self._bytes = limits.in_flight, limits.in_flight_bytes
        self._left = asyncio.Event()

    async def take(self, size: int) -> None:
        """Wait until there is room."""
        while self._messages <= 0 or self._bytes <= 0:
            self._left.clear()
            await self._left.wait()
        self._messages -= 1
        self._bytes -= size

    def leave(self, size: int) -> None:
        self._messages += 1
        self._bytes += size
        if self._messages > 0 and self._bytes > 0:
            self._left.set()


class _Connection:
    """One sender: what it sends is read and what it is answered is written side by side."""

    def __init__(self, handler: Handler, limits: Limits, room: _Room) -> None:
        self._handler, self._limits, self._room = handler, limits, room
        self._pending: asyncio.Queue[asyncio.Future[bytes] | None] = asyncio.Queue(limits.unanswered)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the sender hangs up and has its answers, or makes us wait too long."""
        answering = asyncio.create_task(self._answer(writer))
        try:
            await self._read(reader)
        except (TimeoutError, ConnectionError, ssl.SSLError) as error:
            log.info("a sender's connection is closed", why=type(error).__name__)
        await self._pending.put(None)
        await answering

    async def _read(self, reader: asyncio.StreamReader) -> None:
        limits, frames, now = self._limits, Frames(self._limits.message), asyncio.get_running_loop().time
        idle_since, begun = now(), None
        while True:
            deadline = idle_since + limits.idle_seconds if begun is None else begun + limits.frame_seconds
            async with asyncio.timeout_at(deadline):
                chunk = await reader.read(CHUNK)
            if not chunk:
                return
            found = frames.feed(chunk)
            for message in found:
                await self._take(message)
            if found:
                idle_since, begun = now(), None
            begun = (begun or now()) if frames.begun else None

    async def _take(self, message: bytes | MessageTooLargeError) -> None:
        if isinstance(message, MessageTooLargeError):
            log.warning("a message was refused: it is too large", limit=self._limits.message)
            await self._pending.put(self._handler.too_large(message.head))
            return
        size = len(message)
        await self._room.take(size)
        answer = self._handler.receive(message)
        answer.add_done_callback(lambda _: self._room.leave(size))
        await self._pending.put(answer)

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        """Send answers in order. Once one cannot be had or sent, no later one is: the connection is cut, and reading
        ends by that."""
        cut = False
        while (pending := await self._pending.get()) is not None:
            try:
                answer = await pending
                if not cut:
                    writer.write(frame(answer))
                    async with asyncio.timeout(self._limits.answer_seconds):
                        await writer.drain()
            except Exception as error:  # noqa: BLE001  whatever it is, this sender gets no answer and sends again
                if not cut:
                    log.warning("messages are left unanswered", why=type(error).__name__)
                cut = True
                writer.transport.abort()


async def serve_mllp(
    host: str, port: int, handler: Handler, *, limits: Limits | None = None, tls: ssl.SSLContext | None = None
) -> asyncio.Server:
    """Listen. Close the returned server to stop."""
    limits = limits or Limits()
    room = _Room(limits)
    open_ = 0

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_
        open_ += 1
        try:
            if open_ > limits.connections:
                log.warning("a connection is refused: too many are open", limit=limits.connections)
            else:
                await _Connection(handler, limits, room).converse(reader, writer)
        finally:
            open_ -= 1
            writer.close()

    return await asyncio.start_server(
        connected, host, port, limit=CHUNK, ssl=tls, ssl_handshake_timeout=10 if tls else None
    )


def tls_context(certificate: Path, key: Path, client_authorities: Path | None) -> ssl.SSLContext:
    """Server side of TLS 1.2 or newer. Where `client_authorities` (PEM) is given, only a sender whose certificate one
    of them has signed gets in. Raises OSError (ssl.SSLError is one) for files that cannot be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # whatever the machine's OpenSSL is set to
    context.load_cert_chain(certificate, key)
    if client_authorities:
        context.verify_mode = ssl.CERT_REQUIRED
    return context
