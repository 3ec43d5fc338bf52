"""The exact rules alone, as they were before fields were weighed: what the weights are to be better than."""

from math import inf

from msgspec.structs import replace

from integration.identity.compare import WEIGHTS, Comparison, compare
from integration.identity.demographics import Demographics
from integration.identity.score import is_full

_NOTHING = replace(WEIGHTS, match=inf, possible=inf)


def exact(a: Demographics, b: Demographics) -> Comparison | None:
    """By number; without one, the same full name and birth date, and the same postcode or telephone."""
    if by_number := compare(a, b, _NOTHING):
        return by_number
    if (a.nhs_number and a.nhs_number == b.nhs_number) or (a.verified and b.verified):
        return None
    if not (is_full(a.birth_date) and a.birth_date == b.birth_date and a.families & b.families and a.given & b.given):
        return None
    if (a.nhs_number and b.nhs_number) or not (a.postcodes & b.postcodes or a.phones & b.phones):
        return Comparison("POSSIBLE", "same full name and birth date")
    return Comparison("SAME", "same full name and birth date, and the same postcode or telephone", 2)
