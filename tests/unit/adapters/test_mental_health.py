"""MHSDS submissions: what is written is read back, and tables and codes are those of the data set."""

import csv
import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mental_health import records
from adapters.mental_health.tables import MHSDS
from adapters.mental_health.write import write
from adapters.records import SourcePatient
from adapters.tables import cells
from adapters.tables.dataset import Column, Register, Table
from adapters.tables.dataset import plain as _plain
from mappings.concept_maps import concept_map
from tests.unit.adapters.mental_health_submission import HEADER, ROWS, read, said

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "samples"


# ---- what is written is read back

_WORDS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs", "Sm"), include_characters='",\n;'),
    min_size=1,
    max_size=12,
).map(lambda text: " ".join(text.split(" ")).strip() or "x")
_VALUES: dict[Callable[..., Any], st.SearchStrategy[Any]] = {
    cells.text: _WORDS,
    cells.code2: st.sampled_from(["01", "12", "98", "XX"]),
    cells.iso_date: st.dates(date(1900, 1, 1), date(2100, 1, 1)).map(date.isoformat),
    cells.iso_time: st.times().map(lambda moment: moment.replace(microsecond=0).isoformat()),
    cells.count: st.integers(0, 9999),
    cells.ten_digits: st.sampled_from(["9990000018", "9990000026", "9990000034"]),
}
_PATHS: dict[str, dict[str, str]] = {
    "MHS001": {"local_patient": "M 1", "organisation": "X9C"},
    "MHS006": {"local_patient": "M 1", "professional": "S1"},
    "MHS008": {"plan": "P1", "local_patient": "M 1"},
    "MHS009": {"plan": "P1"},
    "MHS101": {"referral": "R1", "local_patient": "M 1", "team": "T1"},
    "MHS102": {"referral": "R1"},
    "MHS201": {"contact": "K1", "referral": "R1"},
    "MHS202": {"activity": "A1", "contact": "K1"},
    "MHS401": {"period": "L1", "local_patient": "M 1"},
    "MHS404": {"period": "L1"},
    "MHS501": {"spell": "H1", "referral": "R1"},
    "MHS502": {"spell": "H1", "ward": "W1"},
    "MHS503": {"spell": "H1"},
    "MHS901": {"professional": "S1"},
    "MHS902": {"team": "T1"},
    "MHS903": {"ward": "W1"},
}
"""The ids by which one row of each table finds its person, so that all hang together."""


def _row(table: Table | Register) -> st.SearchStrategy[records.Row]:
    path = _PATHS.get(table.code, {"local_patient": "M 1"})
    values = {
        column.field: st.just(path[column.field]) if column.field in path else _value(column)
        for column in table.columns
    }
    return st.fixed_dictionaries(values).map(lambda drawn: table.record(**drawn))


def _value(column: Column) -> st.SearchStrategy[Any]:
    drawn = st.sampled_from(sorted(column.codes)) if column.codes else _VALUES[column.convert]
    return drawn if column.need == "key" else st.none() | drawn


_SUBMISSIONS = st.tuples(*(_row(table) for table in MHSDS.by_code.values()))


@settings(max_examples=40, deadline=None)
@given(_SUBMISSIONS)
def test_parse_of_write_is_what_was_written(rows: tuple[records.Row, ...]) -> None:
    parsed = read(write(HEADER, rows))

    assert not parsed.defects
    assert [_as_written(row) for row in _sorted(said(parsed))] == _sorted(rows)
    assert {event.patient for event in parsed.events} == {SourcePatient("X9C", "M 1")}


def _sorted(rows: Sequence[records.Row]) -> list[records.Row]:
    return sorted(rows, key=lambda row: row.table)


def _as_written(row: records.Row) -> records.Row:
    """Without what header and path say."""
    return msgspec.structs.replace(row, provider="", date=None, **({"referral": ""} if _inherits(row) else {}))


def _inherits(row: records.Row) -> bool:
    table = MHSDS.by_code[row.table]
    return isinstance(table, Table) and "referral" in table.inherits


def test_every_record_is_a_table_and_every_table_a_member_of_the_state() -> None:
    tables = {table.record for table in MHSDS.by_code.values()}
    assert tables == set(get_args(records.Record))
    named = {kind for field in msgspec.structs.fields(records.State) for kind in (field.type, *get_args(field.type))}
    assert tables <= named


def test_the_same_records_make_the_same_bytes() -> None:
    assert write(HEADER, ROWS) == write(HEADER, ROWS)


# ---- the lists and the names


@pytest.mark.parametrize(
    ("table", "field", "map_name"),
    [
        ("MHS001", "gender", "MhsdsGender"),
        ("MHS005", "child_protection", "MhsdsChildProtection"),
        ("MHS005", "learning_disability", "MhsdsLearningDisabilityStatus"),
        ("MHS005", "autism", "MhsdsAutismStatus"),
        ("MHS006", "team_type", "MhsdsTeamType"),
        ("MHS008", "type", "MhsdsCarePlanType"),
        ("MHS101", "reason", "MhsdsReferralReason"),
        ("MHS401", "status", "MhsdsLegalStatus"),
        ("MHS902", "type", "MhsdsTeamType"),
    ],
)
def test_the_codes_that_are_accepted_are_those_of_the_concept_map(table: str, field: str, map_name: str) -> None:
    (column,) = [column for column in MHSDS.by_code[table].columns if column.field == field]
    assert column.codes == {element["code"] for element in concept_map(map_name)["group"][0]["element"]}


@pytest.mark.samples
def test_columns_and_tables_are_named_as_an_icb_receives_them() -> None:
    listing = SAMPLES / "community" / "csds_mhsds_columns_as_received_by_icb.csv"
    if not listing.exists():
        pytest.skip("no samples here")
    rows = [row for row in csv.DictReader(listing.read_text().splitlines()) if row["dataset"] == "MHSDS"]
    listed = {(row["table"], _plain(row["column"])) for row in rows}
    clear = {"nhsnumber", "personbirthdate", "postcode"}
    read_columns = {
        (name.upper(), _plain(title))
        for name, columns in (
            (MHSDS.header, MHSDS.header_columns),
            *((table.name, table.columns) for table in MHSDS.by_code.values()),
        )
        for column in columns
        for title in (*column.titles, *([column.pseudonym] if column.pseudonym else []))
    }
    assert {column for _, column in read_columns - listed} == clear  # the ICB has pseudonyms instead
    tables = {row["table"][:6] for row in rows if re.match(r"MHS\d{3}", row["table"])}
    assert tables == set(MHSDS.files) | MHSDS.ignored
