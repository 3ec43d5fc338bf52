"""The golden Patient: who somebody is, put together for one caller from the statements that caller may see.

Element by element as the table in `survivorship.py` says. https://hl7.org/fhir/R4/patient.html

It is a function of those statements, of the day and of whether the person may be located, and taking them apart takes
longer than reading them. So a process keeps what it made last, and finds it again by all of these: by what was
permitted and read just now, word for word.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from adapters.records import LONDON
from integration.identity.demographics import VERIFIED, is_nhs_number
from integration.record.reader import Row
from integration.record.survivorship import CONFIDENTIALITY, FORMER, RULES, SLICED, TRUST, Keep
from integration.sharing.request import Grant
from integration.store.extract import directory_entries
from mappings import uk_core
from mappings.uk_core import Resource

_KEPT = 1024
"""Golden Patients that are kept: some ten kilobytes each."""


@dataclass(frozen=True)
class Golden:
    """A golden Patient, and for each of its elements the statement that it is from, by FHIRPath: `Patient.name[0]`."""

    body: bytes
    sources: Sequence[tuple[str, Row]]
    entries: Sequence[UUID]
    """Directory entries it refers to."""

    @property
    def resource(self) -> Resource:
        """The resource, as one's own copy."""
        parsed: Resource = orjson.loads(self.body)
        return parsed


class _Statement(NamedTuple):
    """A source's statement, taken apart: by the elements and slices of the table."""

    row: Row
    patient: Resource
    parts: Mapping[str, Sequence[Any]]


_Said = Sequence[_Statement]
"""Statements, the best source's first."""
_Kept = Sequence[tuple[Any, Row]]
"""Values, each with the statement that it is from."""


def golden(grant: Grant, statements: Sequence[Row]) -> Golden | None:
    """The Patient as this caller may see it, or None when no statement is permitted. Sources that merged the person
    into another record of theirs give their identifiers only."""
    if not statements:
        return None
    today = grant.request.at.astimezone(LONDON).date().isoformat()
    located = not (grant.location_withheld or grant.hide_location)
    return _golden(grant.person, tuple(statements), today, located)


@lru_cache(maxsize=_KEPT)
def _golden(person: UUID, statements: Sequence[Row], today: str, located: bool) -> Golden:
    everyone = sorted([_statement(row, today) for row in statements], key=_RANKS[TRUST])
    current = [one for one in everyone if one.patient.get("active", True)] or everyone
    stated = _by_element(everyone)
    now_stated = stated if len(current) == len(everyone) else _by_element(current)
    shown: dict[str, Any] = {}
    sources: list[tuple[str, Row]] = []
    for element in sorted(stated, key=_PLACES.__getitem__):
        rule = _RULES[element]
        if (rule.locates and not located) or (element == _NONE and _NUMBER in stated):
            continue
        said = stated[element] if element == "identifier" else now_stated.get(element, ())
        if element == _NUMBER and not said:
            said = stated[element]
        for value, row in _KEEP[rule.keep](element, _ranked(said, rule.order), today):
            sources.append((_placed(shown, rule.name, value), row))
    made = _assembled(person, everyone, shown)
    return Golden(orjson.dumps(made), sources, directory_entries(made))


def statement(grant: Grant, row: Row) -> Resource:
    """A source's own Patient, under the same rule: without its address where another's is withheld by a choice."""
    patient = row.resource()
    return {name: value for name, value in patient.items() if not (grant.location_withheld and name in _LOCATION)}


def replaced(former: UUID, patient: Resource) -> Resource:
    """What stands under a former id of somebody: nothing but the link to the Patient that is to be used instead
    (https://hl7.org/fhir/R4/valueset-link-type.html, replaced-by)."""
    link = {"other": {"reference": f"Patient/{patient['id']}"}, "type": "replaced-by"}
    meta = {name: value for name, value in patient["meta"].items() if name not in ("versionId", "security")}
    version = hashlib.sha256(f"{former} {patient['id']}".encode()).hexdigest()[:16]
    return {
        "resourceType": "Patient",
        "id": str(former),
        "meta": {"versionId": version, **meta},
        "active": False,
        "link": [link],
    }


