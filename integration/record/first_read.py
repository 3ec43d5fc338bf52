"""A record that is read for the first time, while nothing of the person's practice is held: the practice is asked.

Whoever reads asks nobody: a row says whom to ask about, and `toldonce gp pull` does (`ingest.gp_connect`). Here it is
waited for, a while and no longer, and without any connection to the database in between.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg

from integration.store.database import act_as

_LOOK = timedelta(seconds=0.1)
"""Between two looks whether it has come."""


@dataclass(frozen=True)
class Practices:
    """Those that can be asked, by ODS code, and how long an answer is waited for after it was asked for."""

    pool: asyncpg.Pool
    codes: frozenset[str]
    patience: timedelta

    async def ask(self, person: UUID, practices: Sequence[str]) -> timedelta | None:
        """Have them asked about this person, for whom there is a Grant, unless they were asked before: the record may
        still come so soon. Zero: it has come. None: there is nothing to wait for."""
        async with self.pool.acquire() as connection, connection.transaction():
            await act_as(connection, "toldonce_asker")
            left: timedelta | None = await connection.fetchval(
                "select toldonce.ask_practices($1, $2, $3)", person, practices, self.patience
            )
            return left

    async def come(self, person: UUID, practices: Sequence[str], left: timedelta | None) -> None:
        """Returns when their record has come, or need not be waited for any longer; `left`: as `ask` says."""
        while left:
            await asyncio.sleep(min(left, _LOOK).total_seconds())
            left = await self.ask(person, practices)
