"""In which world a planted fault shows: some decision in which oracle and product agree is decided otherwise with it.

`python -m tests.sharing.showing` looks for each fault from the first world on and prints the seed that `faults.py`
keeps beside it, so that the test need not look: for a fault that is new, or when worlds are made otherwise.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from rich.console import Console

from integration.store.database import _prepare, embedded_server
from tests.migrated import fresh
from tests.sharing.compare import differences
from tests.sharing.facts import Question, World
from tests.sharing.faults import FAULTS, Fault
from tests.sharing.oracle import Oracle
from tests.sharing.product import Product
from tests.sharing.run import ALONE, Bench
from tests.sharing.worlds import world

WORLDS = range(1, 151)
"""Seeds of the worlds of which one must show the fault."""
QUESTIONS = 40


@asynccontextmanager
async def benched(server_url: str) -> AsyncIterator[Bench]:
    """The product on a database of its own, on the server at this URL (its owner's)."""
    database = await fresh(server_url)
    async with Product.opened(database) as product:
        owner = await asyncpg.connect(database.owner_url)
        try:
            await _prepare(owner)
            yield Bench(product, owner)
        finally:
            await owner.close()


async def shows(fault: Fault, bench: Bench, seeds: Iterable[int]) -> int | None:
    """Seed of the first of these worlds that shows the fault."""
    for seed in seeds:
        one = world(seed, QUESTIONS)
        for question, alone in await _differing(fault, bench, one):
            await bench.put([one])
            bench.product.agree(one)
            if not await _differ(bench.product, one, question, alone):
                return seed
    return None


async def _differing(fault: Fault, bench: Bench, one: World) -> list[tuple[Question, bool]]:
    """The decisions of a world in which oracle and spoilt product differ, and whether each lock was looked at alone."""
    async with fault.planted(bench.owner):
        await bench.put([one])
        bench.product.agree(one)
        asked = [(question, number % ALONE == 0) for number, question in enumerate(one.questions)]
        return [(question, alone) for question, alone in asked if await _differ(bench.product, one, question, alone)]


async def _differ(product: Product, one: World, question: Question, alone: bool) -> bool:
    oracle = Oracle(one)
    return bool(differences(oracle, question, oracle.judge(question), await product.ask(question, alone=alone)))


async def _look(server_url: str) -> None:
    console = Console(soft_wrap=True)
    async with benched(server_url) as bench:
        for fault in FAULTS:
            seed = await shows(fault, bench, WORLDS)
            console.print(f"{seed or '-':>3}  {fault.name}", highlight=False)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="sharing") as folder:
        server = embedded_server(Path(folder) / "data")
        try:
            asyncio.run(_look(server.get_uri()))
        finally:
            server.cleanup()
