"""Rounds of questions to PDS: each is asked once and counts, whoever is killed and whatever happens meanwhile."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import asyncpg
import pytest
from rich.console import Console

from adapters.synthetic.pds_provider import Provider
from adapters.transport.asking import Failure
from adapters.transport.pds import Pds, Question
from integration.commands import pds as commands
from integration.commands.pds import traced
from integration.config import Settings
from integration.ingest import pds
from integration.ingest.pds_settings import Application
from tests.database.ingesting import SECRET, about, emptied, ingest
from tests.database.pds import ask, client, document, national
from tests.database.tracing import MRS_T, message, people, the_trace


@pytest.fixture
async def provider(database, owner: asyncpg.Connection) -> AsyncIterator[Provider]:
    await emptied(owner)
    async with national() as running:
        yield running


async def test_who_is_killed_leaves_the_question_due_when_the_lease_ends(database, owner, provider):
    await ingest(database, [message("M1", number=MRS_T)])
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        await pds.enrol_numbers(connection, document(provider))
        assert await pds.claim(connection, "numbers", timedelta(minutes=6))
        assert await pds.claim(connection, "numbers", timedelta(minutes=6)) is None
    assert await ask(database, provider) == {}
    await owner.execute("update toldonce.pds_trace set leased_until = now(), due = now()")
    assert await ask(database, provider) == {"answered": 1}


async def test_what_a_source_says_while_pds_is_asked_is_asked_about_next(database, owner, provider):
    await ingest(database, [message("M1", name="NOBODY^ATALL")])
    async with database.pool("toldonce_worker", size=1) as pool, pool.acquire() as connection:
        await pds.enrol_searches(connection, document(provider))
        claimed = await pds.claim(connection, "searches", timedelta(minutes=6))
        await ingest(database, [message("M1", sent="20260902090000")])
        await pds.enrol_searches(connection, document(provider))
        await pds.keep(connection, claimed, pds.Told("unmatched"), document(provider))
    assert (await ask(database, provider, related=False))["matched"] == 1


async def test_an_answer_after_the_lease_is_kept_and_leaves_the_row_to_who_has_it_now(database, owner, provider):
    await ingest(database, [message("M1", number=MRS_T)])
    async with (
        database.pool("toldonce_worker", size=1) as pool,
        pool.acquire() as connection,
        client(provider) as asking,
    ):
        await pds.enrol_numbers(connection, document(provider))
        first = await pds.claim(connection, "numbers", timedelta(minutes=6))
        await owner.execute("update toldonce.pds_trace set leased_until = now(), due = now()")
        second = await pds.claim(connection, "numbers", timedelta(minutes=6))
        answer = await asking.by_number(MRS_T)
        await pds.keep(connection, first, pds.Told("answered", [answer]), document(provider))
        row = await the_trace(owner, MRS_T)
        assert (row["leased_until"], row["outcome"]) == (second.leased_until, None)
    assert await owner.fetchval("select count(*) from toldonce.envelope where feed = 'pds'") == 1


async def test_nothing_is_asked_twice_at_once(database, owner, provider):
    await ingest(database, about(18, "mrs-t", "mr-p", "twin-a", "twin-b"))
    async with database.pool("toldonce_worker", size=4) as pool, client(provider) as asking:
        tracers = [pds.Tracer(pool, asking, document(provider, related=False)) for _ in range(3)]
        outcomes: Sequence[Counter[str]] = await asyncio.gather(*(one.numbers() for one in tracers))
    assert sum(outcomes, Counter())["answered"] == len(provider.asked) == len(set(provider.asked))


async def test_nobody_is_told_the_postcode_of_whom_another_source_restricts(database, owner, provider, monkeypatch):
    """The hospital knows where she lives, the charity that nobody must, and neither a number."""
    await ingest(database, [message("M1")])
    await owner.execute("update toldonce.facts set restricted = true")
    asked: list[Question] = []

    async def search(self: Pds, question: Question) -> Failure:
        asked.append(question)
        return Failure(code="NO_CONNECTION")

    monkeypatch.setattr(Pds, "search", search)
    await ask(database, provider)
    assert [(one.family, one.postcode) for one in asked] == [("TANNER", None)]


async def test_a_round_ends_so_that_its_answers_count_before_the_next_one(database, owner, provider, tmp_path):
    await ingest(database, about(18, "mrs-t", "mr-p", "twin-a", "twin-b"))
    settings = Settings(database_url=database.owner_url, data_dir=tmp_path, id_secret=SECRET.decode())
    async with database.pool("toldonce_worker", size=4) as pool, client(provider) as asking:
        tracer = pds.Tracer(pool, asking, document(provider, related=False, at_once=1), most=2)
        assert (await tracer.numbers()).total() == 2
        outcomes = await traced(settings, tracer, Console(quiet=True))
    assert outcomes["answered"] + 2 == len(set(provider.asked)) >= 4
    assert await owner.fetchval("select count(*) from toldonce.envelope where state = 'received'") == 0


async def test_tracing_goes_on_when_the_database_comes_back(database, owner, provider, tmp_path, monkeypatch):
    await ingest(database, [message("M1", number=MRS_T)])
    key = tmp_path / "pds.pem"
    key.write_text(provider.credentials.key)
    mine = Application(api_key=provider.credentials.api_key, key_id=provider.credentials.key_id, key=key)
    known = document(provider, related=False).model_copy(update={"application": mine})
    monkeypatch.setattr(commands, "load", lambda _: known)
    settings = Settings(database_url=database.owner_url, data_dir=tmp_path, id_secret=SECRET.decode())
    breaking = "alter table toldonce.pds_trace rename to pds_trace_away"
    await owner.execute(breaking)
    tracing = asyncio.create_task(commands.trace(settings, every=0.2, console=Console(quiet=True)))
    try:
        await asyncio.sleep(2)
        assert not tracing.done()
        await owner.execute("alter table toldonce.pds_trace_away rename to pds_trace")
        async with asyncio.timeout(30):
            while ("pds", MRS_T) not in await people(owner):
                await asyncio.sleep(0.1)
    finally:
        tracing.cancel()
        await asyncio.gather(tracing, return_exceptions=True)
