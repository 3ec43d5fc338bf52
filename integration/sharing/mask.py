"""Rule 7: a resource without what locates the person (PDS removes address, telecom and practice; a shared record knows
more places than that).

| what | what becomes of it |
|---|---|
| addresses, telephone and e-mail, next of kin (`address`, `telecom`, `contact`) | removed, in every resource |
| places (`location`, `locationReference`, `locationCode`, `hospitalization.origin` and `destination`, Location) | removed |
| the practice and other organisations somebody lives near (`generalPractitioner`, `managingOrganization`, `serviceProvider`, `custodian`) | removed |
| any other reference to an Organization, Location, HealthcareService, PractitionerRole or an ODS code | "withheld" stands in its place, so that the resource stays valid |
| ids of an organisation's own system, and who assigned an id | removed: the system names the organisation |
| `meta.source` | removed: it names the organisation |
| extensions that hold an address, a contact or a place | removed |
| narrative, notes, descriptions and instructions | removed: free text may name a place; notes stay on allergies, medicines and vaccinations, where leaving one out may harm |
| what is left of a Location | its id and status |

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
        "assigner", "text_narrative",
    }
)  # fmt: skip
_FREE_TEXT = frozenset({"note", "description", "comment", "patientInstruction", "instructionsText"})
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
        kept = {name: resource[name] for name in ("resourceType", "id", "meta", "status") if name in resource}
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
    kept: dict[str, Any] = {}
    for name, inner in value.items():
        if name in _REMOVED or (name in _FREE_TEXT and resource_type not in _NOTES_MATTER):
            continue
        freed = _freed(name, inner, resource_type)
        if freed is not None:
            kept[name] = freed
    return kept


def _freed(name: str, inner: Any, resource_type: str) -> Any:
    """What is left of one child element; None when nothing is."""
    match name:
        case "text" if isinstance(inner, dict):  # the narrative; a CodeableConcept's text is a string
            return None
        case "meta":
            return {part: value for part, value in inner.items() if part != "source"} or None
        case "identifier" if isinstance(inner, list):
            return [_element(one, resource_type) for one in inner if not _is_local(one)] or None
        case "identifier" if isinstance(inner, dict):
            return None if _is_local(inner) else _element(inner, resource_type)
        case "extension" | "modifierExtension":
            return [_element(one, resource_type) for one in inner if not _locates(one)] or None
    if isinstance(inner, dict):
        return WITHHELD if _is_place(inner) else _element(inner, resource_type)
    if isinstance(inner, list):
        return [_item(one, resource_type) for one in inner]
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
        or url.endswith(_PLACE_EXTENSIONS)
        or any(word in url.rsplit("/", 1)[-1].rsplit("-", 1)[-1] for word in _PLACE_EXTENSIONS)
        or (isinstance(reference, dict) and _is_place(reference))
    )
