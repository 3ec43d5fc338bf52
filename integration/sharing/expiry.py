"""When agreements run out: how many days each has left, and what somebody should see to. Pure."""

from datetime import date

from msgspec import Struct

from integration.sharing.agreements import Agreements
from integration.sharing.reasons import day

SOON = 90
"""Days: time enough for partners to review and sign."""


class Standing(Struct, frozen=True):
    """How one agreement stands on one day."""

    agreement: str
    title: str
    begins: date
    ends: date | None
    review: date
    days_left: int
    """Until it ends or should have been reviewed, whichever is first; below 0: it is past."""
    state: str
    """not begun, in force, in force and its review overdue, ended"""
    warning: str
    """A sentence; empty where nothing needs doing within the days asked about."""


def standings(agreements: Agreements, on: date, within: int = SOON) -> list[Standing]:
    """Every agreement, those with the fewest days left first."""
    found = []
    for one in agreements.agreements:
        last = min(one.ends or date.max, one.review)
        state = _state(one.starts, one.ends, one.review, on)
        left = (last - on).days
        warning = _warning(one.citation, one.ends, one.review, on, within)
        found.append(Standing(one.citation, one.title, one.starts, one.ends, one.review, left, state, warning))
    return sorted(found, key=lambda one: (one.days_left, one.agreement))


def run_out(standing: Standing) -> bool:
    """Whether it has ended, or its review is overdue."""
    return standing.days_left < 0


def _state(starts: date, ends: date | None, review: date, on: date) -> str:
    if ends is not None and ends < on:
        return "ended"
    if on < starts:
        return "not begun"
    return "in force, review overdue" if review < on else "in force"


def _warning(citation: str, ends: date | None, review: date, on: date, within: int) -> str:
    if ends is not None and (ends - on).days < 0:
        return f"{citation} ended on {day(ends)}: it opens nothing any more."
    if ends is not None and (ends - on).days <= within:
        return f"{citation} ends on {day(ends)}, {_in(ends, on)}: what it opens closes then."
    if review < on:
        return f"{citation} should have been reviewed by {day(review)}; it stays in force."
    if (review - on).days <= within:
        return f"{citation} must be reviewed by {day(review)}, {_in(review, on)}."
    return ""


def _in(last: date, on: date) -> str:
    left = (last - on).days
    return "today" if left == 0 else f"in {left} day{'' if left == 1 else 's'}"
