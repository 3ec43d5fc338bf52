"""Reads: $everything of one person over HTTP, as the product is, without each of its parts, and bare."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from statistics import median
from time import process_time
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson

from integration import demo
from integration.api.assertion import sign_assertion
from integration.api.token import ASSERTION_TYPE, token_url
from integration.config import Settings
from integration.sharing import current
from integration.store.connection import Connection
from tests.bench import long_record
from tests.bench.child import BARE_PATH, COMPOSITIONS, TOGETHER
from tests.bench.load import Answers, ask, get
from tests.bench.plan import CONNECTIONS, Figure, Plan
from tests.bench.servers import Child, Cluster, children

RESOURCES, KILOBYTES = 100, 98.0
"""The record of DESIGN section 8."""
CLIENTS = ("gp-system", "hospital-epr")
"""Demo clients that may see whole records of many people."""
_P99 = "99 of 100 answers within"
_PROCESSOR = "the server's processor time for each"
_NOTHING_KEPT = "nothing kept"
_PARTS = (
    ("facts and rules", "whole", "without rules", 10),
    ("facts and rules, where nothing is kept", _NOTHING_KEPT, "without rules", 10),
    ("rules alone", "whole", "without deciding", 10),
    ("row policy", "whole", "without row policy", 25),
    ("durable audit", "whole", "without audit", 25),
)
"""Part, of which composition, the one without it, and how many percent DESIGN allows. It says "rules"; reading the
facts that they need, or making sure of those that are kept, is the difference to facts and rules."""
_CANDIDATES = """
select r.person, count(*) as resources, sum(length(r.body)) as bytes from toldonce.resource r
where r.person in (select person from toldonce.source_patient where organisation = any($1)) group by r.person
having count(*) between $2 and $3 order by abs(count(*) - $2) limit 60
"""
_BARE = """
create schema bench;
create table bench.record (person uuid, body bytea);
insert into bench.record select person, body from toldonce.resource where person <> '{person}';
"""


@dataclass(frozen=True)
class Record:
    """One person's record as one client is granted it."""

    client: str
    person: UUID
    resources: int
    body: bytes

    def distance(self) -> float:
        """How far it is from the record of DESIGN section 8."""
        return abs(self.resources / RESOURCES - 1) + abs(len(self.body) / 1000 / KILOBYTES - 1)

    def __str__(self) -> str:
        return f"{self.resources} resources, {len(self.body) / 1000:.0f} kB, asked by {self.client}"


async def prepare(owner: Connection, settings: Settings) -> None:
    """Put the demo's agreements in force and register its clients."""
    await current.apply(owner, demo.AGREEMENTS.read_text())
    await demo.register_clients(owner, settings.data_dir)


async def measure(cluster: Cluster, name: str, plan: Plan) -> tuple[Record, list[Figure]]:
    """Choose the record, then ask every variant in turn, `plan.rounds` times."""
    settings = cluster.settings(name)
    owner = await asyncpg.connect(settings.database_url)
    await prepare(owner, settings)
    with children(Child("whole", settings)) as (child,):
        await child.ready()
        record = await _nearest(owner, settings, child.port)
    await _bare_table(owner, record)
    await owner.close()
    unguarded = await cluster.create(f"{name}_unguarded", like=name)
    await _disable_row_policies(unguarded)
    lengthened = await cluster.create(f"{name}_long", like=name)
    databases = {"without row policy": unguarded}
    variants = [Child(mode, databases.get(mode, settings)) for mode in (*COMPOSITIONS, TOGETHER, "bare")]
    with children(*variants):
        figures = _figures(await _rounds(cluster, variants, settings, record, plan))
    access = partial(_access, settings=lengthened, client_id=record.client)
    return record, [*figures, *await long_record.measure(lengthened, record.person, access)]


async def _access(http: httpx.AsyncClient, port: int, *, settings: Settings, client_id: str) -> str:
    return await token(http, settings, port, client_id)


