"""Client Level Data -> UK Core."""

from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.social_care import values
from adapters.social_care.records import (
    Assessment,
    Association,
    Caring,
    Person,
    Request,
    Review,
    Service,
)
from integration.sharing.mask import location_free
from integration.sharing.relationship import evidence_of
from mappings import uk_core
from mappings.uk_core import Resource
from tests.unit.mappings.social_care_rows import CARE, IDS, flag_texts, labels, mapped, of_type, row


def test_the_patient_is_what_the_council_states_and_never_verified():
    (patient,) = of_type(mapped(row(CARE)), "Patient")

    assert patient["id"] == IDS.own("Patient")
    number, local = patient["identifier"]
    assert number["value"] == "9990000018"
    assert number["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "02"
    assert local == {"system": "https://toldonce.example/Id/X9L/la-person-id", "value": "101"}
    assert "name" not in patient
    assert (patient["gender"], patient["birthDate"]) == ("female", "1941-05-06")
    assert patient["address"] == [{"use": "home", "postalCode": "CV1 2AB"}]
    assert patient["generalPractitioner"][0]["identifier"]["value"] == "X90201"
    assert patient["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "B"


def test_a_pseudonym_is_not_an_nhs_number():
    (patient,) = of_type(mapped(row(CARE), person=Person(local_id="101", pseudonym="9990000018")), "Patient")

    assert uk_core.NHS_NUMBER not in {identifier["system"] for identifier in patient["identifier"]}
    assert patient["extension"][0]["url"].endswith("NHSNumberUnavailableReason")


def test_ethnicity_that_is_no_category_stays_text():
    (patient,) = of_type(mapped(row(CARE), person=Person(local_id="101", ethnicity="White")), "Patient")

    assert {"text": "White"} in [extension["valueCodeableConcept"] for extension in patient["extension"]]


def test_a_request_is_a_service_request_to_the_council():
    request = row(
        Request(route_of_access="Discharge from Hospital"), "2025-01-10", "2025-01-12", outcome="NFA: Support declined"
    )

    (found,) = of_type(mapped(request), "ServiceRequest")

    assert (found["status"], found["authoredOn"]) == ("completed", "2025-01-10")
    assert found["performer"][0]["identifier"]["value"] == "X9L"
    route, outcome = (extension["valueCodeableConcept"] for extension in found["extension"])
    assert route == {"text": "Discharge from Hospital"}
    assert outcome["coding"][0]["code"] == "NFA-SD"
    assert labels(found) == []


@pytest.mark.parametrize(
    ("detail", "class_code", "title"),
    [
        (Assessment(method="Service user and carer"), "AMB", "Social care assessment"),
        (
            Assessment(type="Long term assessment", method="Home visit"),
            "FLD",
            "Social care assessment: Long term assessment",
        ),
        (Review(reason="Planned", method="Telephone"), "VR", "Social care review: Planned"),
        (Review(method="By pigeon"), "AMB", "Social care review"),
    ],
)
def test_an_assessment_or_review_is_a_finished_encounter(detail, class_code, title):
    (found,) = of_type(mapped(row(detail, "2025-03-01", "2025-03-20")), "Encounter")

    assert (found["status"], found["class"]["code"]) == ("finished", class_code)
    assert found["type"] == [{"text": title}]
    assert found["period"] == {"start": "2025-03-01", "end": "2025-03-20"}
    assert found["serviceProvider"]["identifier"]["value"] == "X9L"


def test_services_are_activities_of_one_plan_and_costs_stay_with_the_council():
    ended = row(CARE, "2024-01-01", "2024-06-01", outcome="NFA: Support declined")
    planned = row(CARE, "2025-12-01")

    resources = mapped(ended, row(CARE), planned)

    (plan,) = of_type(resources, "CarePlan")
    assert plan["status"] == "active"
    assert plan["category"][0]["coding"][0]["code"] == "734163000"
    assert plan["period"] == {"start": "2024-01-01"}
    details = [activity["detail"] for activity in plan["activity"]]
    assert [detail["status"] for detail in details] == ["stopped", "in-progress", "scheduled"]
    assert details[1]["code"]["text"] == "Home support or domiciliary care"
    assert details[1]["performer"][0]["display"] == "Good Care"
    assert "14 planned units per week" in details[1]["description"]
    assert "21.50" not in str(resources)


def test_a_plan_whose_services_have_all_ended_is_completed_and_its_team_inactive():
    resources = mapped(row(CARE, "2024-01-01", "2024-06-01"))

    (plan,), (team,) = of_type(resources, "CarePlan"), of_type(resources, "CareTeam")
    assert (plan["status"], plan["period"]["end"]) == ("completed", "2024-06-01")
    assert team["status"] == "inactive"


def test_the_care_team_is_the_council_the_providers_and_the_carers():
    resources = mapped(row(CARE), carers=("900",))

    (team,) = of_type(resources, "CareTeam")
    (carer,) = of_type(resources, "RelatedPerson")
    assert team["managingOrganization"][0]["identifier"]["value"] == "X9L"
    assert [participant["role"][0]["text"] for participant in team["participant"]] == [
        "Local authority adult social care", "Care provider", "Unpaid carer",
    ]  # fmt: skip
    assert team["participant"][2]["member"]["reference"] == f"RelatedPerson/{carer['id']}"
    assert carer["active"] is True
    assert carer["identifier"][0]["value"] == "900"


def test_a_carer_is_no_longer_active_when_the_council_says_there_is_none():
    (carer,) = of_type(
        mapped(row(CARE), person=Person(local_id="101", has_unpaid_carer="No"), carers=("900",)), "RelatedPerson"
    )

    assert carer["active"] is False


def test_a_carers_own_record_names_the_adults_cared_for():
    caring = row(
        Association(),
        None,
        client_type=values.KNOWN_BY_ASSOCIATION,
        caring=Caring(linked=("555",), hours_per_week="20 or more"),
    )

    resources = mapped(caring, person=Person(local_id="101"))

    (adult,) = of_type(resources, "RelatedPerson")
    assert (adult["identifier"][0]["value"], adult["relationship"][0]["text"]) == ("555", "Adult cared for")
    assert flag_texts(resources) == {"Is an unpaid carer": "active"}
    assert not of_type(resources, "CarePlan")


def test_of_a_carer_the_adults_record_holds_the_councils_id_and_nothing_else():
    carer = Person(local_id="900", nhs_number="9912003888", birth_date="1970-02-03", postcode="CV9 9ZZ", gender="Male")
    own = row(
        Association(), None, person=carer, client_type=values.CARER, caring=Caring(linked=("101",), hours_per_week="35")
    )

    adult = str(mapped(row(CARE), carers=("900",)))
    carers_own = str(mapped(own, person=carer))

    assert all(told not in adult for told in ("9912003888", "1970-02-03", "CV9 9ZZ", "35"))
    assert all(told not in carers_own for told in ("9990000018", "1941-05-06", "CV1 2AB"))


def test_reviews_and_assessments_stand_in_the_plan_but_for_safeguarding():
    reviewed = row(Review(reason="Planned"), "2025-03-01", "2025-03-20")
    guarded = row(Review(reason=values.SAFEGUARDING_REVIEW), "2025-04-01", "2025-04-02")
    assessed = row(Assessment(type="Long term assessment"), "2025-01-01", "2025-01-20")

    resources = mapped(row(CARE), reviewed, guarded, assessed)

    (plan,) = of_type(resources, "CarePlan")
    encounters = {encounter["type"][0]["text"]: encounter for encounter in of_type(resources, "Encounter")}
    _, review = plan["activity"]
    assert review["detail"]["code"]["text"] == "Review of the care and support plan"
    assert [one["reference"] for one in review["outcomeReference"]] == [
        f"Encounter/{encounters['Social care review: Planned']['id']}"
    ]
    assert [one["reference"] for one in plan["supportingInfo"]] == [
        f"Encounter/{encounters['Social care assessment: Long term assessment']['id']}"
    ]
    assert labels(encounters["Social care review: Unplanned - Safeguarding concern"]) == ["R"]
    assert "afeguarding" not in str(plan)
    assert labels(plan) == []


RESIDENCE = Service(type="Long term support: Residential care", provider_name="The Limes", provider_id="1-0618862038")


def test_a_care_home_whose_ods_code_is_known_has_a_relationship_with_its_residents_while_they_live_there():
    lives = mapped(row(RESIDENCE), row(CARE, "2023-01-01"))
    left = mapped(row(RESIDENCE, end="2025-06-01"), row(CARE, "2023-01-01"))
    moving_in = mapped(row(RESIDENCE, "2025-12-01"), row(CARE, "2023-01-01"))

    def evidence(resources: list[Resource]) -> set[tuple[str, str, str]]:
        shown = (one for resource in resources for one in evidence_of(resource, "X9L"))
        return {(one.kind, one.organisation, str(one.start)) for one in shown if one.organisation != "X9L"}

    registered = ("registration", "X90201", "None")
    assert evidence(lives) == {("care-team", "X9K01", "2025-02-01"), registered}
    assert evidence(left) == {registered}
    assert evidence(moving_in) == {("care-team", "X9K01", "2025-12-01"), registered}


def test_a_care_home_is_a_place_and_one_organisation_with_both_its_ids():
    resources = mapped(row(RESIDENCE))

    (place,) = of_type(resources, "Location")
    (plan,) = of_type(resources, "CarePlan")
    (team,) = of_type(resources, "CareTeam")
    home = next(one for one in of_type(resources, "Organization") if one["name"] == "The Limes")
    detail = plan["activity"][0]["detail"]
    assert detail["location"]["reference"] == f"Location/{place['id']}"
    assert detail["performer"][0]["reference"] == f"Organization/{home['id']}"
    assert team["participant"][1]["member"]["reference"] == f"Organization/{home['id']}"
    assert [identifier["value"] for identifier in home["identifier"]] == ["X9K01", "1-0618862038"]
    assert home["id"] == IDS.directory("Organization", "X9K01")


def test_a_provider_that_is_only_a_name_is_referred_to_so_that_it_can_be_withheld():
    resources = mapped(row(Service(type="Long term support: Residential care", provider_name="The Limes")))

    (plan,) = of_type(resources, "CarePlan")
    hidden = location_free(plan)
    assert "The Limes" in str(plan)
    assert hidden is not None
    assert "The Limes" not in str(hidden)


_DAYS = st.sampled_from(["2024-11-01", "2025-02-01", "2025-06-01"])


def _listed(field: str) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(values.LISTS[field]) | st.just("something else")


_DETAILS = st.one_of(
    st.builds(Request, route_of_access=_listed("route_of_access")),
    st.builds(Assessment, type=_listed("assessment.type"), eligible_needs=st.sampled_from([None, "Yes"])),
    st.builds(Review, reason=_listed("reason"), outcomes_achieved=st.sampled_from([None, "Partially"])),
    st.builds(
        Service,
        type=_listed("service.type"),
        component=_listed("component"),
        provider_id=st.sampled_from([None, "1-1", "1-2"]),
        provider_name=st.sampled_from([None, "Good Care"]),
    ),
)
_PEOPLE = st.builds(
    Person,
    local_id=st.just("101"),
    nhs_number=st.sampled_from([None, "9990000018"]),
    pseudonym=st.sampled_from([None, "A1"]),
    birth_date=st.sampled_from([None, "1941-05-06"]),
    death_date=st.sampled_from([None, "2025-10-01"]),
    postcode=st.sampled_from([None, "CV1 2AB"]),
    practice_code=st.sampled_from([None, "X90201"]),
    practice_name=st.sampled_from([None, "Radford Road"]),
    gender=st.sampled_from([None, *values.LISTS["gender"]]),
    ethnicity=_listed("ethnicity"),
    primary_support_reason=_listed("primary_support_reason"),
    accommodation_status=_listed("accommodation_status"),
    employment_status=st.sampled_from([None, "Retired"]),
    has_unpaid_carer=st.sampled_from([None, *values.LISTS["dementia"]]),
    autism=st.sampled_from([None, "Yes"]),
    visual_impairment=_listed("visual_impairment"),
    hearing_impairment=_listed("hearing_impairment"),
    dementia=st.sampled_from([None, "Yes"]),
    funding_status=_listed("funding_status"),
)
_ROWS = st.builds(
    row,
    _DETAILS,
    _DAYS,
    st.sampled_from([None, "2025-07-01"]),
    client_type=st.sampled_from(values.LISTS["client_type"]),
    description=st.sampled_from([None, "Safeguarding concern", "Home visit"]),
    outcome=_listed("outcome"),
    reference=st.sampled_from([None, "E1"]),
    caring=st.builds(Caring, linked=st.sampled_from([(), ("900",)])),
)


def references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return own + [found for inner in value.values() for found in references(inner)]
    return [found for inner in value for found in references(inner)] if isinstance(value, list) else []


@settings(deadline=None)
@given(st.lists(_ROWS, min_size=1, max_size=3), _PEOPLE, st.sampled_from([(), ("900",), ("900", "901")]))
def test_all_that_is_said_is_valid_fhir_and_refers_to_what_is_there(rows, person, carers):
    resources = mapped(*rows, person=person, carers=carers)

    there = {f"{resource['resourceType']}/{resource['id']}" for resource in resources} | {uk_core.SUBJECT}
    for resource in resources:
        kind = resource["resourceType"]
        get_fhir_model_class(kind).model_validate(resource)
        assert resource["meta"]["profile"]
        assert set(references(resource)) <= there
    assert len(of_type(resources, "Patient")) == 1
    assert resources[0]["resourceType"] == "Patient"
