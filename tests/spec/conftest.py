"""The running neighbourhood, one per run."""

from collections.abc import AsyncIterator

import pytest

from tests.spec.neighbourhood import Neighbourhood, running


@pytest.fixture(scope="session")
async def coventry(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Neighbourhood]:
    """Synthetic Coventry, ingested and served."""
    async with running(server_url, tmp_path_factory.mktemp("coventry")) as neighbourhood:
        yield neighbourhood
