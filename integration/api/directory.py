"""Search of the directory: organisations, practitioners, their roles and places. It is about nobody's care, so no Grant
is needed; but something must be asked for, so that a mistyped filter never returns everything."""

from uuid import UUID

from integration.api.exchange import Exchange
from integration.api.found import Found, Page
from integration.api.parameters import Asked
from integration.errors import BadRequest
from integration.record.directory import entries, matches
from integration.record.include import Included

_GROUP = UUID(int=0)


async def directory(exchange: Exchange, asked: Asked, page: Page) -> list[Found]:
    """Entries that meet every criterion, in order."""
    search = asked.search
    if not search.criteria:
        raise BadRequest("Say what is looked for, such as identifier=<code> or name=<beginning of a name>.")
    if asked.includes:
        raise BadRequest(
            "A search of the directory includes nothing: read what an entry refers to.", parameter="_include"
        )
    found = await matches(exchange.records.pool, search)
    shown = page.take(found, search, _GROUP)
    rows = await entries(exchange.records.pool, [one.id for one in shown])
    listed = [Included(search.type, one.id, rows[one.id]) for one in shown if one.id in rows]
    return [Found(None, listed, total=len(found))]
