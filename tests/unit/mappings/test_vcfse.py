"""A charity's state -> UK Core resources: what they mean, that they are valid, and what never appears."""

import importlib
import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.records import SourcePatient
from adapters.vcfse.records import Choice, Client, Contact, Location, Measure, Name, Referral, Sharing, State
from integration.sharing.choices import choices_of
from integration.sharing.mask import location_free
from integration.sharing.sensitivity import sensitivities_of
from mappings import concept_maps, uk_core
from mappings.ids import Ids
from mappings.vcfse import to_resources

IDS = Ids(b"secret", SourcePatient("X9V01", "17"))
CLIENT = Client(
    client_id="17",
    name=Name(family="Smith", given=("Ann",), prefix="Mrs", nickname="Nan", text="Mrs Ann (Nan) Smith"),
    birth_date="1940-02-01",
    nhs_number="9990000018",
    gender="F",
    phone="02476000111",
    mobile="07700900123",
    email="ann@example.org",
    location=Location(lines=("1 High Street", "Coventry"), postcode="CV1 2AB"),
    practice="Wyken Medical Centre",
)
GIVEN = Choice(
    outcome="given", recorded="2026-03-01T17:00:00.000000Z", on="2026-01-05", taken_by="Jo Link", method="verbal"
)
REFERRAL = Referral(
    client=CLIENT,
    sharing=Sharing(share="yes", view="yes", on="2026-01-05", taken_by="Jo Link"),
    referral_id="R1",
    referred_on="2026-01-05",
    source="GP",
    reason="Loneliness",
    worker="Jo Link",
    service="Befriending\nLunch club",
    accepted="yes",
    status="Open",
    measures=(
        Measure(instrument="ONS4", point="start", value="7/7/6/3"),
        Measure(instrument="WEMWBS", point="start", value="41"),
    ),
    care_coordinator="yes",
    adjustments="Easy read\nA quiet room",
)
CONTACT = Contact(
    client=CLIENT,
    referral_id="R1",
    contacted_on="2026-07-01",
    contacted_at="09:30",
    minutes=45,
    kind="Home visit",
    worker="Jo Link",
    topic="Benefits",
)
STATE = State(charity="X9V01", client=CLIENT, share=GIVEN, view=GIVEN, referrals=[REFERRAL], contacts=[CONTACT])


def resources(state=STATE, **changes):
    return to_resources(replace(state, **changes), IDS)


def of_type(found, resource_type):
    return [resource for resource in found if resource["resourceType"] == resource_type]


def only(found, resource_type):
    [resource] = of_type(found, resource_type)
    return resource


