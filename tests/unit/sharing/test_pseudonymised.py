"""Rule 9: what leaves of a resource, looked at as somebody would who wants to know whose it is."""

import json
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.ingest.validity import invalidity
from integration.sharing.pseudonymised import PSEUDED, pseudonymised
from integration.sharing.pseudonyms import pseudonyms
from mappings import uk_core

TODAY = date(2026, 11, 20)
ID = "0b6f2c9e-6f2b-4d0a-9a51-0d8f4a3f2b11"
SECRET = b"of the deployment"
SUBJECT = {"subject": {"reference": f"Patient/{ID}"}}


def left(resource_type: str, **elements: Any) -> dict[str, Any]:
    resource = pseudonymised({"resourceType": resource_type, "id": ID, **elements}, TODAY)
    assert resource.pop("resourceType") == resource_type
    assert resource.pop("id") == ID
    assert resource.pop("meta")["security"] == [PSEUDED]
    return resource


def test_of_a_person_sex_year_and_district_are_left():
    found = left(
        "Patient",
        active=True,
        gender="female",
        birthDate="1942-03-14",
        name=[{"family": "Tanner", "given": ["Edith"]}],
        telecom=[{"system": "phone", "value": "024 7601 2345"}],
        identifier=[{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}],
        address=[{"line": ["4 Albany Road"], "city": "Coventry", "postalCode": "CV5 6ND"}],
        contact=[{"name": {"family": "Tanner"}}],
        generalPractitioner=[{"reference": f"Organization/{ID}"}],
        communication=[{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "pl"}]}}],
        deceasedDateTime="2026-10-01T11:00:00+01:00",
        extension=[{"url": "https://toldonce.example/x", "valueString": "anything"}],
        text={"status": "generated", "div": "<div>Edith</div>"},
        link=[{"other": {"reference": f"Patient/{ID}"}, "type": "seealso"}],
    )

    assert found == {
        "active": True,
        "gender": "female",
        "birthDate": "1942",
        "address": [{"postalCode": "CV5"}],
        "deceasedBoolean": True,
    }


@pytest.mark.parametrize(
    ("born", "told"), [("1936-11-21", None), ("1936", None), ("1937", "1937"), ("2026-11-01", "2026")]
)
def test_the_very_old_have_no_year(born: str, told: str | None):
    assert left("Patient", birthDate=born).get("birthDate") == told


@pytest.mark.parametrize(
    ("code", "district"), [("CV1 2AB", "CV1"), ("cv12ab", "CV1"), ("W1A 1HQ", "W1A"), ("here", None)]
)
def test_a_postcode_tells_its_district(code: str, district: str | None):
    assert left("Patient", address=[{"postalCode": code}]) == (
        {"address": [{"postalCode": district}]} if district else {}
    )


