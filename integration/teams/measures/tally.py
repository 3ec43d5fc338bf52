"""Sums over many people, of whom none is kept: what one person adds, month by month. Pure.

Memory is one cell for each measure and month, however many people there are.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from integration.teams.measures.counting import days, holds
from integration.teams.measures.criteria import Statement
from integration.teams.measures.definitions import Definition
from integration.teams.measures.person_time import Month, Span, person_days, whole


@dataclass
class Cell:
    """One measure in one month, exactly."""

    people: int = 0
    """Members on at least one day of the month (of events and nights), or on its last day (of what holds then)."""
    days: int = 0
    """Person-days."""
    denominator: int = 0
    """Of whom it may hold on the last day of the month."""
    numerator: int = 0
    behind: int = 0
    """How many people made the numerator what it is."""

    def months(self, month: Month) -> Fraction:
        """Person-months."""
        return Fraction(self.days, month.days)


@dataclass
class Tally:
    """The cells of some measures over some months, and how many people there were in all."""

    measures: Sequence[Definition]
    months: Sequence[Month]
    people: int = 0
    cells: Mapping[tuple[str, Month], Cell] = field(init=False)

    def __post_init__(self) -> None:
        self.cells = {(one.id, month): Cell() for one in self.measures for month in self.months}

    def add(self, spans: Sequence[Span], statements: Sequence[Statement]) -> None:
        """Add one person: the days on which they were a member, and their resources that may be read."""
        present = {month: person_days(spans, month) for month in self.months}
        if not any(present.values()):
            return
        self.people += 1
        for one in self.measures:
            if one.is_rate:
                self._add_events(one, spans, statements, present)
            else:
                self._add_state(one, spans, statements)

    def _add_events(
        self, one: Definition, spans: Sequence[Span], statements: Sequence[Statement], present: Mapping[Month, int]
    ) -> None:
        found = Counter(Month.of(day) for day in days(one, statements, whole(self.months)) if _is_member(spans, day))
        for month in self.months:
            cell = self.cells[one.id, month]
            cell.people += present[month] > 0
            cell.days += present[month]
            cell.numerator += found[month]
            cell.behind += found[month] > 0

    def _add_state(self, one: Definition, spans: Sequence[Span], statements: Sequence[Statement]) -> None:
        for month in self.months:
            if not _is_member(spans, month.last):
                continue
            cell = self.cells[one.id, month]
            cell.people += 1
            if one.of is None or holds(one.of, statements, month.last):
                cell.denominator += 1
                held = holds(one.numerator, statements, month.last)
                cell.numerator += held
                cell.behind += held


def _is_member(spans: Sequence[Span], day: date) -> bool:
    """Whether a day is in one of the spans, which are in order and do not overlap."""
    place = bisect_right(spans, day, key=lambda span: span.start)
    return place > 0 and day in spans[place - 1]