_LOCATION = frozenset(rule.element for rule in RULES if rule.locates)
_NUMBER, _NONE = "identifier:nhsNumber", "extension:NHSNumberUnavailableReason"
_CHOICES = {
    "deceasedDateTime": "deceased",
    "deceasedBoolean": "deceased",
    "multipleBirthInteger": "multipleBirth",
    "multipleBirthBoolean": "multipleBirth",
}
_ELEMENTS = {rule.name: rule.name for rule in RULES} | _CHOICES
_RULES = {rule.element: rule for rule in RULES}
_PLACES = {element: place for place, element in enumerate(_RULES)}
_SLICED = frozenset({"extension", "identifier", "name", "telecom"})
_SINGLE = frozenset({"gender", "birthDate", "maritalStatus", "managingOrganization"})


_is_number = lru_cache(maxsize=4096)(is_nhs_number)


def _statement(row: Row, today: str) -> _Statement:
    patient = row.resource()
    parts: dict[str, list[Any]] = {}
    for member, value in patient.items():
        name = _ELEMENTS.get(member)
        if name is None:
            continue
        if name not in _SLICED:
            parts[name] = value if isinstance(value, list) else [value]
            continue
        for one in value:
            if part := _part(name, one, today):
                parts.setdefault(part, []).append(one)
    if len(parts.get(_NUMBER, ())) > 1 and len({one["value"] for one in parts[_NUMBER]}) > 1:
        del parts[_NUMBER]  # two numbers in one statement are a conflict, not a choice
    return _Statement(row, patient, parts)


def _by_element(said: _Said) -> dict[str, list[_Statement]]:
    """The statements that say something of each element."""
    found: dict[str, list[_Statement]] = {}
    for one in said:
        for element in one.parts:
            found.setdefault(element, []).append(one)
    return found


def _part(name: str, value: Any, today: str) -> str | None:
    """Which rule of the table a value of this element comes under; None for what is not shown."""
    match name:
        case "extension":
            part = f"extension:{value['url'].rpartition('/')[2].removeprefix('Extension-UKCore-')}"
            return part if part in SLICED else name
        case "identifier":
            if value.get("system") != uk_core.NHS_NUMBER:
                return name
            return _NUMBER if value.get("use") != "old" and _is_number(value.get("value", "")) else None
        case "name":
            return "name:other" if value.get("use") in FORMER or _ended(value, today) else name
        case "telecom":
            return None if value.get("use") == "old" or _ended(value, today) else name
    return None


def _ended(value: Mapping[str, Any], today: str) -> bool:
    """Whether its period ended before today. A partial date counts to its last day."""
    end = value.get("period", {}).get("end", "")
    return bool(end) and end[:10] < today[: len(end)]


def _rank(order: Sequence[str]) -> Callable[[_Statement], tuple[int, UUID]]:
    places = {feed: place for place, feed in enumerate(order)}
    return lambda one: (places.get(one.row.feed, len(places)), one.row.id)


_RANKS = {order: _rank(order) for order in {TRUST, *(rule.order for rule in RULES)}}


def _ranked(said: _Said, order: tuple[str, ...]) -> _Said:
    """In this order; they come in that of `TRUST`."""
    return said if order is TRUST or len(said) < 2 else sorted(said, key=_RANKS[order])


def _placed(shown: dict[str, Any], name: str, value: Any) -> str:
    """Put a value into its element; returns its FHIRPath."""
    match name:
        case "deceased":
            shown["deceasedDateTime" if isinstance(value, str) else "deceasedBoolean"] = value
        case "multipleBirth":
            shown["multipleBirthBoolean" if isinstance(value, bool) else "multipleBirthInteger"] = value
        case _ if name in _SINGLE:
            shown[name] = value
        case _:
            listed = shown.setdefault(name, [])
            listed.append(value)
            return f"Patient.{name}[{len(listed) - 1}]"
    return f"Patient.{name}"


def _best(element: str, said: _Said, today: str) -> _Kept:
    best = said[0] if said else None
    if element in _SAYS_NOTHING:
        nothing = _SAYS_NOTHING[element]
        best = next((one for one in said if not all(nothing(value, today) for value in one.parts[element])), best)
    return [(value, best.row) for value in best.parts[element]] if best else []


_SAYS_NOTHING: Mapping[str, Callable[[Any, str], bool]] = {
    "gender": lambda value, _today: bool(value == "unknown"),
    "address": lambda value, today: value.get("use") == "old" or _ended(value, today),
}
"""Which values say nothing of the present."""


