"""Calendar months and membership to the day: what a rate is divided by.

A person is a member from the day of joining to the day before the day of leaving, in Europe/London: who moves from one
caseload to another is a member of one of them on each day. Person-days divided by the days of their month are
person-months.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from adapters.records import LONDON

ONE_DAY = timedelta(days=1)


class Span(NamedTuple):
    """Days from `start` on, before `end`."""

    start: date
    end: date

    @property
    def days(self) -> int:
        return max(0, (self.end - self.start).days)

    def within(self, other: "Span") -> "Span":
        """Those of these days that are in the other span too; perhaps none."""
        return Span(max(self.start, other.start), min(self.end, other.end))

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day < self.end


class Month(NamedTuple):
    """A calendar month."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> "Month":
        return cls(day.year, day.month)

    @property
    def days(self) -> int:
        return monthrange(self.year, self.number)[1]

    @property
    def last(self) -> date:
        return date(self.year, self.number, self.days)

    @property
    def span(self) -> Span:
        return Span(date(self.year, self.number, 1), self.last + ONE_DAY)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


def months_of(first: date, last: date) -> tuple[Month, ...]:
    """The whole months from day `first` to day `last`, both of them included. Raises ValueError for anything that is
    not whole months: figures of single days, taken from one another, would tell of single people."""
    if first.day != 1 or (last + ONE_DAY).day != 1 or first > last:
        raise ValueError("a period is of whole months: it begins on the first day of one and ends on the last of one")
    found = [Month.of(first)]
    while found[-1].last < last:
        found.append(Month.of(found[-1].last + ONE_DAY))
    return tuple(found)


def whole(months: Sequence[Month]) -> Span:
    """All their days."""
    return Span(months[0].span.start, months[-1].span.end)


def day_of(moment: datetime) -> date:
    """The day that it is in London."""
    return moment.astimezone(LONDON).date()


def membership(since: datetime, until: datetime | None) -> Span:
    """The days of one membership; until further notice where no end is known."""
    return Span(day_of(since), day_of(until) if until else date.max)


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same days, each once: who is a member by rule and by hand is a member once."""
    found: list[Span] = []
    for span in sorted(one for one in spans if one.days):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(found)


def person_days(spans: Sequence[Span], month: Month) -> int:
    """How many days of the month are in the spans, which do not overlap."""
    return sum(span.within(month.span).days for span in spans)


def each_day(span: Span) -> Iterator[date]:
    """Its days, one after the other."""
    return (span.start + timedelta(days=number) for number in range(span.days))
