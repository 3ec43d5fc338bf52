"""The adapter against what is known of the real data set: its columns as an ICB receives them, and its code lists."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from adapters.community import tables, titles
from adapters.community.write import write
from tests.unit.adapters.community_submission import HEADER, ROWS, files_of, read, refused, zipped
from tests.unit.mappings.community.test_codes import LISTED, MAP_OF, sources

_SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples" / "community"
_COLUMNS = _SAMPLES / "csds_mhsds_columns_as_received_by_icb.csv"
_CODES = _SAMPLES / "csds_v1.6_code_lists.csv"
CLEAR_COLUMNS = frozenset({"NHS NUMBER", "PERSON BIRTH DATE", "POSTCODE OF USUAL ADDRESS"})
"""Held by the sender in clear; an ICB receives pseudonyms instead, so they are missing from its column list."""
LOCAL_COLUMNS = frozenset({"IsConfidential"})
"""Not of the data set: what EMIS Community extracts have beside it."""

pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(
        not _COLUMNS.is_file(), reason="missing: ../shared/samples/community, the real CSDS column list"
    ),
]


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
    assert unknown == {("CYP001MPI", title) for title in CLEAR_COLUMNS | LOCAL_COLUMNS}


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


def test_every_known_code_is_in_its_concept_map_and_in_the_committed_list() -> None:
    with _CODES.open(encoding="utf-8", newline="") as lines:
        rows = [(row["data_element"].removesuffix(" (subset)"), row["code"]) for row in csv.DictReader(lines)]
    assert {element for element, _ in rows} == set(LISTED)
    assert [one for one in rows if one[1] not in sources(MAP_OF[one[0]])] == []
    assert [one for one in rows if one[1] not in LISTED[one[0]].split()] == []


def test_every_title_of_a_trusts_extract_is_known_or_left_out_on_purpose() -> None:
    left_out = {
        "CYP001": {"RegCDB", "RegOrganisationName", "RegOrganisationId", "DateofRegistration", "PracticeCode",
                   "PracticeParentCode", "InChildrenService", "archived", "IsConfidential", "IsPatientArchive",
                   "CaseloadPatientStatusId", "CaseloadPatientStatusDescription", "eMRN", "ADC_UPDT"},
        "CYP201": {"LPI", "PatientNumber", "OrgCodeComm", "OfferDate", "AppropDate", "ReplApptOffDate",
                   "ConsultationSourceOriginalTerm", "CDB", "TeamType", "InReport_Period", "InReport_Error",
                   "ADC_UPDT"},
        "CYP202": {"PatientNumber", "LegacyCodeOriginalTerm", "CareActivityDate", "CDB", "ObservationType",
                   "CodeCategoryId", "InReport_Period", "ADC_UPDT"},
    }  # fmt: skip
    for code, name in (("CYP001", "PatientLookup"), ("CYP201", "CareContact"), ("CYP202", "CareActivity")):
        header = (_SAMPLES / f"barts_header_{name}.csv").read_text(encoding="utf-8").strip().split(",")
        known = {title for title in header if title.upper() in titles.TITLES[code]}
        assert set(header) - known == left_out[code]
        assert {title.upper() for title in known} == set(titles.TITLES[code])


def test_a_submission_under_a_trusts_titles_is_read_and_the_lone_header_file_refused() -> None:
    files = files_of(write(HEADER, ROWS))
    for table, name in (("CYP001MPI", "PatientLookup"), ("CYP201CareContact", "CareContact")):
        del files[f"{table}.csv"]
        content = (_SAMPLES / f"barts_header_{name}.csv").read_bytes()
        files[f"{name}.csv"] = content
        assert refused(content) == "not-a-zip"
    parsed = read(zipped(files))
    assert {one.code for one in parsed.defects} == {"missing-column", "orphan-row"}
    assert parsed.submission


@pytest.mark.parametrize("path", sorted(_SAMPLES.glob("bars_*/*")), ids=lambda path: path.name[:40])
def test_a_referral_message_is_refused_as_what_it_is(path: Path) -> None:
    assert refused(path.read_bytes()) == "fhir-message"
