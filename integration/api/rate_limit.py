"""How much a client may ask: so many requests a second, and so many at once after a pause.

The generic cell rate algorithm, which is a token bucket that needs one number for each client: the moment until which
its bucket has been drawn on. Each process counts for itself, so a client that all of N processes serve may ask N times
as much (docs/clients.md). It protects everybody else from one client's fault, and is no measure of what is fair.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from time import monotonic
from typing import NamedTuple

from integration.errors import TooManyRequests
from integration.sharing.request import Client


class Rate(NamedTuple):
    """`each_second`: requests on average; `at_once`: requests that may come together after a pause."""

    each_second: float
    at_once: int


_LATER = 5
"""Seconds after which a place for a long answer may be free: an answer that is read at once takes less than one."""
UNLIKELY = Rate(1000, 2000)
"""More than a client that means well asks of one process: the default of the settings."""


class RateLimits:
    """What each client has drawn so far. `clock` gives seconds that only ever grow."""

    def __init__(self, default: Rate = UNLIKELY, clock: Callable[[], float] = monotonic) -> None:
        self._default = default
        self._clock = clock
        self._drawn: dict[str, float] = {}
        """By client; no more of them than are registered."""

    def admit(self, client: Client) -> None:
        """Count one request of this client. Raises TooManyRequests, with the seconds after which the next is taken; a
        request that is refused does not count."""
        rate = client.rate or self._default.each_second
        at_once = client.burst or self._default.at_once
        now = self._clock()
        drawn = max(self._drawn.get(client.id, now), now)
        wait = drawn - now - (at_once - 1) / rate
        if wait > 0:
            raise TooManyRequests("This client sends more than it is registered for.", retry_after=ceil(wait))
        self._drawn[client.id] = drawn + 1 / rate


class LongAnswers:
    """Places for answers that keep a connection to the database until they are read to their end: fewer than there are
    connections to read on, so that whoever reads slowly holds up other long answers and nobody else."""

    def __init__(self, most: int = 4) -> None:
        self._free = most

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place until the block ends. Raises TooManyRequests where none is free."""
        if not self._free:
            text = "Too many long records are being sent just now. Ask again later, or for pages (_count)."
            raise TooManyRequests(text, retry_after=_LATER)
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
