"""HL7 v2 values -> FHIR datatypes: codes go through their ConceptMap, an unknown one stays as the sender's text."""

import re
from datetime import datetime

from adapters.acute.records import Address, Coded, Name, Telecom
from adapters.records import local_moment
from mappings import datatypes, uk_core
from mappings.concept_maps import translate
from mappings.datatypes import Json

OWN_CODES = "https://toldonce.example/CodeSystem/acute-"
"""Base of the code systems of a hospital's own codes."""
_SCTID = re.compile(r"[1-9][0-9]{5,17}")
"""https://confluence.ihtsdotools.org SNOMED CT identifier: 6 to 18 digits."""


def concept(map_name: str, code: str | None, text: str | None = None) -> Json | None:
    """CodeableConcept of a source code, `text` or else the unknown code beside it; None when there is neither."""
    if not code:
        return datatypes.text_concept(text)
    found = translate(map_name, code)
    return datatypes.compact(coding=[found], text=text) if found else datatypes.text_concept(text or code)


def known(map_name: str, code: str) -> Json | None:
    """CodeableConcept of a source code that the map has a target for, else None."""
    found = translate(map_name, code) if code else None
    return {"coding": [found]} if found else None


def coded_concept(coded: Coded, organisation: str, kind: str) -> Json | None:
    """CE -> CodeableConcept with the codes as sent. `organisation` and `kind` name the code system of codes whose own
    the sender does not name, or names by a word that no table has."""
    sent = (
        (coded.code, coded.text, coded.system),
        (coded.other_code, coded.other_text, coded.other_system),
    )
    codings = [_coding(code, text, system, organisation, kind) for code, text, system in sent if code]
    text = coded.text or coded.other_text or (None if codings else coded.code)
    return datatypes.compact(coding=codings, text=text) or None


def _coding(code: str, text: str, system: str, organisation: str, kind: str) -> Json:
    found = translate("AcuteCodingSystem", system.upper())
    uri = str(found["code"]) if found else ""
    if uri == uk_core.SNOMED and not _SCTID.fullmatch(code):
        uri = ""
    own = f"{OWN_CODES}{organisation.lower()}-{slug(system) or kind}"
    return datatypes.coding(uri or own, code, text or None)


def code(map_name: str, source: str | None) -> str | None:
    """Only the code that a source code maps to (for FHIR `code` elements), or None."""
    found = translate(map_name, source) if source else None
    return str(found["code"]) if found else None


def gender(sex: str | None) -> str | None:
    return code("AcuteAdministrativeGender", (sex or "").upper())


def human_name(name: Name) -> Json | None:
    """XPN; a name without a known type is the official one."""
    use = code("AcuteNameUse", name.use.upper()) or "official"
    built = datatypes.human_name(name.family or None, name.given, name.prefix or None, use=use)
    return datatypes.compact(**built, suffix=[name.suffix] if name.suffix else None) if built else None


def address(source: Address) -> Json | None:
    """XAD; an address of an unknown type has no use, a correspondence address is of type postal."""
    built = datatypes.address(source.lines, source.city, source.postcode, district=source.district)
    if built is None:
        return None
    use, type_ = source.use.upper(), code("AcuteAddressType", source.use.upper())
    built["use"] = code("AcuteAddressUse", use) if use else "home"
    return datatypes.compact(**built, type=type_, country=source.country)


def telecom(source: Telecom, use: str | None = None) -> Json | None:
    """XTN; `use` where the sender says none. A mobile is told by its equipment."""
    system = "email" if "@" in source.value else code("AcuteTelecomSystem", source.equipment.upper()) or "phone"
    said = code("AcuteTelecomUse", source.equipment.upper()) or code("AcuteTelecomUse", source.use.upper())
    return datatypes.telecom(system, source.value, said or use)


def moment(instant: str) -> str:
    """UTC instant -> FHIR dateTime with the Europe/London offset."""
    return local_moment(datetime.fromisoformat(instant))


def slug(text: str) -> str:
    """Lower-case letters, digits and hyphens, for the last part of an identifier system."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def labelled(resource: Json, security: list[Json], tags: list[Json] | None = None) -> Json:
    """The resource with meta.security and meta.tag."""
    meta = datatypes.compact(**resource.get("meta", {}), security=security, tag=tags)
    return {**resource, "meta": meta} if meta else resource
