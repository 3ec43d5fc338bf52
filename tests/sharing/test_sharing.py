"""The short form of `make test-sharing`, and that it would see what it is for: faults planted into the product."""

from pathlib import Path

import pytest

from tests.sharing.faults import FAULTS
from tests.sharing.run import Run, on_all_processors
from tests.sharing.showing import QUESTIONS, WORLDS, benched, shows
from tests.sharing.tally import Tally

SEED = 1
JUDGED = 250
"""Worlds."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_oracle_and_product_agree_on_ten_thousand_decisions(server_url: str) -> None:
    tally = Tally()
    run = Run(server_url, range(SEED, SEED + JUDGED), QUESTIONS)
    on_all_processors(run, lambda _, more: tally.add(more), workers=2)
    assert not tally.failing, "\n\n".join(tally.told)
    assert (tally.leaks, tally.wrong) == (0, 0)
    assert tally.decisions == JUDGED * QUESTIONS
    assert not tally.shortcomings()


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_every_planted_fault_is_seen(server_url: str) -> None:
    """In the world that showed it before; in any of some others where that one no longer does."""
    assert f"plants {len(FAULTS)} faults" in (Path(__file__).parent / "README.md").read_text("utf-8")
    async with benched(server_url) as bench:
        missed = [fault.name for fault in FAULTS if not await shows(fault, bench, (fault.seed, *WORLDS))]
    assert not missed
