"""What locates a person is removed, the rest stays valid FHIR, and it is said that something was removed."""

import copy

import pytest
from fhir.resources.R4B import get_fhir_model_class

from integration.sharing.mask import REDACTED, WITHHELD, location_free
from mappings import uk_core

STREET = "12 Almond Tree Grove"
PLACES = (STREET, "CV2", "X90501", "X9A", "07700", "Wyken", "Refuge", "Ward 5")


def organisation(code: str = "X90501") -> dict:
    return {
        "reference": f"Organization/{code}",
        "identifier": {"system": uk_core.ODS_ORGANISATION, "value": code},
        "display": "Wyken Medical Centre",
    }


SUBJECT = {"reference": "Patient/1"}
META = {"source": "urn:toldonce:source:X90501:gp", "profile": ["https://example.org/p"]}
LOCAL = {"system": uk_core.local_system("X90501", "entry"), "value": "7"}
ADDRESS = {"line": [STREET], "postalCode": "CV2 2ZX"}
PHONE = {"system": "phone", "value": "07700900881"}
CODE = {"coding": [{"system": uk_core.SNOMED, "code": "195967001"}], "text": "Asthma"}

RESOURCES = [
    {
        "resourceType": "Patient",
        "id": "1",
        "meta": META,
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{STREET}</div>'},
        "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": ADDRESS},
            {"url": "https://example.org/EthnicCategory", "valueString": "A"},
        ],
        "identifier": [
            {"system": uk_core.NHS_NUMBER, "value": "9990000018", "assigner": organisation()},
            LOCAL,
        ],
        "name": [{"family": "Nowak"}],
        "telecom": [PHONE],
        "birthDate": "1992-10-08",
        "address": [ADDRESS],
        "contact": [{"name": {"family": "Nowak"}, "telecom": [PHONE]}],
        "generalPractitioner": [organisation()],
        "managingOrganization": organisation("X9A"),
    },
    {
        "resourceType": "RelatedPerson",
        "patient": SUBJECT,
        "name": [{"family": "Nowak"}],
        "address": [ADDRESS],
        "telecom": [PHONE],
    },
    {
        "resourceType": "Encounter",
        "meta": META,
        "identifier": [LOCAL],
        "status": "finished",
        "class": {"system": uk_core.ACT_CODE, "code": "EMER"},
        "subject": SUBJECT,
        "participant": [{"individual": {"reference": "Practitioner/1"}}],
        "reasonCode": [CODE],
        "hospitalization": {"origin": {"display": "Refuge"}, "dischargeDisposition": {"text": "Home"}},
        "location": [{"location": {"reference": "Location/1", "display": "Ward 5"}}],
        "serviceProvider": organisation("X9A"),
    },
    {
        "resourceType": "CareTeam",
        "status": "active",
        "subject": SUBJECT,
        "name": "Wyken team",
        "participant": [
            {"member": organisation(), "onBehalfOf": organisation()},
            {"member": {"reference": "Practitioner/1"}},
        ],
        "managingOrganization": [organisation()],
        "telecom": [PHONE],
    },
    {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "subject": SUBJECT,
        "author": organisation(),
        "contributor": [organisation(), {"reference": "Practitioner/1"}],
        "activity": [
            {"detail": {"status": "in-progress", "code": CODE, "location": {"display": STREET}, "description": STREET}}
        ],
        "note": [{"text": f"lives at {STREET}"}],
    },
    {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": CODE,
        "patient": SUBJECT,
        "occurrenceDateTime": "2026-01-01",
        "location": {"reference": "Location/1"},
        "performer": [{"actor": organisation()}],
        "note": [{"text": "left arm"}],
    },
    {
        "resourceType": "Provenance",
        "target": [{"reference": "Condition/1"}],
        "recorded": "2026-01-01T10:00:00Z",
        "agent": [{"who": organisation(), "onBehalfOf": organisation()}],
        "location": {"reference": "Location/1"},
    },
    {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": SUBJECT,
        "requester": {"reference": "PractitionerRole/1", "type": "PractitionerRole"},
        "performer": [organisation()],
        "locationReference": [{"reference": "Location/1"}],
        "patientInstruction": f"come to {STREET}",
    },
    {"resourceType": "Location", "id": "1", "meta": META, "status": "active", "name": "Refuge", "address": ADDRESS},
    {
        "resourceType": "Task",
        "contained": [
            {
                "resourceType": "Provenance",
                "id": "provenance",
                "target": [{"reference": "#"}],
                "recorded": "2026-09-30T12:00:00Z",
                "agent": [{"who": {"display": "A. Singh"}, "onBehalfOf": organisation()}],
            }
        ],
        "status": "requested",
        "intent": "order",
        "code": {"coding": [uk_core.NEXT_STEP]},
        "description": f"Bring her letters to {STREET}",
        "for": SUBJECT,
        "requester": organisation(),
        "owner": {"display": "The Refuge in Wyken"},
        "note": [{"text": f"She is at {STREET}"}],
    },
]  # fmt: skip


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: one["resourceType"])
class TestLocationFree:
    def test_no_place_is_left(self, resource: dict):
        freed = location_free(resource)

        assert freed is not None
        assert [place for place in PLACES if place in str(freed)] == []

    def test_it_is_still_valid(self, resource: dict):
        model = get_fhir_model_class(resource["resourceType"])

        assert model.model_validate(location_free(resource)).get_resource_type() == resource["resourceType"]

    def test_it_says_that_something_was_removed(self, resource: dict):
        assert REDACTED in location_free(resource)["meta"]["security"]

    def test_nothing_is_left_to_remove(self, resource: dict):
        assert location_free(location_free(resource)) is None

    def test_the_original_is_not_touched(self, resource: dict):
        before = copy.deepcopy(resource)
        location_free(resource)

        assert resource == before


