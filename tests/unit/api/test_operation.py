"""Parameters of an operation, as a Parameters resource brings them."""

from typing import Any

import pytest

from integration.api.operation import _primitive
from integration.errors import BadRequest


def test_each_is_as_it_would_be_in_a_url():
    listed = [
        {"name": "_type", "valueCode": "Flag"},
        {"name": "_type", "valueString": "Encounter,Observation"},
        {"name": "_count", "valuePositiveInt": 10},
        {"name": "mildly", "valueBoolean": True},
    ]
    found = list(_primitive({"resourceType": "Parameters", "parameter": listed}))
    assert found == [("_type", "Flag"), ("_type", "Encounter,Observation"), ("_count", "10"), ("mildly", "true")]
    assert list(_primitive({"resourceType": "Parameters"})) == []


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"resourceType": "Patient"},
        {"resourceType": "Parameters", "parameter": {}},
        {"resourceType": "Parameters", "parameter": [{"name": "a", "valueDecimal": 1.5}]},
        {"resourceType": "Parameters", "parameter": [{"name": "a", "valueCode": "b", "valueString": "c"}]},
        {"resourceType": "Parameters", "parameter": [{"name": "a", "resource": {}}]},
        {"resourceType": "Parameters", "parameter": [{"name": 1, "valueCode": "b"}]},
    ],
    ids=str,
)
def test_what_could_not_be_in_a_url_is_refused(sent: dict[str, Any]):
    with pytest.raises(BadRequest):
        list(_primitive(sent))
