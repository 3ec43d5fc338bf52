"""What is sent while it is made: not before it is audited that it begins, and at its end it is audited how it ended."""

import hashlib
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from integration.api.in_pieces import InPieces
from integration.errors import AuditUnavailable


class Counted(InPieces):
    """Some pieces, of which the last may fail. `told` is what was audited and sent, in order."""

    media_type = "text/plain"
    end = b"."

    def __init__(self, *bodies: bytes, auditable: bool = True, fails: bool = False) -> None:
        super().__init__()
        self.told: list[Any] = []
        self._bodies, self._auditable, self._fails = bodies, auditable, fails

    async def audit_beginning(self, *details: tuple[str, str]) -> None:
        if not self._auditable:
            raise AuditUnavailable
        self.told.append(dict(details))

    async def audit_end(self, *details: tuple[str, str]) -> None:
        self.told.append(dict(details))

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        for body in self._bodies:
            yield body
        if self._fails:
            raise OSError

    async def sent(self, taken: int = 100) -> None:
        """As a server sends it to a client that hangs up after so many pieces."""

        async def receive() -> dict[str, Any]:
            pieces = sum(isinstance(one, bytes) for one in self.told)
            return {"type": "http.disconnect" if pieces >= taken else "http.request"}

        async def send(message: Any) -> None:
            self.told.append(message.get("body", message["type"]))

        await self({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def test_its_begin_is_audited_before_its_first_byte_and_its_end_before_its_last() -> None:
    answer = await Counted(b"a", b"b").begin()
    await answer.sent()
    start, whole = "http.response.start", {"answer": "whole", "digest": digest(b"ab.")}
    assert answer.told == [{"answer": "begun"}, start, b"a", b"b", whole, b"."]


async def test_what_was_not_begun_sends_nothing() -> None:
    answer = Counted(b"a")
    with pytest.raises(AuditUnavailable):
        await answer.sent()
    assert answer.told == []


async def test_what_cannot_be_audited_takes_nothing_over() -> None:
    let_go = list[str]()
    async with AsyncExitStack() as holding:
        holding.callback(let_go.append, "transaction")
        with pytest.raises(AuditUnavailable):
            await Counted(b"a", auditable=False).begin(holding)
        assert not let_go
    assert let_go == ["transaction"]


@pytest.mark.parametrize("fails", [False, True], ids=["a caller hangs up", "reading fails"])
async def test_of_one_that_is_cut_short_it_is_audited_what_was_sent(fails: bool) -> None:
    answer = await Counted(b"a", b"b", fails=fails).begin()
    if fails:
        with pytest.raises(OSError):
            await answer.sent()
    else:
        await answer.sent(taken=1)
    sent = b"ab" if fails else b"a"
    assert answer.told[-1] == {"answer": "cut short", "digest": digest(sent)}


async def test_what_it_holds_is_let_go_before_its_last_byte() -> None:
    async with AsyncExitStack() as holding:
        answer = Counted(b"a")
        holding.callback(answer.told.append, "let go")
        await answer.begin(holding)
    await answer.sent()
    assert answer.told[-2:] == ["let go", b"."]
