"""What a resource is found by: one text for each value of each search parameter. Pure.

    code=http://snomed.info/sct|84114007        token: system, bar, code in lower case
    code~heart failure                          its words, and strings: without case, accents and double spaces
    family"O'Brien                              a string as it is, for :exact
    date@2026-02-01T00:00:00/2026-03-01T00:00:00   the first moment, and the first one after; UTC; they compare as text
    encounter>Encounter/<id>                    literal reference
    performer#<system>|<value>                  logical reference, also of one that is literal as well
    performer!                                  there is a value, but nothing to find it by

https://hl7.org/fhir/R4/search.html#ptypes
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from adapters.records import LONDON
from integration.store.search_parameters import PARAMETERS, Kind, Parameter
from mappings.uk_core import Resource

BEFORE, AFTER = "", "later"
"""What stands for an open beginning and an open end: texts before and after every moment."""
_Steps = tuple[str, ...]
_Texts = Sequence[str]
_Index = Callable[[Any], _Texts]
"""Of one value of an element."""
_MANY = (list, tuple)


def index(resource: Resource) -> list[str]:
    """Everything the resource is found by, sorted."""
    found: list[str] = []
    plan = _plan(resource["resourceType"])
    for element, value in resource.items():
        for steps, texts in plan.get(element, ()):
            for leaf in _leaves(value, steps):
                found += texts(leaf)
    return sorted(set(found))


@lru_cache(maxsize=8192)
def normal(text: str) -> str:
    """As strings are compared: without regard to case, accents and the amount of white space."""
    if not text.isascii():
        parts = unicodedata.normalize("NFKD", text)
        text = "".join(part for part in parts if not unicodedata.combining(part))
    return " ".join(text.casefold().split())


@lru_cache(maxsize=8192)
def span(value: str) -> tuple[str, str] | None:
    """The first moment that a date, dateTime or instant covers at the precision it is written with, and the first one
    after it, as texts that compare; without offset it is London's. None for what is no date."""
    try:
        first = _beginning(value)
    except ValueError:
        return None
    try:
        after = first + _width(value) if "T" in value else _next(first, value.count("-"))
    except OverflowError:
        return _text(first, BEFORE), AFTER
    return _text(first, BEFORE), _text(after, AFTER)


def paths(parameter: Parameter) -> Iterator[list[str]]:
    """The element names of each alternative of a parameter's path."""
    for alternative in parameter.path.split(" | "):
        if alternative.endswith("[x]"):
            for type_ in ("DateTime", "Period"):
                yield f"{alternative[:-3]}{type_}".split(".")
        else:
            yield alternative.split(".")


@lru_cache(maxsize=64)
def _plan(resource_type: str) -> Mapping[str, Sequence[tuple[_Steps, _Index]]]:
    """First element of a path -> the rest of it, and what makes texts of a value at its end."""
    made: dict[str, list[tuple[_Steps, _Index]]] = {}
    for parameter in PARAMETERS.get(resource_type, ()):
        for first, *rest in paths(parameter):
            made.setdefault(first, []).append((tuple(rest), _INDEX[parameter.kind](parameter)))
    return made


def _leaves(value: Any, steps: _Steps) -> Sequence[Any]:
    """The values at the end of a path, lists taken apart."""
    values = value if isinstance(value, _MANY) else (value,)
    for step in steps:
        there = [one[step] for one in values if isinstance(one, dict) and step in one]
        values = [each for one in there for each in (one if isinstance(one, _MANY) else (one,))]
    return values


def _token(parameter: Parameter) -> _Index:
    name, only = parameter.name, parameter.only
    bare = f"{name}={parameter.system}|"

    def texts(value: Any) -> _Texts:
        if isinstance(value, str):
            return (bare + value.lower(),)
        if isinstance(value, bool):
            return (f"{name}=|{str(value).lower()}",)
        if only and value.get("system") != only:
            return ()
        found: list[str] = []
        for one in value.get("coding", (value,)):
            if "code" in one:
                found += _coded(name, one.get("system", ""), one["code"], one.get("display"))
            elif "value" in one:
                found.append(f"{name}={_system(one)}|{one['value'].lower()}")
        words = value.get("text") or value.get("type", {}).get("text")
        if words:
            found.append(f"{name}~{normal(words)}")
        return found or (f"{name}!",)

    return texts


