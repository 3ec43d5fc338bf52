"""One cell of a charity's sheet: dates, numbers, names and answers as people type them."""

from datetime import UTC, date, datetime, time
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.vcfse import values
from adapters.vcfse.columns import KINDS, plain, shipped, vocabulary, words
from adapters.vcfse.names import clearly_different, one_field
from adapters.vcfse.records import Client, Name
from adapters.vcfse.write import DateStyle, date_cell

TODAY = date(2026, 9, 30)


@pytest.mark.parametrize(
    "cell",
    [
        "03/07/1940",
        "3/7/1940",
        "1940-07-03",
        "1940-07-03 00:00:00",
        "3 Jul 1940",
        "3rd July 1940",
        "Wednesday 3 July 1940",
        "03-Jul-40",
        "3 July 1940",
        "July 3, 1940",
        "03-07-40",
        "03.07.40",
        "03.07.1940",
        14795,
        14795.0,
        "14795",
        date(1940, 7, 3),
        datetime(1940, 7, 3, tzinfo=UTC),
    ],
)
def test_a_birth_date_is_read_in_every_style(cell):
    assert values.birth_date(cell, TODAY) == "1940-07-03"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("84", "age-not-birth-date"),
        (84.0, "age-not-birth-date"),
        ("84 yrs", "age-not-birth-date"),
        ("1940", "bad-date"),
        (1940, "bad-date"),
        ("07/1940", "bad-date"),
        ("31/02/1940", "bad-date"),
        ("07/23/1940", "bad-date"),
        ("01/01/1900", "bad-date"),
        ("01/01/2090", "bad-date"),
        ("03/07/12", "ambiguous-date"),
        ("sometime", "bad-date"),
    ],
)
def test_a_birth_date_is_never_guessed(cell, code):
    with pytest.raises(values.CellError) as raised:
        values.birth_date(cell, TODAY)
    assert raised.value.code == code
    assert str(cell) not in str(raised.value)


@given(day=st.dates(date(2000, 1, 1), TODAY), style=st.sampled_from(list(get_args(DateStyle))))
def test_every_date_style_is_read_back(day, style):
    assert values.event_date(date_cell(day.isoformat(), style)) == day.isoformat()


@pytest.mark.parametrize("cell", ["NULL", "No data", "No Data", "n/a", "N/A", "-", "", "  ", "unknown", "\xa0"])
def test_every_way_to_say_nothing_is_nothing(cell):
    assert values.text(cell) is None
    assert values.answer(cell) is None
    assert values.event_date(cell) is None
    assert values.nhs_number_of(cell) is None
    assert values.record_id(cell) is None


@pytest.mark.parametrize("cell", ["999 000 0018", "999-000-0018", 9990000018, 9990000018.0, "9990000018.0"])
def test_an_nhs_number_survives_spaces_and_spreadsheets(cell):
    assert values.nhs_number_of(cell) == "9990000018"


def test_zeros_that_the_spreadsheet_dropped_come_back():
    assert values.nhs_number_of(101400004.0) == "0101400004"
    assert values.phone(2476000111.0) == "02476000111"
    assert values.phone("7700 900123") == "07700 900123"
    assert values.phone("07700 900123") == "07700 900123"
    assert values.record_id("0042") == values.record_id(42.0) == values.record_id("42.0") == "42"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("9990000019", "bad-check-digit"),
        ("1111111111", "placeholder-number"),
        ("999000001", "bad-check-digit"),
        ("9.99E+09", "bad-nhs-number"),
        ("see letter", "bad-nhs-number"),
        ("99900000188", "bad-nhs-number"),
    ],
)
def test_a_wrong_nhs_number_is_refused(cell, code):
    with pytest.raises(values.CellError) as raised:
        values.nhs_number_of(cell)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        ("Y", "yes"), ("yes", "yes"), (True, "yes"), (1.0, "yes"), ("✓", "yes"), ("Yes - verbal", "yes"),
        ("N", "no"), (False, "no"), ("Refused", "no"), ("withdrawn", "no"), ("n/a", None),
        ("Yes, but not my GP", "unclear"), ("x", "unclear"), ("ask daughter", "unclear"), ("Y?N", "unclear"),
    ],
)  # fmt: skip
def test_only_a_plain_yes_is_a_yes(cell, answer):
    assert values.answer(cell) == answer


@pytest.mark.parametrize(
    ("cell", "clock"),
    [("9:05", "09:05"), ("14.30", "14:30"), ("2pm", "14:00"), ("12.15am", "00:15"), (time(9, 5), "09:05")],
)
def test_times(cell, clock):
    assert values.clock(cell) == clock


@pytest.mark.parametrize(("cell", "length"), [(45, 45), ("45 mins", 45), ("1 hour", 60), ("1h 30", 90), ("1:30", 90)])
def test_durations(cell, length):
    assert values.minutes(cell) == length


