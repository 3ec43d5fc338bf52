"""Migrated databases on a server of tests: one is migrated, and every other is made as a copy of it, in a third of the
time."""

from uuid import uuid4

import asyncpg

from integration.config import Settings
from integration.store.database import Database

_MIGRATED = "migrated"
"""The database that the others are copied from. Nobody works in it: of one in use there are no copies."""
_ONE_AT_A_TIME = "select pg_advisory_lock(hashtext('the database that the others are copied from'))"


async def fresh(server_url: str) -> Database:
    """A migrated database of its own, on the server at this URL (its owner's)."""
    name = f"t{uuid4().hex}"
    owner = await asyncpg.connect(server_url)
    try:
        await owner.execute(_ONE_AT_A_TIME)  # let go of with the connection
        if not await owner.fetchval("select true from pg_database where datname = $1", _MIGRATED):
            await _migrate(owner, server_url)
        # `file_copy` would have the server write everything it holds to disk first, each time.
        await owner.execute(f'create database "{name}" template "{_MIGRATED}" strategy wal_log')
    finally:
        await owner.close()
    return _at(server_url, name)


async def _migrate(owner: asyncpg.Connection, server_url: str) -> None:
    """Under another name until it is done, for who fails half way must leave nothing to copy."""
    name = f"t{uuid4().hex}"
    await owner.execute(f'create database "{name}"')
    await _at(server_url, name).migrate()
    await owner.execute(f'alter database "{name}" rename to "{_MIGRATED}"')


def _at(server_url: str, name: str) -> Database:
    return Database(Settings(database_url=server_url.replace("/postgres?", f"/{name}?")))
