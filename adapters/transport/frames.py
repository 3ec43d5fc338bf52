"""MLLP framing: 0x0B message 0x1C 0x0D (HL7 v2.4 implementation guide C.2). Bytes in, messages out; no I/O."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from adapters.errors import AdapterError

START, END = 0x0B, 0x1C
LARGEST_MESSAGE = 1 << 20
"""Bytes. The largest sample of any real sender is below 20 kB."""
CHUNK = 1 << 16
"""Bytes to read at once."""
_TOLD = 1 << 12
"""Bytes of a message that is too large that are kept, to say which one it was."""


class MessageTooLargeError(AdapterError):
    """A message is longer than the limit. `head` holds its first bytes."""

    def __init__(self, head: bytes = b"") -> None:
        super().__init__("the message is longer than the limit")
        self.head = head


def frame(message: bytes) -> bytes:
    """The message between start and end characters."""
    return b"\x0b%b\x1c\r" % message


@dataclass
class Frames:
    """Finds messages in what arrives. Bytes outside frames are skipped, and so is a frame that is cut off by the start
    of another. Of a message beyond `limit` bytes no more than its head is held."""

    limit: int = LARGEST_MESSAGE
    _buffer: bytearray = field(default_factory=bytearray)
    """Empty, or the start character and what has come of the message since."""
    _skipping: bool = False
    """Inside a message that was found too large."""

    @property
    def begun(self) -> bool:
        """Whether a message has started that has not ended."""
        return self._skipping or bool(self._buffer)

    def feed(self, chunk: bytes) -> list[bytes | MessageTooLargeError]:
        """What these bytes complete, in order; for a message that is too large, the error, once."""
        buffer, open_, position = self._buffer, bool(self._buffer), len(self._buffer)
        buffer += chunk  # only the new bytes are searched, so that a message may come byte by byte
        found: list[bytes | MessageTooLargeError] = []
        while (end := buffer.find(END, position)) >= 0:
            start = buffer.rfind(START, position, end)
            if start >= 0 or open_:
                found.append(self._message(max(start, 0) + 1, end))
            open_, position, self._skipping = False, end + 1, False
        start = buffer.rfind(START, position)
        if start < 0 and not open_:
            buffer.clear()
            return found
        del buffer[: max(start, 0)]
        self._skipping = False  # another message began inside the one that was too large
        if len(buffer) - 1 > self.limit:
            found.append(self._message(1, len(buffer)))
            buffer.clear()
            self._skipping = True
        return found

    def _message(self, start: int, end: int) -> bytes | MessageTooLargeError:
        if end - start > self.limit:
            return MessageTooLargeError(bytes(self._buffer[start : start + _TOLD]))
        return bytes(self._buffer[start:end])


async def messages(reader: asyncio.StreamReader, limit: int = LARGEST_MESSAGE) -> AsyncIterator[bytes]:
    """Messages without their framing, until the sender hangs up. Raises MessageTooLargeError beyond `limit` bytes."""
    frames = Frames(limit)
    while chunk := await reader.read(CHUNK):
        for message in frames.feed(chunk):
            if isinstance(message, MessageTooLargeError):
                raise message
            yield message
