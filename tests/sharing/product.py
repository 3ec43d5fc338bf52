"""What the product answers: `Records.consult` and the `Reader`'s rows, in process, on a real PostgreSQL; and what each
of the two locks shows alone."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from integration.record import consult
from integration.record.consult import Consultation, Records
from integration.record.reader import Query, Reader, Row
from integration.sharing.agreements import load
from integration.sharing.policy import Policy
from integration.sharing.request import BreakGlass, Caller, Denial, Grant
from integration.store.connection import Connection
from integration.store.database import Database, _prepare, act_as
from tests.sharing.facts import HIDDEN_LANE, Question, World


@dataclass
class Seen:
    """An answer. `refused` 403 or the like, `not_found` as for nobody; neither: a Grant."""

    refused: bool = False
    not_found: bool = False
    public: str = ""
    visible: set[UUID] = field(default_factory=set)
    located: set[UUID] = field(default_factory=set)
    """Rows that say where the person is."""
    refers: set[UUID] = field(default_factory=set)
    """Rows to which an answer refers."""
    announced: set[str] = field(default_factory=set)
    self_claimed: bool = False
    broken_glass: bool = False
    pseudonymised: bool = False
    first_lock: set[UUID] | None = None
    second_lock: set[UUID] | None = None
    """What each lock shows without the other; None where that was not asked."""


@dataclass
class Product:
    """The way in, as the API has it, with its connections to read on. `alone`: connections of the owner, who may take
    a lock away."""

    records: Records
    alone: Records
    policy: Policy = field(default_factory=Policy)

    @classmethod
    @asynccontextmanager
    async def opened(cls, database: Database) -> AsyncIterator["Product"]:
        owner = asyncpg.create_pool(database.owner_url, min_size=1, max_size=1, init=_prepare)
        reading = database.reading(1), database.reading(1, "toldonce_reader", begun=False)
        async with database.pool("toldonce_api", size=1) as pool, reading[0] as begun, reading[1] as ready, owner:
            records = Records(pool, lambda: product.policy, begun=begun, ready=ready)
            product = cls(records, Records(owner, lambda: product.policy))
            product.alone.labels = product.records.labels
            yield product

    def agree(self, world: World) -> None:
        """The agreement file of this world is in force from now on."""
        self.policy = Policy.of(load(json.dumps(world.document, indent=1)))

    async def ask(self, question: Question, *, alone: bool = False) -> Seen:
        """The answer. With `alone` also what each lock shows by itself, and the answer is that from kept facts, where
        any were."""
        caller = Caller("client", question.organisation, question.role, question.purpose, "user")
        glass = BreakGlass(question.glass.reason, "", question.glass.declared) if question.glass else None
        asked = consult.Question(caller, question.at, glass)
        for _ in range(1 + alone):
            async with self.records.reading(asked, question.person, _rows) as (consultation, rows):
                seen = _seen(consultation.decision, rows)
        if alone:
            async with self.alone.consult(asked, question.person) as consultation:
                await consultation.reader.rows(Query())  # which tells the row policy what was granted
                connection = consultation.reader._connection
                seen.second_lock = await _without_conditions(connection)
                seen.first_lock = await _without_policy(connection, consultation.reader)
        return seen


async def _rows(consultation: Consultation) -> list[Row]:
    return await consultation.reader.rows(Query())


async def _without_conditions(connection: Connection) -> set[UUID]:
    return {row["id"] for row in await connection.fetch("select id from toldonce.resource")}


async def _without_policy(connection: Connection, reader: Reader) -> set[UUID]:
    await act_as(connection, "toldonce_ingest")
    return {row.id for row in await reader.rows(Query())}


def _seen(decision: Grant | Denial, rows: list[Row]) -> Seen:
    visible = {row.id for row in rows}
    located = {row.id for row in rows if HIDDEN_LANE.encode() in row.body}
    referring = [one for row in rows if b"supportingInfo" in row.body for one in row.resource()["supportingInfo"]]
    refers = {UUID(one["reference"].rpartition("/")[2]) for one in referring}
    if isinstance(decision, Denial):
        return Seen(not decision.not_found, decision.not_found, decision.public, visible, located, refers)
    return Seen(
        visible=visible,
        located=located,
        refers=refers,
        announced={str(category) for category in decision.announced},
        self_claimed=decision.self_claimed,
        broken_glass=decision.broken_glass,
        pseudonymised=decision.pseudonymise,
    )
