"""What a sector's writer writes its parser reads back, for every feed: here is which test says so.

A new feed adds its line, and a hypothesis test over records of every kind that the feed can write.
"""

from collections.abc import Callable
from types import ModuleType

import pytest

from integration.feeds import FEEDS
from tests.unit.adapters import (
    examples,
    test_acute_write,
    test_community_roundtrip,
    test_gp_write,
    test_mental_health,
    test_pds,
    test_social_care_parse,
    test_vcfse_write,
)

ROUND_TRIPS: dict[str, tuple[ModuleType, tuple[str, ...]]] = {
    "gp": (test_gp_write, ("test_what_is_written_is_read_back",)),
    "acute": (test_acute_write, ("test_what_is_written_is_read_back", "test_what_is_written_of_a_person_is_read_back")),
    "community": (test_community_roundtrip, ("test_parse_of_write_is_what_was_written",)),
    "mental_health": (test_mental_health, ("test_parse_of_write_is_what_was_written",)),
    "social_care": (test_social_care_parse, ("test_what_is_written_is_read_back",)),
    "vcfse": (
        test_vcfse_write,
        (
            "test_referrals_written_as_csv_are_read_back",
            "test_contacts_written_as_csv_are_read_back",
            "test_both_sheets_of_a_workbook_are_read_back",
        ),
    ),
    "pds": (
        test_pds,
        ("test_what_is_written_is_read_back", "test_a_replaced_number_is_read_back_with_the_record_of_the_other"),
    ),
}


def test_every_feed_has_a_round_trip() -> None:
    assert ROUND_TRIPS.keys() == FEEDS.keys()


@pytest.mark.parametrize("feed", ROUND_TRIPS)
def test_the_round_trip_is_over_all_records_by_the_feeds_own_writer(feed: str) -> None:
    module, names = ROUND_TRIPS[feed]
    for name in names:
        assert _draws(vars(module)[name]), f"{feed}: {name} is by example only"
    origins = {getattr(value, "__module__", None) or getattr(value, "__name__", "") for value in vars(module).values()}
    assert any(str(origin).startswith(f"adapters.{feed}.write") for origin in origins)


def _draws(test: Callable[..., None]) -> bool:
    """By hypothesis itself, or by `examples`, which draws fewer in the default tier."""
    return getattr(test, "is_hypothesis_test", False) or test.__code__.co_filename == examples.__file__
