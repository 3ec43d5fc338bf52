"""What a resource is found by: one text for each value of each parameter, and for nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.store.search_index import index, normal, span
from integration.store.search_parameters import PARAMETERS
from mappings import uk_core


def found(resource_type: str, **elements: Any) -> set[str]:
    return set(index({"resourceType": resource_type, "id": "1", **elements}))


def test_tokens_with_their_systems_and_words():
    concept = {
        "coding": [{"system": uk_core.SNOMED, "code": "84114007", "display": "Heart failure"}, {"code": "Local"}],
        "text": "H\u00e9art  FAILURE",
    }
    assert found("Condition", code=concept, category=[{"text": "Problem"}]) == {
        f"code={uk_core.SNOMED}|84114007",
        "code=|local",
        "code~heart failure",
        "category~problem",
    }


def test_a_code_has_the_system_that_it_is_bound_to():
    assert found("Flag", status="active") == {"status=http://hl7.org/fhir/flag-status|active"}
    assert found("Patient", active=True) == {"active=|true"}


def test_identifiers_and_contacts():
    identifier = {"system": uk_core.NHS_NUMBER, "value": "9990000018", "type": {"text": "NHS number"}}
    assert found("Encounter", identifier=[identifier]) == {
        f"identifier={uk_core.NHS_NUMBER}|9990000018",
        "identifier~nhs number",
    }
    telephone = {"system": "phone", "value": "024 7600", "use": "home"}
    assert found("Patient", telecom=[telephone]) == {"telecom=home|024 7600", "phone=home|024 7600"}


def test_names_are_found_by_part_and_as_they_are():
    made = found("Patient", name=[{"family": "O'Brien", "given": ["Se\u00e1n"], "use": "official"}])
    assert {"family~o'brien", "family\"O'Brien", "given~sean", 'given"Se\u00e1n', "name~o'brien", "name~sean"} <= made
    assert not any("official" in one for one in made)


def test_periods_may_be_open_at_either_end():
    assert found("Encounter", period={"start": "2026-02-03"}) == {"date@2026-02-03T00:00:00/later"}
    assert found("Encounter", period={"end": "2026-02"}) == {"date@/2026-03-01T00:00:00"}
    assert found("Encounter", period={"start": "soon"}) == {"date!"}


def test_references_literal_and_logical():
    made = found(
        "Encounter",
        participant=[{"individual": {"reference": "Practitioner/7"}}, {"individual": {"display": "somebody"}}],
        serviceProvider={"identifier": {"system": uk_core.ODS_ORGANISATION, "value": "X9A"}},
    )
    assert made == {
        "participant>Practitioner/7",
        "participant!",
        "practitioner>Practitioner/7",
        f"service-provider#{uk_core.ODS_ORGANISATION}|x9a",
    }


def test_a_reference_that_is_literal_and_logical_is_found_by_both():
    doctor = {"system": "https://fhir.hl7.org.uk/Id/gmc-number", "value": "C7"}
    named = {"reference": "Practitioner/7", "identifier": doctor, "display": "Dr Seven"}
    elsewhere = {"reference": "RelatedPerson/8", "identifier": doctor}
    made = found("Encounter", participant=[{"individual": named}])
    assert made == {
        "participant>Practitioner/7",
        f"participant#{doctor['system']}|c7",
        "practitioner>Practitioner/7",
        f"practitioner#{doctor['system']}|c7",
    }
    assert found("Encounter", participant=[{"individual": elsewhere}]) == {
        "participant>RelatedPerson/8",
        f"participant#{doctor['system']}|c7",
    }


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("2026", "2026-01-01T00:00:00", "2027-01-01T00:00:00"),
        ("2024-02", "2024-02-01T00:00:00", "2024-03-01T00:00:00"),
        ("2026-03-29", "2026-03-29T00:00:00", "2026-03-29T23:00:00"),
        ("2026-10-25", "2026-10-24T23:00:00", "2026-10-26T00:00:00"),
        ("2026-07-01T10:00:00", "2026-07-01T09:00:00", "2026-07-01T09:00:01"),
        ("2026-07-01T10:00:00.25Z", "2026-07-01T10:00:00.250000", "2026-07-01T10:00:00.260000"),
        ("9999", "9999-01-01T00:00:00", "later"),
        ("0001-01-01T00:00:00+14:00", "", "0001-01-01T00:00:00"),
    ],
)
def test_a_date_covers_what_it_says(text: str, first: str, after: str):
    if not text.startswith("0001"):
        assert span(text) == (first, after)
    else:
        assert span(text)[0] == first  # its first moment is before there are moments


@pytest.mark.parametrize("text", ["yesterday", "2026-13", "2026-02-30", "2026-02-01T25:00:00Z"])
def test_what_is_no_date_covers_nothing(text: str):
    assert span(text) is None


@given(st.text())
def test_text_once_made_comparable_stays_so(text: str):
    assert normal(normal(text)) == normal(text)


def test_no_name_of_a_parameter_holds_what_divides_an_entry():
    for parameters in PARAMETERS.values():
        names = [one.name for one in parameters]
        assert len(set(names)) == len(names)
        assert all(name.replace("-", "").isalpha() for name in names)
