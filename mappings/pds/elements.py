"""R4 datatypes of PDS -> the same of UK Core: without what only PDS has, and with UK Core's form of what both have."""

from collections.abc import Iterable
from typing import Any

import msgspec

from adapters.pds import resources as r4
from mappings import datatypes, uk_core
from mappings.concept_maps import translate
from mappings.datatypes import Json, compact

_ADDRESS_KEY = "AddressKey"
_TEXTPHONE = "OtherContactSystem"


def plain(element: Any) -> Json:
    """A datatype as JSON; datatypes are the same in both."""
    made: Json = msgspec.to_builtins(element)
    return made


def address(source: r4.Address) -> Json:
    """Address with its keys (postcode address file, UPRN)."""
    keys = [_address_key(one) for one in source.extension if one.url.endswith(_ADDRESS_KEY)]
    return {**_without_extensions(source), **compact(extension=[key for key in keys if key])}


def _address_key(source: r4.Extension) -> Json | None:
    """UK Core has the type as a CodeableConcept, PDS as a Coding."""
    kind, value = part(source, "type"), part(source, "value")
    if kind is None or kind.value_coding is None or value is None:
        return None
    return {
        "url": f"{uk_core.EXTENSION}{_ADDRESS_KEY}",
        "extension": [
            {"url": "type", "valueCodeableConcept": {"coding": [plain(kind.value_coding)]}},
            {"url": "value", "valueString": value.value_string},
        ],
    }


def telecom(source: r4.ContactPoint) -> Json:
    """ContactPoint; UK Core has the textphone as an extension of the system."""
    made = _without_extensions(source)
    other = next((one.value_coding for one in source.extension if one.url.endswith(_TEXTPHONE)), None)
    if other is None:
        return made
    said = {"url": f"{uk_core.EXTENSION}{_TEXTPHONE}", "valueCodeableConcept": {"coding": [plain(other)]}}
    return {**made, "_system": {"extension": [said]}}


def _without_extensions(source: r4.Address | r4.ContactPoint) -> Json:
    made = plain(source)
    made.pop("extension", None)
    return made


def part(source: r4.Extension, url: str) -> r4.Extension | None:
    """A part of a complex extension."""
    return next((one for one in source.extension if one.url == url), None)


def extension(source: Iterable[r4.Extension], name: str) -> r4.Extension | None:
    """The extension whose url ends so: PDS writes the same one under fhir.nhs.uk and fhir.hl7.org.uk."""
    return next((one for one in source if one.url.endswith(name)), None)


def carried(source: Iterable[r4.Extension], name: str) -> list[Json]:
    """A UK Core extension as it is, under UK Core's own url."""
    found = extension(source, name)
    return [{**plain(found), "url": f"{uk_core.EXTENSION}{name}"}] if found else []


def language(source: Iterable[r4.Extension]) -> list[Json]:
    """Language of NHSCommunication, which is retired in UK Core, for `communication`."""
    found = extension(source, "NHSCommunication")
    said = part(found, "language") if found else None
    codings = said.value_codeable_concept.coding if said and said.value_codeable_concept else ()
    made = [translate("AcuteLanguage", (one.code or "").lower()) or plain(one) for one in codings]
    return [{"language": {"coding": made}}] if made else []


def interpreter(source: Iterable[r4.Extension]) -> bool | None:
    """Whether NHSCommunication says that an interpreter is needed."""
    found = extension(source, "NHSCommunication")
    said = part(found, "interpreterRequired") if found else None
    return said.value_boolean if said else None


def day(moment: str | None) -> str | None:
    """PDS writes a day as its midnight in UTC: only then is the time left out."""
    return moment[:10] if moment and "T00:00:00" in moment else moment


def concept(map_name: str, source: r4.CodeableConcept) -> Json | None:
    """CodeableConcept by a map; codes that it does not have stay as they are."""
    coding = [translate(map_name, one.code or "") or plain(one) for one in source.coding]
    return datatypes.compact(coding=coding, text=source.text) or None
