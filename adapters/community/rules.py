"""What must hold in a row of CSDS beside what `tables.py` says of its columns.

Real submissions hold contacts before 2000, and people who attended contacts that are yet to come.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.tables.dataset import Doubt, Rule

_FIRST = "2000-01-01"
"""No system that sends CSDS held contacts or referrals before."""
_SEEN = frozenset({"5", "6"})


def attended(values: Mapping[str, Any], made: str) -> Iterator[Doubt]:
    """Nobody was seen at a contact after the data set was made."""
    if values["on"] > made and values.get("attendance") in _SEEN:
        reason = "seen at a contact after the data set was created; the row is used without it"
        yield Doubt("attendance", "future-attendance", reason, True)


def not_early(field: str) -> Rule:
    """The date is not before such systems were."""

    def rule(values: Mapping[str, Any], made: str) -> Iterator[Doubt]:  # noqa: ARG001 - the shape of every rule
        if values[field] < _FIRST:
            yield Doubt(field, "early-date", f"before {_FIRST[:4]}; the row is used as sent", False)

    return rule
