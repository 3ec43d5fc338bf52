"""An integration engine sends over MLLP, and the receiver is killed with kill -9 at random, again and again; so are
workers and the postmaster (DESIGN promise 4: acknowledged means never lost, never twice).

What "no double effect" means. Assembling takes a source patient whenever statements of him are due, so two runs may
legitimately show a different number of views in between. Hence two tests:

- processing while receiving: the record is that of an uninterrupted run, and so is what stands in the outbox; versions
  of each resource count 1, 2, 3 ..., and none says what the one before it said;
- processing after receiving, in waves: all versions of all resources are those of an uninterrupted run, and so is the
  whole outbox.

The short form is part of `make test`; `make test-crash` runs the long one. CRASH_SEED=... repeats the kills of a run.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import asyncpg
import pytest

from integration.ingest import inbox
from integration.ingest.inbox import Delivery
from integration.store.database import Database
from tests.crash import plan
from tests.crash.checks import (
    Outbox,
    Versions,
    answered_otherwise,
    astray,
    double_effects,
    outbox_of,
    standing_of,
    traces,
    versions_of,
)
from tests.crash.engine import SENDER, Engine, hospital
from tests.crash.plan import ALL, BOTH, OTHER, POSTMASTER, RECEIVER, WORKER, Together, Victim, drawn, parted
from tests.crash.site import LISTEN, Site, kept_running, site
from tests.database.ingesting import Stored, differences, emptied, record_of, worker

log = logging.getLogger(__name__)
log.setLevel(logging.INFO)


@dataclass(frozen=True)
class Form:
    """How many messages about how many people, up to `pause` seconds after each other on a connection. How many kills:

    - processing while receiving: `alone` with the one worker of the receiver in the first half, with another `beside`
      it in the second;
    - processing after receiving, for each of `waves`: `receiving`, and then `working`, each within `work` seconds of
      being at work."""

    people: int
    messages: int
    pause: float
    alone: Mapping[Together, int]
    beside: Mapping[Together, int]
    waves: int
    receiving: Mapping[Together, int]
    working: Sequence[Together]
    work: float


SHORT = Form(
    people=45,
    messages=300,
    pause=0.2,
    alone={RECEIVER: 1, POSTMASTER: 1},
    beside={BOTH: 1, WORKER: 1},
    waves=2,
    receiving={RECEIVER: 1},
    working=(OTHER,),
    work=0.2,
)
LONG = Form(
    people=2500,
    messages=20_000,
    pause=0.2,
    alone={RECEIVER: 15, BOTH: 10, BOTH | POSTMASTER: 4, WORKER: 6, POSTMASTER: 4},
    beside={RECEIVER: 10, BOTH: 6, ALL: 6, WORKER: 4, OTHER: 6, POSTMASTER: 4},
    waves=4,
    receiving={RECEIVER: 4, POSTMASTER: 1, RECEIVER | POSTMASTER: 1},
    working=(OTHER, OTHER, POSTMASTER, OTHER, OTHER | POSTMASTER),
    work=4.0,
)


@dataclass(frozen=True)
class Uninterrupted:
    """What is to be sent, and what a run to which nothing happens makes of it."""

    messages: Sequence[bytes]
    record: Stored
    versions: Versions
    standing: Outbox
    outbox: Outbox


def forms(*marks: pytest.MarkDecorator) -> pytest.MarkDecorator:
    """Both forms; `marks` go on the short one."""
    short = pytest.param(SHORT, id="short", marks=marks)
    long = pytest.param(LONG, id="long", marks=(pytest.mark.crash, pytest.mark.timeout(3600)))
    return pytest.mark.parametrize("form", [short, long], indirect=True, scope="module")


@pytest.fixture(scope="module")
def form(request: pytest.FixtureRequest) -> Form:
    return request.param


@pytest.fixture(scope="module")
async def uninterrupted(form: Form, database: Database) -> Uninterrupted:
    """Received as the listener stores it, wave by wave, each processed before the next is received."""
    messages = hospital(form.people, form.messages)
    owner = await asyncpg.connect(database.owner_url)
    await emptied(owner)
    for wave in parted(messages, form.waves):
        async with worker(database) as pipeline:
            async with pipeline.pool.acquire() as connection:
                await inbox.receive(connection, [Delivery("acute", SENDER, "MLLP", message) for message in wave])
            await pipeline.run()
    found = Uninterrupted(
        messages, await record_of(owner), await versions_of(owner), await standing_of(owner), await outbox_of(owner)
    )
    await owner.close()
    assert {"admission", "discharge", "emergency-attendance"} <= {topic for topic, *_ in found.standing}
    return found


@pytest.fixture(scope="module")
def doomed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An installation with a server of its own."""
    with site(tmp_path_factory.mktemp("doomed")) as made:
        yield made


