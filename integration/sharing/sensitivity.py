"""What makes a resource sensitive (rules 6a and 6b) and which people must not be located (rule 7).

The code lists are data: `sensitive_codes.json`, with their source and version.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from integration.sharing.categories import is_safeguarding_flag
from mappings import uk_core
from mappings.uk_core import Resource

_LISTS: Mapping[str, Any] = json.loads(
    resources.files("integration.sharing").joinpath("sensitive_codes.json").read_text("utf-8")
)
VERSION: str = _LISTS["version"]
"""Of the code lists, for explanations."""
LEGAL: frozenset[str] = frozenset(_LISTS["legal"])
"""Rule 6a: opened by the person's express permission for one recipient only."""
SENSITIVITIES: frozenset[str] = frozenset(_LISTS["sensitivities"])
"""Every sensitivity, by its plain-English name; agreements use the same words."""
UNEXPLAINED: str = _LISTS["unexplained"]
OWN_SYSTEM: str = _LISTS["own system"]
"""Security labels of ours, one per sensitivity, for what no code list covers."""
_SETTING = "https://fhir.hl7.org.uk/CodeSystem/UKCore-PracticeSettingCodeEngland"  # UKC: treatment functions
_ICD10 = "http://hl7.org/fhir/sid/icd-10"  # R4 terminologies-systems; the UK edition adds a suffix
_RESTRICTED = frozenset({"R", "V"})  # v3-Confidentiality
_LOCATION = frozenset({"LOCIS", "PATLOC"})  # v3-ActCode: location information sensitivity
_SAFEGUARDING = "safeguarding"


@cache
def _by_code() -> Mapping[tuple[str, str], str]:
    """(system, code) -> sensitivity, for codes and security labels that match as a whole."""
    found: dict[tuple[str, str], str] = {}
    for name, kept in _LISTS["sensitivities"].items():
        found[OWN_SYSTEM, kept["label"]] = name
        found.update({(uk_core.SNOMED, code): name for code in kept["snomed"]})
        found.update({(uk_core.ACT_CODE, code): name for code in kept["act codes"]})
        found.update({(_SETTING, code): name for code in kept.get("practice settings", ())})
    return found


@cache
def _by_icd10() -> Mapping[str, str]:
    """ICD-10 category prefix without its point -> sensitivity."""
    return {code.replace(".", ""): name for name, kept in _LISTS["sensitivities"].items() for code in kept["icd10"]}


def sensitivities_of(resource: Resource, body: bytes | None = None) -> frozenset[str]:
    """Plain-English names of what makes this resource sensitive: from every code in it and from its security
    labels. A person's own Patient is never sensitive for being restricted: rule 7 removes elements instead.
    `body`, its JSON as `store.extract` makes it, where there is one: most resources hold no code of any list,
    and there it is quickly seen."""
    found = set(_of_codes(resource)) if body is None or _may_hold_one(body) else set()
    found.update(_of_labels(resource))
    if is_safeguarding_flag(resource):
        found.add(_SAFEGUARDING)
    if not found and resource["resourceType"] != "Patient" and _is_marked(resource):
        found.add(UNEXPLAINED)
    return frozenset(found)


def sensitivity_of_label(system: str, code: str) -> str | None:
    """The sensitivity that one security label stands for, or None when it stands for none that is known."""
    if system == uk_core.CONFIDENTIALITY and code in _RESTRICTED:
        return UNEXPLAINED
    return _by_code().get((system, code)) if system in (uk_core.ACT_CODE, OWN_SYSTEM) else None


def label_of(sensitivity: str) -> dict[str, str]:
    """The security label (meta.security, Consent securityLabel) that stands for one sensitivity."""
    return {"system": OWN_SYSTEM, "code": _LISTS["sensitivities"][sensitivity]["label"], "display": sensitivity}


def is_restricted(patient: Resource) -> bool:
    """Whether this person's whereabouts must not be shown: PDS marks the Patient R, hospitals by a LOCIS label."""
    return any(
        (system == uk_core.CONFIDENTIALITY and code in _RESTRICTED)
        or (system == uk_core.ACT_CODE and code in _LOCATION)
        for system, code in _security(patient)
    )


def _security(resource: Resource) -> Iterator[tuple[str, str]]:
    for label in resource.get("meta", {}).get("security", ()):
        yield label.get("system", ""), label.get("code", "")


def _is_marked(resource: Resource) -> bool:
    return any(system == uk_core.CONFIDENTIALITY and code in _RESTRICTED for system, code in _security(resource))


def _of_labels(resource: Resource) -> Iterator[str]:
    for label in _security(resource):
        if (name := _by_code().get(label)) is not None:
            yield name


def _of_codes(resource: Resource) -> Iterator[str]:
    for system, code in _codings({name: value for name, value in resource.items() if name != "meta"}):
        if system.startswith(_ICD10):
            yield from _of_icd10(code.replace(".", ""))
        elif system in (uk_core.SNOMED, _SETTING) and (name := _by_code().get((system, code))) is not None:
            yield name


_CODE = re.compile(rb'"code":"([^"]*)"')


def _may_hold_one(body: bytes) -> bool:
    """Whether a code in this JSON is one of the lists', whatever its system: its bytes, or for ICD-10 those it begins
    with. Codes of the lists have no character that JSON writes in another way."""
    known, prefixes = _bytes_of_lists()
    return any(code in known or code.replace(b".", b"")[:3] in prefixes for code in _CODE.findall(body))


@cache
def _bytes_of_lists() -> tuple[frozenset[bytes], frozenset[bytes]]:
    return (
        frozenset(code.encode() for _, code in _by_code()),
        frozenset(prefix[:3].encode() for prefix in _by_icd10()),
    )


def _of_icd10(code: str) -> Iterator[str]:
    for length in (3, 4):
        if len(code) >= length and (name := _by_icd10().get(code[:length])) is not None:
            yield name


def _codings(value: Any) -> Iterator[tuple[str, str]]:
    """Every (system, code) anywhere in a resource: a sensitive reason, value or component counts as much as a code."""
    if isinstance(value, dict):
        if isinstance(code := value.get("code"), str):
            yield value.get("system", ""), code
        for inner in value.values():
            if isinstance(inner, dict | list):
                yield from _codings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _codings(inner)
