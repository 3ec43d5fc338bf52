"""FHIR datatypes from source values. Pure; None and empty values vanish (see `uk_core.resource`)."""

from collections.abc import Iterable
from typing import Any

from mappings import uk_core
from mappings.ids import Ids

Json = dict[str, Any]

UNKNOWN: Json = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
"""Extension of an element that a profile demands and the source does not say.
http://hl7.org/fhir/R4/extension-data-absent-reason.html"""


def compact(**elements: Any) -> Json:
    """A JSON object without elements that are None or empty; a trailing underscore in a name is dropped."""
    return {
        name.rstrip("_"): value
        for name, value in elements.items()
        if value or (value is not None and value not in ("", [], {}))
    }


def coding(system: str, code: str, display: str | None = None) -> Json:
    return compact(system=system, code=code, display=display)


def concept(system: str, code: str, display: str | None = None, *, text: str | None = None) -> Json:
    """CodeableConcept of one coding; `text` is the source's own wording."""
    return compact(coding=[coding(system, code, display)], text=text)


def snomed(code: str, display: str | None = None, *, text: str | None = None) -> Json:
    return concept(uk_core.SNOMED, code, display, text=text)


def text_concept(text: str | None) -> Json | None:
    """CodeableConcept that has only the source's words, where no code is known."""
    return {"text": text} if text else None


def nhs_number(value: str, status: str, display: str | None = None) -> Json:
    """UK Core NHS number identifier. `value`: ten digits; `status`: UKCore-NHSNumberVerificationStatusEngland code
    (01 verified, 02 present but not traced, ...). Only 01 may ever be treated as verified."""
    return {
        "extension": [
            {
                "url": f"{uk_core.EXTENSION}NHSNumberVerificationStatus",
                "valueCodeableConcept": concept(uk_core.VERIFICATION_STATUS, status, display),
            }
        ],
        "system": uk_core.NHS_NUMBER,
        "value": value,
    }


def local_identifier(organisation: str, kind: str, value: str, *, type_code: str | None = None) -> Json:
    """Identifier in the organisation's own system; `type_code` from v2-0203 (MR, VN ...)."""
    return compact(
        type=concept(uk_core.IDENTIFIER_TYPE, type_code) if type_code else None,
        system=uk_core.local_system(organisation, kind),
        value=value,
    )


def human_name(
    family: str | None, given: Iterable[str] = (), prefix: str | None = None, *, use: str = "official"
) -> Json | None:
    """HumanName, or None when neither family nor given name is known."""
    given = [name for name in given if name]
    if not (family or given):
        return None
    return compact(use=use, family=family, given=given, prefix=[prefix] if prefix else None)


def address(
    lines: Iterable[str], city: str | None, postcode: str | None, *, district: str | None = None, use: str = "home"
) -> Json | None:
    lines = [line for line in lines if line]
    if not (lines or city or postcode):
        return None
    return compact(use=use, line=lines, city=city, district=district, postalCode=postcode)


def telecom(system: str, value: str | None, use: str | None = None) -> Json | None:
    return compact(system=system, value=value, use=use) if value else None


def period(start: str | None, end: str | None = None) -> Json | None:
    return compact(start=start, end=end) or None


def subject(display: str | None = None) -> Json:
    """Reference to the person the resource is about (see `uk_core.SUBJECT`)."""
    return compact(reference=uk_core.SUBJECT, display=display)


def own_reference(ids: Ids, resource_type: str, *natural_key: str, display: str | None = None) -> Json:
    """Reference to another resource of the same source patient."""
    return compact(reference=f"{resource_type}/{ids.own(resource_type, *natural_key)}", display=display)


def organisation_reference(ids: Ids, ods_code: str, display: str | None = None) -> Json:
    """Reference to an Organization that also carries its ODS code: relationship evidence is read from it."""
    return compact(
        reference=f"Organization/{ids.directory('Organization', ods_code)}",
        identifier={"system": uk_core.ODS_ORGANISATION, "value": ods_code},
        display=display,
    )


def organisation(ids: Ids, ods_code: str, name: str | None) -> uk_core.Resource:
    """The directory entry that `organisation_reference` points at."""
    return uk_core.resource(
        "Organization",
        ids.directory("Organization", ods_code),
        identifier=[{"system": uk_core.ODS_ORGANISATION, "value": ods_code}],
        active=True,
        name=name or ods_code,
    )


def security_label(system: str, code: str) -> Json:
    return {"system": system, "code": code}
