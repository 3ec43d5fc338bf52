"""MLLP over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from adapters.transport.frames import frame, messages
from adapters.transport.mllp import Handler, Limits, serve_mllp

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
LIMITS = Limits(message=1000)


async def shout(message: bytes) -> bytes:
    return message.upper()


async def too_large(head: bytes) -> bytes:
    return b"TOO LARGE " + head[:3]


@asynccontextmanager
async def served(
    handle: Callable[[bytes], Awaitable[bytes]] = shout, limits: Limits = LIMITS
) -> AsyncIterator[Connection]:
    handler = Handler(*(lambda message, way=way: asyncio.ensure_future(way(message)) for way in (handle, too_large)))
    server = await serve_mllp("127.0.0.1", 0, handler, limits=limits)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    try:
        yield reader, writer
    finally:
        writer.close()
        server.close()


async def another(writer: asyncio.StreamWriter) -> Connection:
    """One more connection to the same server."""
    return await asyncio.open_connection(*writer.get_extra_info("peername"))


async def answer(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 30)


async def hung_up(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(), 30) == b""
    except ConnectionError:
        return True


class Held:
    """A handler that answers when it is told to."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.go = asyncio.Event()

    async def __call__(self, message: bytes) -> bytes:
        self.received.append(message)
        await self.go.wait()
        return message


async def settled(held: Held) -> int:
    """How many messages the handler has, when no more come."""
    count = -1
    while count != len(held.received):
        count = len(held.received)
        await asyncio.sleep(0.1)
    return count


async def test_every_message_is_answered_in_order_on_one_connection() -> None:
    async with served() as (reader, writer):
        writer.write(frame(b"one\r") + frame(b"two\r"))
        assert await answer(reader) == frame(b"ONE\r")
        assert await answer(reader) == frame(b"TWO\r")
        writer.write(frame(b"three"))
        assert await answer(reader) == frame(b"THREE")


async def test_answers_keep_the_order_of_the_messages_whichever_is_ready_first() -> None:
    async def handle(message: bytes) -> bytes:
        await asyncio.sleep(0.05 if message == b"slow" else 0)
        return message

    async with served(handle) as (reader, writer):
        writer.write(frame(b"slow") + frame(b"fast"))
        assert await answer(reader) == frame(b"slow")
        assert await answer(reader) == frame(b"fast")


async def test_messages_sent_on_are_received_before_the_first_is_answered() -> None:
    held = Held()
    async with served(held) as (reader, writer):
        writer.write(b"".join(frame(b"%d" % number) for number in range(20)))
        assert await settled(held) == 20
        held.go.set()
        assert [await answer(reader) for _ in range(20)] == [frame(b"%d" % number) for number in range(20)]


async def test_a_sender_who_ends_its_side_still_gets_its_answers() -> None:
    async with served() as (reader, writer):
        writer.write(frame(b"one") + frame(b"two"))
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 30) == frame(b"ONE") + frame(b"TWO")


async def test_a_message_beyond_the_limit_is_refused_and_the_connection_goes_on() -> None:
    async with served() as (reader, writer):
        writer.write(frame(b"one") + frame(b"MSH" + b"x" * 50_000) + frame(b"two"))
        assert [await answer(reader) for _ in range(3)] == [frame(b"ONE"), frame(b"TOO LARGE MSH"), frame(b"TWO")]


async def test_a_failing_handler_leaves_its_message_and_all_later_ones_unanswered() -> None:
    async def handle(message: bytes) -> bytes:
        if message == b"bad":
            raise ConnectionAbortedError
        return message

    async with served(handle) as (reader, writer):
        writer.write(frame(b"bad") + frame(b"never answered"))
        assert await hung_up(reader)
        other_reader, other = await another(writer)
        other.write(frame(b"good"))
        assert await answer(other_reader) == frame(b"good")
        other.close()


async def test_connections_do_not_wait_for_each_other() -> None:
    held = Held()

    async def handle(message: bytes) -> bytes:
        return await held(message) if message == b"slow" else message

    async with served(handle) as (reader, writer):
        writer.write(frame(b"slow"))
        other_reader, other = await another(writer)
        other.write(frame(b"fast"))
        assert await answer(other_reader) == frame(b"fast")
        held.go.set()
        assert await answer(reader) == frame(b"slow")
        other.close()


async def test_no_more_is_taken_in_than_the_limits_say() -> None:
    """For one connection; for all of them, in messages and in bytes. When there is room again, all the rest comes."""
    for limits, most in (
        (Limits(unanswered=5), 7),  # five wait, one is being answered, one is held by the reader
        (Limits(in_flight=8), 8),
        (Limits(in_flight_bytes=1000), 10),
    ):
        held = Held()
        async with served(held, limits) as (reader, writer):
            writer.write(b"".join(frame(b"%-100d" % number) for number in range(200)))
            assert 5 <= await settled(held) <= most
            held.go.set()
            assert len([await answer(reader) for _ in range(200)]) == 200


async def test_a_sender_that_is_not_read_from_waits_in_its_own_socket() -> None:
    held = Held()
    async with served(held, Limits(unanswered=5)) as (_, writer):
        writer.write(b"".join(frame(b"x" * 1000) for _ in range(50_000)))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writer.drain(), 0.5)
        assert len(held.received) <= 7
        writer.transport.abort()
        held.go.set()


async def a_byte_now_and_then(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x")
        await asyncio.sleep(0.05)


async def test_a_slow_message_and_an_idle_sender_are_given_so_much_time() -> None:
    async with served(limits=Limits(frame_seconds=0.2)) as (reader, writer):
        writer.write(frame(b"one") + b"\x0b")
        assert await answer(reader) == frame(b"ONE")
        slow = asyncio.create_task(a_byte_now_and_then(writer))
        assert await hung_up(reader)
        slow.cancel()
    async with served(limits=Limits(idle_seconds=0.2)) as (reader, writer):
        writer.write(b"noise is no message")
        assert await hung_up(reader)


async def test_a_sender_that_never_takes_its_answers_is_cut_off() -> None:
    async def handle(_message: bytes) -> bytes:
        return b"x" * 1_000_000

    async with served(handle, Limits(answer_seconds=0.2, unanswered=1000)) as (reader, writer):
        writer.write(frame(b"tell me") * 50)
        await asyncio.sleep(0.6)
        other_reader, other = await another(writer)
        other.write(frame(b"tell me"))
        answers = messages(other_reader)
        assert len(await asyncio.wait_for(anext(answers), 30)) == 1_000_000
        other.close()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(50_000_000), 30)


async def test_a_connection_too_many_is_closed_and_the_others_go_on() -> None:
    async with served(limits=Limits(connections=2)) as (reader, writer):
        second = await another(writer)
        second[1].write(frame(b"two"))
        assert await answer(second[0]) == frame(b"TWO")
        third = await another(writer)
        assert await hung_up(third[0])
        writer.write(frame(b"one"))
        assert await answer(reader) == frame(b"ONE")
        second[1].close()
        await asyncio.sleep(0.1)
        fourth = await another(writer)
        fourth[1].write(frame(b"four"))
        assert await answer(fourth[0]) == frame(b"FOUR")
        for one in (third, fourth):
            one[1].close()
