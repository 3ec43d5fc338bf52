"""An answer that is too long to be held: a searchset that is sent while it is read, in the transaction of its decision.

It has two audit events (docs/audit.md): one before its first byte says what was granted and asked for, one before its
last byte what was sent. Where the second is missing, all that was granted may have been seen.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, suppress

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from integration.api.bundle import END, beginning, last_piece, piece, resource_type_of
from integration.api.exchange import Exchange
from integration.api.outcome import FHIR_JSON
from integration.audit.codes import Kind
from integration.record.longitudinal import Page
from integration.sharing.request import Grant

PIECE = 500
"""Resources that are read and sent together: about half a megabyte."""
BEGUN, WHOLE, CUT_SHORT = (("answer", "begun"), ("answer", "whole"), ("answer", "cut short"))
"""Details of the two audit events."""
_PATIENCE = 10.0
"""Seconds for a piece to be taken: as long as an answer is under way it keeps a connection to the database."""


class Streamed(Response):
    """The pages of a record as one Bundle. It ends `transaction`, in which they are read, whatever becomes of it; that
    it is begun was audited before."""

    media_type = FHIR_JSON

    def __init__(
        self,
        exchange: Exchange,
        grant: Grant,
        links: Mapping[str, str],
        pages: AsyncGenerator[Page, None],
        transaction: AbstractAsyncContextManager[object],
    ) -> None:
        self.status_code, self.background = 200, None
        self.init_headers()  # nothing is rendered yet, so that no length is promised
        self._exchange, self._grant, self._links = exchange, grant, links
        self._pages, self._transaction = pages, transaction
        self._counts: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        with suppress(ClientDisconnect):
            async with self._transaction, aclosing(self._pieces()) as pieces:
                await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                await self._send_all(pieces, request, send)
            await send({"type": "http.response.body", "body": END})

    async def _send_all(self, pieces: AsyncIterator[bytes], request: Request, send: Send) -> None:
        """Send everything but the end, and have it audited what was sent."""
        digest, how = hashlib.sha256(), CUT_SHORT
        try:
            async for body in pieces:
                if await request.is_disconnected():
                    raise ClientDisconnect
                async with asyncio.timeout(_PATIENCE):
                    await send({"type": "http.response.body", "body": body, "more_body": True})
                digest.update(body)
            digest.update(END)
            how = WHOLE
        finally:
            details = [how, ("digest", digest.hexdigest())]
            await self._exchange.audit(Kind.EVERYTHING, "operation", self._grant, counts=self._counts, details=details)

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        before = beginning(self._links, self._grant)
        async for page in self._pages:
            self._counts.update(page.counts())
            yield before + piece(*entries(self._exchange, page), self._exchange.services.base_url)
            before = b","
        if last := last_piece(self._grant):
            yield b"," + last


def entries(exchange: Exchange, page: Page) -> tuple[list[bytes], list[bytes]]:
    """What of a page matches, and what is sent beside it, as far as the token's scopes go."""
    patient = [orjson.dumps(page.patient)] if page.patient else []
    types = [resource_type_of(entry) for entry in page.directory]
    covered = {one for one in set(types) if exchange.covers(one)}
    directory = [entry for entry, type_ in zip(page.directory, types, strict=True) if type_ in covered]
    return [*patient, *(row.body for row in page.rows)], [*map(orjson.dumps, page.sources), *directory]
