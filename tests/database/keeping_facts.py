"""The worlds in which what a process keeps of facts is tried: Records that keep facts beside others that read them each
time, on the people and agreements of the sharing tests, and whatever may be recorded meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from integration.identity import moving
from integration.record.consult import Consultation, Question, Records
from integration.record.reader import Query, Row
from integration.sharing.agreements import load
from integration.sharing.policy import Policy
from integration.sharing.request import BreakGlass, Caller, Choice, Decision, Evidence, Grant
from integration.store import facts as writing
from integration.store.database import Database, _prepare
from integration.store.labels import Labels
from tests.sharing import stored
from tests.sharing.facts import Question as Asked
from tests.sharing.facts import World
from tests.sharing.worlds import world

STANDING = "select * from toldonce.facts where until = 'infinity' order by id"
ENTRIES = [UUID(int=0xD0 + number) for number in range(5)]
"""Of the directory. Each refers to the next; the last but one comes and goes, and the last is not there."""
Answer = tuple[list[Row], list[bytes]]
Seen = tuple[Decision, list[Row], list[bytes]]


class Counting(Records):
    """Records that count how often the facts were read, how often it was decided, and how often what they read on facts
    that are kept took a transaction of several questions."""

    read = long = decided = 0

    def _decide(self, *args: Any) -> Decision:
        self.decided += 1
        return super()._decide(*args)

    async def _decided(self, *args: Any, **named: Any) -> Consultation:
        self.read += 1
        return await super()._decided(*args, **named)

    async def _in_transaction(self, *args: Any) -> Any:
        self.long += 1
        return await super()._in_transaction(*args)


@dataclass
class Kept:
    """Records that keep facts, others that do not, and the connection of whoever writes."""

    keeping: Counting
    reading: Records
    writer: asyncpg.Connection
    policy: list[Policy] = field(default_factory=list)

    async def same(self, asked: Question, person: UUID) -> Seen:
        """What both answer, which is the same."""
        kept, read = await seen(self.keeping, asked, person), await seen(self.reading, asked, person)
        assert kept == read
        return kept

    async def live_in(self, one: World) -> None:
        """Its people and agreements instead of whatever was there."""
        await stored.forget(self.writer)
        await stored.store(self.writer, Labels(), [one])
        await _name_entries(self.writer)
        self.policy[:] = [Policy.of(load(msgspec.json.encode(one.document).decode()))]

    async def granted(self) -> tuple[Question, UUID]:
        """A question that shows something without an emergency, in the first world where there is one."""
        for seed in range(1, 50):
            one = world(seed, 40)
            await self.live_in(one)
            for question in one.questions:
                asked = in_words_of_the_product(question)
                decision, rows, _ = await self.same(asked, question.person)
                if isinstance(decision, Grant) and rows and not question.glass and not decision.pseudonymise:
                    return asked, question.person
        raise AssertionError("no world shows anything")

    async def granted_at_once(self) -> tuple[Question, UUID]:
        """The same, with rows that refer to the directory, and answered by one question by now."""
        for seed in range(1, 50):
            one = world(seed, 40)
            await self.live_in(one)
            for question in one.questions:
                asked = in_words_of_the_product(question)
                await self.same(asked, question.person)
                before, long = self.keeping.read, self.keeping.long
                _, _, directory = await self.same(asked, question.person)
                if directory and (self.keeping.read, self.keeping.long) == (before, long):
                    return asked, question.person
        raise AssertionError("no world is answered by one question")


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[Kept]:
    policy: list[Policy] = []
    reading = database.reading(1), database.reading(1, "toldonce_reader", begun=False)
    async with database.pool("toldonce_api", size=1) as pool, reading[0] as begun, reading[1] as ready:
        writer = await asyncpg.connect(database.owner_url)
        await _prepare(writer)
        keeping = Counting(pool, lambda: policy[0], begun=begun, ready=ready)
        yield Kept(keeping, Records(pool, lambda: policy[0], begun=begun), writer, policy)
        await writer.close()


def in_words_of_the_product(question: Asked) -> Question:
    caller = Caller("client", question.organisation, question.role, question.purpose, "user")
    glass = BreakGlass(question.glass.reason, "", question.glass.declared) if question.glass else None
    return Question(caller, question.at, glass)


async def seen(records: Records, asked: Question, person: UUID) -> Seen:
    async with records.reading(asked, person, everything) as (consultation, (rows, directory)):
        return consultation.decision, rows, directory


async def everything(consultation: Consultation) -> Answer:
    rows = await consultation.reader.rows(Query(), directory=True)
    return rows, await consultation.reader.directory(sorted({id_ for row in rows for id_ in row.entries}))


async def _name_entries(writer: asyncpg.Connection) -> None:
    """Have every resource refer to one of the first three entries, or to the one that is not there."""
    await writer.execute("delete from toldonce.directory_resource where id = any($1)", ENTRIES)
    for id_, following in pairwise(ENTRIES):
        await write_entry(writer, id_, [following])
    named = [*ENTRIES[:3], ENTRIES[-1]]
    await writer.execute(
        "update toldonce.resource set entries = array[($1::uuid[])[abs(hashtext(id::text)) % 4 + 1]]", named
    )


async def write_entry(writer: asyncpg.Connection, id_: UUID, entries: list[UUID]) -> None:
    """As `store.directory` does: what is written again has the next number."""
    await writer.execute(
        "insert into toldonce.directory_resource (id, type, rank, recorded, version, entries, body, tokens) "
        "values ($1::uuid, 'Organization', '', clock_timestamp(), 1, $2, convert_to($1::uuid || ' 1', 'UTF8'), '{}') "
        "on conflict (id) do update set version = directory_resource.version + 1, recorded = clock_timestamp(), "
        "body = convert_to($1::uuid || ' ' || directory_resource.version + 1, 'UTF8')",
        id_,
        entries,
    )


async def change(writer: asyncpg.Connection, random: Random, one: World) -> None:
    """Something else is recorded of somebody, by the writers that the product has."""
    rows = await writer.fetch(STANDING)
    row = random.choice(rows)
    if random.random() < 0.25:
        await _change_directory(writer, random)
        return
    async with writer.transaction():
        if random.random() < 0.2:
            source = await writer.fetchrow("select id, person from toldonce.source_patient where key = $1", row[1])
            other = random.choice(one.people).id
            if other != source["person"]:
                await moving.move(writer, {source["id"]: other}, {})
            return
        said = writing.SourceFacts(
            row["source_patient"],
            row["person"],
            row["labels"],
            msgspec.convert(row["evidence"], list[Evidence]),
            msgspec.convert(row["choices"], list[Choice]),
            row["restricted"],
        )
        lent = random.choice(rows)
        match random.randrange(4):
            case 0:
                said = replace(
                    said, evidence=[] if said.evidence else msgspec.convert(lent["evidence"], list[Evidence])
                )
            case 1:
                said = replace(said, choices=[] if said.choices else msgspec.convert(lent["choices"], list[Choice]))
            case 2:
                said = replace(said, restricted=not said.restricted)
            case _:
                said = replace(said, labels=said.labels[1:])
        await writing.replace(writer, [said])


async def _change_directory(writer: asyncpg.Connection, random: Random) -> None:
    """An entry is another one now, comes or goes, or a resource refers to another one."""
    match random.randrange(3):
        case 0:
            await write_entry(writer, random.choice(ENTRIES[:4]), [])
        case 1:
            gone = await writer.execute("delete from toldonce.directory_resource where id = $1", ENTRIES[3])
            if gone == "DELETE 0":
                await write_entry(writer, ENTRIES[3], [])
        case _:
            await writer.execute(
                "update toldonce.resource set entries = $1 where id = any(array(select id from toldonce.resource "
                "order by md5(id::text || $2) limit 3))",
                random.sample(ENTRIES, 2),
                str(random.random()),
            )


async def compared(kept: Kept, seeds: range, changes: int) -> tuple[int, int]:
    """How many reads of many were answered without reading the facts, and of how many the answer was another one than
    before; whatever changes in between, both Records answer the same."""
    saved = changed = 0
    for seed in seeds:
        random, one = Random(seed), world(seed, 12)
        await kept.live_in(one)
        asking = [(in_words_of_the_product(question), question.person) for question in one.questions]
        before = [await kept.same(*each) for each in asking]
        read = kept.keeping.read
        for _ in range(changes):
            await change(kept.writer, random, one)
            later = timedelta(hours=random.choice((0, 0, 3, 30)))
            again = [await kept.same(replace(asked, at=asked.at + later), person) for asked, person in asking]
            changed += sum(new != old for new, old in zip(again, before, strict=True))
            before = again
        saved += changes * len(asking) - (kept.keeping.read - read)
    return saved, changed
