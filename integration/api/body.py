"""What is taken in as the body of a request, whichever route reads it: so many bytes, not packed.

The limit lies where the bytes come in, so that no route can forget it; a route may have a lower one of its own.
"""

from starlette.datastructures import Headers
from starlette.types import Message, Receive

from integration.errors import BadRequest, ContentTooLarge, UnsupportedMediaType

LARGEST = 1 << 20
"""Bytes, where a route says nothing else."""


def limited(receive: Receive, headers: Headers, largest: int) -> Receive:
    """The same, except that it raises before the first byte of a body that says it is too large or packed (a small one
    could unpack to a very large one), and ContentTooLarge for the byte after `largest`."""
    size = 0

    async def receive_limited() -> Message:
        nonlocal size
        if not size:
            _require_plain(headers, largest)
        message = await receive()
        size += len(message.get("body", b""))
        if size > largest:
            raise ContentTooLarge
        return message

    return receive_limited


def _require_plain(headers: Headers, largest: int) -> None:
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise BadRequest("Content-Length is a number of bytes.", parameter="Content-Length")
    if len(length) > 18 or int(length) > largest:
        raise ContentTooLarge
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        error = UnsupportedMediaType("Send the body as it is, not packed.", parameter="Content-Encoding")
        error.headers = {"Accept-Encoding": "identity"}  # RFC 9110, 12.5.3: what would have been taken
        raise error
