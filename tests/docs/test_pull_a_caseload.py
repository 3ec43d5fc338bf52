"""docs/pull-a-caseload.md: its blocks are run one after the other, as a notebook is, by a Python process of its own
with the stock client, against a served neighbourhood. What stands below each block is what it printed."""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from integration import demo, deployment
from integration.teams.caseloads import caseload
from integration.teams.caseloads.keeper import Keeper
from integration.teams.caseloads.membership import FEED, apply
from integration.teams.caseloads.refresh import refresh
from tests.clients.served import PYTHON, Served, serving
from tests.database.recording import cleared
from tests.installed import installed
from tests.spec.neighbourhood import NOW, Neighbourhood

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PATH = Path(__file__).parents[2] / "docs" / "pull-a-caseload.md"
BLOCK = re.compile(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CASELOAD = "int-south"
_AT_THAT_MOMENT = f"import sys, time\ntime.time = lambda: {NOW.timestamp()}\nsys.path += sys.argv[1:]\n"
_NEXT = "print('\\f', end='')\n"
"""Between what one block prints and what the next does."""


@pytest.fixture
async def served(coventry: Neighbourhood) -> AsyncIterator[Served]:
    """Coventry on a port, with the South team's caseload as its rule finds it; afterwards it never was."""
    owner, secret = coventry.owner, deployment.secret_of(coventry.settings, "ids", 32)
    async with owner.transaction():
        await apply(owner, (demo.CASELOADS / f"{CASELOAD}.yaml").read_text(), "the tests", "a notebook begins")
        described = await caseload(owner, CASELOAD)
    assert described is not None
    async with coventry.database.pool("toldonce_worker", size=2) as workers, serving(coventry) as found:
        keeper = Keeper(workers, found.neighbourhood.app.state.services.records, secret)
        await refresh(keeper, described, NOW, _told, lambda *_: None)
        yield found
    for table in ("caseload_member", "caseload_refresh", "caseload_document"):
        await owner.execute(f"delete from toldonce.{table} where caseload = $1", CASELOAD)
    await cleared(owner, FEED)


async def _told(practice: str, added: Sequence[UUID], ended: Sequence[UUID]) -> None:
    """The audit of a refresh has tests of its own."""


async def test_every_block_prints_what_the_page_says(served: Served, request: pytest.FixtureRequest) -> None:
    page = PATH.read_text()
    blocks = BLOCK.findall(page)
    assert len(blocks) == page.count("```python") >= 5
    printed = await run(served, [code for code, _ in blocks])
    if request.config.getoption("--write-docs", default=False):
        left = iter(printed)
        PATH.write_text(BLOCK.sub(lambda found: f"```python\n{found[1]}```\n\n```text\n{next(left)}```", page))
    else:
        assert [said for _, said in blocks] == printed, "run `make docs`"


async def run(served: Served, blocks: Sequence[str]) -> list[str]:
    """What each block printed. The stock client is that of `make python-clients`."""
    clients = next((installed("python-clients", PYTHON) / "lib").glob("python3*")) / "site-packages"
    demo.client_key(served.neighbourhood.settings.data_dir, CASELOAD)
    key = served.neighbourhood.settings.data_dir / "keys" / "clients" / f"{CASELOAD}.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-",
        str(clients),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"FHIR_BASE": served.base, "CLIENT_KEY": str(key), "TZ": "Europe/London"},
    )
    script = _AT_THAT_MOMENT + _NEXT.join(blocks)
    printed, errors = await asyncio.wait_for(process.communicate(script.encode()), 120)
    assert process.returncode == 0, errors.decode()
    return printed.decode().split("\f")
