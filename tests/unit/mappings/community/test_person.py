"""Community Services Data Set -> UK Core: who somebody is, and what is to be known about them."""

import msgspec
import pytest

from adapters.community import records
from mappings import uk_core
from mappings.community import to_resources
from tests.unit.mappings.community.record import IDS, PERSON, STATE, P, codes_of, of_type, own


def test_the_patient_comes_first_and_once(resources: list[uk_core.Resource]) -> None:
    assert resources[0]["resourceType"] == "Patient"
    assert resources[0]["id"] == IDS.own("Patient")
    assert len(of_type(resources, "Patient")) == 1


def test_a_patient_without_names(resources: list[uk_core.Resource]) -> None:
    patient = resources[0]
    assert "name" not in patient
    number, local = patient["identifier"]
    assert (number["system"], number["value"]) == (uk_core.NHS_NUMBER, "9990000018")
    assert codes_of(number["extension"][0]["valueCodeableConcept"]) == ["01"]
    assert local["value"] == "C1"
    assert (patient["gender"], patient["birthDate"], patient["deceasedDateTime"]) == (
        "female",
        "1942-03-05",
        "2026-08-01",
    )
    assert patient["address"] == [{"use": "home", "postalCode": "CV1 2AB"}]
    assert patient["generalPractitioner"][0]["identifier"]["value"] == "X90102"
    assert patient["communication"][0]["language"]["coding"][0]["code"] == "bfi"


@pytest.mark.parametrize(("status", "expected"), [("02", "02"), (None, "02"), ("99", "02"), ("08", "08")])
def test_only_a_number_sent_as_verified_is_verified(status: str | None, expected: str) -> None:
    person = msgspec.structs.replace(PERSON, nhs_number_status=status)
    patient = to_resources(msgspec.structs.replace(STATE, person=person), IDS)[0]
    assert codes_of(patient["identifier"][0]["extension"][0]["valueCodeableConcept"]) == [expected]


def test_a_patient_without_a_number_says_that_it_is_not_known() -> None:
    person = msgspec.structs.replace(PERSON, nhs_number=None, nhs_number_status="04", ethnic_category=None)
    patient = to_resources(msgspec.structs.replace(STATE, person=person), IDS)[0]
    assert [one["system"] for one in patient["identifier"]] == ["https://toldonce.example/Id/X9C/local-patient"]
    (extension,) = patient["extension"]
    assert extension["url"].endswith("NHSNumberUnavailableReason")


def test_safeguarding_is_restricted_and_nothing_else_is(resources: list[uk_core.Resource]) -> None:
    restricted = [one for one in resources if one["meta"].get("security")]
    assert [codes_of(one["code"])[0] for one in restricted] == ["514331000000104", "342191000000101"]
    assert all(one["meta"]["security"] == [{"system": uk_core.CONFIDENTIALITY, "code": "R"}] for one in restricted)
    assert restricted[1]["status"] == "inactive"


def test_the_indicator_alone_makes_a_safeguarding_flag() -> None:
    state = records.State(as_of="2026-07-01", person=PERSON)
    (flag,) = of_type(to_resources(state, IDS), "Flag")
    assert codes_of(flag["code"]) == ["514331000000104"]
    assert flag["meta"]["security"][0]["code"] == "R"


@pytest.mark.parametrize(
    ("born", "expected"), [("2010-07-02", "836881000000105"), ("2008-07-01", "514331000000104"), (None, None)]
)
def test_a_childs_concern_has_a_code_of_its_own(born: str | None, expected: str | None) -> None:
    person = msgspec.structs.replace(PERSON, birth_date=born)
    (flag,) = of_type(to_resources(records.State(as_of="2026-07-01", person=person), IDS), "Flag")
    assert [coding["code"] for coding in flag["code"].get("coding", [])] == ([expected] if expected else [])
    assert flag["code"]["text"] == "Safeguarding vulnerability factors"


def test_a_looked_after_child_is_flagged_and_restricted() -> None:
    person = msgspec.structs.replace(PERSON, looked_after="Y", safeguarding="N")
    (flag,) = of_type(to_resources(records.State(as_of="2026-07-01", person=person), IDS), "Flag")
    assert codes_of(flag["code"]) == ["764841000000100"]
    assert flag["meta"]["security"][0]["code"] == "R"


def test_living_alone_is_a_flag_and_other_circumstances_observations(resources: list[uk_core.Resource]) -> None:
    alone = own(resources, "Flag", "X9C", "CYP006", "105529008", "2026-04-10")
    assert codes_of(alone["code"]) == ["105529008"]
    assert codes_of(alone["category"][0]) == ["safety"]
    other = own(resources, "Observation", "X9C", "CYP006", "160770002", "2026-04-10")
    assert codes_of(other["category"][0]) == ["social-history"]


def test_impairments_and_the_one_flag_that_says_they_exist(resources: list[uk_core.Resource]) -> None:
    impairments = [one for one in resources if one["meta"]["profile"] == [uk_core.RA_CONDITION_PROFILE]]
    (existence,) = [one for one in resources if one["meta"]["profile"] == [uk_core.RA_PATIENT_FLAG_PROFILE]]
    assert [codes_of(one["code"])[0] for one in impairments] == ["hearing"]  # NN states no impairment
    assert codes_of(existence["code"]) == ["national-reasonable-adjustment-flag"]
    assert [one["valueReference"]["reference"] for one in existence["extension"]] == [
        f"Condition/{impairments[0]['id']}"
    ]


def test_an_unknown_disability_code_is_kept_as_sent() -> None:
    state = records.State(
        as_of="2026-07-01", person=PERSON, disabilities=(records.Disability(**P, local_patient="C1", code="55"),)
    )
    (condition,) = of_type(to_resources(state, IDS), "Condition")
    assert codes_of(condition["code"]) == ["55"]
    assert condition["code"]["text"] == "55"


def test_the_main_carer_is_somebody_of_whom_the_relationship_is_known(resources: list[uk_core.Resource]) -> None:
    (carer,) = of_type(resources, "RelatedPerson")
    assert carer["relationship"][0]["text"] == "Main carer"
    assert codes_of(carer["relationship"][0]) == ["03"]
    assert "name" not in carer


def test_every_statement_of_a_confidential_record_is_marked_and_the_directory_is_not() -> None:
    state = msgspec.structs.replace(STATE, person=msgspec.structs.replace(PERSON, confidential=True))
    directory = {"Organization", "Practitioner", "PractitionerRole", "Location"}
    for resource in to_resources(state, IDS):
        security = resource.get("meta", {}).get("security", [])
        marked = [{"system": uk_core.CONFIDENTIALITY, "code": "R"}]
        assert security == ([] if resource["resourceType"] in directory else marked)


def test_where_somebody_died(resources: list[uk_core.Resource]) -> None:
    place = own(resources, "Observation", *PERSON.key(), "actual-death-location")
    assert place["effectiveDateTime"] == "2026-08-01"
    assert codes_of(place["valueCodeableConcept"]) == ["10"]


def test_where_somebody_wishes_to_die(resources: list[uk_core.Resource]) -> None:
    wish = own(resources, "Observation", *PERSON.key(), "preferred-death-location")
    assert wish["valueCodeableConcept"]["text"] == "Patient's own home"
