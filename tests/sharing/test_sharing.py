"""The short form of `make test-sharing`, and that it would see what it is for: faults planted into the product."""

from pathlib import Path

import asyncpg
import pytest

from integration.store.database import _prepare
from tests.sharing.compare import differences
from tests.sharing.facts import Question, World
from tests.sharing.faults import FAULTS, Fault
from tests.sharing.oracle import Oracle
from tests.sharing.product import Product
from tests.sharing.run import ALONE, Bench, Run, fresh, on_all_processors
from tests.sharing.tally import Tally
from tests.sharing.worlds import world

SEED = 1
WORLDS, QUESTIONS = 250, 40
SOON = 150
"""Worlds of which one must show the fault."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_oracle_and_product_agree_on_ten_thousand_decisions(server_url: str) -> None:
    tally = Tally()
    run = Run(server_url, range(SEED, SEED + WORLDS), QUESTIONS)
    on_all_processors(run, lambda _, more: tally.add(more), workers=2)
    assert not tally.failing, "\n\n".join(tally.told)
    assert (tally.leaks, tally.wrong) == (0, 0)
    assert tally.decisions == WORLDS * QUESTIONS
    assert not tally.shortcomings()


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_every_planted_fault_is_seen(server_url: str) -> None:
    assert f"plants {len(FAULTS)} faults" in (Path(__file__).parent / "README.md").read_text("utf-8")
    database = await fresh(server_url)
    async with Product.opened(database) as product:
        owner = await asyncpg.connect(database.owner_url)
        try:
            await _prepare(owner)
            bench = Bench(product, owner)
            missed = [fault.name for fault in FAULTS if not await seen(fault, bench)]
        finally:
            await owner.close()
    assert not missed


async def seen(fault: Fault, bench: Bench) -> bool:
    """Whether some decision in which oracle and product agree is decided otherwise with the fault."""
    for seed in range(SEED, SEED + SOON):
        one = world(seed, QUESTIONS)
        for question, alone in await differing(fault, bench, one):
            await bench.put([one])
            bench.product.agree(one)
            if not await differ(bench.product, one, question, alone):
                return True
    return False


async def differing(fault: Fault, bench: Bench, one: World) -> list[tuple[Question, bool]]:
    """The decisions of a world in which oracle and spoilt product differ, and whether each lock was looked at alone."""
    async with fault.planted(bench.owner):
        await bench.put([one])
        bench.product.agree(one)
        asked = [(question, number % ALONE == 0) for number, question in enumerate(one.questions)]
        return [(question, alone) for question, alone in asked if await differ(bench.product, one, question, alone)]


async def differ(product: Product, one: World, question: Question, alone: bool) -> bool:
    oracle = Oracle(one)
    return bool(differences(oracle, question, oracle.judge(question), await product.ask(question, alone=alone)))
