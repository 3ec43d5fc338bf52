"""Parts of resources: `_summary` and `_elements`. R4 search.html#summary, search.html#elements

What is left says that it is a part (SUBSETTED), so that nobody takes it for the whole or writes it back.
"""

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache, partial
from typing import Any

import orjson
from fhir.resources.R4B import get_fhir_model_class

from integration.api.bundle import resource_type_of
from mappings.uk_core import Resource

SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "subsetted",
}
_ALWAYS = frozenset({"resourceType", "id", "meta", "modifierExtension"})
Subset = Callable[[bytes], bytes]


def subset(summary: str, elements: Sequence[str], searched: str) -> Subset:
    """What makes the part that is asked for of a resource's JSON. Elements that FHIR demands stay, so that the part is
    valid. `_elements` speaks of the type that is searched, and of others by `Type.element`."""
    if elements:
        return lambda body: _with_elements(body, elements, searched)
    match summary:
        case "true":
            return partial(_kept, lambda type_: _in_summary(type_) | _required(type_))
        case "text":
            return partial(_kept, lambda type_: {"text"} | _required(type_))
        case "data":
            return partial(_kept, lambda type_: _all(type_) - {"text"})
    return lambda body: body


def _with_elements(body: bytes, elements: Sequence[str], searched: str) -> bytes:
    type_ = resource_type_of(body)
    named = {one.removeprefix(f"{type_}.") for one in elements if one.startswith(f"{type_}.") or "." not in one}
    if type_ != searched and not any(one.startswith(f"{type_}.") for one in elements):
        return body
    return _kept(lambda _: _required(type_) | _named(type_, named), body)


def _kept(names_of: Callable[[str], frozenset[str] | set[str]], body: bytes) -> bytes:
    resource: Resource = orjson.loads(body)
    names = names_of(resource["resourceType"]) | _ALWAYS
    part = {name: value for name, value in resource.items() if name in names}
    meta = part.get("meta", {})
    tagged = {**meta, "tag": [*meta.get("tag", ()), SUBSETTED]}
    return orjson.dumps(
        {**{name: part[name] for name in ("resourceType", "id") if name in part}, **part, "meta": tagged}
    )


def _named(resource_type: str, named: Collection[str]) -> set[str]:
    """The JSON names of elements; of an element of several types, each."""
    return {
        name
        for name in _all(resource_type)
        if name in named or any(_is_choice(resource_type, name, one) for one in named)
    }


def _is_choice(resource_type: str, name: str, element: str) -> bool:
    return _fields(resource_type)[name].get("one_of_many") == element


def _all(resource_type: str) -> set[str]:
    return set(_fields(resource_type))


@lru_cache(maxsize=64)
def _in_summary(resource_type: str) -> frozenset[str]:
    return frozenset(name for name, said in _fields(resource_type).items() if said.get("summary_element_property"))


@lru_cache(maxsize=64)
def _required(resource_type: str) -> frozenset[str]:
    fields = _fields(resource_type)
    return frozenset(
        name for name, said in fields.items() if said.get("element_required") or said.get("one_of_many_required")
    )


@lru_cache(maxsize=64)
def _fields(resource_type: str) -> dict[str, dict[str, Any]]:
    """Of each element, by its JSON name, what the specification says of it."""
    model = get_fhir_model_class(resource_type)
    found: dict[str, dict[str, Any]] = {}
    for name, field in model.model_fields.items():
        said = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        if said.get("element_property"):
            required = field.is_required() or bool(said.get("element_required"))
            found[field.alias or name] = {**said, "element_required": required}
    return found
