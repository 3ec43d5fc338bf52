"""A real PostgreSQL for every test that asks for one: the embedded server, one per run, one database per module."""

import warnings
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from integration.config import Settings
from integration.store.database import Database, embedded_server

if TYPE_CHECKING:
    from tests.spec.neighbourhood import Neighbourhood

settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")
"""How fast examples are made says something of the machine's other work, not of us."""


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the embedded server's own database, as its owner."""
    folder = tmp_path_factory.mktemp("postgres") / "data"
    server = embedded_server(folder)
    yield server.get_uri()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.cleanup()


@pytest.fixture(scope="module")
async def database(server_url: str) -> Database:
    """A fresh, migrated database."""
    name = f"t{uuid4().hex}"
    owner = await asyncpg.connect(server_url)
    await owner.execute(f'create database "{name}"')
    await owner.close()
    created = Database(Settings(database_url=server_url.replace("/postgres?", f"/{name}?")))
    await created.migrate()
    return created


@pytest.fixture
async def owner(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the owner, who may do everything: to look, and to play the attacker."""
    connection = await asyncpg.connect(database.owner_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def coventry(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator["Neighbourhood"]:
    """Synthetic Coventry, ingested and served: one for the whole run, see `tests/spec/neighbourhood.py`."""
    from tests.spec.neighbourhood import running  # it imports the whole application, which few tests need

    async with running(server_url, tmp_path_factory.mktemp("coventry")) as neighbourhood:
        yield neighbourhood
