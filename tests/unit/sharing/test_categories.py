"""Every resource type has one category; flags and impairments by what they say."""

import pytest

from integration.sharing.categories import category_of
from integration.sharing.request import Category
from mappings import uk_core
from mappings.datatypes import concept, snomed

SAFETY = concept(uk_core.FLAG_CATEGORY, "safety")


@pytest.mark.parametrize(
    ("resource_type", "category"),
    {
        "Patient": Category.DEMOGRAPHICS,
        "RelatedPerson": Category.RELATED_PEOPLE,
        "CareTeam": Category.CARE_TEAM,
        "CarePlan": Category.CARE_PLAN,
        "Goal": Category.CARE_PLAN,
        "Task": Category.REFERRALS,
        "ServiceRequest": Category.REFERRALS,
        "EpisodeOfCare": Category.REFERRALS,
        "Encounter": Category.ENCOUNTERS,
        "Condition": Category.CLINICAL,
        "AllergyIntolerance": Category.CLINICAL,
        "MedicationRequest": Category.CLINICAL,
        "MedicationStatement": Category.CLINICAL,
        "Medication": Category.CLINICAL,
        "Observation": Category.CLINICAL,
        "Immunization": Category.CLINICAL,
        "Procedure": Category.CLINICAL,
        "Consent": Category.CHOICES,
        "AuditEvent": Category.AUDIT,
        "SomethingNew": Category.CLINICAL,
    }.items(),
)
def test_category_of_a_type(resource_type: str, category: Category):
    assert category_of({"resourceType": resource_type}) is category


@pytest.mark.parametrize(
    ("flag", "category"),
    [
        ({"code": concept(uk_core.RA_PATIENT_FLAG, "national-reasonable-adjustment-flag")}, Category.ADJUSTMENTS),
        (
            {"meta": {"profile": [uk_core.RA_ADJUSTMENT_PROFILE]}, "code": snomed("204331000000107")},
            Category.ADJUSTMENTS,
        ),
        ({"category": [concept(uk_core.RA_CATEGORY, "communication-support")]}, Category.ADJUSTMENTS),
        ({"code": concept(uk_core.RA_PATIENT_FLAG, "child-protection-information-system-flag")}, Category.SAFEGUARDING),
        ({"code": concept(uk_core.RA_PATIENT_FLAG, "female-genital-mutilation-flag")}, Category.SAFEGUARDING),
        ({"category": [SAFETY], "code": snomed("514331000000104")}, Category.SAFEGUARDING),
        ({"category": [SAFETY], "code": snomed("129839007", "At risk for falls")}, Category.ALERTS),
        ({"code": {"text": "in the source's words"}}, Category.ALERTS),
    ],
)
def test_category_of_a_flag(flag: dict, category: Category):
    assert category_of({"resourceType": "Flag", **flag}) is category


def test_what_somebody_does_next_is_part_of_the_plan_and_what_else_a_task_tracks_is_not():
    next_step = {"resourceType": "Task", "code": {"coding": [{"system": "x", "code": "y"}, uk_core.NEXT_STEP]}}

    assert category_of(next_step) is Category.CARE_PLAN
    for other in ({}, {"text": "Waiting time"}, {"coding": [{"system": "x", "code": "next-step"}]}):
        assert category_of({"resourceType": "Task", "code": other}) is Category.REFERRALS


def test_an_impairment_is_told_from_a_diagnosis_by_its_profile():
    impairment = {"resourceType": "Condition", "meta": {"profile": [uk_core.RA_CONDITION_PROFILE]}}

    assert category_of(impairment) is Category.IMPAIRMENTS


def test_a_provenance_has_no_category_of_its_own():
    with pytest.raises(ValueError, match="targets"):
        category_of({"resourceType": "Provenance"})
