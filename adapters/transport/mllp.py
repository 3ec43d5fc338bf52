"""MLLP over TCP: 0x0B message 0x1C 0x0D, an answer for every message, in order (HL7 v2.4 implementation guide C.2).

Only framing: what a message means, and when it may be acknowledged, is the handler's.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from adapters.errors import AdapterError

START, END, CARRIAGE_RETURN = 0x0B, 0x1C, 0x0D
LARGEST_MESSAGE = 1 << 20
"""Bytes. The largest sample of any real sender is below 20 kB."""
_CHUNK = 1 << 16


class MessageTooLargeError(AdapterError):
    """A message is longer than the limit: its end is not looked for any more."""


def frame(message: bytes) -> bytes:
    """The message between start and end characters."""
    return bytes((START,)) + message + bytes((END, CARRIAGE_RETURN))


async def messages(reader: asyncio.StreamReader, limit: int = LARGEST_MESSAGE) -> AsyncIterator[bytes]:
    """Messages without their framing, until the sender hangs up; bytes outside frames are skipped, and so is a frame
    that is cut off. Raises MessageTooLargeError beyond `limit` bytes."""
    buffer = bytearray()
    while chunk := await reader.read(_CHUNK):
        buffer += chunk
        while (end := buffer.find(END)) >= 0:
            start = buffer.rfind(START, 0, end)
            message = bytes(buffer[start + 1 : end])
            del buffer[: end + 1]
            if len(message) > limit:
                raise MessageTooLargeError
            if start >= 0:
                yield message
        if START not in buffer:
            buffer.clear()
        elif len(buffer) > limit:
            raise MessageTooLargeError


async def serve_mllp(
    host: str, port: int, handle: Callable[[bytes], Awaitable[bytes]], *, limit: int = LARGEST_MESSAGE
) -> asyncio.Server:
    """Listen; `handle` gets each message without framing and returns the answer, which is sent before the next message
    of that connection is read. A connection whose handler raises, or whose message is too large, is closed without an
    answer, so that its sender sends again. Close the returned server to stop."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async for message in messages(reader, limit):
                writer.write(frame(await handle(message)))
                await writer.drain()
        except (MessageTooLargeError, ConnectionError):
            pass  # nothing can be answered: the message has no end, or nobody listens any more
        finally:
            writer.close()

    return await asyncio.start_server(converse, host, port)
