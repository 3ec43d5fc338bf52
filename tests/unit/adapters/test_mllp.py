"""MLLP over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.transport.mllp import MessageTooLargeError, frame, messages, serve_mllp

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def shout(message: bytes) -> bytes:
    return message.upper()


@asynccontextmanager
async def served(handle: Callable[[bytes], Awaitable[bytes]] = shout, limit: int = 1000) -> AsyncIterator[Connection]:
    server = await serve_mllp("127.0.0.1", 0, handle, limit=limit)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()


async def answer(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 5)


async def test_every_message_is_answered_in_order_on_one_connection() -> None:
    async with served() as (reader, writer):
        writer.write(frame(b"one\r") + frame(b"two\r"))
        assert await answer(reader) == frame(b"ONE\r")
        assert await answer(reader) == frame(b"TWO\r")
        writer.write(frame(b"three"))
        assert await answer(reader) == frame(b"THREE")


async def test_a_message_may_arrive_in_pieces() -> None:
    async with served() as (reader, writer):
        for byte in frame("Zoë\r".encode()):
            writer.write(bytes((byte,)))
            await writer.drain()
        assert await answer(reader) == frame("Zoë\r".encode().upper())


async def test_noise_between_frames_and_cut_off_frames_are_skipped() -> None:
    async with served() as (reader, writer):
        writer.write(b"\r\n noise \x0bcut off" + frame(b"one") + b"\r\n" + b"\x0btwo\x1c" + frame(b"three"))
        for expected in (b"ONE", b"TWO", b"THREE"):
            assert await answer(reader) == frame(expected)


async def test_a_message_beyond_the_limit_closes_the_connection_unanswered() -> None:
    async with served(limit=1000) as (reader, writer):
        writer.write(b"\x0b" + b"x" * 5000)
        assert await asyncio.wait_for(reader.read(), 5) == b""


async def test_a_failing_handler_leaves_the_message_unanswered_and_the_next_connection_served() -> None:
    async def handle(message: bytes) -> bytes:
        if message == b"bad":
            raise ConnectionAbortedError
        return message

    async with served(handle) as (reader, writer):
        writer.write(frame(b"bad") + frame(b"never read"))
        assert await asyncio.wait_for(reader.read(), 5) == b""
        port = writer.get_extra_info("peername")[1]
        other_reader, other = await asyncio.open_connection("127.0.0.1", port)
        other.write(frame(b"good"))
        assert await answer(other_reader) == frame(b"good")
        other.close()
        await other.wait_closed()


async def test_connections_do_not_wait_for_each_other() -> None:
    release = asyncio.Event()

    async def handle(message: bytes) -> bytes:
        if message == b"slow":
            await release.wait()
        return message

    async with served(handle) as (reader, writer):
        writer.write(frame(b"slow"))
        port = writer.get_extra_info("peername")[1]
        other_reader, other = await asyncio.open_connection("127.0.0.1", port)
        other.write(frame(b"fast"))
        assert await answer(other_reader) == frame(b"fast")
        release.set()
        assert await answer(reader) == frame(b"slow")
        other.close()
        await other.wait_closed()


@given(st.lists(st.binary(max_size=50).map(lambda raw: raw.translate(None, b"\x0b\x1c"))), st.integers(1, 40))
async def test_framing_comes_off_however_the_bytes_are_cut(sent: list[bytes], size: int) -> None:
    reader = asyncio.StreamReader()
    stream = b"".join(map(frame, sent))
    for start in range(0, len(stream), size):
        reader.feed_data(stream[start : start + size])
    reader.feed_eof()
    assert [message async for message in messages(reader)] == sent


async def test_the_limit_counts_the_message() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(frame(b"x" * 10) + frame(b"x" * 11))
    found = messages(reader, limit=10)
    assert await anext(found) == b"x" * 10
    with pytest.raises(MessageTooLargeError):
        await anext(found)
