"""Every code that CSDS v1.6 is known to have is mapped, and the adapter reports exactly those that are not."""

from collections.abc import Mapping

import pytest

from adapters.community import records, tables
from adapters.records import SourcePatient
from mappings.community import codes, to_resources
from mappings.concept_maps import concept_map, names
from mappings.ids import Ids

MAP_OF: Mapping[str, str] = {
    "SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE)": "CsdsTeamType",
    "ATTENDANCE STATUS": "CsdsAttendanceStatus",
    "CONSULTATION MECHANISM (COMMUNITY CARE)": "CsdsConsultationMechanism",
    "COMMUNITY CARE ACTIVITY TYPE": "CsdsActivityType",
    "CONSULTATION TYPE": "CsdsConsultationType",
    "CARE CONTACT SUBJECT": "CsdsContactSubject",
    "GROUP THERAPY INDICATOR": "CsdsGroupTherapy",
    "ADMINISTRATIVE CATEGORY CODE": "CsdsAdministrativeCategory",
    "ACTIVITY LOCATION TYPE CODE": "CsdsActivityLocationType",
    "PERSON STATED GENDER CODE": "CsdsStatedGender",
    "ETHNIC CATEGORY": "CsdsEthnicCategory",
    "NHS NUMBER STATUS INDICATOR CODE": "CsdsNhsNumberStatus",
    "LANGUAGE CODE (PREFERRED)": "CsdsLanguage",
    "DEATH LOCATION TYPE CODE (PREFERRED)": "CsdsDeathLocation",
    "DEATH LOCATION TYPE CODE (ACTUAL)": "CsdsDeathLocation",
    "PRIORITY TYPE CODE": "CsdsPriorityType",
    "DIAGNOSIS SCHEME IN USE (COMMUNITY CARE)": "CsdsDiagnosisScheme",
    "PROCEDURE SCHEME IN USE (COMMUNITY CARE)": "CsdsProcedureScheme",
    "FINDING SCHEME IN USE (COMMUNITY CARE)": "CsdsFindingScheme",
    "OBSERVATION SCHEME IN USE (COMMUNITY CARE)": "CsdsObservationScheme",
    "DISABILITY CODE": "CsdsDisability",
}
"""The ConceptMap of every column whose list is known."""

LISTED: Mapping[str, str] = {
    "SERVICE OR TEAM TYPE REFERRED TO (COMMUNITY CARE)": "01 02 03 04 05 06 07 09 10 11 12 13 14 15 16 17 19 20 21 23 "
    "24 25 26 27 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58",
    "ATTENDANCE STATUS": "0 2 3 4 5 6 7",
    "CONSULTATION MECHANISM (COMMUNITY CARE)": "01 02 04 05 09 10 11 12 13 98",
    "COMMUNITY CARE ACTIVITY TYPE": "01 02 03 04 05 06 07 08 09 10 11 12 97",
    "CONSULTATION TYPE": "01 02",
    "CARE CONTACT SUBJECT": "01 02",
    "GROUP THERAPY INDICATOR": "Y N Z",
    "ADMINISTRATIVE CATEGORY CODE": "01 02 03 04 98 99",
    "ACTIVITY LOCATION TYPE CODE": "A01 A02 B01 B02 C01 E01 E02 E03 E04 G01 H01 L01 X01",
}
"""Codes of CSDS v1.6 as a London trust's pipeline encodes them (ETOS 1.6.10), and those of NHS Data Dictionary change
request 1763 that the mapping speaks of. Facts, checked against the source file where it is present."""
RETIRED = "08 18 22 28"
"""Gaps in the list of team types."""


def sources(map_name: str) -> set[str]:
    return {element["code"] for element in concept_map(map_name)["group"][0]["element"]}


@pytest.mark.parametrize("element", LISTED)
def test_every_listed_code_is_mapped_and_has_words(element: str) -> None:
    listed = set(LISTED[element].split())
    assert listed <= sources(MAP_OF[element])
    for code in listed:
        concept = codes.mapped(MAP_OF[element], code)
        assert concept
        assert concept["text"] != code


def test_the_adapter_reports_exactly_the_codes_that_the_maps_do_not_have() -> None:
    checked = {
        column.titles[0]: column.codes
        for table in tables.TABLES.values()
        for column in table.columns
        if column.codes is not None
    }
    assert checked == {title: frozenset(sources(name)) for title, name in MAP_OF.items()}


def test_every_map_of_the_feed_names_its_table_and_says_whether_the_list_is_whole() -> None:
    ours = [name for name in names() if name.startswith("Csds")]
    assert set(MAP_OF.values()) < set(ours)
    for name in ours:
        description = concept_map(name)["description"]
        assert any(source in description for source in ("CSDS", "NHS Data Dictionary", "SNOMED CT", "UK Core"))
        assert "Complete:" in description or "Not complete:" in description, name


@pytest.mark.parametrize("code", RETIRED.split())
def test_a_retired_team_type_keeps_its_own_coding_and_no_words_are_guessed(code: str) -> None:
    assert codes.mapped("CsdsTeamType", code) == {
        "coding": [{"system": "https://toldonce.example/CodeSystem/csds-team-type", "code": code}],
        "text": code,
    }


def test_an_unknown_ethnic_category_travels_as_sent() -> None:
    person = records.MasterPatientIndex(provider="X9C", local_patient="C1", organisation="X9C", ethnic_category="QQ")
    state = records.State(as_of="2026-07-01", person=person)
    patient = to_resources(state, Ids(b"s" * 32, SourcePatient("X9C", "C1"), "community"))[0]
    (ethnic,) = [one for one in patient["extension"] if one["url"].endswith("EthnicCategory")]
    assert ethnic["valueCodeableConcept"]["text"] == "QQ"
    assert [one["code"] for one in ethnic["valueCodeableConcept"]["coding"]] == ["QQ"]
