"""What a hospital says -> UK Core: values, labels, links; every resource is valid and refers to what exists."""

from collections.abc import Iterator
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given
from hypothesis import strategies as st

from adapters.acute.records import Coded, Name, Person, Relative, State, Visit, VisitState
from adapters.records import SourcePatient
from mappings.acute import to_resources
from mappings.ids import Ids
from mappings.uk_core import CONFIDENTIALITY, PROFILED, SUBJECT, Resource
from tests.unit.adapters.acute_messages import NUMBER, PATIENT, adt, pv1, state
from tests.unit.adapters.test_acute_state import FULL_PID, STORY

SECRET = b"test"
IDS = Ids(SECRET, PATIENT)
REGISTERED = adt(
    "A28",
    "202601010900",
    pid=FULL_PID,
    more=[
        "PD1|||Earlsdon Avenue Practice^^X90401|G1234567^Patel^Asha^^^Dr",
        "NK1|1|Doe^Al^^^^^L|20^Husband|1 High St^^Coventry^^CV1 1AA|07700900002||||||||||1|194801010000",
        "NK1|2|Doe^Bea|9^Daughter",
    ],
)
ADMITTED = adt(
    "A01",
    "202601020900",
    more=[
        pv1(
            f3="X9A^W1^B1^X9A01",
            f4="2A",
            f7="C1234567^Darwin^Sam^^^Dr",
            f8="G1234567^Patel^Asha^^^Dr",
            f9="C1234567^Darwin^Sam^^^Dr",
            f10="430",
            f14="19",
            f19="7001^^^X9A-VISIT",
        ),
        "PV2|||^Fall at home||||||202601090900|||Found on the floor",
    ],
)


def resources(*envelopes: bytes, patient: SourcePatient = PATIENT) -> list[Resource]:
    return checked(to_resources(state(*envelopes, patient=patient), Ids(SECRET, patient)), Ids(SECRET, patient))