def test_codes_are_left_and_words_are_not():
    found = left(
        "Condition",
        code={
            "coding": [
                {"system": uk_core.SNOMED, "code": "13645005", "display": "Mrs Tanner's lungs", "userSelected": True},
                {"system": uk_core.LOCAL_ID + "X9A/note", "code": "9990000018"},
                {"system": "a system of their own", "code": "9990000018"},
                {"system": uk_core.SNOMED, "code": "see Mrs Tanner"},
            ],
            "text": "COPD since the mill closed",
        },
        reasonCode=[{"text": "she asked"}],
        note=[{"text": "rang 024 7601 2345", "authorString": "Dr A"}],
        title="Edith's plan",
        onsetDateTime="2026-03-14",
        recorder={"reference": f"Practitioner/{ID}", "display": "Dr A"},
        **SUBJECT,
    )

    masked = {"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "masked"}
    assert found == {
        "code": {"coding": [{"system": uk_core.SNOMED, "code": "13645005"}]},
        "reasonCode": [{"coding": [masked]}],
        "onsetDateTime": "2026-03",
        **SUBJECT,
    }


def test_numbers_and_months_are_left():
    found = left(
        "Observation",
        status="final",
        effectivePeriod={"start": "2026-03-14T09:30:00+00:00", "end": "2026-04-01"},
        issued="2026-03-14T09:30:00+00:00",
        valueQuantity={
            "value": 17.5,
            "unit": "as her son told",
            "system": "http://unitsofmeasure.org",
            "code": "kg/m2",
        },
        valueString="seventeen",
        encounter={"reference": f"Encounter/{ID}", "identifier": {"value": "V1"}, "display": "ward 4"},
        performer=[{"reference": f"Organization/{ID}"}],
        device={"display": "her scales"},
    )

    assert found == {
        "status": "final",
        "effectivePeriod": {"start": "2026-03", "end": "2026-04"},
        "valueQuantity": {"value": 17.5, "system": "http://unitsofmeasure.org", "code": "kg/m2"},
        "encounter": {"reference": f"Encounter/{ID}"},
    }


def test_who_did_it_and_where_are_gone():
    found = left(
        "Encounter",
        status="finished",
        participant=[
            {
                "type": [
                    {
                        "coding": [
                            {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "ATND"}
                        ]
                    }
                ],
                "individual": {"reference": f"Practitioner/{ID}", "display": "Dr A"},
            },
            {"individual": {"display": "Dr B"}},
        ],
        location=[{"location": {"reference": f"Location/{ID}"}}],
        serviceProvider={"reference": f"Organization/{ID}"},
    )

    role = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "ATND"}]}
    assert found == {"status": "finished", "participant": [{"type": [role]}]}


def test_what_was_left_is_left_again():
    once = pseudonymised(
        {"resourceType": "Patient", "id": ID, "birthDate": "1942-03-14", "address": [{"postalCode": "CV5 6ND"}]}, TODAY
    )
    assert pseudonymised(once, TODAY) == once


WORDS = st.just("SECRET Name 12")
CODING = st.fixed_dictionaries(
    {}, optional={"system": WORDS | st.just(uk_core.SNOMED), "code": WORDS, "display": WORDS}
)
LEAF = (
    st.booleans() | st.integers() | WORDS | st.fixed_dictionaries({"coding": st.lists(CODING), "text": WORDS}) | CODING
)
ELEMENT = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["code", "text", "value", "reference", "period", "detail", "role", "display", "note", "id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@given(
    st.dictionaries(
        st.sampled_from(["code", "activity", "participant", "period", "subject", "name", "reaction"]), ELEMENT
    )
)
def test_whatever_shape_it_has_no_words_leave(elements: dict[str, Any]):
    assert "SECRET" not in json.dumps(pseudonymised({"resourceType": "CarePlan", "id": ID, **elements}, TODAY))


@given(st.uuids(), st.uuids())
def test_pseudonyms_are_each_recipient_s_own_and_lead_back(one: UUID, other: UUID):
    hub, trust = pseudonyms(SECRET, "X9H"), pseudonyms(SECRET, "X9A")

    assert hub.meaning(hub.of(one)) == one
    assert len({one, hub.of(one), trust.of(one), pseudonyms(b"another", "X9H").of(one)}) == 4
    assert (hub.of(one) == hub.of(other)) == (one == other)
    assert (
        hub.in_all(f'"Patient/{one}" and {other}'.encode()) == f'"Patient/{hub.of(one)}" and {hub.of(other)}'.encode()
    )


def test_what_leaves_is_valid():
    for resource in (
        {"resourceType": "Flag", "status": "active", "code": {"text": "dog"}, **SUBJECT},
        {
            "resourceType": "CarePlan",
            "status": "active",
            "intent": "plan",
            "activity": [{"reference": {"display": "x"}}],
            **SUBJECT,
        },
        {
            "resourceType": "AllergyIntolerance",
            "patient": SUBJECT["subject"],
            "reaction": [{"manifestation": [{"text": "rash"}], "severity": "mild"}],
        },
    ):
        assert invalidity(pseudonymised({**resource, "id": ID}, TODAY)) is None
