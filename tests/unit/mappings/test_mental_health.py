"""Mental Health Services Data Set -> UK Core: what each table becomes, and that all of it is valid and connected."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mental_health import records
from adapters.records import SourcePatient
from integration.sharing.categories import category_of
from integration.sharing.request import Category
from integration.sharing.sensitivity import sensitivities_of
from mappings import uk_core
from mappings.ids import Ids
from mappings.mental_health import to_resources
from mappings.uk_core import Resource

IDS = Ids(b"secret" * 6, SourcePatient("X9C", "M1"), "mental_health")
P: dict[str, Any] = {"provider": "X9C"}
OWN: dict[str, Any] = {"provider": "X9C", "local_patient": "M1"}
PERSON = records.MasterPatientIndex(
    **OWN, organisation="X9C", nhs_number="9990000018", nhs_number_status="01", birth_date="1998-12-19",
    postcode="CV1 2AB", gender="3", marital_status="S", ethnic_category="J", language="pl",
)  # fmt: skip
STATE = records.State(
    as_of="2026-07-01T05:00:00.000000Z",
    person=PERSON,
    registrations=(records.Registration(**OWN, practice="X90102", start="2015-01-01"),),
    indicators=(
        records.Indicators(
            **OWN, reasonable_adjustment="Y", child_protection="3", learning_disability="1", autism="2"
        ),
    ),
    coordinators=(
        records.CareCoordinator(**OWN, professional="S1", start="2026-03-01", team_type="A06"),
        records.CareCoordinator(**OWN, professional="S9", start="2025-01-01", end="2026-02-28"),
    ),
    disabilities=(records.Disability(**OWN, code="02"), records.Disability(**OWN, code="NN")),
    care_plans=(
        records.CarePlan(
            **OWN, plan="P1", type="12", created="2026-04-11", created_time="10:00:00", updated="2026-05-01"
        ),
        records.CarePlan(**OWN, plan="P2", type="77", created="2026-04-11"),
    ),
    agreements=(records.CarePlanAgreement(**P, plan="P1", agreed_by="10", agreed="2026-04-12"),),
    referrals=(
        records.Referral(
            **OWN, referral="R1", received="2026-03-01", received_time="11:30:00", team="T1", source="A1",
            referring_organisation="X90102", priority="2", reason="04",
        ),
        records.Referral(**OWN, referral="R2", received="2026-01-10", reason="20", rejected="2026-01-12", team="T2"),
    ),
    service_types=(
        records.ServiceType(**P, referral="R1", team="T3", type="A08", rejected="2026-03-05"),
        records.ServiceType(**P, referral="R1", team="T4", type="A17", closed="2026-05-05"),
    ),
    contacts=(
        records.CareContact(
            **P, contact="K1", referral="R1", on="2026-04-15", time="09:30:00", minutes=45, consultation_type="01",
            mechanism="11", location="A01", attendance="5",
        ),
        records.CareContact(
            **P, contact="K2", referral="R1", team="T4", on="2026-04-20", mechanism="01", location="A01",
            attendance="3", cancellation_reason="04",
        ),
    ),
    activities=(
        records.CareActivity(
            **P, activity="A1", contact="K1", referral="R1", professional="S1", procedure="228557008",
            observation="720433000", value="12", finding_scheme="04", finding="35489007",
        ),
    ),
    legal_statuses=(
        records.LegalStatus(**OWN, period="L1", start="2026-06-20", expires="2026-07-17", status="02"),
        records.LegalStatus(**OWN, period="L2", start="2026-01-01", expires="2026-01-28", status="02"),
        records.LegalStatus(**OWN, period="L3", start="2025-01-01", ended="2025-02-01", status="01"),
    ),
    treatment_orders=(records.TreatmentOrder(**P, period="L1", start="2026-06-30", expires="2026-12-29"),),
    spells=(
        records.Spell(
            **P, spell="H1", referral="R1", start="2026-06-20", start_time="22:00:00", source="19", method="25"
        ),
    ),
    ward_stays=(
        records.WardStay(**P, stay="W2", spell="H1", referral="R1", ward="Hearsall", start="2026-06-22"),
        records.WardStay(
            **P, stay="W1", spell="H1", referral="R1", ward="Sherbourne", start="2026-06-20", end="2026-06-22"
        ),
    ),
    assigned=(records.AssignedProfessional(**P, spell="H1", referral="R1", professional="S1", start="2026-06-20"),),
    staff=(records.StaffMember(**P, professional="S1", registration_body="09", registration="12A3456E"),),
    teams=(records.Team(**P, team="T1", type="A06"),),
    wards=(records.Ward(**P, ward="Sherbourne", site="X9CM1"),),
)  # fmt: skip
RESOURCES = to_resources(STATE, IDS)


def own(resource_type: str, *key: str) -> Resource:
    wanted = IDS.own(resource_type, *key)
    return next(one for one in RESOURCES if (one["resourceType"], one["id"]) == (resource_type, wanted))


def of_type(resource_type: str, resources: list[Resource] = RESOURCES) -> list[Resource]:
    return [one for one in resources if one["resourceType"] == resource_type]


def codes_of(concept: Resource) -> list[str]:
    return [coding["code"] for coding in concept["coding"]]


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_resource_is_valid_has_its_profile_and_an_id_of_its_own() -> None:
    assert RESOURCES[0] == own("Patient")
    assert len({one["id"] for one in RESOURCES}) == len(RESOURCES)
    for one in RESOURCES:
        get_fhir_model_class(one["resourceType"]).model_validate(one)
        assert one["resourceType"] not in uk_core.PROFILED or one["meta"]["profile"]


def test_every_reference_leads_to_something_here() -> None:
    there = {f"{one['resourceType']}/{one['id']}" for one in RESOURCES} | {uk_core.SUBJECT}
    assert {reference for one in RESOURCES for reference in references(one)} <= there


def test_who_the_person_is() -> None:
    patient = own("Patient")

    assert (patient["gender"], patient["birthDate"]) == ("other", "1998-12-19")
    assert codes_of(patient["maritalStatus"]) == ["S"]
    assert patient["identifier"][0]["value"] == "9990000018"
    assert patient["generalPractitioner"][0]["identifier"]["value"] == "X90102"


def test_one_care_team_of_all_coordinators_each_with_their_period() -> None:
    team = own("CareTeam", "care-coordination")

    assert (team["status"], team["period"]) == ("active", {"start": "2025-01-01"})
    assert [codes_of(one["role"][0]) for one in team["participant"]] == [["768820003"], ["768820003"]]
    assert [one["period"] for one in team["participant"]] == [
        {"start": "2025-01-01", "end": "2026-02-28"},
        {"start": "2026-03-01"},
    ]
    unknown, known = (one["member"] for one in team["participant"])
    assert unknown["identifier"]["value"] == "S9"  # not in MHS901: identified, nothing to refer to
    assert known["reference"].startswith("Practitioner/")
    assert {one["onBehalfOf"]["identifier"]["value"] for one in team["participant"]} == {"X9C"}


def test_a_coordination_that_ended_is_inactive() -> None:
    ended = msgspec.structs.replace(STATE, coordinators=STATE.coordinators[1:])
    team = next(one for one in of_type("CareTeam", to_resources(ended, IDS)) if "coordination" in one.get("name", ""))

    assert (team["status"], team["period"]["end"]) == ("inactive", "2026-02-28")


def test_a_crisis_plan_and_a_plan_of_an_unknown_type() -> None:
    crisis, unknown = own("CarePlan", "X9C", "MHS008", "P1"), own("CarePlan", "X9C", "MHS008", "P2")

    assert [codes_of(one) for one in crisis["category"]] == [["734163000"], ["736253002", "12"]]
    assert (crisis["status"], crisis["title"]) == ("active", "Mental Health Crisis Plan")
    assert [note["time"] for note in crisis["note"]] == ["2026-04-12", "2026-05-01"]
    assert [codes_of(one) for one in unknown["category"]] == [["734163000"], ["77"]]


def test_a_referral_its_episode_and_its_teams() -> None:
    key = ("X9C", "MHS101", "R1")
    request, episode = own("ServiceRequest", *key), own("EpisodeOfCare", *key)

    assert (request["status"], request["priority"], request["authoredOn"]) == (
        "active",
        "urgent",
        "2026-03-01T11:30:00+00:00",
    )
    assert (codes_of(request["code"]), request["reasonCode"][0]["text"]) == (["89301000000108", "A06"], "Depression")
    assert (episode["status"], episode["period"]) == ("active", {"start": "2026-03-01"})
    assert len(episode["team"]) == 2  # the third rejected it
    teams = {team: own("CareTeam", "X9C", "MHS102", "R1", team) for team in ("T1", "T4")}
    assert {team: one["status"] for team, one in teams.items()} == {"T1": "active", "T4": "inactive"}


def test_a_rejected_referral_for_a_sensitive_reason() -> None:
    key = ("X9C", "MHS101", "R2")
    request, episode = own("ServiceRequest", *key), own("EpisodeOfCare", *key)

    assert (request["status"], episode["status"]) == ("revoked", "cancelled")
    assert sensitivities_of(request) == {"gender"}
    assert not sensitivities_of(own("ServiceRequest", "X9C", "MHS101", "R1"))


def test_a_video_contact_and_one_that_did_not_happen() -> None:
    video, missed = own("Encounter", "X9C", "MHS201", "R1", "K1"), own("Encounter", "X9C", "MHS201", "R1", "K2")

    assert (video["status"], video["class"]["code"]) == ("finished", "VR")
    assert video["period"] == {"start": "2026-04-15T09:30:00+01:00", "end": "2026-04-15T10:15:00+01:00"}
    assert codes_of(video["serviceType"]) == ["89301000000108", "A06"]  # the referral's own team
    assert (missed["status"], missed["class"]["code"]) == ("cancelled", "HH")
    assert codes_of(missed["serviceType"]) == ["893331000000102", "A17"]
    outcome = missed["extension"][0]["valueCodeableConcept"]
    assert outcome["text"] == "Did not attend - no advance warning (cancellation reason code 04)"
    assert codes_of(outcome) == ["3"]


def test_what_a_contact_recorded() -> None:
    key = ("X9C", "MHS202", "R1", "K1", "A1")

    assert codes_of(own("Procedure", *key)["code"]) == ["228557008"]
    assert codes_of(own("Condition", *key, "finding")["code"]) == ["35489007"]
    assert own("Observation", *key, "observation")["valueQuantity"]["value"] == 12


def test_a_stay_on_two_wards() -> None:
    stay = own("Encounter", "X9C", "MHS501", "R1", "H1")

    assert (stay["status"], stay["class"]["code"]) == ("in-progress", "IMP")
    assert [(one["location"]["display"], one["status"]) for one in stay["location"]] == [
        ("Sherbourne", "completed"),
        ("Hearsall", "active"),
    ]
    assert stay["participant"][0]["type"][0]["coding"][0]["code"] == "ATND"
    admission = stay["hospitalization"]["extension"][0]["valueCodeableConcept"]
    assert codes_of(admission) == ["25"]
    wards = {one["name"]: one for one in of_type("Location") if one.get("physicalType")}
    assert wards["Sherbourne"]["partOf"]["identifier"]["value"] == "X9CM1"


def test_the_mental_health_act_is_told_by_marked_flags_alone() -> None:
    detained, lapsed = own("Flag", "X9C", "MHS401", "L1"), own("Flag", "X9C", "MHS401", "L2")
    order = own("Flag", "X9C", "MHS404", "L1", "2026-06-30")

    assert (detained["status"], detained["period"]) == ("active", {"start": "2026-06-20"})
    assert (lapsed["status"], lapsed["period"]["end"]) == ("inactive", "2026-01-28")
    assert codes_of(detained["code"])[0] == "02"
    assert all(sensitivities_of(one) == {"Mental Health Act"} for one in (detained, lapsed, order))
    told = [one for one in RESOURCES if "Mental Health Act" in str(one) or "detained" in str(one)]
    assert told == [detained, lapsed, order]  # informal, and everything else, says nothing of it


def test_the_reasonable_adjustment_flag_and_its_impairments() -> None:
    flag = own("Flag", "reasonable-adjustment")

    assert flag["meta"]["profile"] == [uk_core.RA_PATIENT_FLAG_PROFILE]
    assert category_of(flag) is Category.ADJUSTMENTS
    details = {one["valueReference"]["reference"] for one in flag["extension"]}
    assert details == {f"Condition/{own('Condition', 'impairment', one)['id']}" for one in ("hearing", "learning")}


@pytest.mark.parametrize(("indicator", "flagged"), [("Y", True), ("N", False), (None, False)])
def test_the_indicator_alone_makes_the_flag(indicator: str | None, flagged: bool) -> None:
    said = records.Indicators(**OWN, reasonable_adjustment=indicator, learning_disability="5")
    state = records.State(as_of="2026-07-01", person=PERSON, indicators=(said,))

    assert bool(of_type("Flag", to_resources(state, IDS))) is flagged


def test_a_child_protection_plan_is_safeguarding() -> None:
    (flag,) = [one for one in of_type("Flag") if category_of(one) is Category.SAFEGUARDING]

    assert codes_of(flag["code"]) == ["342191000000101", "3"]
    assert "safeguarding" in sensitivities_of(flag)


_CODE = st.none() | st.sampled_from(["01", "02", "3", "5", "98", "A01", "Y", "ZZ", "words of the source"])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_code_breaks_the_mapping(data: st.DataObject) -> None:
    coded = {
        records.Referral: ("source", "priority", "reason", "team"),
        records.CareContact: ("mechanism", "medium", "location", "attendance", "consultation_type", "subject", "site"),
        records.Indicators: ("reasonable_adjustment", "child_protection", "learning_disability", "autism"),
        records.LegalStatus: ("status",),
        records.Spell: ("source", "method", "discharge_method", "destination"),
        records.Disability: ("code",),
    }

    def drawn(row: Any) -> Any:
        values = {name: data.draw(_CODE) for name in coded[type(row)]}
        return msgspec.structs.replace(
            row, **{name: value or "X" if name == "code" else value for name, value in values.items()}
        )

    state = msgspec.structs.replace(
        STATE,
        referrals=tuple(map(drawn, STATE.referrals)),
        contacts=tuple(map(drawn, STATE.contacts)),
        indicators=tuple(map(drawn, STATE.indicators)),
        legal_statuses=tuple(map(drawn, STATE.legal_statuses)),
        spells=tuple(map(drawn, STATE.spells)),
        disabilities=(drawn(STATE.disabilities[0]),),
    )
    for resource in to_resources(state, IDS):
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
