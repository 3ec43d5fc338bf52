"""What is kept for good comes back as it was."""

import gzip
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.ingest.packing import LONGEST_PLAIN, packed, unpacked

BYTES = st.binary(max_size=200) | st.builds(
    lambda start, one, times: start + one * times,
    st.sampled_from([b"", b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x08", gzip.compress(b"sent so"), packed(b"\x1f\x8b")]),
    st.binary(max_size=20),
    st.integers(0, 400),
)


@given(BYTES)
def test_what_is_packed_is_unpacked_to_the_same(content: bytes) -> None:
    assert unpacked(packed(content)) == content


def test_short_content_is_stored_as_it_is() -> None:
    content = b"MSH|" * (LONGEST_PLAIN // 4)
    assert packed(content) is content


def test_long_content_is_a_gzip_member_that_any_program_reads() -> None:
    content = b'{"resourceType":"Bundle"}' * 4000
    assert len(packed(content)) < len(content) / 10
    assert gzip.decompress(packed(content)) == content


def test_what_was_sent_as_gzip_comes_back_as_gzip() -> None:
    for content in (gzip.compress(b"a"), gzip.compress(Random(1).randbytes(5000)), b"\x1f\x8bno gzip at all"):
        assert unpacked(packed(content)) == content


@pytest.mark.parametrize("length", [3, 12, 40, -9, -1])
def test_half_a_member_comes_back_as_it_lies_there(length: int) -> None:
    stored = packed(b"a referral\n" * 1000)[:length]
    assert unpacked(stored) == stored


def test_of_what_is_stored_damaged_nothing_is_taken_for_what_was_sent() -> None:
    stored = bytearray(packed(Random(1).randbytes(5000)))
    stored[len(stored) // 2] ^= 1
    assert unpacked(bytes(stored)) == stored
