"""Whom an entry names beside the person: family, and others who are no professionals. Pure."""

from typing import Any

from mappings.uk_core import Resource

_RELATIVE = "RelatedPerson/"


def without_relatives(resource: Resource) -> Resource:
    """The entry without what identifies them: a Patient's `contact`, who are next of kin with their telephones and
    addresses (https://hl7.org/fhir/R4/patient-definitions.html#Patient.contact), and the `display` of a reference to a
    RelatedPerson, which is a name. Equal to the entry where it names nobody."""
    left_out = ("contact",) if resource["resourceType"] == "Patient" else ()
    return {name: _unnamed(value) for name, value in resource.items() if name not in left_out}


def _unnamed(node: Any) -> Any:
    if isinstance(node, list):
        return [_unnamed(one) for one in node]
    if not isinstance(node, dict):
        return node
    relative = str(node.get("reference", "")).startswith(_RELATIVE)
    return {name: _unnamed(value) for name, value in node.items() if not (relative and name == "display")}
