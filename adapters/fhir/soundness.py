"""What makes one FHIR resource sound, and what is said about the parts that are not.

Real resources break their specification somewhere: half of GP Connect's bundles do. So they are read one by one. An
element that cannot be read is left out and named; a resource is left out only when a mandatory element, or one that
changes what the rest means, cannot be read.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import msgspec

from adapters.records import Defect

Json = dict[str, Any]
Read = TypeVar("Read")

CHANGES_MEANING = frozenset({"meta", "implicitRules", "modifierExtension", "notGiven"})
"""Elements whose loss would change what the rest says: labels, modifiers, negation."""

_PLACEHOLDER = re.compile(r"\{\{[^{}]*\}\}")
_DATE = re.compile(r"\d{4}-\d{2}(-\d{2}(T\d{2}:\d{2}\S*)?)?")
_NAME = re.compile(r"[A-Za-z_]\w{0,63}")
_FIRST_KEY = re.compile(r"`\$\.(\w+)")


class Dialect(NamedTuple):
    """How one service speaks FHIR. `unread`: elements (paths) that are left out on purpose, and why; every other is
    reported. `said`: by code of a Defect, what is wrong and what its sender can do."""

    unread: Mapping[str, str]
    said: Mapping[str, tuple[str, str]]


def read(raw: Json, wire: type[Read], where: str, dialect: Dialect) -> tuple[Read | None, list[Defect]]:
    """`raw` as a `wire` struct (one resource), or None when it is not sound, and a Defect for each part left out."""
    said = dialect.said
    cleaned, left_out = _clean(raw)
    defects = [_defect(said[code], code, f"{where}.{path}", raw) for code, path in left_out]
    if "modifierExtension" in cleaned:
        return None, [*defects, _defect(said["modifier-extension"], "modifier-extension", where, raw)]
    found, remaining, faults = _convert(cleaned, wire)
    if found is not None:
        # a struct adds nothing to what it is made of: as much JSON means that all of it was taken up
        taken = msgspec.json.encode(found)
        understood = remaining if len(taken) == len(msgspec.json.encode(remaining)) else msgspec.json.decode(taken)
        unread = sorted(set(_unread(remaining, understood, dialect.unread))) if understood != remaining else []
        defects += [_defect(said["unread-element"], "unread-element", f"{where}.{path}", raw) for path in unread]
        if unread:  # elements of which nothing is left must go, as FHIR knows no empty ones
            found, _, more = _convert(_clean(understood)[0], wire)
            faults += more
    code = "bad-element" if found else "unsound-resource"
    return found, defects + [_defect(said[code], code, f"{where}.{key}", raw) for key in faults]


def _convert(cleaned: Json, wire: type[Read]) -> tuple[Read | None, Json, list[str]]:
    """The struct, the elements it was made of, and those that had to be left out; with None, the last was fatal."""
    remaining, faults = dict(cleaned), list[str]()
    while True:
        try:
            return msgspec.convert(remaining, wire), remaining, faults
        except msgspec.ValidationError as error:
            at = _FIRST_KEY.search(str(error))
            key = at[1] if at else _missing(str(error))
            faults.append(key)
            if key in _mandatory(wire) or key in CHANGES_MEANING or remaining.pop(key, None) is None:
                return None, remaining, faults


def _mandatory(wire: Any) -> frozenset[str]:
    return frozenset(field.encode_name for field in msgspec.structs.fields(wire) if field.required)


def _missing(message: str) -> str:
    """Name of the mandatory element that is not there (msgspec gives no path for the top level)."""
    name = re.search(r"required field `(\w+)`", message)
    return name[1] if name else "resourceType"


def _clean(raw: Json) -> tuple[Json, list[tuple[str, str]]]:
    """`raw` without empty values, outer spaces, placeholders and impossible dates; (code, path) of the latter two."""
    if _is_clean(raw):
        return raw, []
    found: list[tuple[str, str]] = []
    cleaned = _cleaned(raw, (), found)
    return cleaned or {}, found


def _is_clean(node: Any) -> bool:
    """Whether `_cleaned` would leave an object or array as it is: nearly every resource of every practice is so, and
    this is the hot path of the feed. So the strings are looked at here and not in a function of their own."""
    for value in node.values() if type(node) is dict else node:
        kind = type(value)
        if kind is str:
            if not value or value.strip() is not value or "{{" in value:  # nothing to strip: the very same
                return False
            if value[4:5] == "-" and not _possible(value) and _DATE.fullmatch(value):
                return False
        elif kind is dict or kind is list:
            if not _is_clean(value):
                return False
        elif value is None:
            return False
    return bool(node)


def _cleaned(value: Any, path: tuple[str, ...], found: list[tuple[str, str]]) -> Any:
    if isinstance(value, str):
        return _cleaned_text(value, path, found)
    if isinstance(value, dict):
        kept = {key: made for key, item in value.items() if (made := _cleaned(item, (*path, key), found)) is not None}
        lost = path and "value" in value and "value" not in kept
        return None if lost else kept or None  # an Identifier or ContactPoint without its value says nothing
    if isinstance(value, list):
        return [made for item in value if (made := _cleaned(item, path, found)) is not None] or None
    return value


def _cleaned_text(value: str, path: tuple[str, ...], found: list[tuple[str, str]]) -> str | None:
    if "{{" in value and _PLACEHOLDER.search(value):
        found.append(("placeholder", ".".join(path)))
        return None
    if value[:1].isdigit() and _DATE.fullmatch(value) and not _possible(value):
        found.append(("bad-date", ".".join(path)))
        return None
    return value.strip() or None


@lru_cache(maxsize=4096)
def _possible(date: str) -> bool:
    """Whether an ISO date or dateTime exists in the calendar."""
    try:
        datetime.fromisoformat(f"{date}-01" if len(date) == len("2000-01") else date)
    except ValueError:
        return False
    return True


def _unread(raw: Any, understood: Any, left_out: Mapping[str, str], path: str = "") -> Iterator[str]:
    """Paths of `raw` that the struct did not take up and that nobody decided to leave out."""
    if isinstance(raw, dict) and isinstance(understood, dict):
        for key, item in raw.items():
            here = f"{path}.{key}".lstrip(".")
            if key in understood:
                yield from _unread(item, understood[key], left_out, here)
            elif here not in left_out:
                yield here if _NAME.fullmatch(key) else f"{path}.?".lstrip(".")
    elif isinstance(raw, list) and isinstance(understood, (list, tuple)):
        for item, taken in zip(raw, understood, strict=True):
            yield from _unread(item, taken, left_out, path)


def _defect(said: tuple[str, str], code: str, where: str, raw: Json) -> Defect:
    reason, remedy = said
    return Defect(code=code, where=where, reason=reason, remedy=remedy, fragment=msgspec.json.encode(raw))
