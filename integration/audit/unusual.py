"""What is out of the ordinary about an access: one small rule each, told in words that name nobody. Pure.

A rule gives its reason, or None. It accuses nobody: an officer looks, asks, and writes down what they found.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

SOON = 7
"""Days after which somebody else's record should show why a record was opened on the caller's own word, or in an
emergency."""
_MANY, _TIMES, _KNOWN_DAYS = 30, 3, 5
"""Out of pattern is a day with at least so many people, and so many times as many as on a usual day of the user, of
whom at least so many days are known."""
_KNOWN_ACCESSES, _SELDOM = 200, 0.005
"""Out of hours is an hour at which, with the hours beside it, a user of whom so many accesses are known had less than
this share of them."""
COLLEAGUE, PUBLIC_FIGURE = "colleague", "public figure"


@dataclass(frozen=True)
class Likeness:
    """What the user and whoever they looked at have in common, as far as it is known."""

    same_person: bool = False
    same_address: bool = False
    same_surname: bool = False


@dataclass(frozen=True)
class Looked:
    """One user's look at one person. `watched`: as what the person is watched, for this user's organisation."""

    likeness: Likeness = Likeness()
    watched: frozenset[str] = frozenset()


@dataclass(frozen=True)
class UsersDay:
    """One user's day: how many people they looked at, and how many accesses they had in each hour (London). `people`
    and `hours` are those of earlier days."""

    people_now: int
    hours_now: Sequence[int]
    people: Sequence[int]
    hours: Sequence[int]


def themselves(looked: Looked) -> str | None:
    return "the user looked at their own record" if looked.likeness.same_person else None


def household(looked: Looked) -> str | None:
    shared = looked.likeness.same_address and not looked.likeness.same_person
    return "the person and the user have the same address or postcode" if shared else None


def namesake(looked: Looked) -> str | None:
    likeness = looked.likeness
    shared = likeness.same_surname and not (likeness.same_address or likeness.same_person)
    return "the person and the user have the same surname" if shared else None


def colleague(looked: Looked) -> str | None:
    known = COLLEAGUE in looked.watched and not looked.likeness.same_person
    return "the person is a colleague of the user" if known else None


def public_figure(looked: Looked) -> str | None:
    return "the person is known to the public" if PUBLIC_FIGURE in looked.watched else None


def volume(day: UsersDay) -> str | None:
    """Many more people than on the user's other days."""
    if len(day.people) < _KNOWN_DAYS:
        return None
    usual = median(day.people)
    if day.people_now < _MANY or day.people_now <= _TIMES * usual:
        return None
    return f"the user looked at {day.people_now} people on one day, and at {usual:g} on a usual one"


def hours(day: UsersDay) -> str | None:
    """At an hour at which the user hardly ever works."""
    known = sum(day.hours)
    if known < _KNOWN_ACCESSES:
        return None
    odd = [hour for hour, count in enumerate(day.hours_now) if count and _around(day.hours, hour) < _SELDOM * known]
    if not odd:
        return None
    return f"the user worked at {_clock(odd)}, when they hardly ever do"


def _around(counts: Sequence[int], hour: int) -> int:
    return sum(counts[(hour + beside) % 24] for beside in (-1, 0, 1))


def _clock(odd: Sequence[int]) -> str:
    named = [f"{hour:02}:00" for hour in odd]
    return f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else named[0]


UNRELATED = (
    f"{SOON} days later nobody but the caller's own organisation says that it has anything to do with the person"
)
OF_A_LOOK: Mapping[str, Callable[[Looked], str | None]] = {
    "themselves": themselves,
    "household": household,
    "namesake": namesake,
    "colleague": colleague,
    "public figure": public_figure,
}
OF_A_DAY: Mapping[str, Callable[[UsersDay], str | None]] = {"volume": volume, "hours": hours}


def surname_of(user: str) -> str:
    """What may be the surname in a user's name, as clients write names (`Dr A. Patel`, `patel.a`, `a.patel@nhs.net`),
    in small letters; empty where there is none: an account such as `nurse07` has no name."""
    name = user.partition("@")[0]
    if any(letter.isdigit() for letter in name):
        return ""
    words = "".join(letter if letter.isalpha() or letter in "'-" else " " for letter in name).split()
    long = [word for word in words if len(word) > 2]
    return long[-1].lower() if long else ""
