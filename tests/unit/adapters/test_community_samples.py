"""The adapter against what is known of the real data set: its columns as an ICB receives them, and its code lists."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from adapters.community import tables
from mappings.concept_maps import concept_map

_SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples" / "community"
_COLUMNS = _SAMPLES / "csds_mhsds_columns_as_received_by_icb.csv"
_CODES = _SAMPLES / "csds_v1.6_code_lists.csv"

pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(
        not _COLUMNS.is_file(), reason="missing: ../shared/samples/community, the real CSDS column list"
    ),
]

_MAP_OF = {
    "SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE)": "CsdsTeamType",
    "ATTENDANCE STATUS": "CsdsAttendanceStatus",
    "CONSULTATION MECHANISM (COMMUNITY CARE)": "CsdsConsultationMechanism",
    "COMMUNITY CARE ACTIVITY TYPE": "CsdsActivityType",
    "CONSULTATION TYPE": "CsdsConsultationType",
    "CARE CONTACT SUBJECT": "CsdsContactSubject",
    "GROUP THERAPY INDICATOR": "CsdsGroupTherapy",
    "ADMINISTRATIVE CATEGORY CODE": "CsdsAdministrativeCategory",
    "ACTIVITY LOCATION TYPE CODE (subset)": "CsdsActivityLocationType",
}


@pytest.fixture(scope="module")
def real_columns() -> dict[str, set[str]]:
    """Column titles by table name."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    with _COLUMNS.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["dataset"] == "CSDS":
                found[row["table"]].add(row["column"])
    return dict(found)


def test_every_column_that_is_read_is_real_or_the_senders_clear_one(real_columns: dict[str, set[str]]) -> None:
    unknown = {
        (table.name, title)
        for table in tables.TABLES.values()
        for column in table.columns
        for title in column.titles
        if title not in real_columns[table.name.upper()]
    }
    assert unknown == {("CYP001MPI", title) for title in tables.CLEAR_COLUMNS}


def test_every_pseudonym_column_is_real(real_columns: dict[str, set[str]]) -> None:
    pseudonyms = {column.pseudonym for column in tables.TABLES["CYP001"].columns if column.pseudonym}
    assert pseudonyms == {"DateOfBirth Pseudo", "Postcode Pseudo"}
    assert pseudonyms <= real_columns["CYP001MPI"]


def test_every_column_of_the_header_is_real(real_columns: dict[str, set[str]]) -> None:
    titles = {title for column in tables.HEADER for title in column.titles}
    assert titles <= real_columns["CYP000HEADER"]


def test_every_real_table_is_read_or_left_out_on_purpose(real_columns: dict[str, set[str]]) -> None:
    real = {name[:6] for name in real_columns if name.startswith("CYP")}
    assert real == {"CYP000"} | set(tables.TABLES) | tables.IGNORED
    assert not set(tables.TABLES) & tables.IGNORED


def test_every_known_code_is_in_its_concept_map() -> None:
    with _CODES.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["data_element"] for row in rows} == set(_MAP_OF)
    unknown = [
        (row["data_element"], row["code"])
        for row in rows
        if row["code"]
        not in {element["code"] for element in concept_map(_MAP_OF[row["data_element"]])["group"][0]["element"]}
    ]
    assert rows
    assert unknown == []
