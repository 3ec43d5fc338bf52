"""From an ADT message on the MLLP socket to the subscriber, through the product's own processes: nothing is lost. How
soon it is told is measured by `make bench ARGS="--only notify"`."""

from pathlib import Path

import pytest

from integration.config import Settings
from integration.store.database import Database
from tests.bench.notify import latency


@pytest.mark.slow
async def test_every_arrival_of_a_hundred_a_second_is_told(database: Database, tmp_path: Path) -> None:
    found = await latency(Settings(database_url=database.owner_url, data_dir=tmp_path), 300)
    assert found.lost == 0
    assert len(found.seconds) == 300
