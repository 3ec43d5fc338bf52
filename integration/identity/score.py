"""How alike two statements of who somebody is are: Fellegi-Sunter match weights, pure.

Each field is at one level of agreement. A level weighs log2(m/u): m is how often two records of one person are at it, u
how often two records of any two people are. Their sum and the prior's log2 odds are the match weight; a field that
one side does not state says nothing. Levels are asked in the order in which they stand here, as splink does, and
`tests/linkage/with_splink.py` says them in SQL: a test holds the two equal.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from itertools import product
from math import log2
from typing import NamedTuple

import msgspec
from jellyfish import damerau_levenshtein_distance, jaro_winkler_similarity

from integration.identity.demographics import Demographics
from integration.identity.nicknames import any_formal

NOT_STATED = "not stated"
"""A field that one side does not state: it weighs nothing."""


class Level(msgspec.Struct, frozen=True):
    """`m` and `u`: how often two records of one person, of two people, are at this level."""

    m: float
    u: float


class Weights(msgspec.Struct, frozen=True):
    """The reviewed settings document `weights.json`. Thresholds are match weights, in bits."""

    source: dict[str, str]
    people: int
    """How many people there are to tell apart: the prior is that of two records picked by chance."""
    match: float
    possible: float
    common_given: frozenset[str]
    """First names that so many have that sharing one says less; normalised as in `Demographics`."""
    common_families: frozenset[str]
    fields: dict[str, dict[str, Level]]

    @property
    def prior(self) -> float:
        return 1 / self.people


class Reason(NamedTuple):
    """What one field says: its level of agreement and weight in bits, never its values."""

    field: str
    level: str
    weight: float


@dataclass(frozen=True)
class Score:
    """`weight` in bits, the prior's among them; `reasons` in the order of `FIELDS`."""

    weight: float
    reasons: tuple[Reason, ...]

    @property
    def probability(self) -> float:
        """That the two are one person, were all fields independent of each other."""
        return 1 / (1 + 2**-self.weight)

    def level(self, field: str) -> str:
        return next(one.level for one in self.reasons if one.field == field)


def score(a: Demographics, b: Demographics, weights: Weights) -> Score:
    """The match weight of two statements, the same either way round."""
    reasons = tuple(
        Reason(field, level, _bits(weights.fields[field][level]) if level != NOT_STATED else 0.0)
        for field, at in FIELDS.items()
        for level in (at(a, b, weights),)
    )
    return Score(log2(weights.prior / (1 - weights.prior)) + sum(one.weight for one in reasons), reasons)


@lru_cache(maxsize=256)
def _bits(level: Level) -> float:
    return log2(level.m / level.u)


_HERE = files(__package__)
_FILE = _HERE.joinpath("weights.json").read_bytes()
_COMPARED_BY = ("weights.json", "nicknames.json", "blocks.py", "score.py", "compare.py")
WEIGHED_BY = sha256(b"".join(_HERE.joinpath(name).read_bytes() for name in _COMPARED_BY)).hexdigest()[:12]
"""Which weights and rules these are: recorded with every source patient, so that new ones have everybody compared
anew."""


def read_weights() -> Weights:
    """The weights in force."""
    return msgspec.json.decode(_FILE, type=Weights)


def _nhs_number(a: Demographics, b: Demographics, _: Weights) -> str:
    if not (a.nhs_number and b.nhs_number):
        return NOT_STATED
    return "same" if a.nhs_number == b.nhs_number else "different"


def _given(a: Demographics, b: Demographics, weights: Weights) -> str:
    if not (a.given and b.given):
        return NOT_STATED
    if same := a.given & b.given:
        return "same, rare" if same - weights.common_given else "same, common"
    if _swapped(a, b):
        return "changed places with the family name"
    if any_formal(a.given) & any_formal(b.given):
        return "nickname"
    if any(one[:1] == other[:1] and 1 in (len(one), len(other)) for one, other in product(a.given, b.given)):
        return "initial"
    return _alike(a.given, b.given)


def _family(a: Demographics, b: Demographics, weights: Weights) -> str:
    if not (a.families and b.families) or _swapped(a, b):
        return NOT_STATED
    if same := a.families & b.families:
        return "same, rare" if same - weights.common_families else "same, common"
    pairs = [sorted(pair, key=len) for pair in product(a.families, b.families)]
    if any(len(short) >= LONG and (long.startswith(short) or long.endswith(short)) for short, long in pairs):
        return "part of a double name"
    return _alike(a.families, b.families)


