"""Records written as a CSDS submission and parsed again are the same records."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.community import records, tables
from adapters.community.parse import parse
from adapters.community.write import write
from adapters.tables.cells import ten_digits
from adapters.tables.dataset import Column, Table

HEADER = records.Header(provider="X9C", start="2026-04-01", end="2026-06-30", created="2026-07-01T06:00:00")

_WORDS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs", "Sm"), include_characters='",\n;'),
    min_size=1,
    max_size=12,
).map(lambda text: " ".join(text.split(" ")).strip() or "x")
_EARLY = st.dates(date(2000, 1, 1), date(2026, 4, 30)).map(lambda day: day.isoformat())
_LATE = st.dates(date(2026, 5, 1), date(2026, 6, 30)).map(lambda day: day.isoformat())
"""Ends of periods: never before a start, nor after the data set was made."""
_TIMES = st.times().map(lambda moment: moment.replace(microsecond=0).isoformat())
_NUMBERS = st.integers(0, 999_998).map(lambda n: _with_check_digit(f"999{n:06d}")).filter(bool)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": _WORDS,
    "code2": st.sampled_from(["01", "12", "98", "XX"]),
    "date": _EARLY,
    "time": _TIMES,
    "count": st.integers(0, 9999),
    "nhs-number": _NUMBERS,
    "flag": st.booleans(),
}


def _with_check_digit(nine: str) -> str | None:
    check = 11 - sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True)) % 11
    return None if check == 10 else nine + str(check % 11)


def _row(table: Table, **given_ids: str) -> st.SearchStrategy[records.Row]:
    """Any row of `table`; the ids that place it are given, every other value may be there or not."""
    ends = {end for _, end in table.spans}
    optional = {
        column.field: _value(column, ends) if column.need == "key" else st.none() | _value(column, ends)
        for column in table.columns
        if column.field not in given_ids
    }
    return st.fixed_dictionaries(optional).map(lambda values: _placed(table, {**values, **given_ids}))


def _value(column: Column, ends: set[str]) -> st.SearchStrategy[Any]:
    if column.codes:
        return st.sampled_from(sorted(column.codes))
    return _LATE if column.field in ends else _VALUES[column.kind]


def _placed(table: Table, values: dict[str, Any]) -> records.Row:
    """The record as parse will resolve it; `parent_date` is that of the row it hangs on."""
    inherited = values.pop("parent_date", None)
    own = values.get(table.dated) if table.dated else None
    return table.record(**values, provider="X9C", date=own or inherited)


_PLACED_BY = {
    "CYP001": {"local_patient": "C 1", "organisation": "X9C"},
    "CYP002": {"local_patient": "C 1"},
    "CYP004": {"plan": "P1", "local_patient": "C 1", "created": "2026-04-02"},
    "CYP005": {"plan": "P1", "parent_date": "2026-04-02"},
    "CYP101": {"referral": "R1", "local_patient": "C 1", "received": "2026-04-03"},
    "CYP102": {"referral": "R1", "team": "T1", "parent_date": "2026-04-03"},
    "CYP201": {"contact": "K1", "referral": "R1", "team": "T1", "on": "2026-04-04"},
    "CYP202": {"activity": "A1", "contact": "K1", "referral": "R1", "professional": "S1", "parent_date": "2026-04-04"},
    "CYP612": {"activity": "A1", "contact": "K1", "referral": "R1", "parent_date": "2026-04-04"},
    "CYP901": {"professional": "S1"},
}
_OF_REFERRAL = {"referral": "R1", "parent_date": "2026-04-03"}
_OF_PERSON = {"local_patient": "C 1"}


def _ids(table: Table) -> dict[str, str]:
    return _PLACED_BY.get(table.code) or (_OF_REFERRAL if table.via else _OF_PERSON)


_SUBMISSIONS = st.tuples(*(_row(table, **_ids(table)) for table in tables.TABLES.values()))


@settings(max_examples=60, deadline=timedelta(seconds=2))
@given(_SUBMISSIONS)
def test_parse_of_write_is_what_was_written(rows: tuple[records.Row, ...]) -> None:
    parsed = parse(write(HEADER, rows), name="csds.zip", sender="X9C", as_of=datetime(2026, 7, 2, tzinfo=UTC))
    assert not parsed.defects
    got = [msgspec.json.decode(event.record, type=records.Record) for event in parsed.events]
    assert sorted(got, key=lambda row: row.key()) == sorted(rows, key=lambda row: row.key())


@given(_SUBMISSIONS)
@settings(max_examples=10)
def test_the_same_records_make_the_same_bytes(rows: tuple[records.Row, ...]) -> None:
    assert write(HEADER, rows) == write(HEADER, rows)


@given(_NUMBERS)
def test_a_number_with_its_check_digit_is_kept_however_it_is_spaced(number: str) -> None:
    assert ten_digits(f"{number[:3]} {number[3:6]}-{number[6:]}") == number


def test_every_record_kind_is_a_table() -> None:
    assert {table.record for table in tables.TABLES.values()} == set(records.Record.__args__)
