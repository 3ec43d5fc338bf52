"""Blocks: who may be one person shares a key, whoever else there is does not."""

import pytest
from msgspec.structs import replace

from integration.identity.blocks import blocks, number_blocks
from integration.identity.demographics import Demographics

EDITH = Demographics(
    families=frozenset({"tanner"}),
    given=frozenset({"edith"}),
    birth_date="1942-03-04",
    postcodes=frozenset({"cv56aa"}),
    phones=frozenset({"07700900123"}),
    ids=frozenset({"urn:mrn|1234"}),
)
NOTHING = {"postcodes": frozenset(), "phones": frozenset(), "ids": frozenset()}


def like(**changes: object) -> Demographics:
    """Edith with nothing but name and birth date, but for these changes."""
    return replace(EDITH, **{**NOTHING, **changes})


@pytest.mark.parametrize(
    "other",
    [
        like(),
        like(given=frozenset({"edie"})),
        like(given=frozenset({"eidth"})),
        like(families=frozenset({"okafor"})),
        like(families=frozenset({"tannor"}), given=frozenset({"x"})),
        like(given=frozenset({"tanner"}), families=frozenset({"edith"})),
        like(birth_date="1942-04-03"),
        like(birth_date="1942-01-01"),
        like(birth_date="1942-03-14"),
        like(birth_date="1943-03-04"),
        like(birth_date="1972-03-04"),
        like(families=frozenset(), given=frozenset(), postcodes=frozenset({"cv56aa"})),
        like(families=frozenset(), given=frozenset(), phones=frozenset({"07700900123"})),
        like(families=frozenset(), birth_date=None, postcodes=frozenset({"cv56aa"})),
        like(families=frozenset(), birth_date=None, phones=frozenset({"07700900123"})),
        like(families=frozenset(), given=frozenset(), birth_date=None, ids=frozenset({"urn:mrn|1234"})),
    ],
)
def test_who_may_be_the_same_shares_a_block(other: Demographics) -> None:
    assert blocks(EDITH) & blocks(other)


@pytest.mark.parametrize(
    "other",
    [
        like(families=frozenset({"okafor"}), given=frozenset({"joan"})),
        like(given=frozenset({"joan"}), birth_date="1951-09-22"),
        like(birth_date="1951-09-22"),
        like(families=frozenset({"okafor"}), given=frozenset(), birth_date="1951-09-22", postcodes=EDITH.postcodes),
        Demographics(),
    ],
)
def test_who_shares_only_what_many_do_shares_no_block(other: Demographics) -> None:
    """The same name, day or address alone: of these there are the more, the more people there are."""
    assert not blocks(EDITH) & blocks(other)


def test_numbers_in_conflict_find_whoever_has_one_of_them() -> None:
    one = Demographics(nhs_number="9990000018")
    two = Demographics(conflicting_numbers=frozenset({"9990000018", "9990000026"}))
    assert number_blocks(one) < number_blocks(two)
    assert not number_blocks(Demographics())


def test_keys_are_the_same_in_every_process_and_hold_no_names() -> None:
    (only,) = blocks(Demographics(ids=frozenset({"urn:mrn|1234"})))
    assert only == -3139089290705608731
