"""All of it, for as long as a process runs: hand out what happened, tell rest-hooks, remove what is old. Any number of
processes do it side by side."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

import asyncpg
import structlog

from integration.store.events import CHANNEL
from integration.teams.subscriptions.delivery import Delivery
from integration.teams.subscriptions.dispatch import clear, dispatch

_LOOK = 1.0
"""Seconds after which one looks without having been called: for what is due by the clock, and where word was lost."""
_AT_ONCE = 64
"""Subscribers that are told things at the same time."""
_CLEAR = 3600.0

log = structlog.get_logger(__name__)


class Bell:
    """Wakes whoever waits in this process. A ring that comes while nobody waits is not lost: it is counted."""

    def __init__(self) -> None:
        self.rung = 0
        self._event = asyncio.Event()

    def ring(self) -> None:
        self.rung += 1
        self._event.set()
        self._event = asyncio.Event()

    async def heard(self, since: int, seconds: float) -> None:
        """Returns when it has rung more often than `since`, or after so many seconds."""
        if self.rung == since:
            with suppress(TimeoutError):  # Python 3.11's wait_for forgets that it was cancelled, if it rings just then
                async with asyncio.timeout(seconds):
                    await self._event.wait()


@dataclass
class Notifier:
    """`url`: of the database, for a login that may listen."""

    delivery: Delivery
    bell: Bell
    url: str
    clock: Callable[[], datetime]
    _serving: set[asyncio.Task[None]] = field(default_factory=set)
    _cleared: float = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for work in (self._listen, self._dispatch, self._deliver):
                    group.create_task(work())
        finally:
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    async def _listen(self) -> None:
        """Ring when PostgreSQL tells that something happened; connect again where the connection is lost."""
        while True:
            await self._guarded(self._until_lost(), "nobody tells of what happens; looking every second")
            await asyncio.sleep(_LOOK)

    async def _until_lost(self) -> None:
        lost = asyncio.Event()
        connection = await asyncpg.connect(self.url)
        try:
            connection.add_termination_listener(lambda _connection: lost.set())
            await connection.add_listener(CHANNEL, lambda *_said: self.bell.ring())
            await lost.wait()
        finally:
            await connection.close()

    async def _dispatch(self) -> None:
        async def step() -> bool:
            if monotonic() > self._cleared + _CLEAR:
                await clear(self.delivery.pool, self.clock())
                self._cleared = monotonic()
            return await dispatch(self.delivery.pool, self.clock()) > 0

        await self._forever(step, "what happened could not be handed out")

    async def _deliver(self) -> None:
        async def step() -> bool:
            if len(self._serving) >= _AT_ONCE:
                await asyncio.wait(self._serving, return_when=asyncio.FIRST_COMPLETED)
            held = await self.delivery.claim()
            if held is None:
                return False
            task = asyncio.create_task(self._guarded(self.delivery.serve(held), "a subscriber could not be served"))
            self._serving.add(task)
            task.add_done_callback(self._served)
            return True

        await self._forever(step, "subscriptions could not be looked through")

    def _served(self, task: asyncio.Task[None]) -> None:
        """What came to wait while it was being let go waits for the next look."""
        self._serving.discard(task)
        self.bell.ring()

    async def _forever(self, step: Callable[[], Awaitable[bool]], failure: str) -> None:
        while True:
            since, done = self.bell.rung, False
            try:
                done = await step()
            except Exception as error:  # noqa: BLE001  whatever it is, the next round tries again
                log.warning(failure, error=type(error).__name__)
                await asyncio.sleep(_LOOK)
            if not done:
                await self.bell.heard(since, _LOOK)

    async def _guarded(self, work: Awaitable[None], failure: str) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001  its lease runs out or was let go: it is tried again
            log.warning(failure, error=type(error).__name__)
            await asyncio.sleep(_LOOK)


@asynccontextmanager
async def notifying(notifier: Notifier) -> AsyncIterator[None]:
    """While it lasts, what happened is told."""
    task = asyncio.create_task(notifier.run(), name="notifier")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
