"""A practice's answers, all the way to UK Core resources, and what every such list of resources must be."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from adapters.gp.records import State
from adapters.records import SourcePatient
from mappings.gp import to_resources
from mappings.ids import Ids
from mappings.uk_core import PROFILED, SUBJECT, Resource
from tests.unit.adapters.gp_answers import NUMBER, bundle, patient, state_of

IDS = Ids(b"secret", SourcePatient("X90101", NUMBER), "gp")
NOW = "2026-09-30T08:00:00+00:00"


def view(*resources: Any, person: dict[str, Any] | None = None) -> list[Resource]:
    """The UK Core resources of one answer that holds `resources`."""
    state = state_of((NOW, bundle(person or patient(), *resources)))
    assert state
    made = to_resources(state, IDS)
    assert_sound(made)
    return made


def view_of(state: State | None, ids: Ids = IDS) -> list[Resource]:
    """The UK Core resources of a state."""
    assert state
    made = to_resources(state, ids)
    assert_sound(made)
    return made


def of(resources: list[Resource], kind: str) -> list[Resource]:
    """Those of one type."""
    return [resource for resource in resources if resource["resourceType"] == kind]


def only(resources: list[Resource], kind: str) -> Resource:
    """The one of that type."""
    (found,) = of(resources, kind)
    return found


def assert_sound(resources: list[Resource]) -> None:
    """Valid R4 as the fhir.resources models see it; each id once; one Patient, first; references resolve."""
    held = [f"{resource['resourceType']}/{resource['id']}" for resource in resources]
    assert len(held) == len(set(held))
    assert [name.split("/")[0] for name in held].count("Patient") == 1
    assert resources[0]["resourceType"] == "Patient"
    for resource in resources:
        assert_valid(resource)
        assert resource["resourceType"] not in PROFILED or resource["meta"]["profile"]
        assert set(references(resource)) <= {*held, SUBJECT}


def assert_valid(resource: Resource) -> None:
    """Valid R4 as the fhir.resources models see it."""
    kind = resource["resourceType"]
    getattr(import_module(f"fhir.resources.R4B.{kind.lower()}"), kind).model_validate(resource)


def references(value: Any) -> Iterator[str]:
    """Every literal reference within a resource."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)