def checked(found: list[Resource], ids: Ids) -> list[Resource]:
    """Every resource is a valid R4 resource with its profile; there is one Patient, ids are unique, and each reference
    resolves, except those to the person and to merged records."""
    known = {f"{one['resourceType']}/{one['id']}" for one in found}
    assert len(known) == len(found)
    assert [one["id"] for one in found if one["resourceType"] == "Patient"] == [ids.own("Patient")]
    for one in found:
        get_fhir_model_class(one["resourceType"]).model_validate(one)
        if one["resourceType"] in PROFILED:
            assert one["meta"]["profile"] == [
                f"https://fhir.hl7.org.uk/StructureDefinition/UKCore-{one['resourceType']}"
            ]
        merged = {link["other"]["reference"] for link in one.get("link", ())}
        assert set(references(one)) - merged - {SUBJECT} <= known
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "reference" in value:
            yield value["reference"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def of(found: list[Resource], kind: str) -> list[Resource]:
    return [one for one in found if one["resourceType"] == kind]


def patient(*envelopes: bytes) -> Resource:
    return of(resources(*envelopes), "Patient")[0]


def code(concept: Resource) -> str:
    return str(concept["coding"][0]["code"])


def test_the_person() -> None:
    told = patient(REGISTERED)
    nhs, mrn = told["identifier"]
    assert (nhs["system"], nhs["value"]) == ("https://fhir.nhs.uk/Id/nhs-number", NUMBER)
    assert code(nhs["extension"][0]["valueCodeableConcept"]) == "01"
    assert (mrn["system"], mrn["value"], code(mrn["type"])) == ("https://toldonce.example/Id/X9A/mrn", "1000001", "MR")
    assert told["name"] == [
        {"use": "official", "family": "Doe", "given": ["Jo", "Ann"], "prefix": ["Ms"]},
        {"use": "nickname", "family": "Doe", "given": ["Jojo"]},
    ]
    assert (told["active"], told["gender"], told["birthDate"]) == (True, "female", "1950-01-02")
    assert told["deceasedBoolean"] is False
    assert [one["use"] for one in told["telecom"]] == ["home", "home", "work"]
    assert code(told["maritalStatus"]) == "M"
    assert code(told["communication"][0]["language"]) == "en"
    practice, gp = told["generalPractitioner"]
    assert practice["identifier"]["value"] == "X90401"
    assert gp["display"] == "Dr Asha Patel"
    assert "security" not in told["meta"]


def test_without_a_number_it_is_said_that_it_is_not_known() -> None:
    told = patient(adt("A28", "20260101"))
    assert [one["system"] for one in told["identifier"]] == ["https://toldonce.example/Id/X9A/mrn"]
    assert code(told["extension"][0]["valueCodeableConcept"]) == "nhs-number-not-known"


def test_a_number_of_unknown_status_is_not_verified() -> None:
    told = patient(adt("A28", "20260101", pid=f"1||1000001^^^X9A^MR~{NUMBER}^^^NHS"))
    assert code(told["identifier"][0]["extension"][0]["valueCodeableConcept"]) == "02"


def test_unknown_codes_stay_as_the_senders_text() -> None:
    pid = "1||1000001||Doe^Jo|||XX|||||||klingon|ZZ||||||2A"
    visit = pv1(f2="SPECIAL", f4="77", f10="Anaes", f14="Moon", f36="NU", f37="Feeling great", f45="202601030900")
    found = resources(adt("A03", "202601030900", pid=pid, more=[visit]))
    told, encounter = of(found, "Patient")[0], of(found, "Encounter")[0]
    assert "gender" not in told
    assert told["communication"] == [{"language": {"text": "klingon"}}]
    assert told["maritalStatus"] == {"text": "ZZ"}
    assert told["extension"][0]["valueCodeableConcept"] == {"text": "2A"}
    assert encounter["class"] == {"system": "https://toldonce.example/CodeSystem/acute-class-words", "code": "special"}
    assert encounter["serviceType"] == {"text": "Anaes"}
    assert encounter["hospitalization"]["admitSource"] == {"text": "Moon"}
    assert encounter["hospitalization"]["dischargeDisposition"] == {"text": "Feeling great"}
    assert encounter["extension"][0]["valueCodeableConcept"] == {"text": "NU"}


@pytest.mark.parametrize(
    ("sent", "class_"),
    [("I", "IMP"), ("E", "EMER"), ("O", "AMB"), ("P", "PRENC"), ("day case", "SS"), ("ED", "EMER"), ("W", "W")],
)
def test_class(sent: str, class_: str) -> None:
    encounter = of(resources(adt("A01", "202601020900", more=[pv1(f2=sent)])), "Encounter")[0]
    assert encounter["class"]["code"] == class_


def test_an_inpatient() -> None:
    found = resources(REGISTERED, ADMITTED)
    encounter = of(found, "Encounter")[0]
    assert (encounter["status"], encounter["class"]["code"]) == ("in-progress", "IMP")
    assert encounter["identifier"][0]["value"] == "7001"
    assert encounter["identifier"][0]["system"] == "https://toldonce.example/Id/X9A/x9a-visit"
    assert code(encounter["serviceType"]) == "430"
    assert [code(one["type"][0]) for one in encounter["participant"]] == ["ATND", "REF", "CON"]
    assert code(encounter["hospitalization"]["extension"][0]["valueCodeableConcept"]) == "2A"
    assert code(encounter["hospitalization"]["admitSource"]) == "19"
    assert encounter["reasonCode"] == [{"text": "Fall at home"}, {"text": "Found on the floor"}]
    assert encounter["location"][0]["status"] == "active"
    ward, bed = encounter["location"]
    assert (ward["location"]["display"], code(ward["physicalType"])) == ("W1", "wa")
    assert (bed["location"]["display"], code(bed["physicalType"])) == ("W1, B1", "bd")
    assert encounter["serviceProvider"]["identifier"]["value"] == "X9A"
    assert encounter["extension"][0]["valueDateTime"] == "2026-01-09T09:00:00+00:00"
    roles = {code(one["code"][0]): one for one in of(found, "PractitionerRole")}
    assert roles["R0050"]["organization"]["identifier"]["value"] == "X9A"
    assert roles["R0260"]["organization"]["identifier"]["value"] == "X90401"
    site, ward, bed = of(found, "Location")
    assert (site["name"], ward["name"], bed["name"]) == ("X9A01", "W1", "B1")
    assert "partOf" not in site
    assert ward["partOf"] == {"reference": f"Location/{site['id']}"}
    assert bed["partOf"] == {"reference": f"Location/{ward['id']}"}
    consultant = encounter["participant"][0]["individual"]
    assert consultant == {"reference": f"PractitionerRole/{roles['R0050']['id']}", "display": "Dr Sam Darwin"}


def test_a_care_team_while_an_inpatient_and_one_of_carers() -> None:
    teams = of(resources(REGISTERED, ADMITTED), "CareTeam")
    assert [team["name"] for team in teams] == ["Inpatient team, W1", "Informal carers"]
    consultant, carer = teams[0]["participant"]
    assert consultant["member"]["display"] == "Dr Sam Darwin"
    assert (carer["member"]["display"], carer["role"][0]["text"]) == ("Al Doe", "Informal carer")
    assert "managingOrganization" not in teams[1]
    discharged = adt("A03", "202601050900", more=[pv1(f19="7001^^^X9A-VISIT")])
    assert [t["name"] for t in of(resources(REGISTERED, ADMITTED, discharged), "CareTeam")] == ["Informal carers"]
    attended = adt("A04", "202601020900", more=[pv1(f2="E", f7="C1234567^Darwin")])
    assert of(resources(attended), "CareTeam") == []


def test_relatives() -> None:
    carer, daughter = of(resources(REGISTERED), "RelatedPerson")
    assert code(carer["relationship"][0]) == "Carer"
    assert carer["relationship"][0]["text"] == "Husband"
    assert (carer["gender"], carer["birthDate"]) == ("male", "1948-01-01")
    assert (code(daughter["relationship"][0]), daughter["relationship"][0]["text"]) == ("CHILD", "Daughter")


def test_two_relatives_of_one_name_are_two() -> None:
    twice = adt("A28", "20260101", more=["NK1|1|Doe^Al|1", "NK1|2|Doe^Al|1"])
    assert len(of(resources(twice), "RelatedPerson")) == 2


@pytest.mark.parametrize(
    ("f36", "f37", "method", "destination"),
    [("1", "19", "1", "19"), ("19", "", None, "19"), ("6", "", "6", None), ("", "85", None, "85")],
)
def test_discharge_fields_are_told_by_their_value(
    f36: str, f37: str, method: str | None, destination: str | None
) -> None:
    found = resources(adt("A03", "202601030900", more=[pv1(f36=f36, f37=f37)]))
    encounter = of(found, "Encounter")[0]
    extension = encounter.get("extension", [])
    disposition = encounter.get("hospitalization", {}).get("dischargeDisposition")
    assert [code(one["valueCodeableConcept"]) for one in extension] == ([method] if method else [])
    assert (code(disposition) if disposition else None) == destination


def test_a_reopened_visit_tells_no_discharge() -> None:
    discharged = adt("A03", "202601030900", more=[pv1(f36="1", f37="19")])
    reopened = adt("A13", "202601040900", more=[pv1(f36="1", f37="19")])
    encounter = of(resources(discharged, reopened), "Encounter")[0]
    assert encounter["status"] == "in-progress"
    assert "extension" not in encounter
    assert "end" not in encounter.get("period", {})
    assert "hospitalization" not in encounter


@pytest.mark.parametrize("said", [[pv1(f16="S")], [pv1(f16="s")], [pv1(f16="Y~S")], [pv1(), "PV2|" + "|" * 21 + "Y"]])
def test_a_sensitive_visit_and_its_team_are_restricted_and_nothing_else(said: list[str]) -> None:
    found = resources(REGISTERED, adt("A01", "202601020900", more=said))
    labelled = [one["resourceType"] for one in found if "security" in one.get("meta", {})]
    assert labelled == ["Encounter", "CareTeam"]
    assert of(found, "Encounter")[0]["meta"]["security"] == [{"system": CONFIDENTIALITY, "code": "R"}]


@pytest.mark.parametrize(("value", "labels"), [("2", ["R", "LOCIS"]), ("1", ["R", "LOCIS"]), ("0", []), ("", [])])
def test_location_hiding(value: str, labels: list[str]) -> None:
    told = patient(adt("A28", "20260101", more=[f"ZU8||1||{value}"]))
    assert [label["code"] for label in told["meta"].get("security", ())] == labels


def test_dissent_is_a_consent_that_denies_and_a_withdrawn_one_is_kept() -> None:
    no, yes = adt("A31", "202607010900", more=["ZU8||2"]), adt("A31", "202607020900", more=["ZU8||1"])
    (consent,) = of(resources(no), "Consent")
    assert (consent["status"], consent["provision"]["type"]) == ("active", "deny")
    assert consent["policy"] == [{"uri": "https://toldonce.example/policy/objection-to-sharing"}]
    assert consent["dateTime"] == "2026-07-01T09:00:00+01:00"
    assert "actor" not in consent["provision"]
    (withdrawn,) = of(resources(no, yes), "Consent")
    assert (withdrawn["status"], withdrawn["id"]) == ("inactive", consent["id"])
    assert withdrawn["provision"]["period"] == {
        "start": "2026-07-01T09:00:00+01:00",
        "end": "2026-07-02T09:00:00+01:00",
    }


def test_death() -> None:
    dated = adt("A31", "20260103", pid="1||1000001||Doe^Jo" + "|" * 24 + "202601020304|Y")
    assert patient(dated)["deceasedDateTime"] == "2026-01-02T03:04:00+00:00"
    assert "deceasedBoolean" not in patient(dated)
    assert patient(adt("A03", "202601030900", more=[pv1(f37="79")]))["deceasedBoolean"] is True
    assert "deceasedBoolean" not in patient(adt("A28", "20260101"))


def test_a_merge_links_both_records() -> None:
    merge = adt("A40", "20260105", more=["MRG|1000002^^^X9A^MR"])
    survivor = patient(REGISTERED, merge)
    assert survivor["active"] is True
    assert [(one.get("use"), one["value"]) for one in survivor["identifier"]][-1] == ("old", "1000002")
    assert survivor["link"] == [{"other": {"reference": f"Patient/{IDS.other_patient('1000002')}"}, "type": "replaces"}]
    other = SourcePatient("X9A", "1000002")
    (gone,) = of(resources(adt("A28", "20260101", pid="1||1000002||Doe^Jo"), merge, patient=other), "Patient")
    assert gone["active"] is False
    assert gone["id"] == IDS.other_patient("1000002")
    assert gone["link"] == [{"other": {"reference": f"Patient/{IDS.own('Patient')}"}, "type": "replaced-by"}]


def test_one_number_of_two_hospitals_of_a_trust_is_two_people() -> None:
    ann = adt("A28", "202601010900", pid="1||77^^^X9A01^MR~9990000018^^^NHS||Smith^Ann", more=["AL1|1|DA|^Amoxicillin"])
    bob = adt("A28", "202601020900", pid="1||77^^^X9A02^MR~9990000026^^^NHS||Jones^Bob")
    merge = adt("A40", "202601030900", pid="1||77^^^X9A01^MR", more=["MRG|78"])
    one, two, merged = (SourcePatient("X9A", f"{number}^^^X9A0{site}") for number, site in ((77, 1), (77, 2), (78, 1)))

    hers, his = resources(ann, bob, merge, patient=one), resources(ann, bob, merge, patient=two)

    assert [len(of(found, "AllergyIntolerance")) for found in (hers, his)] == [1, 0]
    numbers = [of(found, "Patient")[0]["identifier"][1] for found in (hers, his)]
    assert [one["value"] for one in numbers] == ["77", "77"]
    assert numbers[0]["system"] != numbers[1]["system"]
    (link,) = of(hers, "Patient")[0]["link"]
    assert link["other"]["reference"] == f"Patient/{Ids(IDS.secret, one, IDS.feed).other_patient(merged.local_id)}"
    assert "link" not in of(his, "Patient")[0]


def test_doubtful_identities_are_tagged() -> None:
    told = patient(
        adt("A28", "20260101", pid=f"1||1000001^^^X9A^MR~{NUMBER}^^^NHS||Unknown^Male" + "|" * 26 + "Y|UD~NSTS01")
    )
    assert [tag["code"] for tag in told["meta"]["tag"]] == ["UD", "identity-unknown"]
    assert code(told["identifier"][0]["extension"][0]["valueCodeableConcept"]) == "02"


def test_a_birth_time_stands_beside_the_birth_date() -> None:
    told = patient(adt("A28", "20260101", pid="1||1000001||Doe^Jo||196507012330"))
    assert told["birthDate"] == "1965-07-01"
    assert told["_birthDate"]["extension"][0]["valueDateTime"] == "1965-07-01T23:30:00+01:00"


def test_the_explicit_null_leaves_no_empty_element() -> None:
    deleting = '1||1000001^^^X9A^MR||Doe^Jo||""|""|||""^""||""|""|""|""||||||""|""'
    told = patient(REGISTERED, adt("A31", "202601020900", pid=deleting))
    assert not {"birthDate", "gender", "address", "telecom", "maritalStatus", "communication"} & told.keys()


def test_ids_of_two_people_never_meet() -> None:
    visit = adt("A01", "202601020900", more=[pv1()])
    mine = {one["id"] for one in of(resources(visit), "Encounter")}
    other = SourcePatient("X9A", "2")
    theirs = resources(visit.replace(b"1000001", b"2"), patient=other)
    assert mine.isdisjoint(one["id"] for one in theirs)


@given(st.sets(st.sampled_from((*STORY, REGISTERED, ADMITTED)), min_size=1))
def test_every_part_of_a_story_maps_to_valid_resources(part: set[bytes]) -> None:
    messages = [*sorted(part), REGISTERED]
    assert resources(*messages) == resources(*reversed(messages))


def test_a_state_without_anything_is_a_patient() -> None:
    ids = Ids(SECRET, SourcePatient("X9A", "nhs:9990000018"))
    found = checked(to_resources(State("X9A", "nhs:9990000018", Person()), ids), ids)
    assert [one["resourceType"] for one in found] == ["Patient", "Organization"]
    assert "identifier" not in found[0]


def test_people_and_places_that_can_only_be_named() -> None:
    pv1_only_names = pv1(f3="^^Bed 9", f7="^Darwin^Sam", f8="^")
    practice = "PD1|||FAMILY PRACTICE^^12345|^Who^Doctor"
    found = resources(adt("A01", "202601020900", more=[practice, pv1_only_names]))
    encounter, told = of(found, "Encounter")[0], of(found, "Patient")[0]
    assert encounter["location"][0]["location"] == {"display": "Bed 9"}
    assert [one["individual"] for one in encounter["participant"]] == [{"display": "Sam Darwin"}]
    assert told["generalPractitioner"] == [{"display": "FAMILY PRACTICE"}, {"display": "Doctor Who"}]
    assert of(found, "Practitioner") == []


def test_relationship_text_alone() -> None:
    person = Person(relatives=(Relative(Name("Doe", ("Al",)), Coded("", "Neighbour")),))
    found = to_resources(State("X9A", "1000001", person, (VisitState(Visit("1"), "unknown", None, None),)), IDS)
    assert of(checked(found, IDS), "RelatedPerson")[0]["relationship"] == [{"text": "Neighbour"}]
