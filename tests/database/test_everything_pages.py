"""Pages of $everything while the record changes: what was there at the start and still is comes exactly once; after a
merge of the person the cursor answers 410."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from integration.audit.identity import ReviewDesk
from integration.audit.log import AuditLog
from integration.store.database import Database
from tests.database.ingesting import SECRET, about, ingest
from tests.database.serving import Site, serving
from tests.database.test_identity_undone import JOANNA, MRS_T, OFFICER, record
from tests.spec.neighbourhood import Connected, resources


@pytest.fixture
async def site(database: Database, owner: asyncpg.Connection, tmp_path: Path) -> AsyncIterator[Site]:
    async with serving(database, owner, tmp_path) as found:
        yield found


def following(bundle: dict[str, Any]) -> str | None:
    return next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)


def names(bundle: dict[str, Any]) -> list[str]:
    return [f"{one['resourceType']}/{one['id']}" for one in resources(bundle, "match")]


async def pages(caller: Connected, bundle: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    while url := following(bundle):
        answer = await caller.get(url)
        assert answer.status_code == 200, answer.text
        bundle = answer.json()
        yield bundle


@pytest.mark.slow
async def test_pages_while_files_come_in_and_after_a_merge(
    site: Site, database: Database, owner: asyncpg.Connection
) -> None:
    files = about(18, "mrs-t", "restricted-address")
    await ingest(site.database, [file for file in files if file.feed == "gp"])
    gp = await site.as_caller("gp-system", "GP")
    her = await site.person(MRS_T)
    at_start = set(names((await gp.everything(her)).json()))
    assert len(at_start) > 20

    # every page after the first is read when another file has come in
    first = (await gp.everything(her, {"_count": "7"})).json()
    seen, waiting = Counter(names(first)), [file for file in files if file.feed != "gp"]
    async for page in pages(gp, first):
        seen.update(names(page))
        if waiting:
            await ingest(site.database, [waiting.pop()])
    while waiting:
        await ingest(site.database, [waiting.pop()])
    at_end = set(names((await gp.everything(await site.person(MRS_T))).json()))
    still_there = at_start & at_end

    assert at_end - at_start  # something came in meanwhile
    assert {name for name in still_there if seen[name] != 1} == set()
    assert {name for name, times in seen.items() if times > 1} == set()

    # a merge between two pages
    her = await site.person(MRS_T)
    everything = (await gp.everything(her, {"_count": "7"})).json()
    searched = (await gp.get("Encounter", {"patient": str(her), "_count": "2"})).json()
    cursors = [following(everything), following(searched)]
    assert all([(await gp.get(url)).status_code == 200 for url in cursors if url])
    async with database.pool("toldonce_worker", size=2) as workers, database.pool("toldonce_api", size=2) as readers:
        async with AuditLog(readers) as log:
            desk = ReviewDesk(workers, readers, log, SECRET, OFFICER, "toldonce identity test")
            await desk.decide((await record(owner, MRS_T), await record(owner, JOANNA)), "SAME", "taken for one")
    gone = await gp.get(cursors[0] or "")

    assert gone.status_code == 410, gone.text
    assert gone.json()["resourceType"] == "OperationOutcome"
    assert (await gp.everything(her, {"_count": "7"})).status_code == 200  # it is asked anew