def test_what_does_not_locate_stays():
    patient, *_ = (location_free(one) for one in RESOURCES)

    assert patient["identifier"] == [{"system": uk_core.NHS_NUMBER, "value": "9990000018"}]
    assert patient["extension"] == [{"url": "https://example.org/EthnicCategory", "valueString": "A"}]
    assert (patient["name"], patient["birthDate"]) == ([{"family": "Nowak"}], "1992-10-08")


def test_who_cares_stays_where_it_names_no_place():
    team = location_free(next(one for one in RESOURCES if one["resourceType"] == "CareTeam"))

    assert team["participant"] == [
        {"member": WITHHELD, "onBehalfOf": WITHHELD},
        {"member": {"reference": "Practitioner/1"}},
    ]


def test_notes_stay_where_leaving_one_out_may_harm():
    vaccination = location_free(next(one for one in RESOURCES if one["resourceType"] == "Immunization"))

    assert vaccination["note"] == [{"text": "left arm"}]


def test_nothing_to_remove_is_none():
    observation = {
        "resourceType": "Observation",
        "id": "1",
        "meta": {"profile": ["https://example.org/p"]},
        "status": "final",
        "code": CODE,
        "subject": SUBJECT,
        "performer": [{"reference": "Practitioner/1"}],
    }

    assert location_free(observation) is None


def freed(resource_type: str, **elements: object) -> dict:
    """What is left of the elements of a resource of this type; the mark apart."""
    resource = {"resourceType": resource_type, "id": "1", **elements}
    left = location_free(resource)
    if left is None:
        return elements
    assert REDACTED in left["meta"]["security"]
    return {name: value for name, value in left.items() if name not in ("resourceType", "id", "meta")}


PERSON = {"reference": "Practitioner/1"}
NAMED_BY_CODE = {"identifier": {"system": uk_core.ODS_SITE, "value": "X9A01"}, "display": "Refuge"}
SMARTCARD = {"identifier": {"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": "7"}}
NOTE = [{"text": f"lives at {STREET}"}]


