"""What the commands open and close: the database, a connection in a role, a progress bar, and who asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from getpass import getuser

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from integration.config import Settings
from integration.errors import NotPossible
from integration.store.connection import Connection
from integration.store.database import Database


@asynccontextmanager
async def opened(settings: Settings, *, migrate: bool = True) -> AsyncIterator[Database]:
    """The database, migrated unless the process that started this one did it; the embedded one runs as long as somebody
    uses it."""
    database = Database(settings)
    try:
        await _reachable(database)
        if migrate:
            await database.migrate()
        yield database
    finally:
        database.stop()


async def _reachable(database: Database) -> None:
    try:
        await (await asyncpg.connect(database.owner_url)).close()
    except (OSError, asyncpg.InvalidAuthorizationSpecificationError, asyncpg.PostgresConnectionError) as error:
        raise NotPossible(
            f"the database cannot be reached ({type(error).__name__}); see TOLDONCE_DATABASE_URL"
        ) from None
    except asyncpg.InvalidCatalogNameError:
        raise NotPossible("there is no such database; create it, or mend TOLDONCE_DATABASE_URL") from None


@asynccontextmanager
async def as_owner(database: Database) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database.owner_url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def as_worker(settings: Settings) -> AsyncIterator[Connection]:
    """A connection in a transaction of the ingest role."""
    async with opened(settings) as database, database.pool("toldonce_worker", size=2) as pool:
        async with pool.acquire() as connection, connection.transaction():
            yield connection


def progress_bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )


def account() -> str:
    """The account of the operating system that a command runs as: who did it, where nobody says so."""
    try:
        return getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unnamed account"