@dataclass(frozen=True)
class Asked:
    """A variant, and how it is asked."""

    cluster: Cluster
    child: Child
    servers: Sequence[Child]
    """Of all variants. One of those on a database keeps the audit for all (`audit.seal`), and what that takes is part
    of everybody's reads."""
    request: bytes
    length: int

    async def answers(self, seconds: float) -> Answers:
        """What comes back within `seconds`."""
        before = self._used()
        answers = await ask(self.child.port, self.request, self.length, connections=CONNECTIONS, seconds=seconds)
        used = [after - begun for begun, after in zip(before, self._used(), strict=True)]
        answers.processor, answers.database, answers.generator = used
        return answers

    def _used(self) -> tuple[float, float, float]:
        """Processor seconds so far: of the servers, of PostgreSQL, of this process."""
        served = sum(one.processor_seconds() for one in self.servers)
        return served, self.cluster.processor_seconds(), process_time()


Measured = dict[str, list[tuple[Answers, Answers]]]
"""By variant: what the whole product answered, which comes first, and what the variant did right before or after."""


async def _rounds(cluster: Cluster, variants: list[Child], settings: Settings, record: Record, plan: Plan) -> Measured:
    prepared: dict[str, Asked] = {}
    async with httpx.AsyncClient() as http:
        for child in variants:
            await child.ready()
            request = await _request(http, child, settings, record)
            length = len((await _sent(http, child, request)).content)
            prepared[child.mode] = Asked(cluster, child, variants, request, length)
            await prepared[child.mode].answers(plan.seconds)
    whole = prepared.pop("whole")
    measured: Measured = {mode: [] for mode in prepared}
    for number in range(plan.rounds):
        for mode, asked in prepared.items():
            first, second = (asked, whole) if number % 2 else (whole, asked)
            answers = await first.answers(plan.seconds), await second.answers(plan.seconds)
            measured[mode].append((answers[number % 2], answers[1 - number % 2]))
    return measured


async def _request(http: httpx.AsyncClient, child: Child, settings: Settings, record: Record) -> bytes:
    if child.mode == "bare":
        return get(f"{BARE_PATH}{record.person}")
    access = await token(http, settings, child.port, record.client)
    return get(f"/fhir/Patient/{record.person}/$everything", access)


async def _sent(http: httpx.AsyncClient, child: Child, request: bytes) -> httpx.Response:
    """The same request once, by a client that reads everything."""
    head, *lines = request.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if line)
    answer = await http.get(f"http://127.0.0.1:{child.port}{head.split(' ')[1]}", headers=headers)
    return answer.raise_for_status()


