"""Days and times of the synthetic world, counted back from its last day. All naive Europe/London wall time."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from random import Random

TWO_YEARS = 730
"""Days that are told before the world's last day."""


def day(today: date, ago: int) -> date:
    """The date `ago` days before `today`."""
    return today - timedelta(days=ago)


def moment(today: date, ago: int, clock: str = "09:00") -> datetime:
    """`clock` (`HH:MM`) on the day `ago` days before `today`."""
    return datetime.combine(day(today, ago), time.fromisoformat(clock))


def born(today: date, age: int, month: int, of_month: int) -> date:
    """The birth date of somebody who is `age` today and has their birthday on that day of the year."""
    year = today.year - age - ((month, of_month) > (today.month, today.day))
    return date(year, month, of_month)


def age_on(birth_date: date, on: date) -> int:
    """Completed years of age on a day."""
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def surgery_hours(rng: Random, on: date) -> datetime:
    """A time at which a surgery, clinic or office is open; a weekend becomes the Friday before."""
    return datetime.combine(workday(on), time(rng.randint(8, 17), rng.choice((0, 10, 20, 30, 40, 50))))


def any_hour(rng: Random, on: date) -> datetime:
    """A time of day or night."""
    return datetime.combine(on, time(rng.randrange(24), rng.randrange(60)))


def workday(on: date) -> date:
    """The day itself, or the Friday before a weekend."""
    return on - timedelta(days=max(0, on.weekday() - 4))


def spread(today: date, first: int, last: int, count: int, clocks: Sequence[str]) -> list[datetime]:
    """`count` moments on workdays from `first` days ago to `last` days ago (first > last), as evenly as days allow,
    the times of day (`HH:MM`) taken from `clocks` in turn."""
    step = (first - last) / max(1, count - 1)
    return [
        datetime.combine(workday(day(today, round(first - step * n))), time.fromisoformat(clocks[n % len(clocks)]))
        for n in range(count)
    ]