@pytest.fixture
async def empty(doomed: Site) -> AsyncIterator[Site]:
    await doomed.database.migrate()
    async with doomed.owner() as owner:
        await emptied(owner)
    doomed.killed.clear()
    async with kept_running(doomed):
        yield doomed


@pytest.fixture
def seed() -> int:
    chosen = plan.seed()
    log.info("CRASH_SEED=%d", chosen)
    return chosen


@forms()
async def test_killed_while_receiving_and_processing(
    form: Form, uninterrupted: Uninterrupted, empty: Site, seed: int
) -> None:
    """The receiver with its worker; from the middle of the kills on, another worker beside it."""
    engine, begun = Engine(empty.port, seed, form.pause), perf_counter()
    half = len(uninterrupted.messages) // 2
    empty.run(Victim.RECEIVER, *LISTEN)
    async with asyncio.TaskGroup() as sending:
        sending.create_task(engine.send(uninterrupted.messages))
        await empty.suffer(drawn(seed, form.alone, range(half)), engine.acknowledged)
        empty.run(Victim.OTHER_WORKER, "work", "--forever")
        await empty.suffer(drawn(seed + 1, form.beside, range(half, 2 * half)), engine.acknowledged)
    await empty.until_processed()
    await _tell(empty, engine, begun)
    await _is_as_if_nothing_had_happened(empty, engine, uninterrupted)


@forms(pytest.mark.slow)
async def test_killed_while_receiving_then_while_processing(
    form: Form, uninterrupted: Uninterrupted, empty: Site, seed: int
) -> None:
    engine, chance, begun = Engine(empty.port, seed, form.pause), random.Random(seed), perf_counter()
    for wave in parted(uninterrupted.messages, form.waves):
        before = len(engine.acknowledged)
        empty.run(Victim.RECEIVER, *LISTEN, "--no-process")
        kills = drawn(chance.randrange(1_000_000), form.receiving, range(before, before + len(wave)))
        async with asyncio.TaskGroup() as sending:
            sending.create_task(engine.send(wave))
            await empty.suffer(kills, engine.acknowledged)
        await empty.end(Victim.RECEIVER)
        empty.run(Victim.OTHER_WORKER, "work")
        await empty.suffer_at_work(form.working, form.work, chance)
        await empty.until_processed()
        await empty.end(Victim.OTHER_WORKER)
    await _tell(empty, engine, begun)
    await _is_as_if_nothing_had_happened(empty, engine, uninterrupted)
    async with empty.owner() as owner:
        assert await versions_of(owner) == uninterrupted.versions
        assert await outbox_of(owner) == uninterrupted.outbox


async def _is_as_if_nothing_had_happened(empty: Site, engine: Engine, uninterrupted: Uninterrupted) -> None:
    async with empty.owner() as owner:
        assert await astray(owner, uninterrupted.messages) == {}
        assert await answered_otherwise(owner, engine.acknowledged) == []
        assert differences(uninterrupted.record, await record_of(owner)) == {}
        assert await standing_of(owner) == uninterrupted.standing
        assert double_effects(await versions_of(owner)) == []
        assert await traces(owner) == {}


async def _tell(empty: Site, engine: Engine, begun: float) -> None:
    log.info(
        "%s, %d sendings over %d connections; %d versions of %d resources; killed %s; %.0f s",
        dict(Counter(engine.acknowledged.values())),
        engine.sent,
        engine.connections,
        await empty.ask("select (select count(*) from toldonce.resource_history) + count(*) from toldonce.resource"),
        await empty.ask("select count(*) from toldonce.resource"),
        {str(victim): count for victim, count in sorted(empty.killed.items())},
        perf_counter() - begun,
    )
