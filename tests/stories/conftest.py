"""The stories are told in synthetic Coventry (`tests/spec/neighbourhood.py`), and leave it as it was."""

from collections.abc import AsyncIterator

import pytest

from tests.database.recording import cleared
from tests.spec import team
from tests.spec.neighbourhood import Neighbourhood


@pytest.fixture
async def neighbourhood(coventry: Neighbourhood) -> AsyncIterator[Neighbourhood]:
    """Coventry; what a story records there is taken out again."""
    yield coventry
    await cleared(coventry.owner)


@pytest.fixture
async def caseload(neighbourhood: Neighbourhood) -> AsyncIterator[str]:
    """The caseload of the South neighbourhood team; nobody is on it yet."""
    async with team.caseload(neighbourhood) as found:
        yield found
