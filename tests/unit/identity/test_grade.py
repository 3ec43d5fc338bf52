"""How well demographics that somebody gives match a person: grades and scores never contradict each other."""

import msgspec
import pytest

from integration.identity.demographics import Demographics
from integration.identity.grade import CERTAIN, PROBABLE, Match, claimed, enough, match

NUMBER = "9990000018"
JANE = Demographics(
    nhs_number=NUMBER,
    verified=True,
    families=frozenset({"peel"}),
    given=frozenset({"jane"}),
    birth_date="1950-03-14",
    gender="female",
    postcodes=frozenset({"cv56zb"}),
    phones=frozenset({"01632960112"}),
)


def only(*names: str) -> Demographics:
    return Demographics(**{name: getattr(JANE, name) for name in names})


def likeness(asked: Demographics, *stated: Demographics) -> Match:
    found = match(claimed(asked), stated)
    assert found
    return found


def test_all_that_is_known_is_certain_and_scores_one():
    assert likeness(JANE, JANE) == Match(1.0, "certain")


def test_a_number_is_a_claim_whatever_it_says_of_itself():
    assert likeness(only("nhs_number", "verified"), JANE).grade != "certain"
    wrong = msgspec.structs.replace(JANE, birth_date="1980-05-06", postcodes=frozenset(), phones=frozenset())
    assert likeness(wrong, JANE).grade != "certain"


def test_nobody_in_common_is_no_match():
    other = Demographics(families=frozenset({"moss"}), given=frozenset({"tom"}), birth_date="1961-01-02")
    assert match(other, (JANE,)) is None
    assert match(JANE, ()) is None


def test_the_best_statement_counts_and_statements_are_not_put_together():
    """Of two sources one knows the name, one the birth date: neither statement is of somebody so named and born."""
    named, born = only("families", "given"), only("birth_date", "postcodes")
    assert match(only("families", "given", "birth_date"), (named, born)) is None
    assert likeness(JANE, named, JANE, born) == likeness(JANE, JANE)


@pytest.mark.parametrize(
    "left_out",
    [(), ("nhs_number",), ("postcodes", "phones"), ("gender", "phones", "nhs_number"), ("birth_date",), ("given",)],
)
def test_scores_follow_grades(left_out: tuple[str, ...]):
    blank = Demographics()
    asked = msgspec.structs.replace(JANE, **{name: getattr(blank, name) for name in left_out})
    found = likeness(asked, JANE)

    assert 0 < found.score <= 1
    assert (found.score >= CERTAIN) == (found.grade == "certain")
    assert (found.score >= PROBABLE) == (found.grade != "possible")
    doubted = found.doubted()
    assert doubted.grade != "certain"
    assert PROBABLE <= doubted.score < CERTAIN or doubted == found


@pytest.mark.parametrize(
    ("given", "suffices"),
    [
        ((), False),
        (("nhs_number",), True),
        (("families", "given"), False),
        (("birth_date",), False),
        (("postcodes", "phones"), False),
        (("birth_date", "postcodes", "phones", "gender"), False),
        (("families", "birth_date"), False),
        (("given", "postcodes"), False),
        (("families", "given", "birth_date"), True),
        (("families", "given", "phones"), True),
        (("given", "birth_date", "postcodes"), True),
        (("families", "birth_date", "phones"), True),
    ],
)
def test_what_is_enough_to_find_one_person_by(given: tuple[str, ...], suffices: bool):
    assert enough(only(*given)) == suffices


def test_a_year_is_no_birth_date():
    assert not enough(msgspec.structs.replace(only("families", "given"), birth_date="1950"))