@pytest.mark.parametrize(
    ("resource_type", "elements", "left"),
    [
        ("Condition", {"text": {"div": STREET}, "code": CODE}, {"code": CODE}),
        ("Condition", {"code": {"text": "Asthma"}}, {"code": {"text": "Asthma"}}),
        ("CareTeam", {"name": "Wyken team"}, {}),
        ("HealthcareService", {"name": "Wyken team"}, {"name": "Wyken team"}),
        (
            "CareTeam",
            {"contained": [{"resourceType": "Patient", "name": [{"text": "Jo"}]}]},
            {"contained": [{"resourceType": "Patient", "name": [{"text": "Jo"}]}]},
        ),
        ("Observation", {"note": NOTE, "comment": STREET, "status": "final"}, {"status": "final"}),
        ("AllergyIntolerance", {"note": NOTE, "description": "a rash"}, {"note": NOTE, "description": "a rash"}),
        (
            "MedicationRequest",
            {"dosageInstruction": [{"patientInstruction": "with food"}]},
            {"dosageInstruction": [{"patientInstruction": "with food"}]},
        ),
        (
            "Task",
            {"contained": [{"resourceType": "Immunization", "note": NOTE}], "note": NOTE},
            {"contained": [{"resourceType": "Immunization", "note": NOTE}]},
        ),
        ("Task", {"owner": {"display": "Refuge"}, "requester": PERSON}, {"owner": WITHHELD, "requester": PERSON}),
        ("Task", {"focus": {"display": "a plan"}}, {"focus": {"display": "a plan"}}),
        ("ServiceRequest", {"requester": {"display": "A. Singh"}}, {"requester": {"display": "A. Singh"}}),
        ("Goal", {"description": CODE}, {"description": CODE}),
        ("Composition", {"identifier": LOCAL}, {}),
        ("Encounter", {"class": LOCAL}, {"class": LOCAL}),
        ("Composition", {"identifier": {"value": "7"}}, {"identifier": {"value": "7"}}),
        ("Encounter", {"identifier": [LOCAL, {"value": "7"}]}, {"identifier": [{"value": "7"}]}),
        ("Encounter", {"identifier": [LOCAL]}, {}),
        ("Basic", {"modifierExtension": [{"url": "https://example.org/a", "valueAddress": ADDRESS}]}, {}),
        ("Basic", {"extension": [{"url": "https://example.org/PlaceOfBirth", "valueString": STREET}]}, {}),
        (
            "Basic",
            {"extension": [{"url": "https://address.example/kind"}]},
            {"extension": [{"url": "https://address.example/kind"}]},
        ),
        ("Basic", {"extension": [{"url": "https://example.org/by", "valueReference": NAMED_BY_CODE}]}, {}),
        ("Basic", {"extension": [{"valueReference": PERSON}]}, {"extension": [{"valueReference": PERSON}]}),
        ("Basic", {"extension": [{"extension": [{"url": "note", "valueAnnotation": {"text": STREET}}]}]}, {}),
        ("Provenance", {"agent": [{"who": NAMED_BY_CODE}]}, {"agent": [{"who": WITHHELD}]}),
        (
            "Provenance",
            {"agent": [{"who": {"reference": "urn:uuid:1", "type": "Organization"}}]},
            {"agent": [{"who": WITHHELD}]},
        ),
        (
            "Provenance",
            {"agent": [{"who": PERSON | {"type": "Practitioner"}}]},
            {"agent": [{"who": PERSON | {"type": "Practitioner"}}]},
        ),
        (
            "Provenance",
            {"what": [{"reference": "Condition/1"}, organisation()]},
            {"what": [{"reference": "Condition/1"}, WITHHELD]},
        ),
        (
            "Appointment",
            {"participant": [{"actor": {"reference": "Location/1"}}]},
            {"participant": [{"actor": WITHHELD}]},
        ),
        ("Provenance", {"agent": [{"who": SMARTCARD}]}, {"agent": [{"who": SMARTCARD}]}),
        ("Basic", {"code": {"type": "Organization"}}, {"code": {"type": "Organization"}}),
        (
            "Basic",
            {"contained": [{"resourceType": "Basic", "meta": META | {"tag": []}}]},
            {"contained": [{"resourceType": "Basic", "meta": {"profile": ["https://example.org/p"], "tag": []}}]},
        ),
        ("Patient", {"name": [{"given": ["Jo"]}, {}], "address": [ADDRESS]}, {"name": [{"given": ["Jo"]}]}),
        ("Patient", {"deceasedBoolean": False, "address": [ADDRESS]}, {"deceasedBoolean": False}),
    ],
)
def test_what_is_left_of_an_element(resource_type: str, elements: dict, left: dict):
    assert freed(resource_type, **elements) == left


def test_of_a_location_id_status_and_profile_are_left():
    place = {"resourceType": "Location", "id": "1", "meta": META, "status": "active", "name": "Refuge"}
    profile = {"profile": ["https://example.org/p"], "security": [REDACTED]}

    assert location_free(place) == {"resourceType": "Location", "id": "1", "meta": profile, "status": "active"}
    unsourced = location_free({**place, "meta": {"source": META["source"]}})
    assert unsourced is not None
    assert unsourced["meta"] == {"security": [REDACTED]}
    assert location_free({"resourceType": "Location", "id": "1", "status": "active"}) is None


def test_what_is_marked_is_marked_once_beside_its_other_labels():
    label = {"system": uk_core.CONFIDENTIALITY, "code": "R"}
    patient = {"resourceType": "Patient", "meta": {"security": [label]}, "address": [ADDRESS]}
    marked = location_free(patient)

    assert marked == {"resourceType": "Patient", "meta": {"security": [label, REDACTED]}}
    assert location_free({**marked, "telecom": [PHONE]}) == marked
