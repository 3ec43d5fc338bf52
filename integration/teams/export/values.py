"""What a column takes from an element of a resource: a code, a moment and how exactly it is known, an id. Pure.

FHIR R4 datatypes: https://hl7.org/fhir/R4/datatypes.html
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from adapters.records import LONDON
from mappings import uk_core
from mappings.uk_core import Resource

_SNOMED = "http://snomed.info/sct"
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
_PRECISIONS = {4: "year", 7: "month", 10: "day"}
_DISTRICT = re.compile(r"([A-Z]{1,2}\d[A-Z\d]?)( ?\d[A-Z]{2})?")
_ID = re.compile(r"[A-Za-z]+/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


def found(element: Any, path: str) -> Iterator[Any]:
    """Every value at a path of names with dots between, in order; of lists, each entry's."""
    if isinstance(element, list):
        for one in element:
            yield from found(one, path)
    elif not path:
        yield element
    elif isinstance(element, dict):
        name, _, rest = path.partition(".")
        if name in element:
            yield from found(element[name], rest)


def first(element: Any, path: str) -> Any:
    """The first value at a path; None where there is none."""
    return next(found(element, path), None)


def text(element: Any, *paths: str) -> str | None:
    """The first text at one of these paths."""
    return next((one for path in paths for one in found(element, path) if isinstance(one, str)), None)


def coding(element: Any, path: str) -> Resource:
    """The Coding at a path, also within a CodeableConcept: that of SNOMED CT, else the first; {} for none."""
    codings = [one for each in found(element, path) for one in each.get("coding", (each,) if "code" in each else ())]
    return next((one for one in codings if one.get("system") == _SNOMED), codings[0] if codings else {})


def extension(element: Any, url: str) -> Resource:
    """The Coding that the element's extension of this URL holds; {} for none."""
    held: Resource = next((one for one in found(element, "extension") if one.get("url") == url), {})
    return coding(held, "valueCodeableConcept") or coding(held, "valueCoding")


def moment(value: str | None) -> datetime | None:
    """A FHIR date, dateTime or instant as a moment in UTC; a date as its first instant in London."""
    if value is None:
        return None
    if "T" in value:
        return datetime.fromisoformat(value).astimezone(UTC)
    date = _DATE.fullmatch(value)
    assert date is not None  # what is stored is valid FHIR
    year, month, day = (int(part or 1) for part in date.groups())
    return datetime(year, month, day, tzinfo=LONDON).astimezone(UTC)


def precision(value: str | None) -> str | None:
    """How exactly a date, dateTime or instant is told: year, month, day, second."""
    return None if value is None else _PRECISIONS.get(len(value), "second")


def reference(element: Any, path: str) -> UUID | None:
    """The id that a Reference at a path points at."""
    pointed = _ID.fullmatch(text(element, f"{path}.reference") or "")
    return UUID(pointed[1]) if pointed else None


def ods_code(element: Any, path: str = "") -> str | None:
    """The ODS code of the first organisation that References at a path carry."""
    identifiers = (one for reference in found(element, path) for one in found(reference, "identifier"))
    named = (one for one in identifiers if one.get("system") == uk_core.ODS_ORGANISATION)
    return next((str(one["value"]) for one in named if "value" in one), None)


def birth_year(patient: Resource) -> int | None:
    """The year of birth."""
    born = text(patient, "birthDate")
    return int(born[:4]) if born else None


def district(patient: Resource) -> str | None:
    """The district of the first whole postcode, such as CV1."""
    codes = (_DISTRICT.fullmatch(code.upper()) for code in found(patient, "address.postalCode"))
    return next((one[1] for one in codes if one), None)


def died(patient: Resource) -> bool | None:
    """Whether somebody says that the person died; None: nothing is shown of who they are."""
    return "deceasedDateTime" in patient or bool(patient.get("deceasedBoolean")) if patient else None
