"""Every code table is a sound FHIR ConceptMap that lists what its source lists, and looking up never guesses.

`concept_map_values/*.json` registers every map, one file for each feed:

    values   codes that the format's documents and real files list for it; each must be in the map, if only as unmatched
    table    how the source table is named; the map's title, description or a group's source must name it so
    gap      where the source's full list could not be obtained: the words with which the description says so
    sample   a file of code lists beside the repository (`file.csv#list`) all of whose codes the map must hold
    targets  such a file whose codes and displays the map's targets must be

A new map needs an entry there, or the first test fails.
"""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from mappings.concept_maps import CANONICAL, concept_map, names, translate

HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared"
REGISTERED: dict[str, dict[str, Any]] = {
    name: entry
    for path in sorted(HERE.joinpath("concept_map_values").glob("*.json"))
    for name, entry in json.loads(path.read_text("utf-8")).items()
}


def elements(name: str) -> dict[str, list[dict[str, Any]]]:
    """{source code: its targets} of all groups."""
    found: dict[str, list[dict[str, Any]]] = {}
    for group in concept_map(name)["group"]:
        for element in group["element"]:
            found.setdefault(element["code"], []).extend(element["target"])
    return found


def test_every_map_is_registered_and_every_registered_map_exists() -> None:
    missing = sorted(set(names()) - set(REGISTERED))
    gone = sorted(set(REGISTERED) - set(names()))
    assert not missing, f"register the values that must be in {missing}: tests/unit/concept_map_values/<feed>.json"
    assert not gone, f"no longer a map: {gone}"


@pytest.mark.parametrize("name", sorted(REGISTERED))
def test_every_registered_value_is_in_its_map_if_only_as_unmatched(name: str) -> None:
    values = REGISTERED[name]["values"]
    assert values, f"{name} registers no values"
    assert sorted(set(values) - set(elements(name))) == []


@pytest.mark.parametrize("name", sorted(REGISTERED))
def test_every_map_names_its_source_table_and_what_of_it_could_not_be_obtained(name: str) -> None:
    content, entry = concept_map(name), REGISTERED[name]
    named = " ".join([content["title"], content["description"], *(group["source"] for group in content["group"])])
    assert entry["table"] in named
    assert entry.get("gap", "") in content["description"]


def listed_in(sample: str) -> dict[str, str]:
    """{code: display} of a file of code lists: XML CodeSystem or ValueSet, FHIR Shorthand, or CSV."""
    file, _, part = sample.partition("#")
    path = SHARED / file
    if not path.exists():
        pytest.skip(f"no sample code list: {path} is missing")
    text = path.read_text("utf-8-sig")
    if path.suffix == ".csv":
        rows = csv.DictReader(text.splitlines())
        return {row["code"]: row["description"] for row in rows if row["data_element"] == part}
    if path.suffix == ".fsh":
        return dict(re.findall(r'#(\S+)\s+"([^"]*)"', text))
    return dict(re.findall(r'<code value="([^"]*)"\s*/>\s*<display value="([^"]*)"', text))


@pytest.mark.samples
@pytest.mark.parametrize("name", sorted(name for name, entry in REGISTERED.items() if "sample" in entry))
def test_every_code_of_a_real_code_list_is_in_its_map(name: str) -> None:
    codes = listed_in(REGISTERED[name]["sample"])
    assert codes
    assert sorted(set(codes) - set(elements(name))) == []


@pytest.mark.samples
@pytest.mark.parametrize("name", sorted(name for name, entry in REGISTERED.items() if "targets" in entry))
def test_every_target_is_a_code_of_the_published_list_with_its_display(name: str) -> None:
    published = listed_in(REGISTERED[name]["targets"])
    for targets in elements(name).values():
        for target in targets:
            assert "code" not in target or published.get(target["code"]) == target["display"]


def test_there_are_maps() -> None:
    assert {"AcuteAdministrativeGender", "AcutePatientClass", "AcuteDischargeDestination"} <= set(names())


@pytest.mark.parametrize("name", names())
def test_every_map_is_a_valid_concept_map_under_its_own_url(name: str) -> None:
    content = concept_map(name)
    get_fhir_model_class("ConceptMap").model_validate(content)
    assert (content["resourceType"], content["status"]) == ("ConceptMap", "active")
    assert content["url"] == f"{CANONICAL}{name}"


@pytest.mark.parametrize("name", names())
def test_every_source_code_means_one_thing(name: str) -> None:
    for group in concept_map(name)["group"]:
        codes = [element["code"] for element in group["element"]]
        assert len(codes) == len(set(codes))
        assert group["source"]
        assert group.get("target") or not any("code" in target for one in group["element"] for target in one["target"])


@pytest.mark.parametrize("name", names())
def test_every_mapped_code_translates_and_an_unmatched_one_does_not(name: str) -> None:
    for group in concept_map(name)["group"]:
        for element in group["element"]:
            unmatched = all(target["equivalence"] in ("unmatched", "disjoint") for target in element["target"])
            found = translate(name, element["code"])
            assert unmatched or (found is not None and found["code"])
            assert not (unmatched and any(target.get("code") for target in element["target"]))


def test_an_unknown_code_or_map() -> None:
    assert translate("AcutePatientClass", "not a code") is None
    assert translate("AcutePatientClass", "") is None
    with pytest.raises(FileNotFoundError):
        translate("NoSuchMap", "1")


def test_the_caller_cannot_change_the_map() -> None:
    first = translate("AcuteAdministrativeGender", "1")
    assert first == {"system": "http://hl7.org/fhir/administrative-gender", "code": "male", "display": "Male"}
    first["code"] = "changed"
    assert translate("AcuteAdministrativeGender", "1") != first


@pytest.mark.parametrize(
    ("name", "source", "target"),
    [
        ("AcuteAdministrativeGender", "2", "female"),
        ("AcuteAdministrativeGender", "0", "unknown"),
        ("AcuteAdministrativeGender", "9", "other"),
        ("AcuteAdministrativeGender", "F", "female"),
        ("AcuteLanguage", "q4", "bfi"),
        ("AcuteLanguage", "pl", "pl"),
        ("AcuteAdmissionMethod", "2A", "2A"),
        ("AcuteDischargeMethod", "4", "4"),
        ("AcuteRelationship", "20", "Carer"),
        ("AcuteRelationship", "MTH", "MTH"),
        ("AcuteEthnicCategory", "99", "99"),
    ],
)
def test_some_meanings(name: str, source: str, target: str) -> None:
    found = translate(name, source)
    assert found is not None
    assert found["code"] == target


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("AcuteDischargeMethod", "2"),
        ("AcuteDischargeMethod", "10"),
        ("AcuteLanguage", "q5"),
        ("AcutePatientClass", "W"),
    ],
)
def test_what_has_no_counterpart_is_not_guessed(name: str, source: str) -> None:
    assert translate(name, source) is None