@pytest.mark.parametrize(("cell", "order"), [
    ("03/07/2024", None), ("13/07/2024", "day first"), ("07/13/2024", "month first"), ("2024-07-13", None),
    ("13/13/2024", None), (45000, None), ("see notes", None), ("12/31/24 09:30", "month first"),
])  # fmt: skip
def test_which_dates_can_be_read_one_way_only(cell, order):
    assert values.only_order(cell) == order


def test_the_order_that_a_charity_states_is_used_and_where_it_is_unclear_no_date_is_guessed():
    assert values.event_date("03/07/2024", "month first") == "2024-03-07"
    assert values.event_date("13/07/2024", "unclear") == "2024-07-13"
    assert values.event_date("07/07/2024", "unclear") == "2024-07-07"
    assert values.event_date("3 July 2024", "unclear") == "2024-07-03"
    with pytest.raises(values.CellError) as raised:
        values.event_date("03/07/2024", "unclear")
    assert raised.value.code == "ambiguous-date"


def test_an_apostrophe_that_kept_a_cell_text_is_no_part_of_it():
    assert values.text("'=1+1") == "=1+1"
    assert values.record_id("'0042") == "42"
    assert values.text("'t Hooft") == "'t Hooft"


def test_postcodes():
    assert values.postcode("cv12ab") == values.postcode(" CV1  2AB") == "CV1 2AB"
    assert values.postcode("NFA") == "NFA"


@pytest.mark.parametrize(
    ("written", "family", "given", "prefix", "nickname"),
    [
        ("Margaret Thompson", "Thompson", ("Margaret",), None, None),
        ("Mrs Margaret Ann Thompson", "Thompson", ("Margaret", "Ann"), "Mrs", None),
        ("Thompson, Margaret", "Thompson", ("Margaret",), None, None),
        ("Margaret (Peggy) Thompson", "Thompson", ("Margaret",), None, "Peggy"),
        ("Mrs. T", "T", (), "Mrs", None),
        ("Dave", None, ("Dave",), None, None),
        ("Jan van der Berg", "van der Berg", ("Jan",), None, None),
        ("Sean O'Neill", "O'Neill", ("Sean",), None, None),
    ],
)
def test_a_name_in_one_field(written, family, given, prefix, nickname):
    assert one_field(written) == Name(family=family, given=given, prefix=prefix, nickname=nickname, text=written)


def _person(name: str, born: str | None = None, number: str | None = None) -> Client:
    return Client(client_id="1", name=one_field(name), birth_date=born, nhs_number=number)


@pytest.mark.parametrize(
    ("one", "other", "different"),
    [
        (_person("Ann Smith", "1940-01-01"), _person("Bob Jones", "1980-02-02"), True),
        (_person("Ann Smith", "1940-01-01"), _person("Ann Smith", "1940-01-10"), False),
        (_person("Ann Smith", "1940-01-01"), _person("Smith, Ann", "1940-01-01"), False),
        (_person("Peggy Smith", "1940-01-01"), _person("Margaret Smith", "1940-01-01"), False),
        (_person("Ann Smith", "1940-01-01"), _person("Ann Brown", "1940-01-01"), False),
        (_person("Tom Smith", "1970-01-01"), _person("Lily Smith", "2001-01-01"), True),
        (_person("Ann Smith"), _person("Bob Jones"), True),
        (_person("Ann Smith"), _person("Ann Jones"), False),
        (_person("Amy Bell", "1990-01-01", "9990000018"), _person("Zoe Bell", "1990-01-01", "9990000026"), True),
        (Client(client_id="1"), _person("Bob Jones", "1980-02-02"), False),
        (Client(gender="M", born_about=1940), Client(gender="F", born_about=1942), True),
        (Client(gender="Female", born_about=1940), Client(gender="F", born_about=1942), False),
        (Client(born_about=1940), Client(born_about=1985), True),
        (Client(birth_date="1940-01-01"), Client(birth_date="1940-10-01"), False),
        (Client(birth_date="1940-01-01", gender="F"), Client(birth_date="1940-01-01", gender="M"), False),
        (_person("Ann Smith"), Client(born_about=1940), False),
    ],
)
def test_clearly_different_people(one, other, different):
    assert clearly_different(one, other) is different
    assert clearly_different(other, one) is different


def test_the_column_guide_is_unambiguous():
    """No header of columns.yaml means two fields of one kind of sheet, or is both read and withheld or ignored."""
    known = vocabulary()
    for kind in KINDS:
        headers = [plain(header) for _, listed in known.fields(kind) for header in listed]
        fields = {field: {plain(h) for h in listed} for field, listed in known.fields(kind)}
        assert sum(len(listed) for listed in fields.values()) == len(set(headers))
        silent = {plain(header) for header in (*known.withheld, *known.ignored)}
        assert not silent & set(shipped().headers[kind])
    assert not words("yes") & words("no")
    assert not (words("yes") | words("no")) & words("null")


def test_sheet_names_are_known_however_they_are_typed():
    kinds = shipped().sheets
    assert kinds[plain(" SP_Referrals ")] == "referral"
    assert kinds[plain("contact-log")] == "contact"
    assert plain("How to fill this in") not in kinds
