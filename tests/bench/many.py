"""What a thousand agreements and a hundred thousand people's choices add to a read: rules and row policy apart.

In process, one read after the other: facts, decision, and the rows of one person of about a hundred resources. Few and
many are asked in turn, so that what else happens on the machine meets both alike.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from integration import demo
from integration.config import Settings
from integration.record.consult import Question, Records
from integration.record.reader import Query
from integration.sharing.agreements import Agreements, load
from integration.sharing.decide import decide
from integration.sharing.facts import person_facts
from integration.sharing.policy import Policy
from integration.sharing.request import Caller, Facts, Request
from integration.store.database import Database, act_as
from integration.store.labels import Labels
from tests.bench.plan import Figure
from tests.bench.servers import Cluster

AGREEMENTS, CHOICES = 1000, 100_000
READS, DECISIONS = 400, 1500
_CHOSEN = """
insert into toldonce.facts (source_patient, person, labels, evidence, choices, restricted)
select -n, md5('chosen ' || n)::uuid, '{1}', '[]',
    jsonb_build_array(jsonb_build_object('consent', n::text, 'kind', 'restrict-category', 'permits', false,
        'source', 'X90401', 'recorded', '2026-01-01T00:00:00Z', 'categories', jsonb_build_array('care plans'))), false
from generate_series(1, $1::int) as n
"""
PART = "with 1,000 agreements and 100,000 choices"


def thousandfold(agreements: Agreements) -> Agreements:
    """The agreements, and so many others between other organisations that there are a thousand."""
    group = next(one for one in agreements.groups.values() if one.kind == "general practice")
    others = {f"Z{number:04d}": f"Practice {number}" for number in range(AGREEMENTS)}
    made = [
        msgspec.structs.replace(
            agreements.agreements[number % 3], id=f"ZZ-{number}", sources=("others",), recipients=(code,)
        )
        for number, code in enumerate(list(others)[: AGREEMENTS - len(agreements.agreements)])
    ]
    groups = {**agreements.groups, "others": msgspec.structs.replace(group, members=others)}
    return msgspec.structs.replace(agreements, groups=groups, agreements=(*agreements.agreements, *made))


def _beside(what: str, ratio: float) -> Figure:
    return Figure(PART, f"{what}, many beside few", ratio * 100, "%", target=120, at_most=True)


@asynccontextmanager
async def _records(settings: Settings, policy: Policy) -> AsyncIterator[Records]:
    async with Database(settings).pool("toldonce_api", size=1) as pool:
        yield Records(pool, lambda: policy)


async def measure(cluster: Cluster, name: str, person: UUID, client_id: str) -> list[Figure]:
    """The figures, on copies of this database, for a client of the demo."""
    stated = load(demo.AGREEMENTS.read_text())
    few, many = Policy.of(stated), Policy.of(thousandfold(stated))
    client = demo.BY_ID[client_id]
    question = Question(Caller(client.id, client.organisation, client.roles[-1], client.purposes[0]), datetime.now(UTC))
    times: dict[tuple[str, bool], list[float]] = {}
    async with AsyncExitStack() as stack:
        variants: dict[tuple[str, bool], Records] = {}
        for guarded in (True, False):
            for size, policy in (("few", few), ("many", many)):
                settings = await _copied(
                    cluster, name, f"{size}_{guarded}".lower(), choices=size == "many", guarded=guarded
                )
                variants[size, guarded] = await stack.enter_async_context(_records(settings, policy))
        for number in range(READS):
            for key, records in variants.items():
                took = await _read(records, question, person)
                if number >= READS // 10:
                    times.setdefault(key, []).append(took)
        facts = await _facts(variants["few", True], person)
    request = Request(question.caller, facts.person, question.at)
    deciding = _in_turn(lambda: decide(request, facts, few), lambda: decide(request, facts, many))
    read = {key: median(found) for key, found in times.items()}
    policy_few, policy_many = (read[size, True] - read[size, False] for size in ("few", "many"))
    return [
        Figure(PART, "decide, with few", deciding[0] * 1000, "ms"),
        _beside("decide", deciding[1] / deciding[0]),
        Figure(PART, "a read, with few", read["few", True] * 1000, "ms"),
        _beside("a read", read["many", True] / read["few", True]),
        Figure(PART, "row policy, with few", policy_few * 1000, "ms"),
        Figure(PART, "row policy, with many", policy_many * 1000, "ms"),
        _beside("a read without it", read["many", False] / read["few", False]),
    ]


async def _copied(cluster: Cluster, name: str, suffix: str, *, choices: bool, guarded: bool) -> Settings:
    settings = await cluster.create(f"{name}_{suffix}", like=name)
    owner = await asyncpg.connect(settings.database_url)
    if choices:
        await owner.execute(_CHOSEN, CHOICES)
    if not guarded:
        await owner.execute("alter table toldonce.resource disable row level security")
    await owner.execute("vacuum analyze")
    await owner.close()
    return settings


async def _read(records: Records, question: Question, person: UUID) -> float:
    began = perf_counter()
    async with records.consult(question, person) as consultation:
        rows = await consultation.reader.rows(Query())
    assert rows
    return perf_counter() - began


async def _facts(records: Records, person: UUID) -> Facts:
    async with records.pool.acquire() as connection, connection.transaction(readonly=True):
        await act_as(connection, "toldonce_facts")
        return await person_facts(connection, Labels(), person)


def _in_turn(*work: Callable[[], Any]) -> list[float]:
    """Median seconds of each."""
    times: list[list[float]] = [[] for _ in work]
    for _ in range(DECISIONS):
        for place, one in enumerate(work):
            began = perf_counter()
            one()
            times[place].append(perf_counter() - began)
    return [median(one) for one in times]
