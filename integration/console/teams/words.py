"""FHIR elements in words, as a page has them. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson

from adapters.records import LONDON
from mappings import uk_core
from mappings.uk_core import Resource

NOT_NAMED = "not named"


def words(concept: Any, displays: Mapping[str, str] | None = None) -> str:
    """What a CodeableConcept says: its text, else the first display; for a code without either the one of `displays`,
    else the code as it is."""
    if not isinstance(concept, Mapping):
        return NOT_NAMED
    codings = [one for one in concept.get("coding", ()) if one.get("code")]
    named = (one["display"] for one in codings if one.get("display"))
    elsewhere = (displays[one["code"]] for one in codings if displays and one["code"] in displays)
    bare = (f"code {one['code']}" for one in codings)
    return str(concept.get("text") or next(named, "") or next(elsewhere, "") or next(bare, NOT_NAMED))


def codes(concepts: Any, system: str) -> set[str]:
    """Codes of one system in a CodeableConcept, or in a list of them. Of plain codes (`AllergyIntolerance.category`)
    there are none."""
    listed = concepts if isinstance(concepts, list) else [concepts]
    return {
        one["code"]
        for each in listed
        if isinstance(each, Mapping)
        for one in each.get("coding", ())
        if one.get("system") == system and "code" in one
    }


def day_of(text: str | None) -> date | None:
    """The London day of a FHIR date or dateTime; of a month or a year its first day."""
    if not text:
        return None
    if "T" in text:
        return datetime.fromisoformat(text).astimezone(LONDON).date()
    year, month, on = (*text.split("-"), "01", "01")[:3]
    return date(int(year), int(month), int(on))


def when(text: str | None) -> str:
    """A FHIR date or dateTime as precisely as it was given: `2019`, `March 2019`, `4 March 2019`."""
    found = day_of(text)
    if found is None:
        return ""
    forms = {len("2019"): "%Y", len("2019-03"): "%B %Y"}
    return f"{found:{forms.get(len(text or ''), '%-d %B %Y')}}"


def period(resource: Mapping[str, Any]) -> tuple[date | None, date | None]:
    """First and last day, where they are said."""
    said = resource.get("period", {})
    return day_of(said.get("start")), day_of(said.get("end"))


def age(born: date, on: date) -> int:
    """Whole years."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def human_name(names: Sequence[Mapping[str, Any]], *uses: str) -> str:
    """A HumanName as people write it, the first of these uses that is there: `Mrs Edith Rose Tanner`."""
    chosen = next((one for use in uses for one in names if one.get("use", "") == use), names[0] if names else {})
    parts = [*chosen.get("prefix", ()), *chosen.get("given", ()), chosen.get("family", "")]
    return " ".join(part for part in parts if part) or chosen.get("text", "")


def spaced(number: str) -> str:
    """An NHS number as it is read out: `999 000 0018`."""
    return f"{number[:3]} {number[3:6]} {number[6:]}"


def reachable(telecom: Iterable[Mapping[str, Any]]) -> list[str]:
    """Telephone numbers and addresses, once each."""
    return list(dict.fromkeys(one["value"] for one in telecom if one.get("value") and one.get("use") != "old"))


def coded_in(resource: Resource, element: str, system: str) -> bool:
    """Whether an element holds a code of this system."""
    return bool(codes(resource.get(element), system))


class Names:
    """Names of organisations and people that references lead to: as the reference says, else from the directory that
    was read with the record, else from the agreements."""

    def __init__(self, directory: Iterable[bytes], organisations: Mapping[str, str]) -> None:
        self._organisations = organisations
        self._found: dict[str, str] = {}
        roles = []
        for body in directory:
            entry = orjson.loads(body)
            self._found[f"{entry['resourceType']}/{entry['id']}"] = _entry_name(entry)
            if entry["resourceType"] == "PractitionerRole":
                roles.append(entry)
        for role in roles:
            self._found[f"PractitionerRole/{role['id']}"] = self.of(role.get("practitioner"))

    def of(self, reference: Mapping[str, Any] | None) -> str:
        """Empty where nothing names it."""
        said = reference or {}
        code = self._organisations.get(said.get("identifier", {}).get("value", ""), "")
        return str(said.get("display") or code or self._found.get(said.get("reference", ""), ""))

    def organisation(self, code: str) -> str:
        """By ODS code."""
        return self._organisations.get(code, code)


def _entry_name(entry: Resource) -> str:
    name = entry.get("name", "")
    return human_name(name, "official", "usual") if isinstance(name, list) else str(name)


class Entry(NamedTuple):
    """A resource of a record, and the feed that it came by."""

    feed: str
    resource: Resource


def source(entry: Entry, names: Names) -> str:
    """Who said it: the organisation that meta.source names, else the sector, for where somebody must not be found the
    organisation is not named."""
    said = str(entry.resource.get("meta", {}).get("source", "")).split(":")
    if len(said) > _ORGANISATION:
        return names.organisation(said[_ORGANISATION])
    return SECTORS.get(entry.feed, "another source")


_ORGANISATION = 3
"""Its place in `urn:toldonce:source:<ODS code>:<feed>`."""
SECTORS: Mapping[str, str] = {
    "gp": "General practice",
    "acute": "Hospital",
    "community": "Community services",
    "mental_health": "Mental health",
    "social_care": "Adult social care",
    "vcfse": "Voluntary sector",
    "recorded": "Recorded here",
    "pds": "Demographics service",
}
"""By feed, in the order of a page."""


def displays(entries: Iterable[Entry]) -> dict[str, str]:
    """What the SNOMED CT codes of a record mean, as far as one of its sources says it: others send codes alone."""
    said = (one.resource.get("code") for one in entries)
    codings = (coding for concept in said if isinstance(concept, Mapping) for coding in concept.get("coding", ()))
    return {
        one["code"]: one["display"] for one in codings if one.get("system") == uk_core.SNOMED and one.get("display")
    }


def of_type(entries: Iterable[Entry], *types: str) -> Iterator[Entry]:
    """Those of these types that are no mistake."""
    for one in entries:
        if one.resource["resourceType"] in types and one.resource.get("status") != "entered-in-error":
            yield one


def by_type(entries: Iterable[Entry]) -> Mapping[str, Sequence[Entry]]:
    """Those that are no mistake, by their type; of a type that there is none of, nothing."""
    found = defaultdict[str, list[Entry]](list)
    for one in entries:
        if one.resource.get("status") != "entered-in-error":
            found[one.resource["resourceType"]].append(one)
    return found


def is_adjustment(flag: Resource) -> bool:
    """Whether a Flag is one reasonable adjustment."""
    return coded_in(flag, "category", uk_core.RA_CATEGORY)
