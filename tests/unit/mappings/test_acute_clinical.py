"""Diagnoses, allergies, A&E attendances, outpatient attendances, places and pending moves -> UK Core."""

import pytest

from adapters.records import SourcePatient
from mappings.uk_core import Resource
from tests.unit.adapters.acute_messages import adt, pv1
from tests.unit.mappings.test_acute import code, of, resources

RESTRICTED = [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]
SCT, ICD_10 = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10"


def attendance(*more: str, **fields: str) -> bytes:
    return adt("A04", "202601020900", more=[pv1(f2="E", f3="ED^^^X9A01", **fields), *more])


def condition(dg1: str, **fields: str) -> tuple[Resource, Resource]:
    """(Condition, its Encounter)."""
    found = resources(attendance(dg1, **fields))
    (one,), (encounter,) = of(found, "Condition"), of(found, "Encounter")
    assert one["encounter"]["reference"] == f"Encounter/{encounter['id']}"
    return one, encounter


@pytest.mark.parametrize(
    ("sent", "coding"),
    [
        ("22298006^Myocardial infarction^SCT", {"system": SCT, "code": "22298006", "display": "Myocardial infarction"}),
        ("22298006^^SNCT", {"system": SCT, "code": "22298006"}),
        ("22298006^^2.16.840.1.113883.2.1.3.2.4.15", {"system": SCT, "code": "22298006"}),
        ("I21.9^^I10", {"system": ICD_10, "code": "I21.9"}),
        ("I21.9^^icd-10", {"system": ICD_10, "code": "I21.9"}),
        ("12^^SCT", {"system": "https://toldonce.example/CodeSystem/acute-x9a-sct", "code": "12"}),
        ("G30..^^RC", {"system": "https://toldonce.example/CodeSystem/acute-x9a-rc", "code": "G30.."}),
        ("17^^ED Codes", {"system": "https://toldonce.example/CodeSystem/acute-x9a-ed-codes", "code": "17"}),
        ("17", {"system": "https://toldonce.example/CodeSystem/acute-x9a-diagnosis", "code": "17"}),
    ],
)
def test_a_diagnosis_keeps_its_coding_as_sent(sent: str, coding: dict[str, str]) -> None:
    one, _ = condition(f"DG1|1||{sent}")
    assert one["code"]["coding"] == [coding]


def test_a_diagnosis_in_two_code_systems_and_in_words() -> None:
    one, _ = condition("DG1|1||22298006^Heart attack^SCT^I21.9^Acute myocardial infarction^I10")
    assert [coding["system"] for coding in one["code"]["coding"]] == [SCT, ICD_10]
    assert one["code"]["text"] == "Heart attack"
    assert condition("DG1|1|||Collapse, cause unknown")[0]["code"] == {"text": "Collapse, cause unknown"}


@pytest.mark.parametrize(
    ("kind", "certainty", "role"),
    [("W", "provisional", []), ("F", "confirmed", []), ("A", None, ["AD"]), ("Z", None, ["Z"]), ("", None, [])],
)
def test_how_certain_a_diagnosis_is(kind: str, certainty: str | None, role: list[str]) -> None:
    one, _ = condition(f"DG1|1||I21^^I10||202601020930|{kind}||||||||||C1234567^Darwin")
    status = one.get("verificationStatus")
    assert (code(status) if status else None) == certainty
    assert code(one["category"][0]) == "encounter-diagnosis"
    assert [kind["text"] if "text" in kind else code(kind) for kind in one["category"][1:]] == role
    assert one["recordedDate"] == "2026-01-02T09:30:00+00:00"
    assert one["asserter"]["display"] == "Darwin"


def test_a_confidential_diagnosis_and_all_of_a_sensitive_visit_are_restricted() -> None:
    secret, encounter = condition("DG1|1||I21^^I10" + "|" * 15 + "Y")
    assert secret["meta"]["security"] == RESTRICTED
    assert "security" not in encounter["meta"]
    assert "diagnosis" not in encounter
    of_visit, encounter = condition("DG1|1||I21^^I10", f16="S")
    assert of_visit["meta"]["security"] == encounter["meta"]["security"] == RESTRICTED
    assert "security" not in condition("DG1|1||I21^^I10")[0]["meta"]


def test_a_visit_that_was_cancelled_leaves_no_diagnosis() -> None:
    cancel = adt("A11", "202601021000", more=[pv1(f2="E")])
    assert of(resources(attendance("DG1|1||I21^^I10"), cancel), "Condition") == []


