"""Rule 7: a resource without what locates the person.

PDS removes address, telecom and general practice of a restricted person; a shared record knows more places than that:

- addresses, telephone, e-mail and contact persons are removed from every resource;
- so are places: location, origin and destination of a stay, where a service is given, what is a Location;
- so are the practice and the managing or providing organisation, a care team's name, and who assigned an id, for they
  tell where somebody lives near; any other reference to an Organization, Location, HealthcareService or
  PractitionerRole becomes "withheld", so that the resource stays valid;
- so are ids of an organisation's own system, and meta.source, for they name the organisation;
- so are extensions that hold an address, a contact or a place;
- so is free text, which may name a place: the narrative, notes, descriptions, instructions. Notes stay on allergies,
  medicines and vaccinations, where leaving one out may harm;
- of a Location, id and status are left.

What was changed says so: meta.security REDACTED.
"""

from typing import Any

from mappings import uk_core
from mappings.uk_core import Resource

REDACTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "REDACTED"}
WITHHELD = {"display": "withheld"}
_REMOVED = frozenset(
    {
        "address", "telecom", "contact",
        "location", "locationReference", "locationCode", "origin", "destination", "position",
        "generalPractitioner", "managingOrganization", "serviceProvider", "custodian",
        "assigner",
    }
)  # fmt: skip
_FREE_TEXT = frozenset({"description", "comment", "patientInstruction"})
_NOTES_MATTER = frozenset(
    {"AllergyIntolerance", "MedicationRequest", "MedicationStatement", "Medication", "Immunization"}
)
_PLACES = ("Organization/", "Location/", "HealthcareService/", "PractitionerRole/")
_PLACE_TYPES = frozenset({"Organization", "Location", "HealthcareService", "PractitionerRole"})
_PLACE_SYSTEMS = frozenset({uk_core.ODS_ORGANISATION, uk_core.ODS_SITE})
_PLACE_VALUES = frozenset({"valueAddress", "valueContactPoint", "valueContactDetail"})
_PLACE_EXTENSIONS = ("birthplace", "placeofbirth", "address", "location", "residen", "accommodation")


def location_free(resource: Resource) -> Resource | None:
    """The resource without what locates the person, or None when there is nothing to remove. See the table above."""
    if resource["resourceType"] == "Location":
        kept: Resource = {name: resource[name] for name in ("resourceType", "id", "meta", "status") if name in resource}
        return _marked(_without_source(kept)) if kept != resource else None
    freed = _element(resource, resource["resourceType"])
    return _marked(freed) if freed != resource else None


def _marked(resource: Resource) -> Resource:
    meta = resource.get("meta", {})
    labels = meta.get("security", [])
    if REDACTED in labels:
        return resource
    return {**resource, "meta": {**meta, "security": [*labels, REDACTED]}}


def _without_source(resource: Resource) -> Resource:
    meta = {name: value for name, value in resource.get("meta", {}).items() if name != "source"}
    return {**resource, "meta": meta} if meta else {name: value for name, value in resource.items() if name != "meta"}


def _element(value: dict[str, Any], resource_type: str) -> dict[str, Any]:
    """One element (or resource) without what locates, at any depth."""
    resource_type = value.get("resourceType", resource_type)
    freed = {
        name: _freed(name, inner, resource_type)
        for name, inner in value.items()
        if name not in _REMOVED and not _is_free_text(name, inner, resource_type)
    }
    return {name: inner for name, inner in freed.items() if inner is not None and inner != {} and inner != []}


def _is_free_text(name: str, inner: Any, resource_type: str) -> bool:
    if name == "name" and resource_type == "CareTeam":
        return isinstance(inner, str)
    wordy = name == "note" or (name in _FREE_TEXT and isinstance(inner, str))
    return wordy and resource_type not in _NOTES_MATTER


def _freed(name: str, inner: Any, resource_type: str) -> Any:
    """What is left of one child element; None or empty when nothing is."""
    match name:
        case "text" if isinstance(inner, dict):  # the narrative; a CodeableConcept's text is a string
            return None
        case "meta":
            return {part: value for part, value in inner.items() if part != "source"}
        case "identifier" if isinstance(inner, list):
            return [_element(one, resource_type) for one in inner if not _is_local(one)]
        case "identifier" if isinstance(inner, dict):
            return None if _is_local(inner) else _element(inner, resource_type)
        case "extension" | "modifierExtension":
            return [_element(one, resource_type) for one in inner if not _locates(one)]
    if isinstance(inner, dict):
        return WITHHELD if _is_place(inner) else _element(inner, resource_type)
    if isinstance(inner, list):
        return [one for one in (_item(each, resource_type) for each in inner) if one != {}]
    return inner


def _item(one: Any, resource_type: str) -> Any:
    if not isinstance(one, dict):
        return one
    return WITHHELD if _is_place(one) else _element(one, resource_type)


def _is_local(identifier: dict[str, Any]) -> bool:
    return str(identifier.get("system", "")).startswith(uk_core.LOCAL_ID)


def _is_place(value: dict[str, Any]) -> bool:
    """A reference to an organisation or a place, by id, type or ODS code."""
    reference, identifier = value.get("reference"), value.get("identifier")
    return (
        (isinstance(reference, str) and reference.startswith(_PLACES))
        or (isinstance(reference, str) and value.get("type") in _PLACE_TYPES)
        or (isinstance(identifier, dict) and identifier.get("system") in _PLACE_SYSTEMS)
    )


def _locates(extension: dict[str, Any]) -> bool:
    url = str(extension.get("url", "")).lower()
    reference = extension.get("valueReference")
    return (
        not _PLACE_VALUES.isdisjoint(extension)
        or any(word in url.rpartition("/")[2] for word in _PLACE_EXTENSIONS)
        or (isinstance(reference, dict) and _is_place(reference))
    )