def referred(**changes):
    return resources(referrals=[replace(REFERRAL, **changes)], contacts=[])


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def check(found):
    """Valid R4B, a profile wherever UK Core has one, unique ids, and no reference that leads nowhere."""
    ids = {f"{resource['resourceType']}/{resource['id']}" for resource in found}
    assert len(ids) == len(found)
    for resource in found:
        kind = resource["resourceType"]
        model = getattr(importlib.import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
        model.model_validate(resource)
        assert (kind not in uk_core.PROFILED) or resource["meta"]["profile"]
        assert {reference for reference in references(resource) if reference != uk_core.SUBJECT} <= ids


def test_every_resource_is_valid_and_every_reference_resolves():
    found = resources()
    check(found)
    assert {resource["resourceType"] for resource in found} == {
        "Patient", "Consent", "ServiceRequest", "CarePlan", "CareTeam", "Observation", "Encounter", "Flag",
        "Organization", "Practitioner", "PractitionerRole",
    }  # fmt: skip


def test_the_patient_is_what_the_charity_says_and_its_number_is_not_verified():
    patient = resources()[0]
    number, local = patient["identifier"]
    assert patient["id"] == IDS.own("Patient")
    assert number["value"] == "9990000018"
    assert number["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "02"
    assert local == {"system": "https://toldonce.example/Id/X9V01/client", "value": "17"}
    assert [(name["use"], name["family"]) for name in patient["name"]] == [("usual", "Smith"), ("nickname", "Smith")]
    assert patient["name"][0]["text"] == "Mrs Ann (Nan) Smith"
    assert (patient["birthDate"], patient["gender"]) == ("1940-02-01", "female")
    assert [telecom["value"] for telecom in patient["telecom"]] == ["02476000111", "07700900123", "ann@example.org"]
    assert patient["address"][0]["postalCode"] == "CV1 2AB"
    assert patient["generalPractitioner"] == [{"display": "Wyken Medical Centre"}]


def test_the_two_consents():
    share, view = of_type(resources(), "Consent")
    assert share["policy"] == [{"uri": "https://toldonce.example/policy/share-charity-data"}]
    assert view["policy"] == [{"uri": "https://toldonce.example/policy/view-by-charity"}]
    for consent in (share, view):
        assert (consent["status"], consent["provision"]["type"]) == ("active", "permit")
        assert consent["provision"]["period"] == {"start": "2026-01-05"}
        assert consent["patient"] == {"reference": uk_core.SUBJECT}
        assert consent["organization"][0]["identifier"]["value"] == "X9V01"
        assert "taken by Jo Link" in consent["sourceAttachment"]["title"]
    assert "actor" not in share["provision"]
    assert view["provision"]["actor"][0]["reference"]["identifier"]["value"] == "X9V01"


@pytest.mark.parametrize(
    ("choice", "status", "provision"),
    [
        (replace(GIVEN, outcome="withdrawn", until="2026-06-01"), "inactive", "permit"),
        (replace(GIVEN, outcome="refused"), "rejected", "deny"),
    ],
)
def test_a_choice_not_in_force_is_kept_and_permits_nothing(choice, status, provision):
    found = resources(share=choice, view=choice, referrals=[], contacts=[])
    check(found)
    assert {resource["resourceType"] for resource in found} == {"Patient", "Consent", "Organization"}
    for consent in of_type(found, "Consent"):
        assert (consent["status"], consent["provision"]["type"]) == (status, provision)
        assert consent["provision"]["period"].get("end") == choice.until


def test_a_person_who_was_never_asked_has_no_consent_and_undated_ones_have_the_day_they_were_seen():
    assert of_type(resources(share=None, view=None, referrals=[], contacts=[]), "Consent") == []
    undated = of_type(resources(share=replace(GIVEN, on=None), view=None), "Consent")
    assert [consent["dateTime"] for consent in undated] == ["2026-03-01T17:00:00+00:00"]


def test_an_accepted_referral_is_a_request_a_plan_and_a_team():
    found = resources()
    request, plan, team = (only(found, kind) for kind in ("ServiceRequest", "CarePlan", "CareTeam"))
    assert request["code"]["coding"][0]["code"] == "871731000000106"
    assert (request["status"], request["authoredOn"], request["requester"]) == (
        "active",
        "2026-01-05",
        {"display": "GP"},
    )
    assert request["performer"][0]["identifier"]["value"] == "X9V01"
    assert request["reasonCode"][0]["coding"][0]["code"] == "267076002"
    assert [activity["detail"]["code"]["text"] for activity in plan["activity"]] == ["Befriending", "Lunch club"]
    assert {activity["detail"]["status"] for activity in plan["activity"]} == {"in-progress"}
    assert plan["author"]["identifier"]["value"] == "X9V01"
    assert plan["careTeam"] == [{"reference": f"CareTeam/{team['id']}"}]
    assert plan["supportingInfo"] == [{"reference": f"ServiceRequest/{request['id']}"}]
    worker, charity = team["participant"]
    assert worker["role"][0]["coding"][0]["code"] == "768820003"
    assert charity["member"]["identifier"]["value"] == "X9V01"


def test_a_link_worker_who_does_not_coordinate_has_no_such_role():
    team = only(referred(care_coordinator=None), "CareTeam")
    assert team["participant"][0]["role"] == [{"text": "Link worker"}]


def test_a_declined_referral_is_revoked_and_creates_no_support():
    found = referred(accepted="no", status="Declined", outcome="Did not want it")
    check(found)
    request = only(found, "ServiceRequest")
    assert request["status"] == "revoked"
    assert request["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "871711000000103"
    assert of_type(found, "CarePlan") == of_type(found, "CareTeam") == []


def test_a_referral_nobody_decided_on_is_a_request_only():
    found = referred(accepted=None)
    assert only(found, "ServiceRequest")["status"] == "active"
    assert of_type(found, "CarePlan") == []


@pytest.mark.parametrize(
    ("status", "closed_on", "requested", "team"),
    [
        ("Open", None, "active", "active"),
        ("On hold", None, "on-hold", "active"),
        ("Closed", "2026-05-05", "completed", "inactive"),
        ("Open", "2026-05-05", "completed", "inactive"),
        (None, "2026-05-05", "completed", "inactive"),
        ("Did not engage", "2026-05-05", "revoked", "inactive"),
        ("Awaiting stars", None, "unknown", "inactive"),
        (None, None, "active", "active"),
    ],
)
def test_the_status_column(status, closed_on, requested, team):
    found = referred(status=status, closed_on=closed_on)
    check(found)
    assert only(found, "ServiceRequest")["status"] == only(found, "CarePlan")["status"] == requested
    assert only(found, "CareTeam")["status"] == team
    assert only(found, "CarePlan")["period"].get("end") == closed_on


def test_an_unknown_status_word_is_kept_as_the_reason():
    request = only(referred(status="Awaiting stars"), "ServiceRequest")
    assert request["extension"][0]["valueCodeableConcept"] == {"text": "Awaiting stars"}


@pytest.mark.parametrize(
    ("kind", "code"),
    [("Home visit", "HH"), ("Telephone", "VR"), ("Group session", "AMB"), ("Séance", "UNK"), (None, "UNK")],
)
def test_a_contact_is_an_encounter_of_its_class(kind, code):
    found = resources(contacts=[replace(CONTACT, kind=kind)])
    check(found)
    encounter = only(found, "Encounter")
    assert encounter["class"]["code"] == code
    assert encounter["status"] == "finished"
    assert encounter["period"] == {"start": "2026-07-01T09:30:00+01:00", "end": "2026-07-01T10:15:00+01:00"}
    assert encounter["serviceProvider"]["identifier"]["value"] == "X9V01"
    assert encounter["basedOn"] == [{"reference": f"ServiceRequest/{only(found, 'ServiceRequest')['id']}"}]
    assert encounter.get("type") == ([{"text": kind}] if kind else None)


@pytest.mark.parametrize(
    ("attendance", "status"),
    [("Attended", "finished"), ("DNA", "cancelled"), ("planned", "planned"), ("half of it", "unknown")],
)
def test_attendance(attendance, status):
    assert only(resources(contacts=[replace(CONTACT, attendance=attendance)]), "Encounter")["status"] == status


def test_a_contact_without_time_has_a_date():
    encounter = only(resources(contacts=[replace(CONTACT, contacted_at=None)]), "Encounter")
    assert encounter["period"] == {"start": "2026-07-01"}


def test_a_contact_does_not_point_at_a_referral_that_is_not_published():
    found = resources(referrals=[])
    check(found)
    assert "basedOn" not in only(found, "Encounter")


def test_scores_are_observations_as_written():
    ons4, wemwbs = of_type(resources(), "Observation")
    assert (ons4["valueString"], wemwbs["valueInteger"]) == ("7/7/6/3", 41)
    assert ons4["code"]["text"] == "ONS4 at the start of support"


def test_adjustments_become_national_flags_with_a_code_only_where_one_is_known():
    existence, quiet, easy = of_type(resources(), "Flag")
    assert existence["meta"]["profile"] == [uk_core.RA_PATIENT_FLAG_PROFILE]
    details = [detail["valueReference"]["reference"] for detail in existence["extension"]]
    assert details == [f"Flag/{quiet['id']}", f"Flag/{easy['id']}"]
    assert easy["code"]["coding"][0]["code"] == "796161000000101"
    assert easy["category"][1]["coding"][0]["code"] == "requires-specific-information-format"
    assert quiet["code"] == {"text": "A quiet room"}
    assert quiet["category"][1]["coding"][0]["code"] == "bespoke-reasonable-adjustments"


def test_the_same_key_keeps_its_id_and_another_has_another():
    ids = {only(referred(**changes), "CarePlan")["id"] for changes in ({}, {"status": "Closed"}, {"reason": "Debt"})}
    assert len(ids) == 1
    assert only(referred(referral_id="R2"), "CarePlan")["id"] not in ids


OPTIONAL_REFERRALS = st.builds(
    Referral,
    client=st.just(CLIENT),
    referral_id=st.sampled_from(["R1", None]),
    referred_on=st.sampled_from(["2026-01-05", None]),
    source=st.sampled_from(["GP", None]),
    reason=st.sampled_from(["Debt", "lonely", None]),
    worker=st.sampled_from(["Jo Link", "Jo", None]),
    service=st.sampled_from(["A\nB", None]),
    accepted=st.sampled_from(["yes", "no", None]),
    outcome=st.sampled_from(["Good", None]),
    status=st.sampled_from(["Open", "closed", "???", None]),
    closed_on=st.sampled_from(["2026-05-05", None]),
    adjustments=st.sampled_from(["Easy read", None]),
)
OPTIONAL_CLIENTS = st.builds(
    Client,
    client_id=st.sampled_from(["17", None]),
    name=st.sampled_from([None, Name(given=("Dave",), text="Dave"), Name(family="T", prefix="Mrs"), CLIENT.name]),
    gender=st.sampled_from(["F", "?", None]),
    location=st.sampled_from([None, Location(postcode="CV1 2AB"), CLIENT.location]),
)


def test_shared_notes_are_a_marked_observation_of_their_own_that_nothing_else_repeats():
    noted, met = replace(REFERRAL, notes="her son drinks"), replace(CONTACT, notes="the neighbour called")
    found = resources(referrals=[noted], contacts=[met], notes=GIVEN)
    check(found)
    notes = [one for one in of_type(found, "Observation") if one.get("note")]
    assert [one["note"] for one in notes] == [
        [{"authorString": "Jo Link", "text": "her son drinks"}],
        [{"authorString": "Jo Link", "text": "the neighbour called"}],
    ]
    assert all(sensitivities_of(one) == {"third party"} for one in notes)
    assert all("note" not in location_free(one) for one in notes)
    rest = json.dumps([one for one in found if one not in notes])
    assert "drinks" not in rest
    assert "neighbour" not in rest


def test_the_choice_about_notes_is_a_consent_that_opens_nothing_and_denies_nothing_else():
    [consent] = [one for one in of_type(resources(notes=GIVEN), "Consent") if "notes" in one["policy"][0]["uri"]]
    [choice] = choices_of(consent, "X9V01")
    assert (choice.kind, choice.permits, choice.sensitivities) == ("other", True, {"third party"})
    refused = replace(GIVEN, outcome="refused")
    [consent] = [one for one in of_type(resources(notes=refused), "Consent") if "notes" in one["policy"][0]["uri"]]
    [choice] = choices_of(consent, "X9V01")
    assert (choice.permits, choice.about, choice.sensitivities) == (False, {"X9V01"}, {"third party"})
    check(resources(notes=refused))


@given(referral=OPTIONAL_REFERRALS, client=OPTIONAL_CLIENTS)
@settings(max_examples=60, deadline=None)
def test_whatever_is_missing_the_resources_are_valid(referral, client):
    check(resources(client=client, referrals=[referral], contacts=[Contact(client=client, contact_id="1")]))


def test_our_concept_maps_are_sound():
    """Each is a valid ConceptMap under its own name, and translates each word one way."""
    from fhir.resources.R4B.conceptmap import ConceptMap

    ours = [name for name in concept_maps.names() if name.startswith("Vcfse")]
    assert len(ours) == 10
    for name in ours:
        content = concept_maps.concept_map(name)
        ConceptMap.model_validate(json.loads(json.dumps(content)))
        assert content["url"] == concept_maps.CANONICAL + name
        codes = sorted(element["code"] for group in content["group"] for element in group["element"])
        assert all(one != other for one, other in pairwise(codes))
