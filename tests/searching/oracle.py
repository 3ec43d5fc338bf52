"""Search by brute force: plain loops over resources as JSON, written from the page of the specification.

https://hl7.org/fhir/R4/search.html. It shares no code with the product and knows neither its tables nor its index.
"""

import calendar
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.searching.expressions import DATE, R4, REFERENCE, STRING, TOKEN

LONDON = ZoneInfo("Europe/London")
Json = dict[str, Any]
BEGINNING, END = datetime(1, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
SYSTEMS = {  # R4: a `code` has the system of the value set that it is bound to
    ("AllergyIntolerance", "category"): "allergy-intolerance-category",
    ("AllergyIntolerance", "criticality"): "allergy-intolerance-criticality",
    ("AllergyIntolerance", "severity"): "reaction-event-severity",
    ("AllergyIntolerance", "type"): "allergy-intolerance-type",
    ("CarePlan", "intent"): "request-intent",
    ("CarePlan", "status"): "request-status",
    ("CareTeam", "status"): "care-team-status",
    ("Consent", "status"): "consent-state-codes",
    ("DiagnosticReport", "status"): "diagnostic-report-status",
    ("DocumentReference", "status"): "document-reference-status",
    ("Encounter", "status"): "encounter-status",
    ("EpisodeOfCare", "status"): "episode-of-care-status",
    ("Flag", "status"): "flag-status",
    ("Goal", "lifecycle-status"): "goal-status",
    ("Immunization", "status"): "event-status",
    ("Location", "status"): "location-status",
    ("MedicationRequest", "intent"): "CodeSystem/medicationrequest-intent",
    ("MedicationRequest", "status"): "CodeSystem/medicationrequest-status",
    ("MedicationStatement", "status"): "CodeSystem/medication-statement-status",
    ("Observation", "status"): "observation-status",
    ("Procedure", "status"): "event-status",
    ("ServiceRequest", "intent"): "request-intent",
    ("ServiceRequest", "status"): "request-status",
    ("Specimen", "status"): "specimen-status",
    ("Task", "intent"): "task-intent",
    ("Task", "status"): "task-status",
    **{(one, "priority"): "request-priority" for one in ("MedicationRequest", "ServiceRequest", "Task")},
    **{(one, "gender"): "administrative-gender" for one in ("Patient", "RelatedPerson")},
    **{(one, "address-use"): "address-use" for one in ("Patient", "RelatedPerson", "Location", "Organization")},
}


# ---- values


def values(resource: Json, name: str) -> list[Any]:
    """Everything the parameter's expression finds in a resource."""
    expression = R4[resource["resourceType"]][name][1]
    return [found for part in expression.split(" | ") for found in _walk([resource], part)]


def _walk(nodes: list[Any], expression: str) -> list[Any]:
    condition = ""
    if ".where(" in expression:
        expression, _, condition = expression.partition(".where(")
    for step in expression.split("."):
        found: list[Any] = []
        for node in nodes:
            if not isinstance(node, dict):
                continue
            for key, value in node.items():
                if key == step or re.fullmatch(step + r"(DateTime|Period)", key):
                    found.extend(value if isinstance(value, list) else [value])
        nodes = found
    if condition.startswith("system="):
        wanted = condition.split("'")[1]
        return [node for node in nodes if node.get("system") == wanted]
    if condition.startswith("resolve() is "):
        wanted = condition.removeprefix("resolve() is ").rstrip(")")
        return [node for node in nodes if node.get("reference", "").split("/")[0] == wanted]
    return nodes


def tokens(resource: Json, name: str) -> list[tuple[str, str]]:
    """(system, code) of a token parameter."""
    found: list[tuple[str, str]] = []
    for value in values(resource, name):
        if isinstance(value, bool):
            found.append(("", "true" if value else "false"))
        elif isinstance(value, str):
            system = SYSTEMS.get((resource["resourceType"], name), "")
            found.append((f"http://hl7.org/fhir/{system}" if system else "", value))
        elif "coding" in value:
            found += [(one.get("system", ""), one["code"]) for one in value["coding"] if one.get("code")]
        elif name in ("telecom", "phone", "email"):
            found.append((value.get("use", ""), value["value"]))
        elif "value" in value:
            found.append((value.get("system", ""), value["value"]))
        elif "code" in value:
            found.append((value.get("system", ""), value["code"]))
    return found


def words(resource: Json, name: str) -> list[str]:
    """The text of the coded values of a parameter."""
    found: list[str] = []
    for value in values(resource, name):
        if isinstance(value, dict):
            found += [one["display"] for one in value.get("coding", [value]) if one.get("display")]
            found += [text for text in (value.get("text"), value.get("type", {}).get("text")) if text]
    return found


def strings(resource: Json, name: str) -> list[str]:
    found: list[str] = []
    for value in values(resource, name):
        if isinstance(value, str):
            found.append(value)
            continue
        for part in ("family", "given", "prefix", "suffix", "text", "line", "city", "district", "state", "postalCode",
                     "country"):  # fmt: skip
            inner = value.get(part, [])
            found += inner if isinstance(inner, list) else [inner]
    return found


def folded(text: str) -> str:
    """Without accents, case and extra space."""
    bare = "".join(one for one in unicodedata.normalize("NFKD", text) if unicodedata.category(one) != "Mn")
    return re.sub(r"\s+", " ", bare.casefold()).strip()


def ranges(resource: Json, name: str) -> list[tuple[datetime, datetime]]:
    """[first, after) of each date."""
    if name == "_lastUpdated":
        return [covered(resource["meta"]["lastUpdated"])]
    found = []
    for value in values(resource, name):
        if isinstance(value, str):
            found.append(covered(value))
        else:
            low = covered(value["start"])[0] if "start" in value else BEGINNING
            high = covered(value["end"])[1] if "end" in value else END
            found.append((low, high))
    return found


def covered(text: str) -> tuple[datetime, datetime]:
    """What time a date covers at the precision that it is written with."""
    match = re.fullmatch(
        r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?", text
    )
    assert match, text
    year, month, day, hour, _, second, fraction, offset = match.groups()
    if hour is None:
        first = datetime(int(year), int(month or 1), int(day or 1), tzinfo=LONDON)
        last_month = int(month or 12)
        last_day = int(day) if day else calendar.monthrange(int(year), last_month)[1]
        last = datetime(int(year), last_month, last_day, tzinfo=LONDON)
        if (last.year, last.month, last.day) == (9999, 12, 31):
            return first.astimezone(UTC), END
        return first.astimezone(UTC), (last + timedelta(days=1)).astimezone(UTC)
    zone = LONDON if offset is None else None
    moment = datetime.fromisoformat(text) if zone is None else datetime.fromisoformat(text).replace(tzinfo=zone)
    width = timedelta(minutes=1) if second is None else timedelta(seconds=1)
    if fraction:
        width = timedelta(microseconds=10 ** (6 - len(fraction)))
    first = moment.astimezone(UTC)
    return first, first + width


def compares(prefix: str, value: tuple[datetime, datetime], asked: tuple[datetime, datetime], now: datetime) -> bool:
    """R4's table of prefixes: `asked` is the range of the search value, `value` that of the target."""
    low, high = value
    first, after = asked
    contains = first <= low and high <= after
    above, below = high > after, low < first
    if prefix == "ap":
        gap = min(abs(now - first), abs(now - after)) * 0.1
        return low < after + gap and high > first - gap
    return {
        "eq": contains,
        "ne": not contains,
        "gt": above,
        "lt": below,
        "ge": above or contains,
        "le": below or contains,
        "sa": low >= after,
        "eb": high <= first,
    }[prefix]


# ---- a parameter


def meets(resource: Json, name: str, value: str, record: Sequence[Json], now: datetime) -> bool:
    """Whether a resource meets one parameter of a query."""
    if "." in name:
        return _chained(resource, name, value, record, now)
    base, _, modifier = name.partition(":")
    alternatives = value.split(",")
    if base == "_id":
        return resource["id"] in alternatives
    if base == "_lastUpdated":
        return _date(resource, base, alternatives, now)
    kind = R4[resource["resourceType"]][base][0]
    if modifier == "missing":
        return (not values(resource, base)) == (value == "true")
    if kind == TOKEN and modifier == "text":
        return any(folded(text).startswith(folded(one)) for text in words(resource, base) for one in alternatives)
    if kind == TOKEN:
        there = tokens(resource, base)
        found = any(_is_token(token, one) for token in there for one in alternatives)
        return not found if modifier == "not" else found
    if kind == STRING:
        return any(_is_string(text, one, modifier) for text in strings(resource, base) for one in alternatives)
    if kind == DATE:
        return _date(resource, base, alternatives, now)
    return any(_refers(reference, one, modifier) for reference in values(resource, base) for one in alternatives)


def _is_token(token: tuple[str, str], asked: str) -> bool:
    system, code = token
    if "|" not in asked:
        return code.lower() == asked.lower()
    wanted_system, _, wanted = asked.rpartition("|")
    return system == wanted_system and (not wanted or code.lower() == wanted.lower())


def _is_string(text: str, asked: str, modifier: str) -> bool:
    if modifier == "exact":
        return text == asked
    if modifier == "contains":
        return folded(asked) in folded(text)
    return folded(text).startswith(folded(asked))


def _date(resource: Json, name: str, alternatives: Iterable[str], now: datetime) -> bool:
    for one in alternatives:
        prefix, text = (one[:2], one[2:]) if one[:2].isalpha() else ("eq", one)
        if any(compares(prefix, value, covered(text), now) for value in ranges(resource, name)):
            return True
    return False


def _refers(reference: Json, asked: str, modifier: str) -> bool:
    if modifier == "identifier":
        identifier = reference.get("identifier", {})
        return bool(identifier.get("value")) and _is_token((identifier.get("system", ""), identifier["value"]), asked)
    target = reference.get("reference", "")
    asked = asked.removeprefix("http://127.0.0.1:8000/fhir/")
    if modifier:
        return target == f"{modifier}/{asked.split('/')[-1]}"
    return target == asked if "/" in asked else bool(target) and target.split("/")[1] == asked


def _chained(resource: Json, name: str, value: str, record: Sequence[Json], now: datetime) -> bool:
    first, _, rest = name.partition(".")
    base, _, type_ = first.partition(":")
    pointed = {one.get("reference") for one in values(resource, base)}
    return any(
        meets(one, rest, value, record, now)
        for one in record
        if f"{one['resourceType']}/{one['id']}" in pointed and type_ in ("", one["resourceType"])
    )


# ---- a query


def search(record: Sequence[Json], type_: str, parameters: Sequence[tuple[str, str]], now: datetime) -> list[Json]:
    """The resources of a type that meet every parameter, in the order that `_sort` asks for, else by id."""
    found = [
        one
        for one in record
        if one["resourceType"] == type_
        and all(
            meets(one, name, value, record, now)
            for name, value in parameters
            if name not in ("_sort", "_count", "patient", "_total")
        )
    ]
    found.sort(key=lambda one: one["id"])
    for key in reversed(dict(parameters).get("_sort", "_id").split(",")):
        descending, name = key.startswith("-"), key.removeprefix("-")
        there = [(sort_value(one, name, descending), one) for one in found]
        with_value = [pair for pair in there if pair[0] is not None]
        with_value.sort(key=lambda pair: pair[0], reverse=descending)
        found = [one for _, one in with_value] + [one for key_, one in there if key_ is None]
    return found


def sort_value(resource: Json, name: str, descending: bool) -> Any:
    """Of several values the one that comes first in this order; of a date where it begins, of a token its code."""
    if name == "_id":
        return resource["id"]
    if name == "_lastUpdated":
        return datetime.fromisoformat(resource["meta"]["lastUpdated"])
    kind = R4[resource["resourceType"]][name][0]
    if kind == DATE:
        there: list[Any] = [low for low, _ in ranges(resource, name)]
    elif kind == TOKEN:
        there = [code.lower() for _, code in tokens(resource, name)]
    else:
        there = [folded(text) for text in strings(resource, name)]
    assert kind != REFERENCE
    return (max(there) if descending else min(there)) if there else None
