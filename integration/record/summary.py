"""The Composition of an International Patient Summary: sections over a record, honest where they are empty.

https://hl7.org/fhir/uv/ips/StructureDefinition-Composition-uv-ips.html. What is not held is not known to be absent: a
section without entries never says "none known". Nor does it say why it is empty, so that nothing is learned from it.
Where an agreement lets it be said that something of a category was withheld, every section to which that may belong
says so, full or empty: it may be the one allergy, or one more problem, and which of them is not told.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from uuid import UUID

import orjson

from integration.sharing import reasons
from integration.sharing.request import Category, Grant
from mappings.uk_core import Resource

LOINC = "http://loinc.org"
_EMPTY = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
_NOTHING = "Nothing of this kind is held here that this caller may see. That is not the same as there being none."
_UNAVAILABLE = {"system": _EMPTY, "code": "unavailable"}
"""Never `withheld`, which would say that there is something that belongs into this very section."""
_MAY_BELONG = "It may belong here."
_ENDED = frozenset({"inactive", "resolved", "remission", "refuted", "entered-in-error"})


@dataclass(frozen=True)
class Section:
    """One section: its title, LOINC code, what belongs into it, and of which categories that may be (`category_of`)."""

    title: str
    code: str
    display: str
    type: str
    categories: Sequence[Category]
    holds: Callable[[Resource], bool] = lambda _: True


def _current(resource: Resource) -> bool:
    """What is neither over, nor ruled out, nor a mistake. Conditions and allergies say the latter two apart."""
    said = (resource.get(name, {}).get("coding", ()) for name in ("clinicalStatus", "verificationStatus"))
    codes = [one.get("code") for some in said for one in some]
    return resource.get("status") not in ("entered-in-error", "inactive", "cancelled", "revoked") and not any(
        code in _ENDED for code in codes
    )


SECTIONS: Sequence[Section] = (
    Section(
        "Allergies and intolerances", "48765-2", "Allergies and adverse reactions Document", "AllergyIntolerance",
        (Category.CLINICAL,), _current,
    ),
    Section(
        "Medicines", "10160-0", "History of Medication use Narrative", "MedicationStatement",
        (Category.CLINICAL,), _current,
    ),
    Section(
        "Problems", "11450-4", "Problem list - Reported", "Condition",
        (Category.CLINICAL, Category.IMPAIRMENTS), _current,
    ),
    Section(
        "Alerts and adjustments", "104605-1", "Alert", "Flag",
        (Category.ALERTS, Category.SAFEGUARDING, Category.ADJUSTMENTS), _current,
    ),
    Section(
        "Immunisations", "11369-6", "History of Immunization Narrative", "Immunization",
        (Category.CLINICAL,), _current,
    ),
    Section(
        "Procedures", "47519-4", "History of Procedures Document", "Procedure",
        (Category.CLINICAL,), _current,
    ),
    Section("Plans of care", "18776-5", "Plan of care note", "CarePlan", (Category.CARE_PLAN,), _current),
    Section("Care team", "85847-2", "Patient Care team information", "CareTeam", (Category.CARE_TEAM,), _current),
)  # fmt: skip
"""The first three are required by the profile."""


def composition(grant: Grant, patient: Resource, resources: Sequence[Resource]) -> Resource:
    """The Composition for one caller; `resources` are what that caller may see."""
    sections = [_section(grant, section, resources) for section in SECTIONS]
    moment = grant.request.at.isoformat(timespec="seconds")
    return {
        "resourceType": "Composition",
        "id": str(UUID(bytes=hashlib.sha256(orjson.dumps([patient["id"], sections])).digest()[:16], version=4)),
        "meta": {"profile": ["http://hl7.org/fhir/uv/ips/StructureDefinition/Composition-uv-ips"]},
        "status": "final",
        "type": {"coding": [{"system": LOINC, "code": "60591-5", "display": "Patient summary Document"}]},
        "subject": {"reference": f"Patient/{patient['id']}"},
        "date": moment,
        "author": [{"display": "ToldOnce shared care record"}],
        "title": "Patient summary",
        "section": sections,
    }


def _section(grant: Grant, section: Section, resources: Sequence[Resource]) -> Resource:
    held = [one for one in resources if one["resourceType"] == section.type and section.holds(one)]
    made: Resource = {
        "title": section.title,
        "code": {"coding": [{"system": LOINC, "code": section.code, "display": section.display}]},
    }
    told = _announced(grant, section)
    if held:
        listed = "".join(f"<li>{escape(_words(one))}</li>" for one in held)
        entries = [{"reference": f"{one['resourceType']}/{one['id']}"} for one in held]
        return {**made, "text": _narrative(f"<ul>{listed}</ul>", *map(_paragraph, told)), "entry": entries}
    said = [_NOTHING, *told]
    return {
        **made,
        "text": _narrative(*map(_paragraph, said)),
        "emptyReason": {"coding": [_UNAVAILABLE], "text": " ".join(said)},
    }


def _announced(grant: Grant, section: Section) -> list[str]:
    """A sentence for each category of which something was withheld that this section may lack."""
    return [f"{reasons.withheld(one)} {_MAY_BELONG}" for one in section.categories if one in grant.announced]


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _narrative(*parts: str) -> Mapping[str, str]:
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{"".join(parts)}</div>'}


def _words(resource: Resource) -> str:
    """What a resource is, in its own words, and since when."""
    said = next((resource[name] for name in _NAMED if resource.get(name)), None)
    words = [_named(one) for one in (said if isinstance(said, list) else [said])]
    return f"{'; '.join(dict.fromkeys(words))}{_since(resource)}"


_DATED = ("onsetDateTime", "recordedDate", "occurrenceDateTime", "performedDateTime")
_NAMED = ("title", "name", "code", "vaccineCode", "medicationCodeableConcept", "category")


def _named(concept: object) -> str:
    if isinstance(concept, str):
        return concept
    if isinstance(concept, dict):
        codings = concept.get("coding", ())
        return str(concept.get("text") or next((one["display"] for one in codings if "display" in one), "not named"))
    return "not named"


def _since(resource: Resource) -> str:
    moment = next((resource[name] for name in _DATED if resource.get(name)), None) or resource.get("period", {}).get(
        "start"
    )
    moment = moment or resource.get("effectivePeriod", {}).get("start")
    return f", {moment[:10]}" if moment else ""
