"""STU3 datatypes of GP Connect to R4. Value sets that STU3 and R4 share (gender, name use, severity ...) stay as they
are: their binding is required in both, and the adapter lets nothing else through."""

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from adapters.gp import stu3
from adapters.records import local_moment
from mappings import uk_core
from mappings.concept_maps import translate
from mappings.datatypes import compact

Json = dict[str, Any]

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
_MOVED = {
    "https://snomed.info/sct": uk_core.SNOMED,
    "http://hl7.org/fhir/v2/0078": f"{_TERMINOLOGY}v3-ObservationInterpretation",
    "http://hl7.org/fhir/observation-category": f"{_TERMINOLOGY}observation-category",
    "http://hl7.org/fhir/data-absent-reason": f"{_TERMINOLOGY}data-absent-reason",
    "http://hl7.org/fhir/condition-category": f"{_TERMINOLOGY}condition-category",
}
"""Code systems that have another address in R4 (http://hl7.org/fhir/R4/terminologies-systems.html)."""
_MOVED_FAMILY = re.compile(r"http://hl7\.org/fhir/(v[23])/(\w+)")
_DESCRIPTION_ID = "http://hl7.org/fhir/StructureDefinition/coding-sctdescid"


@lru_cache(maxsize=1024)
def system(url: str | None) -> str | None:
    """The R4 address of a code system."""
    if url is None or url in _MOVED:
        return _MOVED[url] if url else None
    family = _MOVED_FAMILY.fullmatch(url)
    return f"{_TERMINOLOGY}{family[1]}-{family[2]}" if family else url


def coding(source: stu3.Coding) -> Json:
    """Coding with its SNOMED CT description id in the R4 extension."""
    description = _nested(source.extension, "descriptionId")
    return compact(
        extension=[{"url": _DESCRIPTION_ID, "valueId": description.value_id}]
        if description and description.value_id
        else None,
        system=system(source.system),
        code=source.code,
        display=source.display,
        userSelected=source.user_selected,
    )


def concept(source: stu3.CodeableConcept | None) -> Json | None:
    """CodeableConcept; its text is the source's own, else the wording that the user picked."""
    if source is None:
        return None
    picked = (_nested(entry.extension, "descriptionDisplay") for entry in source.coding)
    text = source.text or next((found.value_string for found in picked if found), None)
    return compact(coding=[coding(entry) for entry in source.coding], text=text)


def concepts(sources: Iterable[stu3.CodeableConcept]) -> list[Json]:
    """`concept` of each."""
    return [made for made in map(concept, sources) if made]


def translated(map_name: str, code: str | None) -> Json | None:
    """CodeableConcept of the map's target for `code`, or None when there is none."""
    found = translate(map_name, code) if code else None
    return {"coding": [found]} if found else None


def translated_concept(map_name: str, source: stu3.CodeableConcept) -> Json | None:
    """`source` with the map's target for the first of its codes that has one; without one, as the source says it."""
    targets = (translate(map_name, entry.code) for entry in source.coding if entry.code)
    target = next((found for found in targets if found), None)
    return compact(coding=[target], text=source.text) if target else concept(source)


def snomed_codes(source: stu3.CodeableConcept | None) -> list[str]:
    """The SNOMED CT codes of a concept, in its order."""
    entries = source.coding if source else ()
    return [entry.code for entry in entries if entry.code and system(entry.system) == uk_core.SNOMED]


def words(source: stu3.CodeableConcept | None) -> str | None:
    """What a person would read: the text, else the first display."""
    if source is None:
        return None
    return source.text or next((entry.display for entry in source.coding if entry.display), None)


@lru_cache(maxsize=8192)
def date_time(value: str | None) -> str | None:
    """FHIR R4 dateTime of the same precision: a time has seconds and an offset (Europe/London where none is given)."""
    if value is None or "T" not in value:
        return value
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        return local_moment(moment)
    return value if value.count(":") > (1 if value.endswith("Z") else 2) else moment.isoformat(timespec="seconds")


def instant(value: str | None) -> str | None:
    """FHIR instant, or None for a date without a time, which R4 does not take there."""
    return date_time(value) if value and "T" in value else None


def period(source: stu3.Period | None) -> Json | None:
    """Period with R4 dateTimes."""
    return compact(start=date_time(source.start), end=date_time(source.end)) or None if source else None


def quantity(source: stu3.Quantity | None) -> Json | None:
    """Quantity; its quantity-text extension (retired in UK Core) becomes the unit when the source gives no other."""
    if source is None:
        return None
    text = next((entry.value_string for entry in source.extension if entry.value_string), None)
    return compact(
        value=source.value,
        comparator=source.comparator,
        unit=source.unit or text,
        system=source.system,
        code=source.code,
    )


def identifiers(sources: Iterable[stu3.Identifier]) -> list[Json]:
    """Those with system and value: UK Core MedicationStatement demands both, and one without says little."""
    return [{"system": entry.system, "value": entry.value} for entry in sources if entry.system and entry.value]


def annotations(sources: Iterable[stu3.Annotation]) -> list[Json]:
    """Annotation of each."""
    return [compact(time=date_time(note.time), text=note.text) for note in sources]


def human_name(source: stu3.HumanName) -> Json:
    """HumanName, old names and nicknames with their use."""
    return {**plain(source), **compact(period=period(source.period))}


def address(source: stu3.Address) -> Json:
    """Address."""
    return {**plain(source), **compact(period=period(source.period))}


def plain(source: stu3.HumanName | stu3.Address | stu3.ContactPoint) -> Json:
    """A datatype that is the same in STU3 and R4, as JSON."""
    made: Json = msgspec.to_builtins(source)
    return made


def security(meta: stu3.Meta | None) -> list[Json]:
    """The source's own labels (confidentiality, NOPAT, sensitivities), with R4 code systems."""
    return [compact(system=system(label.system), code=label.code) for label in (meta.security if meta else ())]


def extension(source: Iterable[stu3.Extension], name: str) -> stu3.Extension | None:
    """The extension whose url ends in `name`; suppliers write the same one under fhir.nhs.uk and fhir.hl7.org.uk."""
    return next((entry for entry in source if entry.url.rstrip("/").endswith(name)), None)


def _nested(source: Iterable[stu3.Extension], url: str) -> stu3.Extension | None:
    inner = (entry for outer in source for entry in outer.extension)
    return next((entry for entry in inner if entry.url == url), None)
