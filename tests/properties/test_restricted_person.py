"""No sequence of messages, merges and unmerges lets a restricted person's location appear: asked through the real API,
by callers whom no agreement names as needing to know it.

Joanna Sikora hides from violence (adapters/synthetic/named). Files about her and Mrs T arrive in any order and are sent
again; people merge and part any two records, hers, Mrs T's and hers with Mrs T's; after each step everybody asks. As
long as a record is one person's with one that says "restricted", nothing that locates any of that person is answered.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.errors import NotPossible
from integration.identity.decisions import decide, withdraw
from integration.ingest.inbox import Delivery
from integration.store.database import Database, act_as
from tests.database.ingesting import SECRET, about, ingest, worker
from tests.database.serving import Site, serving
from tests.lengths import length
from tests.spec.neighbourhood import NUMBER, Asker

JOANNA = "9990000085"
ASKERS = (
    Asker("GP", "gp-system", "GP"),
    Asker("A&E doctor", "hospital-epr", "emergency doctor"),
    Asker("social worker", "council-system", "social worker"),
    Asker("link worker", "companions", "social prescriber"),
    Asker("paramedic, glass broken", "ambulance", "paramedic", emergency="emergency"),
)
LOCATING = ("line", "postalCode")
STEP = st.one_of(
    st.tuples(st.just("send"), st.integers(0, 99), st.integers(0, 99)),
    st.tuples(st.sampled_from(["SAME", "SAME", "NOT THE SAME", "withdraw"]), st.integers(0, 99), st.integers(0, 99)),
)
STORY = st.tuples(st.integers(0, 2**32), st.lists(STEP, min_size=2, max_size=5))


@pytest.fixture
async def site(database: Database, owner: asyncpg.Connection, tmp_path: Path) -> AsyncIterator[Site]:
    async with serving(database, owner, tmp_path) as found:
        yield found


def stories(number: int) -> list[tuple[int, list[tuple[str, int, int]]]]:
    drawn: list[tuple[int, list[tuple[str, int, int]]]] = []

    @settings(max_examples=number, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(STORY)
    def collect(story: tuple[int, list[tuple[str, int, int]]]) -> None:
        drawn.append(story)

    collect()
    return drawn


async def step(site: Site, files: Sequence[Delivery], what: tuple[str, int, int]) -> None:
    """One thing happens: some files arrive, or somebody decides about two records."""
    act, m, n = what
    if act == "send":
        await ingest(site.database, [files[m % len(files)], files[n % len(files)]])
        return
    ids = [row["id"] for row in await site.owner.fetch("select id from toldonce.source_patient order by id")]
    a, b = ids[m % len(ids)], ids[n % len(ids)]
    if a == b:
        return
    async with worker(site.database) as pipeline, pipeline.pool.acquire() as connection:
        try:
            async with connection.transaction():
                await act_as(connection, "toldonce_ingest")
                if act == "withdraw":
                    await withdraw(connection, SECRET, (a, b), "Dr Review", "no basis")
                else:
                    await decide(connection, SECRET, (a, b), "SAME" if act == "SAME" else "NOT THE SAME", "Dr", "why")
        except NotPossible:
            assert act == "withdraw"  # of what nobody decided


async def hidden(owner: asyncpg.Connection) -> dict[UUID, set[str]]:
    """By restricted person: what locates any record that is theirs now, and is said of nobody else."""
    rows = await owner.fetch(
        "select r.person, r.body, bool_or(f.restricted) over (partition by r.person) as restricted "
        "from toldonce.resource r join toldonce.facts f on f.source_patient = r.source_patient and f.until = 'infinity'"
        " where r.type in ('Patient', 'RelatedPerson')"
    )
    found: dict[bool, dict[UUID, set[str]]] = {True: {}, False: {}}
    for person, body, restricted in rows:
        found[restricted].setdefault(person, set()).update(_locating(json.loads(body)))
    told_of_others = set[str]().union(*found[False].values())
    return {person: said - told_of_others for person, said in found[True].items()}


def _locating(node: Any, within: str = "") -> Iterator[str]:
    """Address lines, postcodes, telephone numbers and e-mail addresses, and which practice it is."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name in LOCATING or (name == "value" and within == "telecom"):
                said = value if isinstance(value, list) else [value]
                yield from (one for one in said if any(map(str.isdigit, one)))  # a city alone tells nothing
            elif name != "meta":
                yield from _locating(value, name)
    elif isinstance(node, list):
        for one in node:
            yield from _locating(one, within)


async def answers(site: Site) -> AsyncIterator[tuple[str, httpx.Response]]:
    """What everybody gets who asks for everybody, in several ways."""
    for asker in ASKERS:
        caller = await site.as_caller(asker.client, asker.role, asker.purpose, break_glass=asker.emergency)
        for person in await site.persons():
            yield asker.name, await caller.everything(person)
            yield asker.name, await caller.get(f"Patient/{person}")
        yield asker.name, await caller.get("Patient", {"identifier": f"{NUMBER}|{JOANNA}"})


async def assert_nobody_is_located(site: Site) -> int:
    """How many answers told of a restricted person, and of none where they are."""
    secret = await hidden(site.owner)
    told = 0
    async for asker, answer in answers(site):
        for person, places in secret.items():
            shown = [place for place in places if re.search(rf"\b{re.escape(place)}\b", answer.text)]
            assert shown == [], (asker, answer.request.url.path, person)
            told += answer.status_code == 200 and str(person) in answer.text
    return told


async def assert_never_located(site: Site, number: int) -> None:
    files = about(18, "restricted-address", "mrs-t")
    first = [one for one in files if one.feed == "acute" and b"SIKORA" in one.content.upper()][:1]
    told = 0
    for seed, story in stories(number):
        await site.emptied()
        random = Random(seed)
        await ingest(site.database, [*first, *random.sample(list(files), 6)])
        told += await assert_nobody_is_located(site)
        for what in story:
            await step(site, files, what)
            told += await assert_nobody_is_located(site)
    assert told >= number  # they were told of, without it


async def test_no_sequence_lets_a_restricted_persons_location_appear(site: Site) -> None:
    await assert_never_located(site, 2)


@pytest.mark.slow
async def test_no_sequence_lets_a_restricted_persons_location_appear_long(site: Site) -> None:
    await assert_never_located(site, length(8, 25))
