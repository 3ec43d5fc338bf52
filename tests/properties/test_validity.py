"""What the compiled structs accept, the models of fhir.resources accept: being fast must not let anything in."""

from collections.abc import Iterator
from copy import deepcopy
from functools import lru_cache
from random import Random
from typing import Any

import msgspec
import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from integration.feeds import FEEDS
from integration.ingest.validity import compiled, invalidity, plainly_written
from mappings.uk_core import Resource
from tests.unit.ingest.test_assemble import everything_assembled, resources

SPOILT: list[Any] = [
    "", " ", "\n", "x ", " x", "a\tb", "a\x00b", "a\x0bb", "a\fb", "a\x1cb", "a\x85b", "a\xa0b", "é\u2003",
    "0000", "2026", "2026-13", "2026-02-29", "2024-02-29", "1900-02-29",
    "2000-02-29", "2026-04-31", "2026-00-10", "2026-1-1", "26-01-01", "2026-01-01T00:00", "2026-01-01T24:00:00Z",
    "2026-01-01T10:00:60Z", "2026-01-01T10:00:00", "2026-01-01T10:00:00Z", "2026-01-01T10:00:00.1234567Z",
    "2026-01-01T10:00:00+14:00", "2026-01-01T10:00:00+13:59", "2026-01-01T10:00:00+23:00", "٢٠٢٦", "2026\n",
    "http://a b", "http://a", "urn:x", "Patient/1", "<div>x</div>",
    '<div xmlns="http://www.w3.org/1999/xhtml">x</div>', "x" * 65,
    -1, 0, 1, 2**31, -(2**31) - 1, 1.5, 1e400, float("nan"), True, False, None, [], {}, [[]], [None], [""], ["x"], [{}],
    {"x": 1}, {"value": "x"}, {"coding": [{"code": "x y"}]}, {"resourceType": "Patient"},
]  # fmt: skip
ELEMENTS = [
    "id", "status", "value", "valueString", "valueBoolean", "valueCode", "period", "extension", "resourceType",
    "contained", "_status", "code", "coding", "deceasedBoolean", "deceasedDateTime", "effectiveDateTime", "issued",
    "effectivePeriod", "url", "text", "unknown", "reference", "system", "rank", "start", "multipleBirthInteger",
]  # fmt: skip


@lru_cache
def valid() -> tuple[Resource, ...]:
    """Some of each type and each mapping, as different as there are."""
    kinds: dict[tuple[str, ...], Resource] = {}
    for assembled in everything_assembled():
        for resource in resources(assembled):
            kinds.setdefault((assembled.source.feed, resource["resourceType"], *sorted(resource)), resource)
    return tuple(kinds.values())


def model_accepts(resource: Resource) -> bool:
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError):
        return False
    return True


def plainly_valid(resource: Resource, resource_type: str) -> bool:
    try:
        msgspec.convert(resource, compiled(resource_type))
        return plainly_written(orjson.dumps(resource))
    except (msgspec.ValidationError, orjson.JSONEncodeError):
        return False


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON tree."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(items):
        yield node, key
        yield from places(value)


@pytest.mark.parametrize("feed", FEEDS)
def test_what_we_make_is_plainly_valid(feed: str) -> None:
    """Else it would be as slow as the models are."""
    made = [
        one for assembled in everything_assembled() if assembled.source.feed == feed for one in resources(assembled)
    ]
    assert made
    assert all(plainly_valid(one, one["resourceType"]) for one in made)


@settings(max_examples=400)
@given(st.data(), st.randoms(use_true_random=False))
def test_what_the_structs_accept_the_models_accept(data: st.DataObject, random: Random) -> None:
    original = data.draw(st.sampled_from(valid()))
    spoilt = deepcopy(original)
    for _ in range(random.randint(1, 2)):
        container, key = random.choice(list(places(spoilt)))
        match random.randint(0, 3):
            case 0:
                container[key] = deepcopy(random.choice(SPOILT))
            case 1:
                del container[key]
            case 2 if isinstance(container, dict):
                container[random.choice(ELEMENTS)] = deepcopy(random.choice([*SPOILT, container[key]]))
            case _:
                container[key] = [container[key], container[key]]
    if plainly_valid(spoilt, original["resourceType"]):
        assert model_accepts(spoilt)


@pytest.mark.parametrize("value", [one for one in SPOILT if isinstance(one, str)])
@pytest.mark.parametrize("element", ["birthDate", "deceasedDateTime", "id", "language", "implicitRules"])
def test_no_primitive_is_let_in_that_the_models_refuse(element: str, value: str) -> None:
    patient = {"resourceType": "Patient", element: value}
    if plainly_valid(patient, "Patient"):
        assert model_accepts(patient)


@pytest.mark.parametrize("space", list("\x0b\f\x1c\x1f\x85\xa0\u1680\u2003\u2028\u3000"), ids=ascii)
def test_a_string_with_other_white_space_than_spaces_tabs_and_line_ends_is_left_to_the_models(space: str) -> None:
    """It is looked for in the whole resource, not string by string."""
    patient = {"resourceType": "Patient", "name": [{"text": f"Quill{space}feather"}]}
    assert not plainly_valid(patient, "Patient")
    assert plainly_valid(patient | {"name": [{"text": "Quill\tfeather\r\n “é” \\n"}]}, "Patient")


def test_what_is_not_valid_is_told_without_its_value() -> None:
    problem = invalidity({"resourceType": "Patient", "birthDate": "Quillfeather"})
    assert problem is not None
    assert "birthDate" in problem
    assert "Quillfeather" not in problem
