"""A summary lists what holds now: nothing that is over, was ruled out, or was entered in error."""

import pytest

from integration.record.summary import SECTIONS
from mappings.uk_core import Resource

HOLDS = {section.type: section.holds for section in SECTIONS}


def said(name: str, code: str) -> Resource:
    return {name: {"coding": [{"code": code}]}}


@pytest.mark.parametrize("resource_type", ["AllergyIntolerance", "Condition"])
@pytest.mark.parametrize(
    ("status", "listed"),
    [
        ({}, True),
        (said("clinicalStatus", "active"), True),
        (said("verificationStatus", "confirmed"), True),
        (said("verificationStatus", "unconfirmed"), True),
        (said("clinicalStatus", "resolved"), False),
        (said("verificationStatus", "entered-in-error"), False),
        (said("clinicalStatus", "active") | said("verificationStatus", "refuted"), False),
    ],
    ids=str,
)
def test_what_of_allergies_and_problems_is_listed(resource_type: str, status: Resource, *, listed: bool) -> None:
    assert HOLDS[resource_type]({"resourceType": resource_type, **status}) is listed


@pytest.mark.parametrize(("status", "listed"), [("completed", True), ("entered-in-error", False)])
def test_what_of_the_rest_is_listed(status: str, *, listed: bool) -> None:
    assert HOLDS["Immunization"]({"resourceType": "Immunization", "status": status}) is listed
