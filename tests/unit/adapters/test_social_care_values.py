"""The value lists and titles of Client Level Data, in the spellings in which they arrive."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.social_care import columns, values
from adapters.social_care.spellings import listed


@pytest.mark.parametrize(
    ("field", "release_1", "release_2"),
    [
        ("client_type", "Service User", "Service user"),
        ("client_type", "Carer", "Unpaid carer"),
        ("client_type", "Carer known by association", "Unpaid carer known by association"),
        ("event_type", "Referral", "Request"),
        ("primary_support_reason", "Social Support: Support to Carer", "Social support: Support to unpaid carer"),
        ("primary_support_reason", "Physical Support: Access & mobility only",
         "Physical support: Access and mobility only"),
        ("primary_support_reason", "Social Support: Support for Social Isolation/Other",
         "Social support: Support for social isolation or other"),
        ("outcome", "Progress to Assessment", "Progress to assessment, review or reassessment"),
        ("outcome", "Progress to Re-assessment / Unplanned Review", "Progress to assessment, review or reassessment"),
        ("outcome", "Progress to Support Planning / Services", "Progress to support planning or services"),
        ("outcome", "NFA - 100% NHS funded care", "NFA: Referral to NHS services or NHS funded social care"),
        ("outcome", "NFA - Moved to another LA", "NFA: Responsibility moved to another local authority"),
        ("outcome", "NFA - Self-funded client (Inc. 12wk disregard)",
         "NFA: Self-funded client or under 12wk disregard"),
        ("outcome", "NFA - Deceased", "NFA: Deceased"),
        ("outcome", "NFA- Other", "NFA: Other"),
        ("outcome", "Service ended as planned", "NFA: Support ended as planned"),
        ("outcome", "No change in package", "No change in package"),
        ("service.type", "Carer Support: Direct to Carer", "Unpaid carer support: Direct to unpaid carer"),
        ("service.type", "Long Term Support - Residential Care", "Long term support: Residential care"),
        ("component", "Home Support", "Home support or domiciliary care"),
        ("component", "Learning/Education/Employment Support", "Learning, education or employment support"),
        ("component", "Professional Support- Social Worker", "Professional support: Social worker"),
        ("delivery", "CASSR Managed Personal Budget", "CASSR managed personal budget"),
        ("funding_status", "Joint Client and Social Care Funded", "Joint client and social care funded"),
        ("ethnicity", "Mixed: White and Asian", "Mixed or multiple ethnic groups: White and Asian"),
        ("ethnicity", "Asian/Asian British: Indian", "Asian or Asian British: Indian"),
        ("ethnicity", "Black: African", "Black, Black British, Caribbean or African: African"),
        ("accommodation_status", "Tenant", "Tenant: Local authority or other social housing provider"),
        ("accommodation_status", "Tenant - private landlord", "Tenant: Private landlord"),
        ("accommodation_status", "Settled mainstream housing with family / friends",
         "Settled mainstream housing with family or friends"),
        ("accommodation_status", "Supported accommodation / supported lodgings / supported group home",
         "Supported accommodation, supported lodgings or supported group home"),
        ("accommodation_status", "Sheltered housing / extra care housing / other sheltered housing",
         "Sheltered housing, extra care housing or other sheltered housing"),
        ("accommodation_status", "Night shelter / emergency hostel / direct access hostel",
         "Night shelter, emergency hostel or direct access hostel"),
        ("accommodation_status", "Acute / long-term healthcare residential facility or hospital",
         "Acute hospital or long term healthcare residential facility"),
        ("accommodation_status", "Prison / Young offenders institution / detention centre",
         "Prison, young offenders institution or detention centre"),
        ("route_of_access", "Community / Other route", "Community/Other route"),
        ("route_of_access", "Discharge from Reablement", "Discharge from Reablement"),
        ("route_of_access", "Self-funder with depleted funds", "Self-funder with depleted funds"),
        ("reason", "Unplanned: Carer related", "Unplanned - Carer related"),
        ("outcomes_achieved", "Fully Met", "Fully met"),
        ("visual_impairment", "Blind / severely sight impaired", "Blind/severely sight impaired"),
        ("visual_impairment", "Yes", "Visual impairment - severity unknown"),
        ("hearing_impairment", "No", "No hearing impairment"),
        ("dementia", "Not known", "Unknown"),
    ],
)  # fmt: skip
def test_release_1_and_what_councils_write_become_release_2(field, release_1, release_2):
    assert listed(field, release_1) == release_2
    assert release_2 in values.LISTS[field]


@settings(deadline=None)
@given(st.sampled_from([(field, value) for field, permitted in values.LISTS.items() for value in permitted]))
def test_every_permitted_value_is_itself_in_any_case(chosen):
    field, value = chosen

    assert listed(field, value) == value
    assert listed(field, value.upper()) == value


@pytest.mark.parametrize(("field", "words"), [("ethnicity", "White"), ("outcome", "NFA"), ("event_type", "Party")])
def test_nothing_is_guessed(field, words):
    assert listed(field, words) is None


@pytest.mark.parametrize(
    ("title", "meant"),
    [
        ("LA_Code", "LA Code"),
        ("Total_Hrs_Caring_per_week", "Total Hrs Caring per week"),
        ("Total hours caring per week", "Total Hrs Caring per week"),
        ("No_of_adults_being_cared_for", "No. of adults being cared for"),
        ("Number of adults being cared for", "No. of adults being cared for"),
        ("Adult_1_Linked_Person_ID", "Adult 1 Linked Person_ID"),
        ("Autism_Spectrum_Disorder_ASD", "Autism Spectrum Disorder (ASD)"),
        ("Autism Spectrum Disorder", "Autism Spectrum Disorder (ASD)"),
        ("Cost_Frequency_Unit_Type", "Cost Frequency (Unit Type)"),
        ("Request_Route_of_Access", "Request: Route of Access"),
        ("Route of Access", "Request: Route of Access"),
        ("Unpaid carer involved in assessment", "Informal Carer involved in Assessment"),
        ("PERSON UNIQUE IDENTIFIER", "LA Person Unique Identifier"),
    ],
)
def test_titles_of_either_release_and_of_the_national_tables_are_known(title, meant):
    column = columns.recognise(title)

    assert column is not None
    assert column.title == meant
