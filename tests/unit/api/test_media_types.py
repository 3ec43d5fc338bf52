"""Only FHIR JSON of R4 is served and read."""

import pytest

from integration.api.media_types import require_acceptable
from integration.errors import NotAcceptable


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/*",
        "application/json",
        "application/fhir+json",
        "application/fhir+json; fhirVersion=4.0",
        'application/fhir+json; fhirVersion="4.0"',
        "application/fhir+json;fhirversion=4.0.1;charset=utf-8",
        "text/html, application/fhir+json;q=0.5",
        "application/fhir+xml, */*;q=0.1",
    ],
)
def test_what_includes_fhir_json_of_r4_is_acceptable(accept):
    require_acceptable(accept)
    require_acceptable(accept, "json")


@pytest.mark.parametrize(
    "accept",
    [
        "application/fhir+xml",
        "text/html",
        "application/fhir+json; fhirVersion=3.0",
        "application/fhir+json; fhirVersion=5.0",
        "application/fhir+json;q=0",
    ],
)
def test_anything_else_is_not(accept):
    with pytest.raises(NotAcceptable):
        require_acceptable(accept)


def test_the_format_parameter_overrides_the_header():
    require_acceptable("application/fhir+xml", "application/fhir json")
    with pytest.raises(NotAcceptable):
        require_acceptable("application/fhir+json", "xml")
