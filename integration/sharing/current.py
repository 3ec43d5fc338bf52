"""The agreements in force: every file that was ever applied is kept; the newest counts."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from integration.sharing.agreements import load
from integration.sharing.decide import Policy
from integration.store.connection import Connection
from integration.store.database import act_as

_NEWEST = "select id, content from toldonce.agreement_document where applied <= $1 order by id desc limit 1"


@dataclass
class CurrentPolicy:
    """The policy this process decides by. Without any agreement it is empty, and everything is denied."""

    _document: int = 0
    _policy: Policy = field(default_factory=Policy.empty)

    def __call__(self) -> Policy:
        return self._policy

    async def refresh(self, pool: asyncpg.Pool, now: datetime) -> None:
        """Take over a newer file, where there is one."""
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            await act_as(connection, "toldonce_registry")
            row = await connection.fetchrow(_NEWEST, now)
        if row and row["id"] != self._document:
            self._policy = Policy.of(load(row["content"]))
            self._document = row["id"]


async def policy_at(connection: Connection, at: datetime) -> Policy:
    """The policy that was in force at a moment."""
    row = await connection.fetchrow(_NEWEST, at)
    return Policy.of(load(row["content"])) if row else Policy.empty()


async def apply(connection: Connection, content: str) -> bool:
    """Put a file in force, as the owner of the database; False when it is in force already. Raises AgreementError."""
    load(content)
    digest = hashlib.sha256(content.encode()).hexdigest()
    newest = await connection.fetchval("select digest from toldonce.agreement_document order by id desc limit 1")
    if newest == digest:
        return False
    await connection.execute(
        "insert into toldonce.agreement_document (digest, content) values ($1, $2)", digest, content
    )
    return True
