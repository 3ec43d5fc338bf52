"""A world of a few source patients for tests of linkage: they say who they are, and people decide, straight through the
functions that ingest and the commands call, on a real database; no feed is parsed."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from integration.identity import decisions, linking
from integration.identity.compare import Outcome
from integration.identity.demographics import Demographics
from integration.identity.linking import Stated
from integration.identity.review import Item, queue
from integration.sharing.facts import ids_of
from integration.store.connection import Connection
from integration.store.database import act_as
from mappings.ids import keyed_id
from tests.database.ingesting import SECRET

ANN, BOB, EVE = "9990000018", "9990000026", "9990000034"
"""NHS numbers of the test range."""


def person_of(number: str) -> UUID:
    """The id of the person with this verified number."""
    return UUID(keyed_id(SECRET, "person", "nhs-number", number))


def verified(number: str, **rest: Any) -> Demographics:
    return Demographics(nhs_number=number, verified=True, **rest)


def named(given: str = "ann", family: str = "peel", born: str = "1950-03-14", **rest: Any) -> Demographics:
    return Demographics(families=frozenset({family}), given=frozenset({given}), birth_date=born, **rest)


def doubtful(n: int, number: str = "9990000042", born: str = "1950-03-14", **rest: Any) -> Demographics:
    """One of several with one birth date and one number that nobody verified, but another first name each, as twins
    have: by the exact rules any two of them are a possible match, however names are weighed."""
    given = ("ann", "beatrix", "charlotte", "dorothea", "elspeth", "felicity", "guinevere")[n % 7]
    return named(given, born=born, nhs_number=number, **rest)


def source(n: int) -> UUID:
    """Id of the n-th source patient."""
    return UUID(int=n)


class LinkingWorld:
    """Source patients 1, 2, 3 ... of one database. Each call is one transaction of the worker, as in life."""

    def __init__(self, connection: Connection, owner: Connection) -> None:
        self.connection = connection
        self.owner = owner

    async def empty(self) -> None:
        await self.owner.execute(
            "delete from toldonce.linkage; delete from toldonce.facts; delete from toldonce.person; "
            "delete from toldonce.block; delete from toldonce.source_patient"
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        async with self.connection.transaction():
            await act_as(self.connection, "toldonce_ingest")
            await linking.alone(self.connection)
            yield

    async def say(self, n: int, who: Demographics | None, merged_into: Iterable[int] = (), feed: str = "acute") -> None:
        """What the n-th source says of who it is, and which records it says took its place."""
        async with self.transaction():
            ids = [(source(one), feed, str(one)) for one in (n, *merged_into)]
            await self.connection.executemany(
                "insert into toldonce.source_patient (id, feed, organisation, local_id) values ($1, $2, 'X9A', $3) "
                "on conflict do nothing",
                ids,
            )
            stated = Stated(source(n), who, [str(source(one)) for one in merged_into])
            if changed := await linking.changed(self.connection, [stated]):
                await linking.relink(self.connection, SECRET, changed)
            await self.connection.execute(
                "insert into toldonce.facts (source_patient, person, labels, evidence, choices, restricted) "
                "select key, person, '{}', '[]', '[]', false from toldonce.source_patient s where s.id = $1 "
                "and not exists (select from toldonce.facts f where f.source_patient = s.key)",
                source(n),
            )

    async def decide(self, a: int, b: int, outcome: Outcome, user: str = "Dr Review", why: str = "seen both") -> None:
        async with self.transaction():
            await decisions.decide(self.connection, SECRET, (source(a), source(b)), outcome, user, why)

    async def withdraw(self, a: int, b: int) -> None:
        async with self.transaction():
            await decisions.withdraw(self.connection, SECRET, (source(a), source(b)), "Dr Second", "no basis")

    async def people(self) -> dict[int, UUID]:
        """Whom each source patient is."""
        rows = await self.connection.fetch("select id, person from toldonce.source_patient where person is not null")
        return {row["id"].int: row["person"] for row in rows}

    async def groups(self) -> set[frozenset[int]]:
        held: dict[UUID, set[int]] = {}
        for n, person in (await self.people()).items():
            held.setdefault(person, set()).add(n)
        return set(map(frozenset, held.values()))

    async def means(self, id_: UUID) -> UUID | None:
        """Whom an id means now."""

        found = await ids_of(self.connection, [id_])
        present = set((await self.people()).values())
        return next((one for one in found if one in present), None)

    async def queue(self) -> Sequence[Item]:
        return (await queue(self.connection)).items

    async def kinds(self) -> list[tuple[int, int, str]]:
        return sorted((one.a.int, one.b.int, one.kind) for one in await self.queue())

    async def standing(self) -> list[Any]:
        """The decisions that hold, and whether they are followed: what people and the queue are made of."""
        rows = await self.connection.fetch(
            "select a, b, outcome, made_by, stated_by, reason, strength, followed from toldonce.linkage "
            "where until is null order by a, b, outcome, made_by, stated_by, reason"
        )
        return [tuple(row) for row in rows]
