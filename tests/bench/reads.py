"""Reads: $everything of one person over HTTP, as the product is, and bare."""

from collections.abc import Mapping, Sequence
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
from tests.bench.child import BARE_PATH, TOGETHER
from tests.bench.load import Answers, ask, get
from tests.bench.plan import CONNECTIONS, Figure, Plan
from tests.bench.servers import Child, Cluster, children

RESOURCES, KILOBYTES = 100, 98.0
"""The record of DESIGN section 8."""
CLIENTS = ("gp-system", "hospital-epr")
"""Demo clients that may see whole records of many people."""
_P99 = "99 of 100 answers within"
_PROCESSOR = "the server's processor time for each"
NOTHING_KEPT = "nothing kept"
_SERVED = ("whole", TOGETHER, NOTHING_KEPT, "bare")
_BEFORE = 0.3
"""Seconds for which each is asked before it counts."""
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
    """Choose the record, then ask for it in turn: the product, by one process and by two, with nothing kept, and the
    bare database. No other server is there meanwhile."""
    settings = cluster.settings(name)
    owner = await asyncpg.connect(settings.database_url)
    await prepare(owner, settings)
    with children(Child("whole", settings)) as (child,):
        await child.ready()
        record = await _nearest(owner, settings, child.port)
    await _bare_table(owner, record)
    await owner.close()
    measured: dict[str, list[Answers]] = {mode: [] for mode in _SERVED}
    with children(*[Child(mode, settings) for mode in _SERVED]) as served:
        asked = await ready(cluster, served, settings, record)
        for _ in range(plan.rounds):
            for mode, answers in measured.items():
                answers.append(await asked[mode].answers(plan.seconds, before=_BEFORE))
    lengthened = await cluster.create(f"{name}_long", like=name)
    access = partial(_access, settings=lengthened, client_id=record.client)
    return record, [*_figures(measured), *await long_record.measure(lengthened, record.person, access)]


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

    async def answers(self, seconds: float, before: float = 0.0) -> Answers:
        """What comes back within `seconds`, when it was asked for so long `before`."""
        begun = self._used()
        answers = await ask(
            self.child.port, self.request, self.length, connections=CONNECTIONS, seconds=seconds, before=before
        )
        used = [now - then for then, now in zip(begun, self._used(), strict=True)]
        answers.processor, answers.database, answers.generator = used
        return answers

    def _used(self) -> tuple[float, float, float]:
        """Processor seconds so far: of the servers, of PostgreSQL, of this process."""
        served = sum(one.processor_seconds() for one in self.servers)
        return served, self.cluster.processor_seconds(), process_time()


async def ready(cluster: Cluster, served: Sequence[Child], settings: Settings, record: Record) -> dict[str, Asked]:
    """Each of these variants by its name, once it has answered."""
    prepared: dict[str, Asked] = {}
    async with httpx.AsyncClient() as http:
        for child in served:
            await child.ready()
            request = await _request(http, child, settings, record)
            length = len((await _sent(http, child, request)).content)
            prepared[child.mode] = Asked(cluster, child, served, request, length)
            await prepared[child.mode].answers(_BEFORE)
    return prepared


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


def _figures(measured: Mapping[str, list[Answers]]) -> list[Figure]:
    rate = {mode: median(one.per_second for one in rounds) for mode, rounds in measured.items()}
    own, shared, unkept, database = (_together(measured[mode]) for mode in _SERVED)
    bare = rate["bare"]
    return [
        Figure("reads", "records", rate["whole"], "/s", bare, target=800, least_share=0.6),
        Figure("reads", "records, two processes", rate[TOGETHER], "/s", bare, target=800, least_share=0.6),
        Figure("reads", "records, where nothing is kept", rate[NOTHING_KEPT], "/s", bare, target=800, least_share=0.6),
        Figure("reads", "half of the answers within", own.percentile(50), "ms", database.percentile(50)),
        Figure("reads", _P99, own.percentile(99), "ms", database.percentile(99), target=40, at_most=True),
        Figure("reads", f"{_P99}, two processes", shared.percentile(99), "ms", target=40, at_most=True),
        Figure("reads", f"{_P99}, where nothing is kept", unkept.percentile(99), "ms", target=40, at_most=True),
        Figure("reads", _PROCESSOR, own.milliseconds_each, "ms", database.milliseconds_each),
        Figure("reads", "with that of PostgreSQL and of whoever asks", own.in_all, "ms", database.in_all),
        Figure("reads", "the same, where nothing is kept", unkept.in_all, "ms"),
    ]


def _together(rounds: list[Answers]) -> Answers:
    """All rounds as one. The 99th of 100 is that of all answers, whichever round they came in."""
    made = Answers([second for answers in rounds for second in answers.seconds])
    for one in rounds:
        made.wall += one.wall
        made.count += one.count
        made.processor += one.processor
        made.database += one.database
        made.generator += one.generator
    return made


def as_json(record: Record) -> dict[str, Any]:
    return {
        "client": record.client,
        "person": str(record.person),
        "resources": record.resources,
        "bytes": len(record.body),
    }
