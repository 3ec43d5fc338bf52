"""Questions in an even pace: at most so many in a second, and none while the service asks us to wait."""

import asyncio
from collections.abc import Callable
from time import monotonic


class Pace:
    """`per_second`: of all questions of this process together. `clock`: seconds."""

    def __init__(self, per_second: float, clock: Callable[[], float] = monotonic) -> None:
        self._gap = 1 / per_second
        self._clock = clock
        self._next = 0.0

    async def turn(self) -> None:
        """Return when it is this question's turn."""
        start = max(self._next, self._clock())
        self._next = start + self._gap
        while (wait := start - self._clock()) > 0:
            await asyncio.sleep(wait)

    def hold(self, seconds: float) -> None:
        """The service asked to be left alone for so long: a rate limit is the application's, not one question's."""
        self._next = max(self._next, self._clock() + seconds)
