"""Which given names a nickname is short for: `nicknames.json`, a list of English usage written for ToldOnce.

It is general knowledge, not a count of any register. Left out are short forms that parents also give to a brother or
sister of the long one (Harry beside Henry, Anna beside Annabel): they would make two people one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from importlib.resources import files

import msgspec


def formal_names(given: str) -> frozenset[str]:
    """The name itself, normalised as in `Demographics.given`, and every name that it is a nickname of. Two names may
    be one person's where these meet: Bernie and Bernard, Bernie and Bernadette, but not Bernard and Bernadette."""
    return _FORMAL.get(given, frozenset()) | {given}


def any_formal(given: Iterable[str]) -> frozenset[str]:
    """As `formal_names`, of all of these."""
    return frozenset[str]().union(*map(formal_names, given))


def _formal() -> Mapping[str, frozenset[str]]:
    listed = msgspec.json.decode(files(__package__).joinpath("nicknames.json").read_bytes(), type=dict[str, list[str]])
    found: dict[str, set[str]] = defaultdict(set)
    for formal, short in listed.items():
        for one in short:
            found[one].add(formal)
    return {short: frozenset(formal) for short, formal in found.items()}


_FORMAL = _formal()
