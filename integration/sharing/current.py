"""The agreements in force: every file that was ever applied is kept; the newest counts."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
from msgspec import Struct

from integration.sharing.agreements import load
from integration.sharing.decide import Policy
from integration.store.connection import Connection
from integration.store.database import act_as

CHANGED = "toldonce_agreements"
"""The channel on which PostgreSQL tells that a version was put in force."""
_VERSIONS = "select id, applied, applied_by, reason, digest from toldonce.agreement_document"
_IN_FORCE = "select id, content from toldonce.agreement_document order by id desc limit 1"
_NEWEST = "select id, content from toldonce.agreement_document where applied <= $1 order by id desc limit 1"


@dataclass
class CurrentPolicy:
    """The policy this process decides by. Without any agreement it is empty, and everything is denied."""

    _document: int = 0
    _policy: Policy = field(default_factory=Policy.empty)

    def __call__(self) -> Policy:
        return self._policy

    async def refresh(self, pool: asyncpg.Pool) -> None:
        """Take over a newer file, where there is one: the newest counts, whatever the clocks of two machines say."""
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_registry")
            row = await connection.fetchrow(_IN_FORCE)
        if row and row["id"] != self._document:
            self._policy = Policy.of(load(row["content"]))
            self._document = row["id"]


async def policy_at(connection: Connection, at: datetime) -> Policy:
    """The policy that was in force at a moment."""
    row = await connection.fetchrow(_NEWEST, at)
    return Policy.of(load(row["content"])) if row else Policy.empty()


@asynccontextmanager
async def told_of_changes(url: str, tell: Callable[[], None]) -> AsyncIterator[None]:
    """While it lasts, `tell` is called whenever a version was put in force. It keeps a connection of its own, none that
    requests wait for; when that is lost no more is told, so that who relies on it must also look from time to time."""

    def heard(*_who_where_and_what: object) -> None:
        tell()

    connection = await asyncpg.connect(url)
    try:
        await connection.add_listener(CHANGED, heard)
        yield
    finally:
        await connection.close()


class Version(Struct, frozen=True):
    """A file that was put in force: when, by whom, why, as they said. `number` counts up, perhaps with gaps."""

    number: int
    applied: datetime
    applied_by: str
    reason: str
    digest: str
    """SHA-256 of the text, hex."""


async def history(connection: Connection) -> list[Version]:
    """Every version that was ever put in force, the newest first: that one is in force."""
    rows = await connection.fetch(f"{_VERSIONS} order by id desc")
    return [Version(*row) for row in rows]


async def newest(connection: Connection) -> Version | None:
    """The version in force."""
    row = await connection.fetchrow(f"{_VERSIONS} order by id desc limit 1")
    return Version(*row) if row else None


async def text_of(connection: Connection, number: int | None) -> str | None:
    """The text of a version, or of the one in force; None where there is none."""
    found: str | None = await connection.fetchval(
        "select content from toldonce.agreement_document where $1::bigint is null or id = $1 order by id desc limit 1",
        number,
    )
    return found


async def apply(connection: Connection, content: str, by: str = "", reason: str = "") -> bool:
    """Put a file in force, as the owner of the database; False when it is in force already. Every process that serves
    hears of it when the transaction commits. Raises AgreementError."""
    load(content)
    digest = hashlib.sha256(content.encode()).hexdigest()
    async with connection.transaction():
        await connection.execute("lock table toldonce.agreement_document in exclusive mode")
        standing = await newest(connection)
        if standing is not None and standing.digest == digest:
            return False
        await connection.execute(
            "insert into toldonce.agreement_document (digest, content, applied, applied_by, reason) "
            "values ($1, $2, clock_timestamp(), $3, $4)",
            digest,
            content,
            by,
            reason,
        )
        await connection.execute("select pg_notify($1, '')", CHANGED)
    return True
