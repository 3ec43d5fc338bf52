"""Whether a subscriber may be told of an event, decided anew each time that it is told: by the same way into the record
as every read, for the client, role and purpose that the subscription was made with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from integration.record.consult import Question, Records
from integration.record.single import find
from integration.sharing.facts import persons_of
from integration.sharing.request import Caller, Client, Grant
from integration.sharing.rules import BEYOND_CARE
from integration.sharing.scopes import Scope, parse_scope
from integration.store.connection import Connection
from integration.store.database import act_as
from integration.store.events import Topic
from integration.teams.caseloads.register import caseload, on_which
from integration.teams.subscriptions.resource import Subscription


@dataclass(frozen=True)
class Event:
    """What happened, as it waits for one subscriber: `notification` is its place there, `number` what it was told
    under, if it was."""

    notification: int
    number: int | None
    topic: Topic
    type: str
    resource: UUID
    told: datetime
    withdrawn: bool


def read(row: asyncpg.Record) -> Event:
    """An event from its row."""
    return Event(
        row["notification"],
        row["number"],
        Topic(row["topic"]),
        row["type"],
        row["resource"],
        row["told"],
        row["withdrawn"] is not None,
    )


@dataclass(frozen=True)
class Gate:
    """`clients`: as they are registered now. The pool is the API's own."""

    pool: asyncpg.Pool
    records: Records
    clients: Callable[[], Mapping[str, Client]]

    def caller(self, one: Subscription, focus: str) -> Caller | None:
        """Who is told: None where the client may not be, or not any more, whoever it is about."""
        client = self.clients().get(one.client)
        purpose = self.records.policy().purposes.get(one.purpose)
        if (
            client is None
            or not client.active
            or client.organisation != one.organisation
            or one.role not in client.roles
            or one.purpose not in client.purposes
            or purpose is None
            or purpose.kind == BEYOND_CARE
            or not any(parse_scope(scope).covers(Scope(focus, frozenset("r"))) for scope in client.scopes)
        ):
            return None
        return Caller(one.client, one.organisation, one.role, one.purpose)

    async def permits(self, one: Subscription, event: Event, now: datetime) -> Grant | None:
        """The Grant under which the subscriber may be told of this at this moment, or None: because of a rule, because
        the resource is not there for them, or because it is not what they asked for."""
        caller = None if event.withdrawn else self.caller(one, event.type)
        if caller is None:
            return None
        async with self.records.consult_about(Question(caller, now), event.type, event.resource) as consultation:
            decision = consultation.decision
            found = await find(consultation, event.type, event.resource)
            if not isinstance(decision, Grant) or decision.pseudonymise or consultation.by_person or found is None:
                return None
            limited = one.wanted.person or one.wanted.caseload
            asked_for = not limited or await consultation.reader.aside(
                lambda connection, person: _asked_for(connection, person, one)
            )
            stated = await consultation.reader.aside(_stated) if event.topic is Topic.DEATH else []
        return decision if asked_for and not await self._told(one, event, stated) else None

    async def _told(self, one: Subscription, event: Event, stated: list[UUID]) -> bool:
        """Whether the subscriber was told of one of these resources before."""
        if not stated:
            return False
        async with self.pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_notifier")
            return bool(await connection.fetchval(_TOLD, one.id, stated, event.notification))


async def _stated(connection: Connection, person: UUID) -> list[UUID]:
    """Ids of what sources say of who the person is."""
    rows = await connection.fetch("select id from toldonce.resource where person = $1 and type = 'Patient'", person)
    return [row["id"] for row in rows]


async def _asked_for(connection: Connection, person: UUID, one: Subscription) -> bool:
    """Whether the person is whom the subscription is about."""
    if one.wanted.person and (await persons_of(connection, [one.wanted.person])).get(one.wanted.person) != person:
        return False
    return one.wanted.caseload is None or await _on_caseload(connection, person, one)


async def _on_caseload(connection: Connection, person: UUID, one: Subscription) -> bool:
    found = await caseload(connection, one.wanted.caseload or "")
    if found is None or one.organisation not in found.organisations:
        return False
    return any(member.caseload == found.id for member in await on_which(connection, [person]))


_TOLD = """
select exists (select from toldonce.notification n join toldonce.event e on e.id = n.event
where n.subscription = $1 and n.number is not null and n.id <> $3 and e.resource = any($2))
"""
