"""What linkage compares, read from a source's Patient resource."""

from collections.abc import Iterable
from typing import Any

import msgspec
from nhs_number import is_valid

from mappings import uk_core
from mappings.uk_core import Resource

VERIFIED = "01"
IDENTITY_UNKNOWN = "identity-unknown"
"""Code of meta.tag on a pseudo-person (acute PID-31)."""
_PLACEHOLDERS = frozenset(str(digit) * 10 for digit in range(10))


class Demographics(msgspec.Struct, frozen=True):
    """One source's statement of who somebody is. Names, postcodes and phones are normalised for comparison."""

    nhs_number: str | None = None
    verified: bool = False
    """The number has verification status 01: only then does it link by itself."""
    families: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()
    """First given names, nicknames among them. A middle name tells nobody apart: Kaur and Singh are many people's."""
    birth_date: str | None = None
    gender: str | None = None
    postcodes: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    deceased: bool = False


def demographics(patient: Resource) -> Demographics:
    """Comparable demographics of a UK Core Patient. A number with a bad check digit, or one digit repeated ten times
    (these pass the check digit), is no number. Of somebody whose identity the source does not know there is nothing
    to compare."""
    if any(tag.get("code") == IDENTITY_UNKNOWN for tag in patient.get("meta", {}).get("tag", ())):
        return Demographics()
    number, status = _nhs_number(patient.get("identifier", ()))
    names = patient.get("name", ())
    return Demographics(
        nhs_number=number,
        verified=number is not None and status == VERIFIED,
        families=_normal(name.get("family") for name in names),
        given=_normal(given for name in names for given in name.get("given", ())[:1]),
        birth_date=patient.get("birthDate"),
        gender=patient.get("gender"),
        postcodes=_normal(address.get("postalCode") for address in patient.get("address", ())),
        phones=frozenset(
            digits
            for contact in patient.get("telecom", ())
            if contact.get("system") in ("phone", "sms") and len(digits := _digits(contact.get("value", ""))) >= 10
        ),
        deceased=bool(patient.get("deceasedDateTime") or patient.get("deceasedBoolean")),
    )


def is_nhs_number(text: str) -> bool:
    """Ten digits with a valid check digit that are not a placeholder."""
    return text.isdigit() and text not in _PLACEHOLDERS and bool(is_valid(text))


def _nhs_number(identifiers: Iterable[dict[str, Any]]) -> tuple[str | None, str | None]:
    for identifier in identifiers:
        value = identifier.get("value", "")
        if identifier.get("system") == uk_core.NHS_NUMBER and is_nhs_number(value):
            return value, _verification(identifier)
    return None, None


def _verification(identifier: dict[str, Any]) -> str | None:
    for extension in identifier.get("extension", ()):
        if extension["url"] == f"{uk_core.EXTENSION}NHSNumberVerificationStatus":
            codings = extension["valueCodeableConcept"].get("coding", ())
            return next((coding.get("code") for coding in codings), None)
    return None


def _normal(texts: Iterable[str | None]) -> frozenset[str]:
    return frozenset(normal for text in texts if text and (normal := "".join(filter(str.isalnum, text.casefold()))))


def _digits(text: str) -> str:
    digits = "".join(filter(str.isdigit, text))
    return "0" + digits[2:] if digits.startswith("44") else digits
