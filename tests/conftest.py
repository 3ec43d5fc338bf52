"""A real PostgreSQL for every test that asks for one: the embedded server, one per run, one database per module."""

import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from signal import SIGQUIT
from typing import TYPE_CHECKING

import asyncpg
import psutil
import pytest
from hypothesis import HealthCheck, settings

from integration.store.database import Database, embedded_server
from tests.migrated import fresh

if TYPE_CHECKING:
    from tests.spec.neighbourhood import Neighbourhood

settings.register_profile("shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared machine")
"""How fast examples are made says something of the machine's other work, not of us."""
_STOPPED = 30
"""Seconds that the server may take to end before it is asked in the usual way."""


@pytest.hookimpl(trylast=True)  # of what is left of the marker expression
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files first whose tests are given most time. A process takes the next file when it is done with one, so a long
    file that begins last runs alone while the other processors idle; by themselves, files with few tests, which mostly
    are the long ones, come last (hence `--no-loadscope-reorder`)."""
    given: dict[Path, float] = {}
    for one in items:
        marker = one.get_closest_marker("timeout")
        given[one.path] = max(given.get(one.path, 0), marker.args[0] if marker else 0)
    items.sort(key=lambda one: -given[one.path])


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of the embedded server's own database, as its owner."""
    folder = tmp_path_factory.mktemp("postgres") / "data"
    server = embedded_server(folder)
    yield server.get_uri()
    postmaster = server.get_postmaster_info().process
    postmaster.send_signal(SIGQUIT)  # at once: nobody will read what it would still write
    with suppress(psutil.TimeoutExpired):
        postmaster.wait(_STOPPED)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.cleanup()


@pytest.fixture(scope="module")
async def database(server_url: str) -> Database:
    """A fresh, migrated database."""
    return await fresh(server_url)


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
