"""An answer that is too long to be held, and is sent while it is made.

It has two audit events (docs/audit.md): one before its first byte says what was granted and asked for, one before its
last byte what was sent, whole or cut short. Where the second is missing, all that was granted may have been seen.
"""

import asyncio
import hashlib
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Self

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from integration.audit.codes import BEGUN, CUT_SHORT, WHOLE
from integration.errors import AuditUnavailable

PATIENCE = 10.0
"""Seconds for a piece to be taken."""


class InPieces(Response, ABC):
    """What is sent piece by piece. Who makes one calls `begin`; one that was not begun sends nothing."""

    patience = PATIENCE
    end = b""
    """What follows the last piece, once all is audited."""
    _held: AsyncExitStack | None = None

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self.status_code, self.background = 200, None
        self.init_headers(headers)  # nothing is rendered yet, so that no length is promised

    @abstractmethod
    def pieces(self) -> AsyncGenerator[bytes, None]:
        """All but the end."""

    @abstractmethod
    async def audit_beginning(self, *details: tuple[str, str]) -> None:
        """Write what was granted and asked for, with these details; returns when it is durable."""

    @abstractmethod
    async def audit_end(self, *details: tuple[str, str]) -> None:
        """Write how much was sent, with these details; returns when it is durable."""

    async def begin(self, holding: AsyncExitStack | None = None) -> Self:
        """Have it audited that it begins. From then on it holds what was held for it, such as the transaction in which
        it is read, and lets go of that when the last piece is sent, or cannot be. Raises AuditUnavailable."""
        await self.audit_beginning(BEGUN)
        self._held = holding.pop_all() if holding else AsyncExitStack()
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._held is None:
            raise AuditUnavailable
        with suppress(ClientDisconnect):
            async with self._held:
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await self._send_all(Request(scope, receive), send)
            await send({"type": "http.response.body", "body": self.end})

    async def _send_all(self, request: Request, send: Send) -> None:
        """Send everything but the end, and have it audited what was sent."""
        digest, how = hashlib.sha256(), CUT_SHORT
        try:
            async with aclosing(sent(self.pieces(), request, send, self.patience)) as pieces:
                async for body in pieces:
                    digest.update(body)
            digest.update(self.end)
            how = WHOLE
        finally:
            await self.audit_end(how, ("digest", digest.hexdigest()))


async def sent(
    pieces: AsyncGenerator[bytes, None], request: Request, send: Send, patience: float = PATIENCE
) -> AsyncGenerator[bytes, None]:
    """Each piece once it is sent; the response has started. Raises ClientDisconnect where nobody takes them any more,
    TimeoutError where one is not taken in `patience` seconds."""
    async with aclosing(pieces):
        async for body in pieces:
            if await request.is_disconnected():
                raise ClientDisconnect
            async with asyncio.timeout(patience):
                await send({"type": "http.response.body", "body": body, "more_body": True})
            yield body
