"""The period that a submission covers: believed where it can be true, else derived from the dates of the events.

Councils often overstate it (DHSC derives it from the submission date), and an overstated period would make rows look
withdrawn that the file was never meant to hold.
"""

from datetime import date
from typing import NamedTuple

from adapters.social_care.faults import Faults

_LONGEST = 366
"""Days: CLD is a rolling twelve months."""
_DIFFERENT = 2
"""As many stated periods as need be remembered to know that the rows disagree."""
Stated = tuple[str | None, str | None]


class Period(NamedTuple):
    """Inclusive ISO dates."""

    start: str
    end: str


class Reported:
    """Collects, row by row, what a file says of its period."""

    def __init__(self) -> None:
        self._rows = False
        self._stated: set[Stated] = set()
        self._first: str | None = None
        self._last: str | None = None

    def add(self, stated: Stated, completed: str | None) -> None:
        """One row: the period it states, and the last day of its event where it could be used and has one."""
        self._rows = True
        if len(self._stated) < _DIFFERENT and stated != (None, None):
            self._stated.add(stated)
        if completed is not None:
            self._first = min(self._first or completed, completed)
            self._last = max(self._last or completed, completed)

    def period(self, today: str, faults: Faults) -> Period:
        """The stated period when all rows agree on it, it is no longer than twelve months and has ended; otherwise each
        doubtful bound gives way to the first or last date of a completed event. `today`: ISO date of the submission."""
        if not self._rows:
            faults.add("no-rows")
            return Period(today, today)
        first, last = self._first or today, self._last or today
        start, end = next(iter(self._stated)) if len(self._stated) == 1 else (None, None)
        if start is None or end is None or start > end:
            faults.add("period-disagrees")
            return Period(first, last)
        too_long = (date.fromisoformat(end) - date.fromisoformat(start)).days >= _LONGEST
        if too_long or end > today:
            faults.add("period-overstated")
        if end > today:
            end = max(last, start)
        return Period(min(max(start, first), end) if too_long else start, end)
