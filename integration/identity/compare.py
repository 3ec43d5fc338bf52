"""Whether two source patients are one person: SAME, POSSIBLE (a person decides) or nothing.

Exact rules come first: a number links by itself only when both sides hold it verified. What they leave open is weighed
(`score`), and `doubts` say what no weight may ever link: showing one person another's record is worse than missing a
link, so every doubt goes to the review queue.
"""

from dataclasses import dataclass
from typing import Literal

from integration.identity.demographics import Demographics
from integration.identity.nicknames import any_formal
from integration.identity.score import NOT_STATED, Reason, Score, Weights, is_full, read_weights, score, typed_alike

Outcome = Literal["SAME", "NOT THE SAME", "POSSIBLE"]
WEIGHTS = read_weights()


@dataclass(frozen=True)
class Comparison:
    """`reason` names the fields that agreed or disagreed, never their values. `strength` orders automatic links:
    the lower the stronger, so that the result does not depend on the order in which statements arrive. Where fields
    were weighed: `probability` that the two are one person, were fields independent, and what each `fields` said."""

    outcome: Outcome
    reason: str
    strength: int = 9
    probability: float | None = None
    fields: tuple[Reason, ...] = ()


def compare(a: Demographics, b: Demographics, weights: Weights = WEIGHTS) -> Comparison | None:
    """How two statements compare, the same either way round; None when nothing suggests that they are the same
    person."""
    if a.conflicting_numbers or b.conflicting_numbers:
        return _in_conflict(a, b, weights)
    if a.nhs_number and a.nhs_number == b.nhs_number:
        return _with_number(a, b, weights)
    if a.nhs_number and b.nhs_number and a.verified and b.verified:
        return None
    return _weighed(a, b, score(a, b, weights), weights)


def _with_number(a: Demographics, b: Demographics, weights: Weights) -> Comparison | None:
    if a.verified and b.verified:
        return Comparison("SAME", "both hold the same verified NHS number", 0)
    same_birth, same_name = _same_birth(a, b), _names_agree(a, b)
    if same_birth and same_name is not False and _told_from_twins(a, b, by_name=bool(same_name)):
        return Comparison("SAME", "same NHS number, birth date and name" if same_name else _NAMELESS, 1)
    doubt = f"same unverified NHS number, but {_disagreement(same_birth, same_name)}"
    if same_birth and same_name is False:
        return Comparison("POSSIBLE", doubt, DOUBT)
    found = score(a, b, weights)
    if found.level("birth date") == "different" and (found.level("first name") == "different" or _nameless(found)):
        return None  # somebody else's number, put down by mistake: nothing but the number speaks for one person
    return _weighed(a, b, found, weights) or Comparison("POSSIBLE", doubt)


DOUBT = 1
"""Strength of a POSSIBLE that no automatic link of this strength or a weaker one may bypass: with one birth date and
one number, but other names, two records may be twins, and a third one without a name would be taken for either."""
BY_WEIGHT = 2
"""Strength of a link that was weighed."""
_NAMELESS = "same NHS number and birth date, postcode or gender agree, and the feed carries no names"


def _told_from_twins(a: Demographics, b: Demographics, *, by_name: bool) -> bool:
    """First names tell twins apart. Where a side has none, a boy is not his twin sister, whose number was put down: her
    family name is his too."""
    if by_name and a.given and b.given:
        return True
    if a.gender and b.gender and a.gender != b.gender:
        return False
    return by_name or _second_field(a, b)


def _second_field(a: Demographics, b: Demographics) -> bool:
    """CSDS and Client Level Data carry no names: there a second agreeing field stands in for the name."""
    one_has_no_name = not (a.families or a.given) or not (b.families or b.given)
    same_gender = a.gender is not None and a.gender == b.gender
    return one_has_no_name and (bool(a.postcodes & b.postcodes) or same_gender)


def _in_conflict(a: Demographics, b: Demographics, weights: Weights) -> Comparison | None:
    """One statement with several numbers may be of several people: nothing about it links by itself."""
    if _numbers(a) & _numbers(b):
        return Comparison("POSSIBLE", "same NHS number, but one record states several different ones")
    return _weighed(a, b, score(a, b, weights), weights)


def _numbers(who: Demographics) -> frozenset[str]:
    return who.conflicting_numbers | {who.nhs_number} if who.nhs_number else who.conflicting_numbers


