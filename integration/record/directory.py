"""Organisations, practitioners and places, looked for: about nobody's care, so no Grant is needed."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg

from integration.record.conditions import Bound
from integration.record.search import Match, Search, ordered, sort_key
from integration.store.database import act_as


async def matches(pool: asyncpg.Pool, search: Search) -> list[Match]:
    """Entries of the directory that meet every criterion, in order."""
    bound = Bound()
    keys = ", ".join(sort_key(bound, key) for key in search.order)
    conditions = [f"it.type = {bound(search.type)}", *(one.sql(bound, "it") for one in search.criteria)]
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_reader")
        rows = await connection.fetch(
            f"with shown as (select id, type, recorded, tokens from toldonce.resource where false) "
            f"select it.id, array[{keys}]::text[] as keys from toldonce.directory_resource as it "
            f"where {' and '.join(conditions)}",
            *bound.values,
        )
    return ordered([Match(row["id"], tuple(row["keys"])) for row in rows], search.order)


async def entries(pool: asyncpg.Pool, ids: Sequence[UUID]) -> Mapping[UUID, bytes]:
    """The entries with these ids, as JSON."""
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_reader")
        rows = await connection.fetch("select id, body from toldonce.directory_resource where id = any($1)", list(ids))
    return {row["id"]: row["body"] for row in rows}
