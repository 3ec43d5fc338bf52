"""The period that a submission covers: believed where it can be true, else derived from the dates of the events.

Councils often overstate it (DHSC derives it from the submission date), and an overstated period would make rows look
withdrawn that the file was never meant to hold.
"""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from adapters.social_care.faults import Faults
from adapters.social_care.rows import Statement

_LONGEST = 366
"""Days: CLD is a rolling twelve months."""


class Period(NamedTuple):
    """Inclusive ISO dates."""

    start: str
    end: str


def reporting_period(statements: Iterable[Statement], today: str, faults: Faults) -> Period:
    """The stated period when all rows agree on it, it is no longer than twelve months and has ended; otherwise each
    doubtful bound gives way to the first or last date of a completed event. `today`: ISO date of the submission."""
    statements = list(statements)
    if not statements:
        faults.add("no-rows")
        return Period(today, today)
    stated = {statement.period for statement in statements if any(statement.period)}
    dates = [end for statement in statements if statement.row and (end := statement.row.end)] or [today]
    first, last = min(dates), max(dates)
    start, end = stated.pop() if len(stated) == 1 else (None, None)
    if start is None or end is None or start > end:
        faults.add("period-disagrees")
        return Period(first, last)
    too_long = (date.fromisoformat(end) - date.fromisoformat(start)).days >= _LONGEST
    if too_long or end > today:
        faults.add("period-overstated")
    if end > today:
        end = max(last, start)
    return Period(min(max(start, first), end) if too_long else start, end)