def _weighed(a: Demographics, b: Demographics, found: Score, weights: Weights) -> Comparison | None:
    if found.weight < weights.possible or _contradicted(found) or _undecidable(found):
        return None
    doubts = _doubts(a, b, found)
    said = "; ".join(f"{one.field} {one.level}" for one in found.reasons if one.level not in (NOT_STATED, _NO_ID))
    if found.weight >= weights.match and not doubts:
        return Comparison("SAME", f"weighed: {said}", BY_WEIGHT, found.probability, found.reasons)
    reason = f"{'; '.join(doubts)}. Weighed: {said}" if doubts else f"not certain enough: {said}"
    return Comparison("POSSIBLE", reason, 9, found.probability, found.reasons)


_NO_ID = "none in common"


def _contradicted(found: Score) -> bool:
    """Twins, or mother and daughter of one name, share all but this. An identifier in common says that there may be
    a mistake in it."""
    return not _identified(found) and "different" in (found.level("first name"), found.level("birth date"))


def _undecidable(found: Score) -> bool:
    """A record with neither a name nor a number of this person: nobody could decide by what it says, so nobody is
    asked."""
    return not _identified(found) and _nameless(found)


def _nameless(found: Score) -> bool:
    return found.level("first name") == found.level("family name") == NOT_STATED


def _identified(found: Score) -> bool:
    """Whether they have something in common that is one person's only, right or wrong."""
    return found.level("NHS number") == "same" or found.level("other identifier") == "in common"


def _doubts(a: Demographics, b: Demographics, found: Score) -> list[str]:
    """Why a person has to look, whatever the weight."""
    doubts = []
    if a.conflicting_numbers or b.conflicting_numbers:
        doubts.append("one record states several different NHS numbers")
    if found.level("NHS number") == "different":
        doubts.append("different NHS numbers")
    if found.level("first name") in _TWINS and not _told_from_twin(a, b, found):
        doubts.append("the first names do not tell twins apart")
    if found.level("birth date") in _GENERATIONS:
        doubts.append("the birth dates do not tell parent and child apart")
    if all(found.level(field) not in agreeing for field, agreeing in _BESIDES.items()):
        doubts.append("nothing but name and birth date to go by")
    return doubts


def _told_from_twin(a: Demographics, b: Demographics, found: Score) -> bool:
    """A number does, as it does in the exact rules, where a feed carries no names; but in a hostel many have the first
    of January, and where the years differ a brother's or sister's may have been put down. Another identifier may be a
    whole household's."""
    if found.level("NHS number") != "same" or found.level("first name") != NOT_STATED:
        return False
    if found.level("birth date") == "same year, one the first of January" or not _same_year(a, b):
        return False
    return found.level("address") in ("same property", "same postcode") and found.level("gender") != "different"


_BESIDES = {
    "NHS number": {"same"},
    "address": {"same property", "same postcode", "one slip in the postcode"},
    "telephone": {"same", "one slip"},
    "GP practice": {"same"},
    "other identifier": {"in common"},
}
"""What has to agree besides: how rare a name is depends on who lives here, and some share name and birth date."""
_TWINS = frozenset({NOT_STATED, "initial", "one slip", "similar", "different"})
"""Levels of first names that brothers and sisters of one birth date may have: Amandeep and Ramandeep."""
_GENERATIONS = frozenset({NOT_STATED, "other decade", "different"})
"""Levels of birth dates that parent and child of one name and address may have."""


def _same_birth(a: Demographics, b: Demographics) -> bool:
    return is_full(a.birth_date) and a.birth_date == b.birth_date


def _same_year(a: Demographics, b: Demographics) -> bool:
    return (a.birth_date or "")[:4] == (b.birth_date or "")[:4]


def _names_agree(a: Demographics, b: Demographics) -> bool | None:
    """One first name in common, but for a nickname or a slip; else, where a side states no first name, one family
    name: twins have the same one. None when there is nothing on both sides to compare."""
    if a.given and b.given:
        return bool(any_formal(a.given) & any_formal(b.given)) or typed_alike(a.given, b.given)
    return bool(a.families & b.families) if a.families and b.families else None


def _disagreement(same_birth: bool, same_name: bool | None) -> str:
    doubts = [] if same_birth else ["the birth dates do not agree"]
    if same_name is False:
        doubts.append("the names do not agree")
    return " and ".join(doubts) or "there is no name, postcode or gender to confirm it"
