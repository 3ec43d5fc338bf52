"""Wrong links that were undone: two people's records that were shown as one person's, and are no longer. An officer is
told by whom they were seen, without having asked; the list itself is `breach`'s, made anew whenever somebody looks."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from integration.audit import breach
from integration.audit.glance import Glance
from integration.audit.sights import Accounts, first, sights, were_shown
from integration.store.connection import Connection
from integration.store.database import act_as

_PARTED = """
select a, b from toldonce.linkage where outcome = 'SAME' and until >= $1 and until < $2
union
select a, b from toldonce.linkage where outcome = 'NOT THE SAME' and recorded >= $1 and recorded < $2
order by 1, 2
"""
"""Pairs whose joining ended then, or that somebody said are two: by people, rules or feeds. Most of them were joined by
something else as well, and still are, or never were: the facts tell."""


class WrongLink(NamedTuple):
    """Two source patients' records that were one person's until then; `first`: the first access that showed them so;
    `callers`: how many different ones were shown something."""

    pair: tuple[UUID, UUID]
    until: datetime
    first: Glance
    callers: int

    @property
    def reason(self) -> str:
        """In words that name nobody."""
        return f"two people's records were taken for one person's, and {were_shown(self.callers)} shown them so"


async def undone(connection: Connection, start: datetime, end: datetime) -> Sequence[WrongLink]:
    """Everybody who was parted in that time after somebody had seen them together. The connection is in a transaction
    of a login that may step into `toldonce_watcher` and `toldonce_facts`, and ends as the former."""
    await act_as(connection, "toldonce_watcher")
    found: list[WrongLink] = []
    for pair in [(row["a"], row["b"]) for row in await connection.fetch(_PARTED, start, end)]:
        await act_as(connection, "toldonce_facts")
        periods = [one for one in await breach.together(connection, pair) if one.end and start <= one.end < end]
        await act_as(connection, "toldonce_watcher")
        if seen := await sights(connection, periods):
            until = max(one.end for one in periods if one.end)
            found.append(WrongLink(pair, until, first(seen), len(Accounts.of(seen).seen())))
    return found
