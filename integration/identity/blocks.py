"""Blocks: keys of which two source patients share at least one if they may be one person.

Each key joins things that two people seldom share: a birth date with a name, a postcode with a name. So however
many people there are, few share a key. What a key is made of forgives what records get wrong: a name counts by its
sound, a nickname by what it is short for, first and family names may change places, and so may day and month.
"""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from itertools import product

from jellyfish import soundex

from integration.identity.demographics import Demographics
from integration.identity.nicknames import formal_names

CROWDED = 100
"""A block of more source patients than this finds nobody: no real key is shared by so many, what is shared so widely
is a default or an institution's telephone. Everybody in it is still found by their other blocks, and a number always
(see `candidates`)."""


def blocks(who: Demographics) -> frozenset[int]:
    """Keys as signed 64-bit hashes: the table of blocks holds no names. The NHS number is not among them."""
    return frozenset(map(_hashed, _keys(who)))


def number_blocks(who: Demographics) -> frozenset[int]:
    """Keys of the NHS numbers that are stated, in conflict or not. These are never too crowded."""
    numbers = who.conflicting_numbers | {who.nhs_number} if who.nhs_number else who.conflicting_numbers
    return frozenset(_hashed(("number", one)) for one in numbers)


def _keys(who: Demographics) -> Iterator[tuple[str, ...]]:
    families = {_sound(family) for family in who.families}
    given = {name for stated in who.given for name in formal_names(stated)}
    for one in who.ids:
        yield ("id", one)
    for one, name in product(who.postcodes, given):
        yield ("postcode and name", one, name)
    for one, name in product(who.phones, given):
        yield ("phone and name", one, name)
    if who.birth_date is None or len(who.birth_date) != _FULL_DATE:
        return
    year, *rest = who.birth_date.split("-")
    day = "-".join(sorted(rest))
    for sound in families | {_sound(name) for name in given}:
        yield ("birth date and name", year, day, sound)
    for one in who.postcodes:
        yield ("birth date and postcode", year, day, one)
    for one in who.phones:
        yield ("birth date and phone", year, day, one)
    for sound, name in product(families, given):
        yield ("birth year and names", year, sound, name)
        if day != "01-01":
            yield ("birthday and names", day, sound, name)


_FULL_DATE = len("1942-03-04")


@lru_cache(maxsize=100_000)
def _sound(name: str) -> str:
    return soundex(name)


def _hashed(key: tuple[str, ...]) -> int:
    return int.from_bytes(blake2b("\n".join(key).encode(), digest_size=8).digest(), "big", signed=True)
