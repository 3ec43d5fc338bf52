"""The columnar extract: what the files hold, read by another program than the one that wrote them."""

import importlib.util
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from integration.sharing import opt_outs
from integration.sharing.pseudonyms import pseudonyms
from integration.sharing.request import Caller
from integration.store.database import Database
from integration.teams.caseloads.register import history
from integration.teams.export.columns import TABLES
from integration.teams.export.extract import Extract
from integration.teams.export.extraction import Extraction
from integration.teams.export.parquet import writing
from tests.database.exporting import NAME, describe, join
from tests.database.recording import recording
from tests.database.serving import Site
from tests.spec.neighbourhood import MRS_T, NOW, resources

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(importlib.util.find_spec(one) for one in ("pyarrow", "duckdb")),
        reason="needs pyarrow and duckdb",
    ),
]
MRS_B = "9990000026"
TEAM = Caller("int-south-west", "X9N03", "GP", "TREAT")
ANALYST = Caller("hub", "X9H", "analyst", "HOPERAT")


@pytest.fixture(scope="module")
async def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    owner = await asyncpg.connect(database.owner_url)
    async with recording(database, owner, tmp_path_factory.mktemp("extract"), "mrs-t", "mrs-b") as site:
        await describe(site)
        await join(site.database, await site.person(MRS_T), await site.person(MRS_B))
        await opt_outs.clear(site.owner, [MRS_T], NOW - timedelta(days=1))
        yield site
    await owner.close()


async def extracted(site: Site, caller: Caller, folder: Path) -> Any:
    """The tables of an extract in DuckDB, by name."""
    import duckdb

    services = site.app.state.services
    beyond = caller is ANALYST
    extract = Extract.of(caller, services.pseudonym_secret, beyond_care=beyond)
    extraction = Extraction(services.records, services.audit, caller, extract, NAME, lambda: NOW)
    memberships = {person: await history(site.owner, NAME, person) for person in await site.persons() if person}
    with writing(folder) as writer:
        async for _ in extraction.write(sorted(memberships), memberships, writer.add):
            pass
    database = duckdb.connect()
    for table in TABLES:
        database.execute(f"create view {table.name} as from '{folder / table.name}.parquet'")
    return database


def asked(database: Any, question: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = database.execute(question).fetchall()
    return rows


async def test_every_resource_has_its_rows(site: Site, tmp_path: Path) -> None:
    found = await extracted(site, TEAM, tmp_path / "extract")
    team = await site.as_caller("int-south-west", "GP", "TREAT")
    shown = [
        one for number in (MRS_T, MRS_B) for one in resources((await team.everything(await site.person(number))).json())
    ]
    for table in TABLES:
        if table.types:
            expected = sum(len(list(table.rows(one))) for one in shown if one["resourceType"] in table.types)
            assert asked(found, f"select count(*) from {table.name}") == [(expected,)], table.name
    assert asked(found, "select count(distinct person) from person") == [(2,)]
    assert asked(found, "select count(*) from membership") == [(2,)]
    orphans = "select count(*) from encounter where person not in (select person from person)"
    assert asked(found, orphans) == [(0,)]
    stays = [one for one in shown if one["resourceType"] == "Encounter" and one["class"]["code"] == "IMP"]
    begun = sorted(datetime.fromisoformat(one["period"]["start"]).timestamp() for one in stays)
    rows = asked(found, "select epoch(start) from encounter where class = 'IMP' order by start")
    assert [row[0] for row in rows] == begun
    assert begun


async def test_it_names_nobody(site: Site, tmp_path: Path) -> None:
    found = await extracted(site, TEAM, tmp_path / "extract")
    ids = {str(row["id"]) for row in await site.owner.fetch("select id from toldonce.resource")}
    ids |= {str(one) for one in await site.persons()}
    for table in TABLES:
        for row in asked(found, f"select columns(*)::varchar from {table.name}"):
            assert not {str(value) for value in row} & ids, table.name
            for value in row:
                assert not {"Tanner", "Edith", MRS_T} & set(str(value).split()), table.name


async def test_beyond_care_it_says_no_more_than_the_api(site: Site, tmp_path: Path) -> None:
    found = await extracted(site, ANALYST, tmp_path / "extract")
    names = pseudonyms(site.app.state.services.pseudonym_secret, "X9H")
    assert asked(found, "select person from person") == [(str(names.of(await site.person(MRS_T))),)]
    assert asked(found, "select distinct feed, recorded, provider from encounter") == [(None, None, None)]
    precisions = "select distinct start_precision from encounter where start_precision is not null"
    assert asked(found, precisions) == [("month",)]
    assert asked(found, "select gender, practice, died from person") == [(None, None, None)]  # CW-07: contacts alone
    assert asked(found, "select distinct reason, until from membership") == [("", None)]


async def test_for_care_and_for_planning_nobody_has_the_same_key(site: Site, tmp_path: Path) -> None:
    care = await extracted(site, TEAM, tmp_path / "care")
    planning = await extracted(site, ANALYST, tmp_path / "planning")
    keys = [{row[0] for row in asked(one, "select id from encounter")} for one in (care, planning)]
    assert keys[0].isdisjoint(keys[1])
    assert all(keys)
