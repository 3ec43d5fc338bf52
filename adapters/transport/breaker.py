"""A circuit breaker: a service that is unwell is left alone, and tried with one question now and then.

closed  -- so many failures in a row -->  open  -- after a rest -->  half-open: one question
   ^                                        ^                           |
   +--------------- it was answered --------|---------------------------+
                                            +------ it failed: a rest twice as long
"""

from collections.abc import Callable
from time import monotonic
from typing import Literal

Phase = Literal["closed", "open", "half-open"]
_WHILE_PROBED = 1.0
"""Seconds after which to look again, while another question finds out whether the service is well."""


class Breaker:
    """`failures` in a row open it; `rest`: seconds until it is tried again, doubling to `longest`. `clock`: seconds."""

    def __init__(
        self, failures: int = 5, rest: float = 30.0, longest: float = 600.0, clock: Callable[[], float] = monotonic
    ) -> None:
        self._limit, self._rest, self._longest, self._clock = failures, rest, longest, clock
        self._failed = 0
        self._openings = 0
        self._until = 0.0
        self._probing = False

    @property
    def phase(self) -> Phase:
        if not self._openings:
            return "closed"
        return "open" if self._clock() < self._until else "half-open"

    def admit(self) -> float:
        """0 where a question may be asked now: what came of it must be told by one of the three below. Else seconds
        after which it may be."""
        match self.phase:
            case "closed":
                return 0.0
            case "open":
                return self._until - self._clock()
            case "half-open":
                if self._probing:
                    return _WHILE_PROBED
                self._probing = True
                return 0.0

    def succeeded(self) -> None:
        """The service answered, whatever it said."""
        self._failed = self._openings = 0
        self._probing = False

    def failed(self) -> None:
        """The service did not answer, or not as it should. While the circuit is open that is old news."""
        self._failed += 1
        if self._probing or (not self._openings and self._failed >= self._limit):
            self._until = self._clock() + min(self._rest * 2**self._openings, self._longest)
            self._openings = min(self._openings + 1, 30)
        self._probing = False

    def withdrew(self) -> None:
        """The question was given up before anything came of it."""
        self._probing = False
