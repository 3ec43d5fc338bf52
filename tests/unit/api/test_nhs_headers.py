"""X-Request-ID and its kin: repeated as they were sent, or not at all."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.api.nhs_headers import Echoed, read
from integration.errors import BadRequest, Forbidden

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_what_is_said_is_kept():
    said = read(
        [
            (b"x-request-id", b"60E0B220-8136-4CA5-AE46-1D97EF59D068"),
            (b"x-correlation-id", b"11C46F5F-CDEF"),
            (b"nhsd-session-urid", b"555254240100"),
            (b"nhsd-end-user-organisation-ods", b"x9a"),
            (b"accept", b"*/*"),
        ]
    )
    assert said.request == "60E0B220-8136-4CA5-AE46-1D97EF59D068"
    assert (said.correlation, said.role_profile, said.organisation) == ("11C46F5F-CDEF", "555254240100", "x9a")
    said.require("X9A")
    assert said.details == [("user-role-profile", "555254240100")]


def test_without_an_id_there_is_one_of_ours_each_time():
    first, second = read([]), read([])
    assert UUID.fullmatch(first.request)
    assert first.request != second.request
    assert first.details == []
    first.require("X9A")


@pytest.mark.parametrize(
    "sent",
    [
        [(b"x-request-id", b"")],
        [(b"x-request-id", b"two words")],
        [(b"x-request-id", b"one\r\nSet-Cookie: a=b")],
        [(b"x-request-id", b"one\nX: y")],
        [(b"x-request-id", b"\x00")],
        [(b"x-request-id", b"caf\xe9")],
        [(b"x-request-id", "naïve".encode())],
        [(b"x-request-id", b"\x7f")],
        [(b"x-request-id", b"a" * 101)],
        [(b"x-request-id", b"one"), (b"x-request-id", b"two")],
        [(b"x-correlation-id", b"a b")],
        [(b"x-correlation-id", b"a" * 201)],
        [(b"nhsd-session-urid", b"nurse")],
        [(b"nhsd-end-user-organisation-ods", b"X9A; X9B")],
    ],
)
def test_what_is_malformed_is_refused_and_not_repeated(sent):
    said = read(sent)
    assert UUID.fullmatch(said.request)
    assert said.correlation == ""
    with pytest.raises(BadRequest) as refusal:
        said.require("X9A")
    assert refusal.value.issues[0].parameter.lower() == sent[0][0].decode()


def test_a_log_is_told_of_a_uuid_and_of_nothing_that_could_name_somebody():
    assert read([(b"x-request-id", b"9990000018")]).logged == ""
    assert read([(b"x-request-id", b"60E0B220-8136-4CA5-AE46-1D97EF59D068")]).logged
    assert UUID.fullmatch(read([]).logged)


def test_another_organisation_than_the_tokens_is_refused():
    with pytest.raises(Forbidden):
        read([(b"nhsd-end-user-organisation-ods", b"X9Z")]).require("X9A")


@given(st.binary(max_size=120), st.binary(max_size=220))
async def test_nothing_that_ends_a_header_is_ever_sent(request_id, correlation):
    sent: list[Any] = []

    async def answer(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"etag", b"1")]})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {"type": "http", "headers": [(b"x-request-id", request_id), (b"x-correlation-id", correlation)]}
    await Echoed(answer)(scope, receive, send)
    names = [name for name, _ in sent[0]["headers"]]
    assert names in ([b"etag", b"x-request-id"], [b"etag", b"x-request-id", b"x-correlation-id"])
    assert all(re.fullmatch(rb"[!-~]+", value) for _, value in sent[0]["headers"])
