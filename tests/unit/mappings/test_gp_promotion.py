"""Codes that a practice uses become flags, care plans, a care team and reasonable adjustments."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.records import FoldedEvent
from mappings import uk_core
from mappings.concept_maps import concept_map, translate
from mappings.provenance import provenance
from tests.unit.adapters.gp_answers import observation, patient
from tests.unit.mappings.gp_views import IDS, assert_valid, of, only, references, view

EMIS = "https://EMISWeb/X90101"
MILD, MODERATE, SEVERE = "925791000000100", "925831000000107", "925861000000102"
NOT_FOR_CPR, FOR_CPR = "450476008", "450475007"
LIVES_ALONE, SAFEGUARDING = "105529008", "514331000000104"
HEARING_AID, THRESHOLD, HEARING_LOSS = "285055002", "1108111000000107", "15188001"


def said(code: str, on: str | None = None, key: str | None = None, **parts: Any) -> dict[str, Any]:
    key = key or f"{code}-{on}"
    return observation(
        id=key,
        identifier=[{"system": EMIS, "value": key}],
        code={"coding": [{"system": "http://snomed.info/sct", "code": code, "display": f"term {code}"}]},
        effectiveDateTime=on,
        **parts,
    )


def problem(code: str, on: str, **parts: Any) -> dict[str, Any]:
    made = said(code, on, key=f"problem-{code}")
    for name in ("status", "effectiveDateTime"):
        made.pop(name)
    return {**made, "resourceType": "Condition", "clinicalStatus": "active", "onsetDateTime": on, **parts}


def recall(code: str, on: str, **parts: Any) -> dict[str, Any]:
    made = said(code, None, key=f"recall-{code}")
    return {**made, "resourceType": "ProcedureRequest", "status": "active", "intent": "plan", "authoredOn": on, **parts}


def flags(*resources: Any) -> list[tuple[str, str, dict[str, str]]]:
    found = of(view(*resources), "Flag")
    return sorted((flag["code"]["coding"][0]["code"], flag["status"], flag.get("period", {})) for flag in found)


def code_of(resource: dict[str, Any]) -> str:
    code: str = resource["code"]["coding"][0]["code"]
    return code


def test_a_flag_leads_back_to_the_entry_it_was_made_of():
    flag = only(view(said(LIVES_ALONE, "2024-05-01", key="X")), "Flag")
    assert flag["identifier"] == [{"system": EMIS, "value": "X"}]
    assert flag["subject"] == {"reference": uk_core.SUBJECT}
    assert flag["author"]["identifier"]["value"] == "X90101"
    assert flag["status"] == "active"


def test_a_later_degree_of_frailty_replaces_an_earlier_one():
    assert flags(said(MODERATE, "2024"), said(MILD, "2022-03-01"), said(MODERATE, "2025-01-01")) == [
        (MILD, "inactive", {"start": "2022-03-01", "end": "2024"}),
        (MODERATE, "active", {"start": "2024"}),
    ]


@pytest.mark.parametrize(
    ("level", "flag"),
    [
        ("1129371000000104", MILD),
        ("1129381000000102", MODERATE),
        ("1129391000000100", SEVERE),
        ("1129401000000102", SEVERE),
        ("1129411000000100", "526631000000108"),
    ],
)
def test_levels_of_the_clinical_frailty_scale(level, flag):
    assert flags(said(level, "2024", valueQuantity={"value": 7})) == [(flag, "active", {"start": "2024"})]


def test_a_level_that_is_not_frail_ends_the_flag_and_makes_none():
    assert flags(said(MILD, "2023"), said("1129351000000108", "2025")) == [
        (MILD, "inactive", {"start": "2023", "end": "2025"})
    ]


def test_a_decision_for_resuscitation_ends_one_against_it():
    assert flags(said(NOT_FOR_CPR, "2023"), said(FOR_CPR, "2024")) == [
        (NOT_FOR_CPR, "inactive", {"start": "2023", "end": "2024"})
    ]
    assert flags(said(FOR_CPR, "2023"), said(NOT_FOR_CPR, "2024")) == [(NOT_FOR_CPR, "active", {"start": "2024"})]
    assert flags(said(FOR_CPR, "2023")) == []


def test_a_problem_that_ended_is_an_inactive_flag():
    ended = problem(LIVES_ALONE, "2020", clinicalStatus="resolved", abatementDateTime="2024-01-01")
    assert flags(ended) == [(LIVES_ALONE, "inactive", {"start": "2020", "end": "2024-01-01"})]
    assert flags(problem(LIVES_ALONE, "2020", clinicalStatus="resolved")) == [
        (LIVES_ALONE, "inactive", {"start": "2020"})
    ]


def test_the_problem_and_its_entry_make_one_flag():
    assert flags(problem(LIVES_ALONE, "2020"), said(LIVES_ALONE, "2020")) == [
        (LIVES_ALONE, "active", {"start": "2020"})
    ]


@pytest.mark.parametrize(
    "entry",
    [
        said(MILD, "2024", status=None) | {"status": "entered-in-error"},
        said(MILD, "2024") | {"status": "cancelled"},
        said(MILD, "2024", valueString="No"),
        said(MILD, "2024", valueCodeableConcept={"text": "Negative"}),
        problem(MILD, "2024", verificationStatus="refuted"),
        problem(MILD, "2024", verificationStatus="entered-in-error"),
        recall(MILD, "2024"),
        said("38341003", "2024"),
    ],
)
def test_what_does_not_state_the_code_makes_no_flag(entry):
    assert flags(entry) == []


def test_safeguarding_is_restricted_and_labels_of_the_entry_are_inherited():
    label = {"security": [{"system": "http://hl7.org/fhir/v3/ActCode", "code": "SDV"}]}
    flag = only(view(said(SAFEGUARDING, "2024", meta=label)), "Flag")
    assert flag["category"][0]["coding"][0]["code"] == "safety"
    assert flag["meta"]["security"] == [
        {"system": uk_core.ACT_CODE, "code": "SDV"},
        {"system": uk_core.CONFIDENTIALITY, "code": "R"},
    ]


def test_a_read_code_alone_is_never_promoted():
    made = observation(code={"coding": [{"system": "http://read.info/readv2", "code": LIVES_ALONE}]})
    assert flags(made) == []


def test_a_care_plan_stands_on_its_entries_and_has_its_review_as_activity():
    made = view(said("736373009", "2025-01-01"), recall("196121000000104", "2025-06-01"))
    plan = only(made, "CarePlan")
    request = only(made, "ServiceRequest")
    assert (plan["status"], plan["intent"]) == ("active", "plan")
    assert [code_of({"code": category}) for category in plan["category"]] == ["734163000", "736373009"]
    assert plan["activity"] == [{"reference": {"reference": f"ServiceRequest/{request['id']}"}}]
    assert len(plan["supportingInfo"]) == len(plan["identifier"]) == 2
    assert plan["contributor"][0]["identifier"]["value"] == "X90101"
    assert plan["period"] == {"start": "2025-06-01"}


@pytest.mark.parametrize("code", ["956881000000103", "956901000000100"])
def test_a_plan_that_was_declined_is_no_plan(code):
    made = view(said(code, "2025-01-01"))
    assert of(made, "CarePlan") == []
    assert code_of(only(made, "Observation")) == code


def test_yearly_plans_of_one_kind_are_one_plan():
    made = view(said("523051000000100", "2024-01-01"), said("288834001", "2025-01-01"))
    assert only(made, "CarePlan")["title"] == "term 288834001"


def practitioner(key: str, family: str) -> dict[str, Any]:
    name = {"family": family, "given": ["Priya"], "prefix": ["Ms"]}
    return {"resourceType": "Practitioner", "id": key, "name": [name]}


def test_the_care_team_is_the_practice_and_the_usual_gp():
    usual = patient(generalPractitioner=[{"reference": "Practitioner/GP1"}])
    role = {
        "resourceType": "PractitionerRole",
        "id": "R1",
        "practitioner": {"reference": "Practitioner/GP1"},
        "code": [{"coding": [{"code": "R0260"}]}],
    }
    team = only(view(practitioner("GP1", "Shah"), role, person=usual), "CareTeam")
    practice, gp = team["participant"]
    assert team["managingOrganization"][0]["identifier"]["value"] == "X90101"
    assert practice["member"]["identifier"]["value"] == "X90101"
    assert gp["role"] == [{"coding": [{"code": "R0260"}]}]
    assert gp["onBehalfOf"]["identifier"]["value"] == "X90101"


def test_the_latest_coordinator_is_in_the_team_by_the_name_that_was_written():
    entries = said("768820003", "2024", comment="Mr A Old"), said("768820003", "2025", comment="Ms Priya Nair")
    coordinator = only(view(*entries), "CareTeam")["participant"][-1]
    assert coordinator["member"] == {"display": "Ms Priya Nair"}
    assert coordinator["role"][0]["coding"][0]["code"] == "768820003"
    assert coordinator["period"] == {"start": "2025"}


def test_a_coordinator_is_linked_only_where_one_practitioner_has_the_name():
    entry = said("768820003", "2025", comment="Ms Priya Nair")
    linked = only(view(entry, practitioner("P1", "Nair")), "CareTeam")["participant"][-1]["member"]
    ambiguous = only(view(entry, practitioner("P1", "Nair"), practitioner("P2", "Nair")), "CareTeam")
    assert linked["reference"].startswith("Practitioner/")
    assert ambiguous["participant"][-1]["member"] == {"display": "Ms Priya Nair"}


def details(flag: dict[str, Any]) -> set[str]:
    return {
        extension["valueReference"]["reference"]
        for extension in flag.get("extension", ())
        if extension["url"] == uk_core.FLAG_DETAIL
    }


def by_profile(resources: list[dict[str, Any]], profile: str) -> list[dict[str, Any]]:
    return [resource for resource in resources if profile in resource["meta"]["profile"]]


def test_reasonable_adjustments_are_an_existence_flag_with_adjustments_and_impairments():
    made = view(said(THRESHOLD, "2024"), said(HEARING_AID, "2023"), problem(HEARING_LOSS, "2015"))
    (existence,) = by_profile(made, uk_core.RA_PATIENT_FLAG_PROFILE)
    (adjustment,) = by_profile(made, uk_core.RA_ADJUSTMENT_PROFILE)
    (impairment,) = by_profile(made, uk_core.RA_CONDITION_PROFILE)
    assert code_of(existence) == "national-reasonable-adjustment-flag"
    assert existence["period"] == {"start": "2023"}
    assert details(existence) == {f"Flag/{adjustment['id']}", f"Condition/{impairment['id']}"}
    categories = [category["coding"][0]["code"] for category in adjustment["category"]]
    assert categories == ["national-reasonable-adjustment-flag", "communication-support"]
    assert code_of(adjustment) == HEARING_AID
    assert code_of(impairment) == "hearing"
    assert [category["coding"][0]["code"] for category in impairment["category"]][1] == "issue"


def test_the_threshold_alone_is_enough_and_a_diagnosis_alone_is_not():
    (existence,) = by_profile(view(said(THRESHOLD, "2024")), uk_core.RA_PATIENT_FLAG_PROFILE)
    assert details(existence) == set()
    assert of(view(problem(HEARING_LOSS, "2015")), "Flag") == []


def test_an_adjustment_that_ended_is_inactive_and_leads_from_no_existence_flag():
    ended = problem(HEARING_AID, "2020", clinicalStatus="resolved")
    made = view(ended)
    assert [(flag["status"], code_of(flag)) for flag in of(made, "Flag")] == [("inactive", HEARING_AID)]
    again = view(ended, said(THRESHOLD, "2024"))
    (existence,) = by_profile(again, uk_core.RA_PATIENT_FLAG_PROFILE)
    assert details(existence) == set()


@pytest.mark.parametrize("kind", ["observation", "problem", "recall"])
def test_what_was_promoted_leads_to_its_source_and_its_provenance_names_it(kind):
    entry = {
        "observation": said(LIVES_ALONE, "2024", key="X"),
        "problem": problem(LIVES_ALONE, "2024"),
        "recall": recall("196121000000104", "2024"),
    }[kind]
    made = view(entry)
    (source,) = (
        resource
        for resource in made
        if resource.get("identifier") == entry["identifier"] and resource["resourceType"] not in ("Flag", "CarePlan")
    )
    (promoted,) = (resource for resource in made if resource["resourceType"] in ("Flag", "CarePlan"))
    assert f"{source['resourceType']}/{source['id']}" in references(promoted)
    assert entities(promoted) == [f"{source['resourceType']}/{source['id']}"]
    assert entities(source) == []


def test_every_promoted_resource_names_what_it_was_made_of():
    coordinator = said("768820003", "2024", comment="Ms Priya Nair")
    made = view(said(THRESHOLD, "2024"), said(HEARING_AID, "2023"), problem(HEARING_LOSS, "2015"), coordinator)
    (existence,) = by_profile(made, uk_core.RA_PATIENT_FLAG_PROFILE)
    (adjustment,) = by_profile(made, uk_core.RA_ADJUSTMENT_PROFILE)
    (impairment,) = by_profile(made, uk_core.RA_CONDITION_PROFILE)
    by_code = {
        resource["code"]["coding"][0]["code"]: f"{resource['resourceType']}/{resource['id']}"
        for resource in made
        if resource["resourceType"] == "Observation"
    }
    (problem_made,) = (one for one in of(made, "Condition") if code_of(one) == HEARING_LOSS)
    assert entities(existence) == [by_code[THRESHOLD]]
    assert entities(adjustment) == [by_code[HEARING_AID]]
    assert entities(impairment) == [f"Condition/{problem_made['id']}"]
    assert entities(problem_made) == []
    assert entities(only(made, "CareTeam")) == [by_code["768820003"]]


def entities(*targets: dict[str, Any]) -> list[str]:
    event = FoldedEvent(at="", sent="2026-09-30T08:00:00.000000Z", digest="", name="", record=b"")
    made = provenance(IDS, ("x",), targets, [event])
    assert_valid(made)
    return [entity["what"]["reference"] for entity in made.get("entity", ())]


DOCUMENTED = (
    "523051000000100", "288834001", "736371006", "956841000000106", "196121000000104", "956881000000103",
    "956901000000100", "925791000000100", "925831000000107", "925861000000102", "248279007", "404904002",
    "1129331000000101", "1129341000000105", "1129351000000108", "1129361000000106", "1129371000000104",
    "1129381000000102", "1129391000000100", "1129401000000102", "1129411000000100", "160689007", "105529008",
    "160726006", "133932002", "224484003", "267076002", "160770002", "450475007", "514331000000104", "129839007",
    "417430008",
)  # fmt: skip
"""Codes that real records and code sets use for frailty, plans, carers, resuscitation and other alerts."""


@pytest.mark.parametrize("code", DOCUMENTED)
def test_every_documented_code_is_in_the_table(code):
    assert translate("GpPromotion", code)


@pytest.mark.parametrize("code", ["204331000000107", "1082681000000103", "1108131000000104", "1108151000000106"])
def test_every_documented_adjustment_is_in_its_table(code):
    assert translate("GpAdjustmentCategory", code)


@pytest.mark.parametrize("code", ["956881000000103", "956901000000100"])
@pytest.mark.parametrize("form", [said, problem, recall])
def test_a_declined_plan_is_no_plan_in_whatever_form_it_comes(form, code):
    assert of(view(form(code, "2024")), "CarePlan") == []


def test_every_kind_of_the_promotion_table_is_used():
    kinds = {
        element["target"][0]["code"] for group in concept_map("GpPromotion")["group"] for element in group["element"]
    }
    making = {kind for kind in kinds if translate("GpFlagCode", kind) or translate("GpCarePlanCategory", kind)}
    assert all(translate("GpFlagCategory", kind) for kind in making if translate("GpFlagCode", kind))
    assert kinds - making == {
        "frailty-none", "for-resuscitation", "declined", "care-coordinator", "reasonable-adjustment",
    }  # fmt: skip


def test_every_promotion_gives_its_reason():
    targets = [element["target"][0] for group in concept_map("GpPromotion")["group"] for element in group["element"]]
    assert all(target["comment"] for target in targets)


MIXED = [said(MILD, "2022"), said(MODERATE, "2024"), said(NOT_FOR_CPR, "2023"), said(LIVES_ALONE, None)]


@given(st.permutations(MIXED))
def test_the_order_of_entries_in_a_bundle_does_not_matter(entries):
    def key(resource):
        return resource["resourceType"], resource["id"]

    assert sorted(view(*entries), key=key) == sorted(view(*MIXED), key=key)


def test_a_promoted_resource_keeps_its_id_while_its_first_entry_stays():
    before = only(view(said(LIVES_ALONE, "2024", key="X")), "Flag")
    after = only(view(said(LIVES_ALONE, "2024", key="X"), said(LIVES_ALONE, "2025", key="Y")), "Flag")
    assert before["id"] == after["id"] == IDS.own("Flag", "lives-alone", EMIS, "X")