def test_the_order_of_diagnoses_is_no_part_of_their_ids() -> None:
    first, second = "DG1|1||I21^^I10", "DG1|2||I50^^I10"
    ids = [{one["id"] for one in of(resources(attendance(*order)), "Condition")} for order in
           ((first, second), (second, first), (second, first, first))]  # fmt: skip
    assert ids[0] == ids[1]
    assert len(ids[2]) == 3


def allergy(segment: str, event: str = "A31") -> Resource:
    (one,) = of(resources(adt(event, "202601010900", more=[segment])), "AllergyIntolerance")
    return one


def test_an_allergy() -> None:
    one = allergy("AL1|1|DA|294505008^Allergy to amoxicillin^SCT|SV|Rash~Wheeze|20200101")
    assert code(one["clinicalStatus"]) == "active"
    assert (one["type"], one["category"]) == ("allergy", ["medication"])
    assert one["code"]["coding"][0]["system"] == SCT
    assert one["recordedDate"] == "2020-01-01"
    assert one["reaction"] == [{"manifestation": [{"text": "Rash"}, {"text": "Wheeze"}], "severity": "severe"}]


@pytest.mark.parametrize(
    ("severity", "found"),
    [("MO", {"severity": "moderate"}), ("9", {"severity": "severe"}), ("7", {"description": "Severity: 7"}),
     ("High", {"description": "Severity: High"}), ("U", {"description": "Severity: U"})],
)  # fmt: skip
def test_a_severity_without_a_reaction_is_not_lost(severity: str, found: dict[str, str]) -> None:
    (reaction,) = allergy(f"AL1|1|DA|^Penicillin|{severity}")["reaction"]
    assert code(reaction.pop("manifestation")[0]) == "unknown"
    assert reaction == found


@pytest.mark.parametrize(
    ("status", "clinical", "verification"),
    [("C", "active", "confirmed"), ("I^Confirmed but inactive", "inactive", "confirmed"),
     ("s", "active", "unconfirmed"), ("D", "active", "unconfirmed"), ("", "active", None), ("?", "active", None)],
)  # fmt: skip
def test_how_sure_an_allergy_is(status: str, clinical: str, verification: str | None) -> None:
    one = allergy("IAM|1|DA|^Penicillin|||A|77" + "|" * 10 + status, event="A60")
    assert code(one["clinicalStatus"]) == clinical
    assert (code(one["verificationStatus"]) if verification else one.get("verificationStatus")) == verification


def test_an_allergy_in_words_of_no_table() -> None:
    one = allergy("AL1|1|Something|^Bees")
    assert one["code"] == {"text": "Bees"}
    assert {"type", "category", "reaction"}.isdisjoint(one)


def extension(encounter: Resource, name: str) -> list[Resource]:
    return [one for one in encounter.get("extension", ()) if one["url"].endswith(name)]


@pytest.mark.parametrize(
    ("sent", "coding"),
    [
        ("A", {"system": "http://terminology.hl7.org/CodeSystem/v2-0430", "code": "A", "display": "Ambulance"}),
        ("1048031000000100^Emergency road ambulance^SCT", {"system": SCT, "code": "1048031000000100",
                                                           "display": "Emergency road ambulance"}),
        ("Walk-in", {"display": "Walk-in"}),
    ],
)  # fmt: skip
def test_how_somebody_came_to_a_and_e(sent: str, coding: dict[str, str]) -> None:
    (encounter,) = of(resources(attendance("PV2" + "|" * 38 + sent)), "Encounter")
    assert extension(encounter, "modeOfArrival") == [
        {"url": "http://hl7.org/fhir/StructureDefinition/encounter-modeOfArrival", "valueCoding": coding}
    ]
    assert encounter["class"]["code"] == "EMER"


def test_a_reason_with_a_known_code_has_it() -> None:
    (encounter,) = of(resources(attendance("PV2|||29857009^Chest pain^SCT")), "Encounter")
    assert encounter["reasonCode"] == [
        {"coding": [{"system": SCT, "code": "29857009", "display": "Chest pain"}], "text": "Chest pain"}
    ]


@pytest.mark.parametrize(
    ("method", "coding", "text"),
    [("3", "No Follow Up Required", None), ("12", "Left Department Before Treatment", None), ("4", None, None),
     ("02", "GP Follow Up", None)],
)  # fmt: skip
def test_an_a_and_e_disposal_is_no_discharge_method(method: str, coding: str | None, text: str | None) -> None:
    left = adt("A03", "202601021200", more=[pv1(f2="E", f36=method)])
    (encounter,) = of(resources(attendance(), left), "Encounter")
    assert extension(encounter, "DischargeMethod") == []
    (status,) = extension(encounter, "EmergencyCareDischargeStatus")
    assert status["valueCodeableConcept"]["coding"][0].get("display") == coding
    assert "dischargeDisposition" not in encounter.get("hospitalization", {})
    assert status["valueCodeableConcept"].get("text") == text