def _swapped(a: Demographics, b: Demographics) -> bool:
    """What is the first name here is the family name there; and no family name is both's."""
    return bool(a.given & b.families and a.families & b.given and not a.families & b.families)


def _alike(some: Iterable[str], others: Iterable[str]) -> str:
    pairs = list(product(some, others))
    if typed_alike(some, others):
        return "letters doubled or in each other's place"
    if any(_one_slip(one, other) for one, other in pairs):
        return "one slip"
    return (
        "similar" if any(jaro_winkler_similarity(min(pair), max(pair)) >= _SIMILAR for pair in pairs) else "different"
    )


def typed_alike(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether names differ only as one name typed twice does, by a doubled letter or two neighbours in each other's
    place: brothers and sisters are not named so."""
    return any(
        min(len(one), len(other)) >= LONG and (undoubled(one) == undoubled(other) or _transposed(one, other))
        for one, other in product(some, others)
    )


def undoubled(name: str) -> str:
    """The name without the second of two equal letters."""
    return "".join(letter for letter, before in zip(name, " " + name, strict=False) if letter != before)


def _transposed(one: str, other: str) -> bool:
    return sorted(one) == sorted(other) and damerau_levenshtein_distance(one, other) == 1


LONG = 4
"""Letters from which one slip leaves a name recognisable."""
_SIMILAR = 0.88


def _one_slip(one: str, other: str) -> bool:
    """One character wrong, missing, too many, or two neighbours in each other's place."""
    return min(len(one), len(other)) >= LONG and damerau_levenshtein_distance(one, other) == 1


def _birth_date(a: Demographics, b: Demographics, _: Weights) -> str:
    if not (a.birth_date and b.birth_date and is_full(a.birth_date) and is_full(b.birth_date)):
        return NOT_STATED
    (year, *day), (other_year, *other_day) = a.birth_date.split("-"), b.birth_date.split("-")
    if year == other_year:
        if day == other_day:
            return "same, first of January" if day == _DEFAULT else "same"
        if day == other_day[::-1]:
            return "day and month swapped"
        if _DEFAULT in (day, other_day):
            return "same year, one the first of January"
    if damerau_levenshtein_distance(a.birth_date, b.birth_date) == 1:
        return "one slip" if year[:3] == other_year[:3] else "other decade"
    return "different"


def is_full(birth_date: str | None) -> bool:
    """Whether it is a date, not only a year or month."""
    return birth_date is not None and len(birth_date) == len("1942-03-04")


_DEFAULT = ["01", "01"]
"""What is put for a day that nobody knows."""


def _address(a: Demographics, b: Demographics, _: Weights) -> str:
    if not (a.postcodes and b.postcodes):
        return NOT_STATED
    if a.uprns & b.uprns:
        return "same property"
    if a.postcodes & b.postcodes:
        return "same postcode"
    if any(_one_slip(*pair) for pair in product(a.postcodes, b.postcodes)):
        return "one slip in the postcode"
    return "same outward code" if _outward(a.postcodes) & _outward(b.postcodes) else "different"


def _outward(postcodes: Iterable[str]) -> set[str]:
    return {one[:-3] for one in postcodes}


def _phone(a: Demographics, b: Demographics, _: Weights) -> str:
    if not (a.phones and b.phones):
        return NOT_STATED
    if a.phones & b.phones:
        return "same"
    return "one slip" if any(_one_slip(*pair) for pair in product(a.phones, b.phones)) else "different"


def _gender(a: Demographics, b: Demographics, _: Weights) -> str:
    if a.gender not in _BINARY or b.gender not in _BINARY:
        return NOT_STATED
    return "same" if a.gender == b.gender else "different"


_BINARY = frozenset({"female", "male"})


def _practice(a: Demographics, b: Demographics, _: Weights) -> str:
    if not (a.practices and b.practices):
        return NOT_STATED
    return "same" if a.practices & b.practices else "different"


def _ids(a: Demographics, b: Demographics, _: Weights) -> str:
    return "in common" if a.ids & b.ids else "none in common"


FIELDS: Mapping[str, Callable[[Demographics, Demographics, Weights], str]] = {
    "NHS number": _nhs_number,
    "first name": _given,
    "family name": _family,
    "birth date": _birth_date,
    "address": _address,
    "telephone": _phone,
    "gender": _gender,
    "GP practice": _practice,
    "other identifier": _ids,
}
