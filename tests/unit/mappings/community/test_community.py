"""Community Services Data Set -> UK Core: what each table becomes, and that all of it is valid and refers to itself."""

from collections.abc import Iterator
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.community import records
from adapters.records import SourcePatient
from mappings import uk_core
from mappings.community import to_resources
from mappings.concept_maps import concept_map, names
from mappings.ids import Ids
from tests.unit.mappings.community.record import IDS, PERSON, STATE, P


def references(value: Any) -> Iterator[str]:
    """Every Reference.reference inside a resource."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_resource_is_valid(resources: list[uk_core.Resource]) -> None:
    for resource in resources:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    assert len({resource["resourceType"] for resource in resources}) == 16


def test_every_resource_claims_its_profile(resources: list[uk_core.Resource]) -> None:
    for resource in resources:
        assert resource["resourceType"] in uk_core.PROFILED
        assert len(resource["meta"]["profile"]) == 1


def test_every_reference_resolves(resources: list[uk_core.Resource]) -> None:
    held = {f"{resource['resourceType']}/{resource['id']}" for resource in resources}
    assert {reference for resource in resources for reference in references(resource)} <= held | {uk_core.SUBJECT}
    assert len(held) == len(resources)


def test_ids_differ_between_people_and_between_referrals(resources: list[uk_core.Resource]) -> None:
    other = Ids(IDS.secret, SourcePatient("X9C", "C2"), "community")
    directory = {"Organization", "Practitioner", "PractitionerRole", "Location"}
    here = {one["id"] for one in resources if one["resourceType"] not in directory}
    there = {one["id"] for one in to_resources(STATE, other) if one["resourceType"] not in directory}
    assert not here & there


def test_every_concept_map_of_this_feed_is_valid() -> None:
    ours = [name for name in names() if name.startswith("Csds")]
    assert len(ours) == 22
    for name in ours:
        resource = concept_map(name)
        get_fhir_model_class("ConceptMap").model_validate(resource)
        codes = [element["code"] for element in resource["group"][0]["element"]]
        assert len(codes) == len(set(codes))
        assert all(element["display"] for element in resource["group"][0]["element"])


_CODE = st.none() | st.sampled_from(["01", "02", "05", "12", "98", "A01", "G01", "X", "ZZ", "5", "words of the source"])


@settings(max_examples=60)
@given(st.data())
def test_no_code_of_a_contact_breaks_the_mapping(data: st.DataObject) -> None:
    fields = ("consultation_type", "subject", "medium", "mechanism", "location", "group", "attendance",
              "administrative_category", "cancellation_reason", "site", "team")  # fmt: skip
    contact = records.CareContact(
        **P, contact="K", referral="R", on="2026-01-01", **{field: data.draw(_CODE) for field in fields}
    )
    state = records.State(as_of="2026-01-02", person=PERSON, contacts=(contact,))
    for resource in to_resources(state, IDS):
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
