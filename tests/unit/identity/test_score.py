"""Weighing: the levels, and the settings document that says what they weigh."""

from itertools import product
from math import isclose, log2

import pytest

from integration.identity.compare import WEIGHTS
from integration.identity.demographics import Demographics
from integration.identity.score import FIELDS, NOT_STATED, score


def names(*given: str, family: str = "tanner") -> Demographics:
    return Demographics(given=frozenset(given), families=frozenset({family}))


KOFI = names("kofi", family="mensah")
LEVELS = [
    ("first name", names("zebedee"), names("zebedee", "x"), "same, rare"),
    ("first name", names("john"), names("john"), "same, common"),
    ("first name", names("elizabeth"), names("betty"), "nickname"),
    ("first name", names("bernard"), names("bernie"), "nickname"),
    ("first name", names("bernard"), names("bernadette"), "similar"),
    ("first name", names("william"), names("bill"), "nickname"),
    ("first name", names("bill"), names("will"), "nickname"),
    ("first name", names("wei"), names("xin"), "different"),
    ("first name", names("andrew"), names("nadrew"), "letters doubled or in each other's place"),
    ("first name", names("phillip"), names("philip"), "letters doubled or in each other's place"),
    ("first name", names("jason"), names("jaason"), "letters doubled or in each other's place"),
    ("first name", names("amandeep"), names("ramandeep"), "one slip"),
    ("first name", names("hayden"), names("jayden"), "one slip"),
    ("first name", names("margaret"), names("margareta"), "one slip"),
    ("first name", names("christiane"), names("christabel"), "similar"),
    ("first name", names("j"), names("joan"), "initial"),
    ("first name", KOFI, names("mensah", family="kofi"), "changed places with the family name"),
    ("family name", KOFI, names("mensah", family="kofi"), NOT_STATED),
    ("family name", names(family="smith"), names(family="smithjones"), "part of a double name"),
    ("family name", names(family="smith"), names(family="smyth"), "one slip"),
    ("family name", names(family="smith"), names(family="okafor"), "different"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "a", "b", "level"), LEVELS)
def test_level(field: str, a: Demographics, b: Demographics, level: str) -> None:
    assert score(a, b, WEIGHTS).level(field) == score(b, a, WEIGHTS).level(field) == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("1942-03-04", "1942-03-04", "same"),
        ("1942-01-01", "1942-01-01", "same, first of January"),
        ("1942-03-04", "1942-04-03", "day and month swapped"),
        ("1942-03-04", "1942-01-01", "same year, one the first of January"),
        ("1942-03-04", "1942-03-14", "one slip"),
        ("1942-03-04", "1943-03-04", "one slip"),
        ("1942-03-04", "1972-03-04", "other decade"),
        ("1942-03-04", "1951-09-22", "different"),
        ("1942", "1942-03-04", NOT_STATED),
    ],
)
def test_level_of_birth_dates(one: str, other: str, level: str) -> None:
    found = score(Demographics(birth_date=one), Demographics(birth_date=other), WEIGHTS)
    assert found.level("birth date") == level


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ({"postcodes": {"cv56aa"}}, {"postcodes": {"cv11aa", "cv56aa"}}, "same postcode"),
        ({"postcodes": {"cv56aa"}, "uprns": {"1"}}, {"postcodes": {"cv11aa"}, "uprns": {"1"}}, "same property"),
        ({"postcodes": {"cv56aa"}}, {"postcodes": {"cv56ab"}}, "one slip in the postcode"),
        ({"postcodes": {"cv56aa"}}, {"postcodes": {"cv58bb"}}, "same outward code"),
        ({"postcodes": {"cv56aa"}}, {"postcodes": {"m11aa"}}, "different"),
        ({"postcodes": {"cv56aa"}}, {}, NOT_STATED),
    ],
)
def test_level_of_addresses(one: dict[str, set[str]], other: dict[str, set[str]], level: str) -> None:
    a, b = (Demographics(**{name: frozenset(value) for name, value in said.items()}) for said in (one, other))
    assert score(a, b, WEIGHTS).level("address") == level


def test_nothing_stated_weighs_as_much_as_chance() -> None:
    found = score(Demographics(), Demographics(), WEIGHTS)
    assert isclose(found.probability, WEIGHTS.prior, rel_tol=0.01)
    assert {one.level for one in found.reasons} == {NOT_STATED, "none in common"}


def test_the_weight_is_the_sum_of_what_the_reasons_say() -> None:
    found = score(names("john"), names("jon"), WEIGHTS)
    prior = log2(WEIGHTS.prior / (1 - WEIGHTS.prior))
    assert isclose(found.weight, prior + sum(one.weight for one in found.reasons))


def test_the_settings_document_is_sound() -> None:
    """Every field, and levels that are shares of all pairs; the better the agreement the more it weighs."""
    assert WEIGHTS.fields.keys() == FIELDS.keys()
    assert WEIGHTS.possible < WEIGHTS.match
    for field, levels in WEIGHTS.fields.items():
        for part in ("m", "u"):
            assert isclose(sum(getattr(one, part) for one in levels.values()), 1, abs_tol=0.01), field
        weights = [log2(one.m / one.u) for one in levels.values()]
        assert weights[-1] < 0 < max(weights), field
    for field in ("first name", "family name"):
        known = WEIGHTS.fields[field]
        assert known["same, rare"].m / known["same, rare"].u > known["same, common"].m / known["same, common"].u


def test_probability_of_what_is_certain_and_of_what_is_impossible() -> None:
    """Far weights are no overflow."""
    who = Demographics(
        nhs_number="9990000018", given=frozenset({"zebedee"}), families=frozenset({"tanner"}), birth_date="1942-03-04",
        postcodes=frozenset({"cv56aa"}), phones=frozenset({"07700900123"}), ids=frozenset({"urn:x|1234"}),
    )  # fmt: skip
    other = Demographics(
        nhs_number="9990000026", given=frozenset({"wei"}), families=frozenset({"xin"}), birth_date="1999-09-19",
        postcodes=frozenset({"m11aa"}), phones=frozenset({"07700900999"}), gender="male",
    )  # fmt: skip
    for a, b in product((who, other), repeat=2):
        assert 0 <= score(a, b, WEIGHTS).probability <= 1
    assert score(who, who, WEIGHTS).probability > 0.999999
    assert score(who, other, WEIGHTS).probability < 1e-9
