"""How much a client may ask: so many requests a second, and so many at once after a pause.

The generic cell rate algorithm, which is a token bucket that needs one number for each client: the moment until which
its bucket has been drawn on. Each process counts for itself, so a client that all of N processes serve may ask N times
as much (docs/clients.md). It protects everybody else from one client's fault, and is no measure of what is fair.
"""

from collections.abc import Callable
from math import ceil
from time import monotonic
from typing import NamedTuple

from integration.errors import TooManyRequests
from integration.sharing.request import Client


class Rate(NamedTuple):
    """`each_second`: requests on average; `at_once`: requests that may come together after a pause."""

    each_second: float
    at_once: int


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
