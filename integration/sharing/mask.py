"""Rule 7: a resource without what locates the person.

PDS removes address, telecom and general practice of a restricted person; a shared record knows more places than that:

- addresses, telephone, e-mail and contact persons are removed from every resource;
- so are places: location, origin and destination of a stay, where a service is given, what is a Location;
- so are the practice and the managing or providing organisation, a care team's name, and who assigned an id, for they
  tell where somebody lives near; any other reference to an Organization, Location, HealthcareService or
  PractitionerRole becomes "withheld", so that the resource stays valid; so does whoever does a task, if named in words;
- so are ids of an organisation's own system, and meta.source, for they name the organisation;
- so are extensions that hold an address, a contact, a place or a note;
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
_WORDY = frozenset({"text", "name", "note", "description", "comment", "patientInstruction"})
_NOTES_MATTER = frozenset(
    {"AllergyIntolerance", "MedicationRequest", "MedicationStatement", "Medication", "Immunization"}
)
_DOERS = ("owner", "requester")
"""Of a task: named in words, they may be a place as well as a person."""
_PLACES = ("Organization/", "Location/", "HealthcareService/", "PractitionerRole/")
_PLACE_TYPES = frozenset({"Organization", "Location", "HealthcareService", "PractitionerRole"})
_PLACE_SYSTEMS = frozenset({uk_core.ODS_ORGANISATION, uk_core.ODS_SITE})
_PLACE_VALUES = frozenset({"valueAddress", "valueContactPoint", "valueContactDetail", "valueAnnotation"})
_PLACE_EXTENSIONS = ("birthplace", "placeofbirth", "address", "location", "residen", "accommodation")


def location_free(resource: Resource) -> Resource | None:
    """The resource without what locates the person, or None when there is nothing to remove. See the list above."""
    if resource["resourceType"] == "Location":
        kept: Resource = {name: resource[name] for name in ("resourceType", "id", "meta", "status") if name in resource}
        meta = {part: value for part, value in resource.get("meta", {}).items() if part != "source"}
        return _marked({**kept, "meta": meta}) if kept != resource else None
    freed = _element(resource, resource["resourceType"])
    return _marked(freed) if freed != resource else None


def _marked(resource: Resource) -> Resource:
    meta = resource.get("meta", {})
    labels = meta.get("security", [])
    if REDACTED in labels:
        return resource
    return {**resource, "meta": {**meta, "security": [*labels, REDACTED]}}


def _element(value: dict[str, Any], resource_type: str) -> dict[str, Any]:
    """One element (or resource) without what locates, at any depth."""
    resource_type = value.get("resourceType", resource_type)
    kept: dict[str, Any] = {}
    for name, inner in value.items():
        if name in _REMOVED or (name in _WORDY and _is_free_text(name, inner, resource_type)):
            continue
        if not isinstance(inner, dict | list):
            kept[name] = inner
        elif freed := _freed(name, inner, resource_type):
            kept[name] = freed
    return kept


def _is_free_text(name: str, inner: Any, resource_type: str) -> bool:
    match name:
        case "text":  # the narrative; a CodeableConcept's text is a string
            return isinstance(inner, dict)
        case "name":
            return resource_type == "CareTeam"
        case "note":
            return resource_type not in _NOTES_MATTER
    return isinstance(inner, str) and resource_type not in _NOTES_MATTER


def _freed(name: str, inner: Any, resource_type: str) -> Any:
    """What is left of one child element; empty when nothing is."""
    if resource_type == "Task" and name in _DOERS and "reference" not in inner:
        return WITHHELD
    if isinstance(inner, list):
        if name == "identifier":
            inner = [one for one in inner if not _is_local(one)]
        elif name in ("extension", "modifierExtension"):
            inner = [one for one in inner if not _locates(one)]
        return [one for one in (_item(each, resource_type) for each in inner) if one != {}]
    if name == "meta":
        return {part: value for part, value in inner.items() if part != "source"}
    if name == "identifier" and _is_local(inner):
        return None
    return _item(inner, resource_type)


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
