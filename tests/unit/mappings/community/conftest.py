"""One record of a community service, mapped once for each module."""

import pytest

from mappings import uk_core
from mappings.community import to_resources
from tests.unit.mappings.community.record import IDS, STATE


@pytest.fixture(scope="module")
def resources() -> list[uk_core.Resource]:
    return to_resources(STATE, IDS)
