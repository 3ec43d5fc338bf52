"""SMART Fetch, the bulk client of SMART Health IT that cumulus-etl uses too, completes an export as it is."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integration.deployment import secret_of
from tests.clients.served import Served, serving
from tests.database.exporting import NAME, asked, describe, join
from tests.installed import ROOT, installed
from tests.spec.neighbourhood import running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
TYPES = ("Patient", "Encounter", "Condition", "Observation", "ServiceRequest")
"""Of those that it knows."""


@pytest.fixture(scope="module")
async def served(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with running(server_url, tmp_path_factory.mktemp("bulk")) as neighbourhood:
        async with serving(neighbourhood) as found:
            await describe(neighbourhood)
            people = [one for one in await neighbourhood.persons() if one]
            secret = secret_of(neighbourhood.settings, "ids", 32)
            await join(neighbourhood.database, *people, secret=secret)
            yield found


async def test_smart_fetch_completes_an_export(served: Served, tmp_path: Path) -> None:
    program = installed("bulk-client", ROOT / ".venv-bulk") / "bin" / "smart-fetch"
    team = await served.neighbourhood.as_caller("int-south-west", "GP", "TREAT")
    (tmp_path / "token").write_text(team.token)
    process = await asyncio.create_subprocess_exec(
        program, "bulk", "--fhir-url", served.base, "--group", NAME, "--bearer-token", tmp_path / "token",
        "--type", ",".join(TYPES), "--no-default-filters", tmp_path / "fetched",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, printed.decode()
    fetched = [
        line
        for file in (tmp_path / "fetched").glob("*.ndjson.gz")
        if file.name.startswith(TYPES)
        for line in gzip.decompress(file.read_bytes()).splitlines()
    ]
    expected = await (await asked(team, {"_type": ",".join(TYPES)})).resources()
    assert sorted(map(json.dumps, expected)) == sorted(json.dumps(json.loads(line)) for line in fetched)
    assert len(expected) > 500
