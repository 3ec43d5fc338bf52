"""Cursors: what is sealed comes back whole, to the client it was made for only, and tells nothing to anybody else."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.api.seal import Seal
from integration.errors import BadRequest

SEAL = Seal(bytes(range(64)))
texts = st.text(max_size=40)
parameters = st.lists(st.tuples(texts, texts), max_size=6)


@given(parameters, texts)
def test_what_was_sealed_comes_back_in_order(asked: list[tuple[str, str]], client: str):
    assert SEAL.open(SEAL.close(asked, client), client) == asked


@given(parameters, texts)
def test_the_same_search_of_the_same_client_has_the_same_cursor(asked: list[tuple[str, str]], client: str):
    assert SEAL.close(asked, client) == SEAL.close(asked, client)


@given(parameters, texts, texts)
def test_another_clients_cursor_does_not_open(asked: list[tuple[str, str]], client: str, other: str):
    cursor = SEAL.close(asked, client)
    if other != client:
        with pytest.raises(BadRequest):
            SEAL.open(cursor, other)


@given(parameters, st.integers(0), st.integers(1, 255))
def test_a_cursor_with_one_byte_changed_does_not_open(asked: list[tuple[str, str]], place: int, change: int):
    cursor = SEAL.close(asked, "client")
    sealed = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    sealed[place % len(sealed)] ^= change

    with pytest.raises(BadRequest) as refused:
        SEAL.open(base64.urlsafe_b64encode(sealed).decode().rstrip("="), "client")
    assert refused.value.issues[0].parameter == "_cursor"


@given(st.text(max_size=200))
def test_no_made_up_text_opens(cursor: str):
    with pytest.raises(BadRequest):
        SEAL.open(cursor, "client")


def test_another_servers_cursor_does_not_open():
    with pytest.raises(BadRequest):
        Seal(bytes(64)).open(SEAL.close([("patient", "1")], "client"), "client")


def test_a_cursor_is_fit_for_a_url_and_does_not_hold_what_was_asked():
    cursor = SEAL.close([("patient:identifier", "9990000018")], "client")

    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert b"9990000018" not in base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
