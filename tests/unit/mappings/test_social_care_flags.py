"""Client Level Data -> UK Core: impairments, conditions, safeguarding, and where somebody lives."""

import pytest

from adapters.social_care.records import (
    APPROVED_PREMISES,
    PRISON,
    REFUGE,
    Person,
    Request,
    Row,
    Service,
)
from mappings import uk_core
from tests.unit.mappings.social_care_rows import CARE, flag_texts, labels, mapped, of_type, row


def concern(stage: str, day: str) -> Row:
    return row(Request(), day, day, description=f"Safeguarding concern{stage}")


@pytest.mark.parametrize(
    ("said", "impairment"),
    [
        ({"visual_impairment": "Blind/severely sight impaired"}, ["vision"]),
        ({"hearing_impairment": "Deaf without speech"}, ["hearing"]),
        ({"hearing_impairment": "No hearing impairment", "visual_impairment": "Unknown"}, []),
    ],
)
def test_a_registered_impairment_keeps_the_councils_words(said, impairment):
    found = of_type(mapped(row(CARE), person=Person(local_id="101", **said)), "Condition")

    assert [condition["code"]["coding"][0]["code"] for condition in found] == impairment
    assert all(condition["code"]["text"] in said.values() for condition in found)


def test_impairments_hang_on_the_reasonable_adjustment_flag():
    resources = mapped(row(CARE))

    (existence,) = [
        flag for flag in of_type(resources, "Flag") if flag["meta"]["profile"] == [uk_core.RA_PATIENT_FLAG_PROFILE]
    ]
    impairments = {
        f"Condition/{condition['id']}": condition["code"]["coding"][0]["code"]
        for condition in of_type(resources, "Condition")
        if condition["meta"]["profile"] == [uk_core.RA_CONDITION_PROFILE]
    }
    linked = [extension["valueReference"]["reference"] for extension in existence["extension"]]
    assert existence["code"]["coding"][0]["code"] == "national-reasonable-adjustment-flag"
    assert sorted(impairments[reference] for reference in linked) == ["hearing", "memory"]


def test_dual_sensory_support_is_two_impairments_and_physical_support_none():
    dual = Person(local_id="101", primary_support_reason="Sensory support: Support for dual impairment")
    physical = Person(local_id="101", primary_support_reason="Physical support: Access and mobility only")

    assert len(of_type(mapped(row(CARE), person=dual), "Condition")) == 3
    assert len(of_type(mapped(row(CARE), person=physical), "Condition")) == 1
    assert flag_texts(mapped(row(CARE), person=physical)) == {}


def test_dementia_is_an_unconfirmed_condition():
    codes = {
        coding["code"]: condition["verificationStatus"]["coding"][0]["code"]
        for condition in of_type(mapped(row(CARE)), "Condition")
        for coding in condition["code"]["coding"]
        if coding["system"] == uk_core.SNOMED
    }

    assert codes == {"52448006": "unconfirmed"}


@pytest.mark.parametrize(
    ("stages", "flags"),
    [
        (["", ""], [("active", {"start": "2025-03-01"})]),
        (["", " closed"], [("inactive", {"start": "2025-03-01", "end": "2025-03-02"})]),
        (["", " closed", " reopened"], [("active", {"start": "2025-03-01"})]),
        (
            ["", " closed", ""],
            [("inactive", {"start": "2025-03-01", "end": "2025-03-02"}), ("active", {"start": "2025-03-03"})],
        ),
        ([" reopened"], [("active", {"start": "2025-03-01"})]),
        ([": she disclosed that he hits her"], [("active", {"start": "2025-03-01"})]),
        (["", ": found behind a closed door"], [("active", {"start": "2025-03-01"})]),
        (["", " closed", " reopened, was closed in error"], [("active", {"start": "2025-03-01"})]),
        (["", " enquiry - closed: no risk"], [("inactive", {"start": "2025-03-01", "end": "2025-03-02"})]),
        ([" closed"], []),
    ],
)  # fmt: skip
def test_a_safeguarding_concern_is_a_restricted_flag_until_it_is_closed(stages, flags):
    rows = [concern(stage, f"2025-03-0{day}") for day, stage in enumerate(stages, start=1)]

    resources = mapped(*rows, person=Person(local_id="101"))

    found = of_type(resources, "Flag")
    assert [(flag["status"], flag["period"]) for flag in found] == flags
    assert {flag["code"]["coding"][0]["code"] for flag in found} <= {"514331000000104"}
    restricted = [*found, *of_type(resources, "ServiceRequest")]
    assert [labels(resource) for resource in restricted] == [["R"]] * len(restricted)


def test_raised_and_closed_on_one_day_are_two_requests_and_a_closed_flag():
    resources = mapped(concern(" closed", "2025-03-01"), concern("", "2025-03-01"), person=Person(local_id="101"))

    assert len({request["id"] for request in of_type(resources, "ServiceRequest")}) == 2
    assert [flag["status"] for flag in of_type(resources, "Flag")] == ["inactive"]


@pytest.mark.parametrize(
    ("service", "accommodation", "code"),
    [
        (Service(type="Long term support: Nursing care"), None, "160734000"),
        (CARE, "Registered care home", "248171000000108"),
    ],
)
def test_somebody_who_lives_in_a_care_home_is_flagged(service, accommodation, code):
    resources = mapped(row(service), person=Person(local_id="101", accommodation_status=accommodation))

    (flag,) = of_type(resources, "Flag")
    assert flag["code"]["coding"][0]["code"] == code


@pytest.mark.parametrize("home", [REFUGE, PRISON, APPROVED_PREMISES])
def test_living_where_it_tells_of_abuse_or_an_offence_is_restricted_and_a_house_is_not(home):
    person = Person(local_id="101", accommodation_status=home, employment_status="Unknown")
    housed = Person(local_id="101", accommodation_status="Tenant: Private landlord")

    assert [labels(found) for found in of_type(mapped(row(CARE), person=person), "Observation")] == [["R"]]
    assert [labels(found) for found in of_type(mapped(row(CARE), person=housed), "Observation")] == [[]]