@lru_cache(maxsize=8192)
def _coded(name: str, system: str, code: str, display: str | None) -> _Texts:
    coded = f"{name}={system}|{code.lower()}"
    return (coded, f"{name}~{normal(display)}") if display else (coded,)


def _system(value: Mapping[str, str]) -> str:
    """Of an Identifier; of a ContactPoint its use, which stands where a code has its system (R4 search.html#token)."""
    system = value.get("system", "")
    return value.get("use", "") if system in _CONTACT else system


_CONTACT = frozenset({"phone", "fax", "email", "pager", "url", "sms", "other"})


def _string(parameter: Parameter) -> _Index:
    name = parameter.name

    def texts(value: Any) -> _Texts:
        return [made for text in _strings(value) for made in (f"{name}~{normal(text)}", f'{name}"{text}')]

    return texts


def _strings(value: Any) -> Iterator[str]:
    """A string, or the parts of a HumanName or an Address that search looks at."""
    if isinstance(value, str):
        yield value
        return
    for part in _PARTS & value.keys():
        yield from value[part] if isinstance(value[part], _MANY) else (value[part],)


_PARTS = frozenset(
    {"family", "given", "prefix", "suffix", "text", "line", "city", "district", "state", "postalCode", "country"}
)


def _date(parameter: Parameter) -> _Index:
    name = parameter.name

    def texts(value: Any) -> _Texts:
        if isinstance(value, str):
            first = last = span(value)
        else:
            start, end = value.get("start"), value.get("end")
            first = span(start) if start else (BEFORE, BEFORE)
            last = span(end) if end else (AFTER, AFTER)
            if not start and not end:
                first = None
        return (f"{name}@{first[0]}/{last[1]}" if first and last else f"{name}!",)

    return texts


def _reference(parameter: Parameter) -> _Index:
    name, targets = parameter.name, parameter.targets

    def texts(value: Any) -> _Texts:
        target, identifier = value.get("reference", ""), value.get("identifier")
        if targets and target.partition("/")[0] not in targets:
            return ()
        if not identifier or not identifier.get("value"):
            return (f"{name}>{target}" if target else f"{name}!",)
        logical = f"{name}#{identifier.get('system', '')}|{identifier['value'].lower()}"
        return (f"{name}>{target}", logical) if target else (logical,)

    return texts


_INDEX: Mapping[Kind, Callable[[Parameter], _Index]] = {
    "token": _token,
    "string": _string,
    "date": _date,
    "reference": _reference,
}


def _beginning(value: str) -> datetime:
    """The first moment that a date covers. Raises ValueError for what is no date."""
    if "T" in value:
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=LONDON)
    year, month, day = (*map(int, value.split("-")), 1, 1)[:3]
    return datetime(year, month, day, tzinfo=LONDON)


def _next(first: datetime, dashes: int) -> datetime:
    """The moment after a year, a month or a day."""
    if dashes == len(("month", "day")):
        return first + timedelta(days=1)
    return (first + timedelta(days=31 if dashes else 366)).replace(day=1)


def _width(value: str) -> timedelta:
    """How much time one unit of the last place of a moment is."""
    time = value.partition("T")[2].rstrip("Z").partition("+")[0].partition("-")[0]
    if len(time) == len("10:00"):
        return timedelta(minutes=1)
    return timedelta(microseconds=10 ** (6 - min(len(time.partition(".")[2]), 6)))


def _text(moment: datetime, beyond: str) -> str:
    try:
        return moment.astimezone(UTC).isoformat().removesuffix("+00:00")
    except OverflowError:
        return beyond
