"""MLLP framing: however the bytes arrive, the messages come out."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.transport.frames import Frames, MessageTooLargeError, frame, messages

MESSAGE = st.binary(max_size=50).map(lambda raw: raw.translate(None, b"\x0b\x1c"))


def whole(found: list[bytes | MessageTooLargeError]) -> list[bytes]:
    return [b"TOO LARGE " + one.head if isinstance(one, MessageTooLargeError) else one for one in found]


def fed(stream: bytes, size: int, limit: int = 1000) -> list[bytes]:
    frames = Frames(limit)
    return whole([one for start in range(0, len(stream), size) for one in frames.feed(stream[start : start + size])])


@given(st.lists(MESSAGE), st.integers(1, 40))
def test_framing_comes_off_however_the_bytes_are_cut(sent: list[bytes], size: int) -> None:
    assert fed(b"".join(map(frame, sent)), size) == sent


@given(st.integers(1, 40))
def test_noise_between_frames_and_cut_off_frames_are_skipped(size: int) -> None:
    stream = b"\r\n noise \x1c \x0bcut off" + frame(b"one") + b"\r\n" + b"\x0btwo\x1c" + frame(b"three") + b"\x0b"
    assert fed(stream, size) == [b"one", b"two", b"three"]


@given(st.integers(1, 40))
def test_a_message_that_is_too_large_is_said_once_and_the_next_is_read(size: int) -> None:
    stream = frame(b"x" * 11) + frame(b"y" * 10) + frame(b"z" * 100) + frame(b"last")
    found = fed(stream, size, limit=10)
    assert [one[:11] for one in found] == [b"TOO LARGE x", b"y" * 10, b"TOO LARGE z", b"last"]


def test_a_message_may_begin_inside_one_that_was_too_large_and_had_no_end() -> None:
    assert fed(b"\x0b" + b"z" * 30 + frame(b"cut in"), 1, limit=10)[1:] == [b"cut in"]


@given(st.binary(max_size=300), st.integers(1, 40))
def test_what_is_held_is_bounded_by_the_limit(noise: bytes, size: int) -> None:
    frames = Frames(20)
    for start in range(0, len(noise), size):
        frames.feed(noise[start : start + size])
        assert len(frames._buffer) <= 21


def test_whether_a_message_has_begun_is_known() -> None:
    frames = Frames(10)
    assert not frames.begun
    frames.feed(b"noise")
    assert not frames.begun
    frames.feed(b"\x0bhalf")
    assert frames.begun
    frames.feed(b" a message that is too large")
    assert frames.begun
    frames.feed(b"\x1c\r")
    assert not frames.begun


async def test_a_reader_of_answers_stops_at_the_limit() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(frame(b"x" * 10) + frame(b"x" * 11))
    found = messages(reader, limit=10)
    assert await anext(found) == b"x" * 10
    with pytest.raises(MessageTooLargeError):
        await anext(found)
