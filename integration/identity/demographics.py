"""What linkage compares, read from a source's Patient resource."""

from collections.abc import Iterable, Iterator
from typing import Any
from unicodedata import combining, normalize

import msgspec
from nhs_number import is_valid

from mappings import uk_core
from mappings.uk_core import Resource

VERIFIED = "01"
IDENTITY_UNKNOWN = "identity-unknown"
"""Code of meta.tag on a pseudo-person (acute PID-31)."""
_PLACEHOLDERS = frozenset(str(digit) * 10 for digit in range(10))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NO_NAME = _words("unknown unk notknown unidentified anonymous anon none noname nofixedabode nfa xx xxx")
"""What stands where a name should, normalised."""
_NO_GIVEN_NAME = _NO_NAME | _words(
    "baby babyboy babygirl babyof boy girl male female infant newborn twin twin1 twin2 twini twinii twinone twintwo"
    " triplet mr mrs miss ms master na"
)
"""As above, and what newborns are called: twins are both Baby."""
_NUMBER_STATUS = "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus"
"""UK Core's code systems of the verification status begin so: there is one for England, one for Wales."""
_SHORTEST_ID = 4
"""Characters of an identifier that may tell people apart: shorter ones are row numbers and the like."""


class Demographics(msgspec.Struct, frozen=True):
    """One source's statement of who somebody is. Names, postcodes, phones and ids are normalised for comparison; each
    set holds former ones too, for records keep what others have changed."""

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
    conflicting_numbers: frozenset[str] = frozenset()
    """Different NHS numbers in one statement. None of them is `nhs_number` then: it is a conflict, not a choice."""
    uprns: frozenset[str] = frozenset()
    practices: frozenset[str] = frozenset()
    """ODS codes of the GP practice where the person is registered."""
    ids: frozenset[str] = frozenset()
    """Other identifiers as `system|value`: another sector's id of the person, where somebody noted it."""


_decode = msgspec.json.Decoder(Demographics).decode


def kept(text: str) -> Demographics:
    """From the JSON of `source_patient.demographics`: asked for as text, so that it is decoded once."""
    return _decode(text)


def demographics(patient: Resource) -> Demographics:
    """Comparable demographics of a UK Core Patient. A number with a bad check digit, or one digit repeated ten times
    (these pass the check digit), is no number. Of somebody whose identity the source does not know there is nothing
    to compare."""
    if any(tag.get("code") == IDENTITY_UNKNOWN for tag in patient.get("meta", {}).get("tag", ())):
        return Demographics()
    identifiers = patient.get("identifier", ())
    numbers = _nhs_numbers(identifiers)
    number = next(iter(numbers)) if len(numbers) == 1 else None
    names, addresses = patient.get("name", ()), patient.get("address", ())
    return Demographics(
        nhs_number=number,
        verified=number is not None and numbers[number],
        families=_normal(name.get("family") for name in names) - _NO_NAME,
        given=_normal(given for name in names for given in name.get("given", ())[:1]) - _NO_GIVEN_NAME,
        birth_date=patient.get("birthDate"),
        gender=_gender(patient.get("gender")),
        postcodes=_normal(address.get("postalCode") for address in addresses),
        phones=frozenset(_phones(patient.get("telecom", ()))),
        deceased=bool(patient.get("deceasedDateTime") or patient.get("deceasedBoolean")),
        conflicting_numbers=frozenset(numbers) if len(numbers) > 1 else frozenset(),
        uprns=_normal(uprn for address in addresses for uprn in _uprns(address)),
        practices=_normal(map(_practice, patient.get("generalPractitioner", ()))),
        ids=frozenset(_ids(identifiers)),
    )


def is_nhs_number(text: str) -> bool:
    """Ten digits with a valid check digit that are not a placeholder."""
    return text.isdigit() and text not in _PLACEHOLDERS and bool(is_valid(text))


def _nhs_numbers(identifiers: Iterable[dict[str, Any]]) -> dict[str, bool]:
    """Each number that the source holds now, and whether one of its statements of it says that it is verified."""
    found: dict[str, bool] = {}
    for identifier in identifiers:
        value = identifier.get("value", "")
        if identifier.get("system") == uk_core.NHS_NUMBER and identifier.get("use") != "old" and is_nhs_number(value):
            found[value] = found.get(value, False) or _verification(identifier) == VERIFIED
    return found


def _verification(identifier: dict[str, Any]) -> str | None:
    """Code of Extension-UKCore-NHSNumberVerificationStatus on this identifier."""
    for extension in identifier.get("extension", ()):
        if extension["url"] == f"{uk_core.EXTENSION}NHSNumberVerificationStatus":
            codings = extension["valueCodeableConcept"].get("coding", ())
            ours = (one for one in codings if one.get("system", _NUMBER_STATUS).startswith(_NUMBER_STATUS))
            return next((coding.get("code") for coding in ours), None)
    return None


def _ids(identifiers: Iterable[dict[str, Any]]) -> Iterator[str]:
    for identifier in identifiers:
        system, value = identifier.get("system"), _plain(identifier.get("value", ""))
        if system and system != uk_core.NHS_NUMBER and len(value) >= _SHORTEST_ID and len(set(value)) > 1:
            yield f"{system}|{value}"


def _practice(reference: dict[str, Any]) -> str | None:
    identifier = reference.get("identifier", {})
    return identifier.get("value") if identifier.get("system") == uk_core.ODS_ORGANISATION else None


def _uprns(address: dict[str, Any]) -> Iterator[str | None]:
    """Extension-UKCore-AddressKey of type UPRN; PDS has a Coding where UK Core has a CodeableConcept."""
    for extension in address.get("extension", ()):
        if extension["url"] == f"{uk_core.EXTENSION}AddressKey":
            parts = {part["url"]: part for part in extension.get("extension", ())}
            kind = parts.get("type", {})
            codings = (*kind.get("valueCodeableConcept", {}).get("coding", ()), kind.get("valueCoding", {}))
            if any(coding.get("code") == "UPRN" for coding in codings):
                yield parts.get("value", {}).get("valueString")


def _phones(telecom: Iterable[dict[str, Any]]) -> Iterator[str]:
    for contact in telecom:
        digits = _digits(contact.get("value", "")) if contact.get("system") in ("phone", "sms") else ""
        if len(digits) >= 10 and len(set(digits[2:])) > 1:
            yield digits


def _gender(stated: str | None) -> str | None:
    """`unknown` says nothing: two sources who do not know do not agree, and one who does not contradicts nobody."""
    return None if stated == "unknown" else stated


def _normal(texts: Iterable[str | None]) -> frozenset[str]:
    return frozenset(normal for text in texts if text and (normal := _plain(text)))


def _plain(text: str) -> str:
    """Letters and digits alone, in lower case, without accents: feeds differ in whether they can carry these."""
    decomposed = normalize("NFKD", text.casefold())
    return "".join(one for one in decomposed if one.isalnum() and not combining(one))


def _digits(text: str) -> str:
    digits = "".join(filter(str.isdigit, text))
    return "0" + digits[2:] if digits.startswith("44") else digits