async def token(http: httpx.AsyncClient, settings: Settings, port: int, client_id: str) -> str:
    """An access token for one of the demo's clients, from the server on this port."""
    client = demo.BY_ID[client_id]
    endpoint = token_url(f"http://127.0.0.1:{port}/fhir")
    key = demo.client_key(settings.data_dir, client.id).as_dict(private=True)
    role, purpose = client.roles[-1], client.purposes[0]
    assertion = sign_assertion(
        key, client.id, endpoint, role, purpose, "bench", None, datetime.now(UTC), organisation=client.organisation
    )
    form = {
        "grant_type": "client_credentials",
        "scope": "system/*.rs",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    answer = await http.post(endpoint, data=form)
    return str(answer.raise_for_status().json()["access_token"])


async def _nearest(owner: Connection, settings: Settings, port: int) -> Record:
    """Of the people whom the clients may see, the one whose granted record is nearest to what DESIGN names."""
    organisations = [demo.BY_ID[client].organisation for client in CLIENTS]
    rows = await owner.fetch(_CANDIDATES, organisations, RESOURCES * 2 // 3, RESOURCES * 2)
    found: list[Record] = []
    async with httpx.AsyncClient() as http:
        for client in CLIENTS:
            headers = {"Authorization": f"Bearer {await token(http, settings, port, client)}"}
            for row in rows:
                url = f"http://127.0.0.1:{port}/fhir/Patient/{row['person']}/$everything"
                answer = await http.get(url, headers=headers)
                if answer.status_code == httpx.codes.OK:
                    entries = len(answer.json()["entry"])
                    found.append(Record(client, row["person"], entries, answer.content))
    return min(found, key=Record.distance)


async def _bare_table(owner: Connection, record: Record) -> None:
    """The very bytes of the answer's entries, row by row, among everybody else's."""
    await owner.execute(_BARE.format(person=record.person))
    entries = _entries(record.body)
    await owner.copy_records_to_table(
        "record", schema_name="bench", columns=("person", "body"), records=[(record.person, one) for one in entries]
    )
    await owner.execute("create index on bench.record (person)")
    await owner.execute("vacuum analyze bench.record")


def _entries(bundle: bytes) -> list[bytes]:
    return [orjson.dumps(entry) for entry in orjson.loads(bundle)["entry"]]


async def _disable_row_policies(settings: Settings) -> None:
    owner = await asyncpg.connect(settings.database_url)
    for table in ("resource", "resource_history"):
        await owner.execute(f"alter table toldonce.{table} disable row level security")
    await owner.close()


def _figures(measured: Measured) -> list[Figure]:
    whole = [answers for pairs in measured.values() for answers, _ in pairs]
    bare = [answers for _, answers in measured["bare"]]
    rate, bare_rate = (median(one.per_second for one in rounds) for rounds in (whole, bare))
    own, database = _together(whole), _together(bare)
    two = [answers for _, answers in measured[TOGETHER]]
    both, shared = median(answers.per_second for answers in two), _together(two)
    unkept = [answers for _, answers in measured[_NOTHING_KEPT]]
    each = median(answers.per_second for answers in unkept)
    return [
        Figure("reads", "records", rate, "/s", bare_rate, target=800, least_share=0.6),
        Figure("reads", "records, two processes", both, "/s", bare_rate, target=800, least_share=0.6),
        Figure("reads", "records, where nothing is kept", each, "/s", bare_rate, target=800, least_share=0.6),
        Figure("reads", "half of the answers within", own.percentile(50), "ms", database.percentile(50)),
        Figure("reads", _P99, own.percentile(99), "ms", database.percentile(99), target=40, at_most=True),
        Figure("reads", f"{_P99}, two processes", shared.percentile(99), "ms", target=40, at_most=True),
        Figure("reads", _PROCESSOR, own.milliseconds_each, "ms", database.milliseconds_each),
        Figure("reads", "with that of PostgreSQL and of whoever asks", own.in_all, "ms", database.in_all),
        Figure("reads", "the same, where nothing is kept", _together(unkept).in_all, "ms"),
        *(
            Figure(f"parts of a read, {by}", part, _share(measured, cost, *of) * 100, "%", target=target, at_most=True)
            for by, cost in (("by the rate", _wall), ("by processor time", _processor))
            for part, *of, target in _PARTS
        ),
    ]


def _together(rounds: list[Answers]) -> Answers:
    seconds = [second for answers in rounds for second in answers.seconds]
    walls, used = sum(one.wall for one in rounds), [(one.processor, one.database, one.generator) for one in rounds]
    return Answers(seconds, walls, *map(sum, zip(*used, strict=True)))


def _share(measured: Measured, cost: Callable[[Answers], float], of: str, without: str) -> float:
    """What share of a read's cost a part has: the median over the rounds. Each variant is held to the whole product of
    its own pair, measured within a moment."""

    def relative(mode: str) -> list[float]:
        pairs = measured[without] if mode == "whole" else measured[mode]
        return [1.0 if mode == "whole" else cost(variant) / cost(whole) for whole, variant in pairs]

    return median(1 - less / more for less, more in zip(relative(without), relative(of), strict=True))


def _wall(answers: Answers) -> float:
    return 1 / answers.per_second


def _processor(answers: Answers) -> float:
    """Of all who work on it, which others' work on the machine disturbs less."""
    return answers.in_all


def as_json(record: Record) -> dict[str, Any]:
    return {
        "client": record.client,
        "person": str(record.person),
        "resources": record.resources,
        "bytes": len(record.body),
    }
