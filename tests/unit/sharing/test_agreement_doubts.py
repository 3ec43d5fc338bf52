"""What `agreements check` says of a file that is not wrong: what is hardly meant, and what runs out; and which word was
probably meant where one is unknown."""

from datetime import date, timedelta

import pytest

from integration.sharing.agreement_file import AgreementError
from integration.sharing.agreements import load
from integration.sharing.doubts import doubts
from integration.sharing.expiry import run_out, standings
from tests.unit.sharing.scene import CARE, FILE, NEIGHBOURHOOD

FROM = "    in force from: 2024-01-01\n"
ENDING = FILE.replace(FROM, f"{FROM}    in force until: 2026-06-30\n", 1)


def told(text: str) -> list[tuple[int, str]]:
    return [(one.line, one.message) for one in doubts(text, load(text))]


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def spoiled(words: str, by: str) -> str:
    assert words in FILE
    return FILE.replace(words, by, 1)


@pytest.mark.parametrize(
    ("words", "by", "at", "message"),
    [
        ("for which purposes: [audit]", "for which purpose: [audit]", "for which purpose:", "the nearest is 'for"),
        ("[practices, HOS, ch", "[practices, H0S, ch", "H0S", "the nearest is 'HOS'"),
        ("[doctor, clerk]", "[doctor, Clerk]", "Clerk", "the nearest is 'clerk'"),
        ("see: [sharing choices", "see: [sharing choises", "choises", "the nearest is 'sharing choices'"),
        ("kind: statutory", "kind: statutary", "statutary", "the nearest is 'statutory'"),
        ("minutes: 60", "minutes: 6000", "6000", "too large: maximum 1440"),
        ("Article 6: 6(1)(e)", "Article 6: public task", "public task", "6(1)(a) to 6(1)(f)"),
        ("in force from: 2024-01-01", 'in force from: "2024-02-31"', "2024-02-31", "a day such as 2026-04-01"),
        ("review by: 2027-01-01", "review by: 2020-01-01", "2020-01-01", "reviewed before it begins"),
        ("GP1: First", "gp 1: First", "gp 1", "an ODS code"),
        ("neighbourhood: Testing", "neighbourhood: Test\x07ing", "neighbourhood", "no text has"),
        ("[practices, HOS, charities]\n    who", "\n      - HOS\n      - hospice\n    who", "- hospice", "'hospice'"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_where_it_stands_with_the_word_that_was_meant(
    words: str, by: str, at: str, message: str
) -> None:
    text = spoiled(words, by)
    with pytest.raises(AgreementError) as raised:
        load(text)

    lines = text.replace("\x07", "")
    assert [one.line for one in raised.value.problems if message in one.message] == [line_of(lines, at)]


@pytest.mark.parametrize(
    ("words", "by", "at", "message"),
    [
        ("  clerk:\n", "  porter: {clinical or care role: no, may see: []}\n  clerk:\n", "porter:", "no agreement is"),
        ("[sharing choices, access log]\nag", "[alerts]\nag", "in which roles: [auditor]", "may see none of the"),
        ("[contacts and stays, clinical record]", "[care plans, clinical record]", "[care plans,", "see 'care plans'"),
    ],
)  # fmt: skip
def test_what_is_hardly_meant_is_told_with_its_line(words: str, by: str, at: str, message: str) -> None:
    text = spoiled(words, by)

    assert line_of(text, at) in [line for line, said in told(text) if message in said]


def test_a_sound_file_raises_no_doubt() -> None:
    assert [said for _, said in told(FILE) if "no role" not in said] == []


def test_a_file_without_agreements_opens_nothing() -> None:
    text = FILE[: FILE.index("agreements:\n")] + "agreements: []\n"

    assert (line_of(text, "agreements: []"), "there are no agreements: nobody could see anything") in told(text)


def standing_of_care(text: str, on: date, within: int = 90):
    return next(one for one in standings(load(text), on, within) if one.agreement == CARE.citation)


@pytest.mark.parametrize(
    ("text", "on", "state", "left", "warning"),
    [
        (FILE, date(2026, 6, 15), "in force", 200, ""),
        (FILE, date(2026, 12, 31), "in force", 1, "must be reviewed by 1 January 2027, in 1 day."),
        (FILE, date(2027, 1, 1), "in force", 0, "must be reviewed by 1 January 2027, today."),
        (FILE, date(2027, 1, 2), "in force, review overdue", -1, "should have been reviewed"),
        (FILE, date(2023, 12, 31), "not begun", 1097, ""),
        (ENDING, date(2026, 6, 30), "in force", 0, "ends on 30 June 2026, today"),
        (ENDING, date(2026, 7, 1), "ended", -1, "it opens nothing any more"),
    ],
)  # fmt: skip
def test_what_runs_out_is_told(text: str, on: date, state: str, left: int, warning: str) -> None:
    found = standing_of_care(text, on)

    assert (found.state, found.days_left) == (state, left)
    assert warning in found.warning
    assert bool(found.warning) == bool(warning)
    assert run_out(found) == (left < 0)


def test_who_asks_for_more_time_is_warned_earlier() -> None:
    on = CARE.review - timedelta(days=100)

    assert not standing_of_care(FILE, on).warning
    assert standing_of_care(FILE, on, within=100).warning
    assert [one.days_left for one in standings(NEIGHBOURHOOD, on)] == [100] * 4
