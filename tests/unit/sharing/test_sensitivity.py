"""What makes a resource sensitive, and whom one may not locate."""

import json
from importlib import resources

import pytest

from integration.sharing.sensitivity import (
    LEGAL,
    SENSITIVITIES,
    is_restricted,
    label_of,
    sensitivities_of,
    sensitivity_of_label,
)
from mappings import uk_core
from mappings.datatypes import concept, security_label, snomed

RESTRICTED = security_label(uk_core.CONFIDENTIALITY, "R")
ICD10 = "http://hl7.org/fhir/sid/icd-10"


def condition(code: dict | None = None, *labels: dict) -> dict:
    return {"resourceType": "Condition", "meta": {"security": list(labels)}, "code": code or snomed("195967001")}


def act(code: str) -> dict:
    return security_label(uk_core.ACT_CODE, code)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (condition(), set()),
        (condition(snomed("240589008")), {"sexual health"}),
        (condition(snomed("86406008")), {"sexual health"}),
        (condition(concept(ICD10, "A54.9")), {"sexual health"}),
        (condition(concept(ICD10, "A099")), set()),
        (condition(concept(ICD10, "Z31.2")), {"assisted conception (HFE Act)"}),
        (condition(concept(ICD10, "Z31.9")), set()),
        (condition(snomed("57797005")), {"termination of pregnancy"}),
        (condition(snomed("93461009")), {"gender"}),
        (condition(snomed("63487001")), {"assisted conception (HFE Act)"}),
        (condition(concept("http://loinc.org", "240589008")), set()),
        (condition(None, RESTRICTED), {"marked sensitive by the source"}),
        (condition(None, security_label(uk_core.CONFIDENTIALITY, "V")), {"marked sensitive by the source"}),
        (condition(None, security_label(uk_core.CONFIDENTIALITY, "N")), set()),
        (condition(None, RESTRICTED, act("HIV")), {"sexual health"}),
        (condition(None, RESTRICTED, act("SDV")), {"safeguarding"}),
        (condition(None, act("VIO"), act("STD")), {"safeguarding", "sexual health"}),
        (condition(None, act("NOPAT")), {"third party"}),
        (condition(None, RESTRICTED, act("PSY")), {"marked sensitive by the source"}),
        (condition(snomed("57797005"), RESTRICTED), {"termination of pregnancy"}),
        (
            condition(None, label_of("gender recognition (Gender Recognition Act)")),
            {"gender recognition (Gender Recognition Act)"},
        ),
    ],
)
def test_sensitivities_of(resource: dict, expected: set[str]):
    assert sensitivities_of(resource) == expected


def test_a_sensitive_reason_value_or_component_counts_as_much_as_a_code():
    encounter = {"resourceType": "Encounter", "reasonCode": [snomed("57797005")]}
    observation = {
        "resourceType": "Observation",
        "code": snomed("1"),
        "component": [{"valueCodeableConcept": snomed("93461009")}],
    }

    assert sensitivities_of(encounter) == {"termination of pregnancy"}
    assert sensitivities_of(observation) == {"gender"}


def test_a_sexual_health_clinic_is_told_by_its_treatment_function():
    clinic = concept("https://fhir.hl7.org.uk/CodeSystem/UKCore-PracticeSettingCodeEngland", "360")

    assert sensitivities_of({"resourceType": "Encounter", "serviceType": clinic}) == {"sexual health"}


def test_a_safeguarding_flag_is_sensitive_even_without_a_label():
    flag = {
        "resourceType": "Flag",
        "code": concept(uk_core.RA_PATIENT_FLAG, "child-protection-information-system-flag"),
    }

    assert sensitivities_of(flag) == {"safeguarding"}


def test_a_restricted_patient_is_not_sensitive_but_must_not_be_located():
    patient = {"resourceType": "Patient", "meta": {"security": [RESTRICTED, act("LOCIS")]}}

    assert sensitivities_of(patient) == frozenset()
    assert is_restricted(patient)
    assert not is_restricted({"resourceType": "Patient"})


def test_the_lists_are_whole():
    lists = json.loads(resources.files("integration.sharing").joinpath("sensitive_codes.json").read_text("utf-8"))
    codes = [code for kept in lists["sensitivities"].values() for code in kept["snomed"]]

    assert lists["own system"] == uk_core.SENSITIVITY
    assert LEGAL < SENSITIVITIES
    assert lists["unexplained"] in SENSITIVITIES
    assert all(lists["sensitivities"][name]["sources"] for name in LEGAL | {"sexual health"}), "which laws"
    assert len(codes) == len(set(codes))
    assert {sensitivity_of_label(**_parts(label_of(name))) for name in SENSITIVITIES} == SENSITIVITIES


def _parts(label: dict) -> dict[str, str]:
    return {"system": label["system"], "code": label["code"]}


def test_every_snomed_code_has_a_valid_check_digit():
    lists = json.loads(resources.files("integration.sharing").joinpath("sensitive_codes.json").read_text("utf-8"))

    assert [code for kept in lists["sensitivities"].values() for code in kept["snomed"] if not _verhoeff(code)] == []


def _verhoeff(code: str) -> bool:
    """SNOMED CT identifiers end in a Verhoeff check digit."""
    permutations = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
    for _ in range(6):
        permutations.append([permutations[1][digit] for digit in permutations[-1]])

    def combine(one: int, other: int) -> int:
        """The dihedral group of a pentagon."""
        if one < 5:
            return (one + other) % 5 if other < 5 else 5 + (one + other) % 5
        return 5 + (one - other) % 5 if other < 5 else (one - other) % 5

    check = 0
    for place, digit in enumerate(reversed(code)):
        check = combine(check, permutations[place % 8][int(digit)])
    return check == 0
