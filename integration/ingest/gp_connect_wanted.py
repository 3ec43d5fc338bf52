"""Practices are asked at once where a first read waits (`record.first_read`), beside the rounds of who is due."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from integration.ingest.gp_connect import Puller

_CHANNEL = "toldonce_gp_wanted"
"""PostgreSQL tells of each practice that is to be asked (migration `0037`)."""
_AGAIN = 1.0
"""Seconds after which one listens again, where the connection was lost."""

log = structlog.get_logger()


async def ask_where_wanted(puller: Puller, url: str, process: Callable[[], Awaitable[object]]) -> None:
    """Until cancelled: ask whom somebody waits for, and `process` what came. `url`: of the database, for a login that
    may listen. What is told while nobody listens waits for the next round of those who are due."""
    async with asyncio.TaskGroup() as group:
        while True:
            lost = asyncio.Event()
            try:
                connection = await asyncpg.connect(url)
            except (OSError, asyncpg.PostgresError) as error:
                log.warning("nobody tells of first reads", error=type(error).__name__)
                await asyncio.sleep(_AGAIN)
                continue
            try:
                connection.add_termination_listener(lambda _connection, lost=lost: lost.set())
                await connection.add_listener(
                    _CHANNEL, lambda *told: group.create_task(_ask(puller, told[-1], process))
                )
                await lost.wait()
            finally:
                await connection.close()
            await asyncio.sleep(_AGAIN)


async def _ask(puller: Puller, practice: str, process: Callable[[], Awaitable[object]]) -> None:
    if practice not in puller.settings.by_code:
        return
    try:
        if await puller.wanted(practice):
            await process()
    except Exception as error:  # noqa: BLE001  whoever was not asked about is due, and is in the next round
        log.warning("a first read's practice could not be asked", practice=practice, error=type(error).__name__)
