"""A record that is too long to be held: a searchset, sent while it is read in the transaction of its decision."""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping

import orjson

from integration.api.bundle import END, beginning, last_piece, piece, resource_type_of
from integration.api.exchange import Exchange
from integration.api.in_pieces import InPieces
from integration.api.outcome import FHIR_JSON
from integration.audit.codes import Kind
from integration.record.longitudinal import Page
from integration.sharing.request import Grant

PIECE = 500
"""Resources that are read and sent together: about half a megabyte."""


class Streamed(InPieces):
    """The pages of a record as one Bundle. As long as it is under way it keeps a connection to the database."""

    media_type = FHIR_JSON
    end = END

    def __init__(
        self, exchange: Exchange, grant: Grant, links: Mapping[str, str], pages: AsyncGenerator[Page, None]
    ) -> None:
        super().__init__()
        self._exchange, self._grant, self._links, self._pages = exchange, grant, links, pages
        self._counts: Counter[str] = Counter()

    async def audit_beginning(self, *details: tuple[str, str]) -> None:
        """What was granted."""
        await self._exchange.audit(Kind.EVERYTHING, "operation", self._grant, details=details)

    async def audit_end(self, *details: tuple[str, str]) -> None:
        """What was granted, and how many resources of each type were sent."""
        await self._exchange.audit(Kind.EVERYTHING, "operation", self._grant, counts=self._counts, details=details)

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The Bundle but for its end, so many resources at a time as are read together."""
        before = beginning(self._links, self._grant)
        async for page in self._pages:
            self._counts.update(page.counts())
            yield before + piece(*entries(self._exchange, page), self._exchange.services.base_url)
            before = b","
        if last := last_piece(self._grant):
            yield b"," + last


def entries(exchange: Exchange, page: Page) -> tuple[list[bytes], list[bytes]]:
    """What of a page matches, and what is sent beside it, as far as the token's scopes go."""
    patient = [page.patient.body] if page.patient else []
    types = [resource_type_of(entry) for entry in page.directory]
    covered = {one for one in set(types) if exchange.covers(one)}
    directory = [entry for entry, type_ in zip(page.directory, types, strict=True) if type_ in covered]
    return [*patient, *[row.body for row in page.rows]], [*map(orjson.dumps, page.sources), *directory]
