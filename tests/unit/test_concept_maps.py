"""Every code table is a sound FHIR ConceptMap, and looking up never guesses."""

import pytest
from fhir.resources.R4B import get_fhir_model_class

from mappings.concept_maps import CANONICAL, concept_map, names, translate


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
