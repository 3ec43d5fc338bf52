"""Exact rules for whether two source patients are one person: SAME, POSSIBLE (a person decides) or nothing.

A number links by itself only when both sides hold it verified. Showing one person another's record is worse than
missing a link, so every doubt goes to the review queue.
"""

from dataclasses import dataclass
from typing import Literal

from integration.identity.demographics import Demographics

Outcome = Literal["SAME", "NOT THE SAME", "POSSIBLE"]


@dataclass(frozen=True)
class Comparison:
    """`reason` names the fields that agreed or disagreed, never their values. `strength` orders automatic links:
    the lower the stronger, so that the result does not depend on the order in which statements arrive."""

    outcome: Outcome
    reason: str
    strength: int = 9


def compare(a: Demographics, b: Demographics) -> Comparison | None:
    """How two statements compare; None when nothing suggests that they are the same person."""
    same_number = a.nhs_number is not None and a.nhs_number == b.nhs_number
    if same_number:
        return _with_number(a, b)
    if a.nhs_number and b.nhs_number and a.verified and b.verified:
        return None
    return _without_number(a, b)


def _with_number(a: Demographics, b: Demographics) -> Comparison:
    if a.verified and b.verified:
        return Comparison("SAME", "both hold the same verified NHS number", 0)
    same_birth, same_name = _same_birth(a, b), _names_agree(a, b)
    if same_birth and same_name is not False and (same_name or _nameless(a, b)):
        return Comparison("SAME", "same NHS number, birth date and name" if same_name else _NAMELESS, 1)
    doubt = f"same unverified NHS number, but {_disagreement(same_birth, same_name)}"
    return Comparison("POSSIBLE", doubt, DOUBT if same_birth and same_name is False else 9)


DOUBT = 1
"""Strength of a POSSIBLE that no automatic link of this strength or a weaker one may bypass: with one birth date and
one number, but other names, two records may be twins, and a third one without a name would be taken for either."""
_NAMELESS = "same NHS number and birth date, postcode or gender agree, and the feed carries no names"


def _nameless(a: Demographics, b: Demographics) -> bool:
    """CSDS and Client Level Data carry no names: there a second agreeing field stands in for the name."""
    one_has_no_name = not (a.families or a.given) or not (b.families or b.given)
    agrees = bool(a.postcodes & b.postcodes) or (a.gender is not None and a.gender == b.gender)
    return one_has_no_name and agrees


def _without_number(a: Demographics, b: Demographics) -> Comparison | None:
    if not (_same_birth(a, b) and a.families & b.families):
        return None
    if a.given & b.given:
        if a.nhs_number and b.nhs_number:
            return Comparison("POSSIBLE", "same name and birth date, but different NHS numbers")
        if a.postcodes & b.postcodes or a.phones & b.phones:
            return Comparison("SAME", "same full name and birth date, and the same postcode or telephone", 2)
        return Comparison("POSSIBLE", "same full name and birth date, but nothing else to go by")
    return None


def _same_birth(a: Demographics, b: Demographics) -> bool:
    return a.birth_date is not None and a.birth_date == b.birth_date and len(a.birth_date) == 10


def _names_agree(a: Demographics, b: Demographics) -> bool | None:
    """One first name in common, else one family name where a side states no first name: twins have the same family
    name. None when there is nothing on both sides to compare."""
    if a.given and b.given:
        return bool(a.given & b.given)
    return bool(a.families & b.families) if a.families and b.families else None


def _disagreement(same_birth: bool, same_name: bool | None) -> str:
    doubts = [] if same_birth else ["the birth dates do not agree"]
    if same_name is False:
        doubts.append("the names do not agree")
    return " and ".join(doubts) or "there is no name, postcode or gender to confirm it"
