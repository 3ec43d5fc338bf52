"""What a transport could not take and left where it was: it is in nobody's inbox, so it is counted here."""

from collections.abc import Mapping
from typing import Literal

from integration.store.connection import Connection

Transport = Literal["MESH", "folder"]
_LEFT = """
insert into toldonce.left_behind (transport, reference, reason)
select $1, * from unnest($2::text[], $3::text[])
on conflict (transport, reference) do update set reason = excluded.reason
"""


async def replace(connection: Connection, transport: Transport, left: Mapping[str, str]) -> None:
    """Make `left` (why, by the transport's own reference) all that this transport has left behind."""
    async with connection.transaction():
        await connection.execute(
            "delete from toldonce.left_behind where transport = $1 and reference <> all($2::text[])",
            transport,
            list(left),
        )
        await connection.execute(_LEFT, transport, list(left), list(left.values()))
