"""How well demographics that somebody gives match a person: http://hl7.org/fhir/R4/codesystem-match-grade.html

Pure. The rules are those of linkage (`compare`), but what is given is a claim: a number counts as unverified, whatever
it says of itself, so that a number alone is never a certain match.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from integration.identity.compare import Comparison, compare
from integration.identity.demographics import Demographics
from integration.identity.score import is_full

Grade = Literal["certain", "probable", "possible"]
CERTAIN, PROBABLE = 0.99, 0.8
"""Scores from which a match is at least that; so the order of scores never contradicts that of grades."""
_BY_NUMBER_ALONE = 0.5


@dataclass(frozen=True, order=True)
class Match:
    """`score` from 0 to 1, 1 being best (http://hl7.org/fhir/R4/search.html#score)."""

    score: float
    grade: Grade

    def doubted(self) -> "Match":
        """The same, where another person matches as well."""
        return self if self.grade != "certain" else replace(self, score=_below(CERTAIN), grade="probable")


def claimed(who: Demographics) -> Demographics:
    """Demographics as somebody gives them."""
    return msgspec.structs.replace(who, verified=False)


def enough(who: Demographics) -> bool:
    """Whether it is about one person, and not a way to list people: an NHS number; or first and family name with a
    birth date, postcode, telephone or other identifier; or a birth date and one name with one of these."""
    names = bool(who.families) + bool(who.given)
    born = is_full(who.birth_date)
    further = bool(who.postcodes or who.uprns or who.phones or who.ids)
    return bool(who.nhs_number) or (names == 2 and (born or further)) or (names == 1 and born and further)


def match(asked: Demographics, stated: Iterable[Demographics]) -> Match | None:
    """The best match of any one of a person's statements; None when nothing suggests that it is them."""
    found = (compare(asked, one) for one in stated)
    return max((_match(one) for one in found if one is not None), default=None)


def _match(found: Comparison) -> Match:
    probability = found.probability
    if found.outcome == "SAME":
        return Match(1.0 if probability is None else max(round(probability, 4), CERTAIN), "certain")
    score = min(round(_BY_NUMBER_ALONE if probability is None else probability, 4), _below(CERTAIN))
    return Match(score, "probable" if score >= PROBABLE else "possible")


def _below(score: float) -> float:
    return round(score - 0.01, 4)