def test_a_change_of_class_is_told() -> None:
    admitted = adt("A06", "202601021200", more=[pv1(f2="I")])
    (encounter,) = of(resources(attendance(), admitted), "Encounter")
    assert encounter["class"]["code"] == "IMP"
    assert [(one["class"]["code"], one["period"].get("end")) for one in encounter["classHistory"]] == [
        ("EMER", "2026-01-02T12:00:00+00:00"),
        ("IMP", None),
    ]


def test_where_somebody_is_to_go() -> None:
    pending = adt("A15", "202601021200", more=[pv1(f2="E", f42="X9A^W2^B2^X9A01")])
    (encounter,) = of(resources(attendance(), pending), "Encounter")
    assert [(one["location"]["display"], one["status"]) for one in encounter["location"]] == [
        ("ED", "active"),
        ("W2", "planned"),
        ("W2, B2", "planned"),
    ]


def test_a_bed_is_kept_for_somebody_on_leave() -> None:
    admitted = adt("A01", "202601020900", more=[pv1(f3="W1^Bay 2^B1")])
    found = resources(admitted, adt("A21", "202601030900", more=[pv1()]))
    (encounter,) = of(found, "Encounter")
    assert encounter["status"] == "onleave"
    assert [one["status"] for one in encounter["location"]] == ["reserved", "reserved"]
    ward, room, bed = of(found, "Location")
    assert [code(one["physicalType"]) for one in (ward, room, bed)] == ["wa", "ro", "bd"]
    assert (room["partOf"], bed["partOf"]) == (
        {"reference": f"Location/{ward['id']}"},
        {"reference": f"Location/{room['id']}"},
    )
    assert bed["identifier"][0]["value"] == "W1/Bay 2/B1"
    assert [team["name"] for team in of(found, "CareTeam")] == ["Inpatient team, W1"]


def test_an_outpatient_attendance() -> None:
    seen = adt("A08", "202601021200", more=[pv1(f2="O"), "ZU3|||5|2||||||||1"])
    arrived = adt("A04", "202601020900", more=[pv1(f2="O")])
    (encounter,) = of(resources(arrived, seen), "Encounter")
    assert encounter["status"] == "finished"
    assert encounter["type"][0]["coding"][0]["display"] == "First attendance face to face"
    (outcome,) = extension(encounter, "OutcomeOfAttendance")
    assert code(outcome["valueCodeableConcept"]) == "2"
    (attended,) = extension(encounter, "attended-or-did-not-attend")
    assert code(attended["valueCodeableConcept"]) == "5"


def test_discharge_planning_is_told_while_somebody_is_here() -> None:
    admitted = adt("A01", "202601020900", more=[pv1()])
    fit = adt("A08", "202601030900", more=[pv1(), "ZU1||||||||||||||||||||||Y||202601031000"])
    (encounter,) = of(resources(admitted, fit), "Encounter")
    assert extension(encounter, "medically-fit-for-discharge")[0]["valueBoolean"] is True
    assert extension(encounter, "ready-for-discharge")[0]["valueDateTime"] == "2026-01-03T10:00:00+00:00"
    (gone,) = of(resources(admitted, fit, adt("A03", "202601040900", more=[pv1()])), "Encounter")
    assert extension(gone, "for-discharge") == []


def test_a_chain_of_merges_links_each_record_with_the_next() -> None:
    merges = [
        adt("A40", "202601020900", pid="1||2^^^X9A^MR", more=["MRG|1^^^X9A^MR"]),
        adt("A40", "202601030900", pid="1||3^^^X9A^MR", more=["MRG|2^^^X9A^MR"]),
    ]
    one, two, three = (resources(*merges, patient=SourcePatient("X9A", mrn))[0] for mrn in "123")
    assert [found["active"] for found in (one, two, three)] == [False, False, True]
    links = [{link["type"]: link["other"]["reference"] for link in found["link"]} for found in (one, two, three)]
    assert links == [
        {"replaced-by": f"Patient/{two['id']}"},
        {"replaces": f"Patient/{one['id']}", "replaced-by": f"Patient/{three['id']}"},
        {"replaces": f"Patient/{two['id']}"},
    ]
