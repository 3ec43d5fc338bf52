"""In how many ways each search parameter can be asked: with every modifier and every prefix.

https://hl7.org/fhir/R4/search.html#modifiers, https://hl7.org/fhir/R4/search.html#prefix
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.searching.expressions import DATE, R4, REFERENCE, STRING, TOKEN
from tests.searching.filled import leads_to

PREFIXES = ("", "eq", "ne", "gt", "ge", "lt", "le", "sa", "eb", "ap")
MISSING = ":missing"
FORMS: Mapping[str, tuple[str, ...]] = {
    TOKEN: ("", ":not", ":text", MISSING),
    STRING: ("", ":exact", ":contains", MISSING),
    DATE: (*PREFIXES, MISSING),
    REFERENCE: ("Type/id", "id", "URL", ":Type", ":identifier", "chain", MISSING),
}
"""By kind of parameter: a modifier with its colon, a prefix of a date, or a way to write a reference."""
SHAPES: Mapping[str, tuple[str, ...]] = {
    TOKEN: ("code", "boolean", "Coding", "CodeableConcept", "Identifier", "ContactPoint"),
    STRING: ("string", "HumanName", "Address"),
    DATE: ("day", "moment", "Period", "Period since", "Period until"),
    REFERENCE: ("literal", "logical", "both"),
}
"""By kind of parameter: what an element that it looks at may be."""
_CONTACT = ("phone", "fax", "email", "pager", "url", "sms", "other")
"""Systems of a ContactPoint."""


class Aim(NamedTuple):
    """One way to ask one parameter of one type."""

    type: str
    name: str
    form: str = ""

    def __str__(self) -> str:
        return f"{self.type}?{self.name} {self.form}".rstrip()

    @property
    def can_find(self) -> bool:
        """Whether what is found has such a value: not so where a value is denied, or only asked to be there."""
        return self.form not in (":not", "ne", MISSING)


def aims() -> Iterator[Aim]:
    """Every way to ask every parameter."""
    for type_, names in R4.items():
        yield Aim(type_, "_id")
        yield from (Aim(type_, "_lastUpdated", prefix) for prefix in PREFIXES)
        for name, (kind, _) in names.items():
            yield from (Aim(type_, name, form) for form in forms(type_, name, kind))


def forms(type_: str, name: str, kind: str) -> tuple[str, ...]:
    """Those of the kind, but for a chain that leads to nothing which is searched, and for the number of a Patient,
    which says whom a search is about."""
    if (type_, name) == ("Patient", "identifier"):
        return ("",)
    return tuple(form for form in FORMS[kind] if form != "chain" or leads_to(type_, name))


def declared(statement: Mapping[str, Any]) -> dict[Aim, set[str]]:
    """The modifiers and prefixes that a CapabilityStatement lists for each parameter, by `Aim(type, name)`."""
    return {
        Aim(resource["type"], one["name"]): set(re.findall(r":\w+", one["documentation"]))
        | (set(re.findall(r"\b[a-z]{2}\b", one["documentation"].partition(",")[0])) if one["type"] == "date" else set())
        for resource in statement["rest"][0]["resource"]
        for one in resource.get("searchParam", ())
        if resource["type"] in R4 and one["name"] in R4[resource["type"]]
    }


def shape(kind: str, value: Any) -> str:
    """Which of the kind's `SHAPES` a value has."""
    if kind == REFERENCE and {"reference", "identifier"} <= value.keys():
        return "both"
    if kind == REFERENCE:
        return "literal" if "reference" in value else "logical"
    if kind == DATE and isinstance(value, dict):
        return {"start": "Period since", "end": "Period until"}.get("".join(value), "Period")
    if kind == DATE:
        return "moment" if "T" in value else "day"
    if isinstance(value, str):
        return "code" if kind == TOKEN else "string"
    if isinstance(value, bool):
        return "boolean"
    if kind == STRING:
        return "Address" if {"line", "city", "postalCode"} & value.keys() else "HumanName"
    if "value" in value:
        return "ContactPoint" if value.get("system") in _CONTACT else "Identifier"
    return "Coding" if "code" in value else "CodeableConcept"