def _united(element: str, said: _Said, _today: str) -> _Kept:
    """Every different value once, as the first source has it."""
    identity = _IDENTITY.get(element) or _IDENTITY[element.partition(":")[0]]
    kept: dict[Any, tuple[Any, Row]] = {}
    for one in said:
        for value in one.parts[element]:
            kept.setdefault(identity(value), (value, one.row))
    return list(kept.values())


def _strictest(element: str, said: _Said, _today: str) -> _Kept:
    """One value; among equals, the first source's."""
    stated = [(value, one.row) for one in said for value in one.parts[element]]
    weight = _WEIGHT[element]
    heaviest = max(stated, key=lambda kept: weight(kept[0]), default=None)
    return [heaviest] if heaviest and weight(heaviest[0]) else []


def _number(contact: Mapping[str, Any]) -> str:
    """A telephone number is the same however it is written."""
    value = str(contact.get("value", ""))
    digits = "".join(filter(str.isdigit, value))
    if contact.get("system") in ("email", "url") or not digits:
        return value.casefold()
    return "0" + digits[2:] if digits.startswith("44") else digits


def _language(communication: Mapping[str, Any]) -> bytes:
    language = communication.get("language", {})
    codes = [one.get("code") for one in language.get("coding", ())]
    return orjson.dumps(codes[:1] or language, option=orjson.OPT_SORT_KEYS)


def _verification(identifier: Mapping[str, Any]) -> str:
    for extension in identifier.get("extension", ()):
        if extension["url"] == f"{uk_core.EXTENSION}NHSNumberVerificationStatus":
            return next((str(one.get("code")) for one in extension["valueCodeableConcept"].get("coding", ())), "")
    return ""


_IDENTITY: Mapping[str, Callable[[Any], Any]] = {
    "extension": lambda value: value["url"],
    "identifier": lambda value: (value.get("system"), value.get("value")),
    "name": lambda value: orjson.dumps([value.get("use"), value.get("family"), value.get("given")]),
    "telecom": _number,
    "communication": _language,
}
"""What makes two values of a united element the same."""
_WEIGHT: Mapping[str, Callable[[Any], int]] = {
    _NUMBER: lambda value: 2 if _verification(value) == VERIFIED else 1,
    "extension:patient-interpreterRequired": lambda value: 2 if value.get("valueBoolean") else 1,
    "deceased": lambda value: 2 if isinstance(value, str) else int(value),
}
"""How much care a value asks for; 0 = it is not shown."""
_KEEP: Mapping[Keep, Callable[[str, _Said, str], _Kept]] = {
    Keep.BEST: _best,
    Keep.UNITED: _united,
    Keep.STRICTEST: _strictest,
}


def _assembled(person: UUID, said: _Said, shown: Mapping[str, Any]) -> Resource:
    """The resource; `id` comes second, as in every stored body."""
    links = [{"other": {"reference": f"Patient/{one.row.id}"}, "type": "seealso"} for one in said]
    body = {**shown, "active": True, "link": links}
    return {"resourceType": "Patient", "id": str(person), "meta": _meta(said, body), **body}


def _meta(said: _Said, body: Mapping[str, Any]) -> Resource:
    """Version: a digest of the permitted statements' versions and of what is shown, which masks and the day change
    too; time: the latest of them; labels: all of theirs."""
    seen = orjson.dumps([[[str(one.row.id), one.row.version] for one in said], body])
    meta: Resource = {
        "versionId": hashlib.sha256(seen).hexdigest()[:16],
        "lastUpdated": max(one.row.recorded for one in said).isoformat(timespec="milliseconds"),
        "profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"],
    }
    for name in ("security", "tag"):
        labels = [label for one in said for label in one.patient.get("meta", {}).get(name, ())]
        if labels:
            meta[name] = _labels(labels)
    return meta


def _labels(labels: Iterable[Resource]) -> list[Resource]:
    """Each label once; of confidentiality codes only the highest, for a resource has one."""
    each = {(one.get("system"), one.get("code")): one for one in labels}
    levels = [one for (system, _), one in each.items() if system == uk_core.CONFIDENTIALITY]
    highest = max(levels, key=lambda one: _height(one.get("code")), default=None)
    return [one for one in each.values() if one.get("system") != uk_core.CONFIDENTIALITY or one is highest]


def _height(code: str | None) -> int:
    return CONFIDENTIALITY.index(code) if code in CONFIDENTIALITY else -1
