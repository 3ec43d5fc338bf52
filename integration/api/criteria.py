"""Search parameters of a type as criteria: name, modifier and values, understood or refused. R4 search.html

What is not understood is refused, so that a mistyped filter never returns more than was meant. The value is never
repeated in the refusal, for it may be patient data.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast, get_args
from uuid import UUID

from integration.errors import BadRequest
from integration.record.criteria import Begins, Chain, Criterion, Entries, Ids, Is, Prefix, Recorded, Test, When
from integration.store.search_index import AFTER, BEFORE, normal, span
from integration.store.search_parameters import LEADS_TO, PARAMETERS, Parameter

_NAME = re.compile(r"(?P<base>_?[a-zA-Z-]+)(:(?P<modifier>[A-Za-z-]+))?(\.(?P<chain>.+))?")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII)
_PREFIXES = frozenset(get_args(Prefix))
_REFERENCE = re.compile(r"(?:(?P<type>[A-Z][A-Za-z]+)/)?(?P<id>[A-Za-z0-9.-]{1,64})")
_ALTERNATIVE = re.compile(r"((?:[^,\\]|\\.)*)(,|$)", re.DOTALL)
_MARKS = '=~@>#"!'
_LONGEST_CHAIN = 3
MOST_VALUES = 200
_CHAINED = tuple(one for one in PARAMETERS if one != "Patient")
"""Where chains may lead: not to the person, whom every search names."""
_APPROXIMATELY = 0.1
"""Of the time between now and the date that is asked for (R4 search.html#prefix, ap)."""


@dataclass(frozen=True)
class Terms:
    """What the words of a search mean here: our own base URL, and now."""

    base: str
    now: datetime


def parameter_of(resource_type: str, name: str) -> Parameter | None:
    """The parameter of this type that has this name."""
    return next((one for one in PARAMETERS[resource_type] if one.name == name), None)


def criterion(resource_type: str, name: str, value: str, terms: Terms, depth: int = 0) -> Criterion:
    """What one parameter asks. Raises BadRequest for one that is not understood; its name is said only if it is one
    of ours, for a name too could hold anything."""
    match = _NAME.fullmatch(name)
    base, modifier, chain = match.group("base", "modifier", "chain") if match else ("", None, None)
    if base in ("_id", "_lastUpdated") and not modifier and not chain:
        values = alternatives(value, base)
        return _ids(values) if base == "_id" else Recorded([_time(base, one, terms.now) for one in values])
    parameter = parameter_of(resource_type, base)
    if parameter is None:
        raise BadRequest("A search parameter is not supported here; see /fhir/metadata.")
    if chain is not None:
        return _chain(parameter, modifier, chain, value, terms, depth)
    if modifier == "missing":
        return _missing(base, value)
    values = alternatives(value, base)
    match parameter.kind:
        case "token" if modifier in (None, "not", "text"):
            how = _words if modifier == "text" else _token
            return Entries([how(base, one) for one in values], negated=modifier == "not")
        case "string" if modifier in (None, "exact", "contains"):
            return Entries([_string(base, modifier, one) for one in values])
        case "date" if modifier is None:
            return Entries([When(base, *_time(base, one, terms.now)) for one in values])
        case "reference":
            return Entries([_reference(base, modifier, one, terms.base) for one in values])
    raise BadRequest(f"{base} does not take this modifier.", parameter=base)


def alternatives(value: str, name: str) -> list[str]:
    """Values with commas between, of which one must hold. Raises BadRequest for one that is empty."""
    values: list[str] = []
    for one, comma in _ALTERNATIVE.findall(value):
        values.append(one)
        if not comma:
            break
    if not all(values) or len(",".join(values)) != len(value):
        raise BadRequest(f"{name} holds an empty value.", parameter=name)
    if len(values) > MOST_VALUES:
        raise BadRequest(f"{name} takes at most {MOST_VALUES} values.", parameter=name)
    return values


def plain(text: str) -> str:
    r"""A value without its escapes: `\,` `\|` `\$` `\\` (R4 search.html#escaping)."""
    return re.sub(r"\\([,|$\\])", r"\1", text)


def instant_span(name: str, text: str) -> tuple[str, str]:
    """First moment of a date, and the first after it (`search_index.span`). Raises BadRequest."""
    written = text.replace(" ", "+")  # an unescaped + in a query string arrives as a space
    found = span(written) if _DATE.fullmatch(written) else None
    if found is None:
        raise BadRequest(f"{name} is a date: YYYY[-MM[-DD[Thh:mm:ss+zz:zz]]].", parameter=name)
    return found


def token_test(name: str, mark: str, text: str) -> Test:
    """`system|code`, `|code` without a system, `system|` any code of it, or a bare `code` of any system."""
    system, bar, code = _parted(text)
    if not system and not code:
        raise BadRequest(f"{name} holds an empty value.", parameter=name)
    if not bar:
        return Begins(f"{name}{mark}", ends=f"|{code.lower()}")
    return Is(f"{name}{mark}{system}|{code.lower()}") if code else Begins(f"{name}{mark}{system}|")


def _parted(text: str) -> tuple[str, str, str]:
    bar = re.search(r"(?<!\\)\|", text)
    if bar is None:
        return "", "", plain(text)
    return plain(text[: bar.start()]), "|", plain(text[bar.end() :])


def _token(name: str, text: str) -> Test:
    return token_test(name, "=", text)


def _words(name: str, text: str) -> Test:
    return Begins(f"{name}~{_normal(name, text)}")


def _normal(name: str, text: str) -> str:
    if written := normal(plain(text)):
        return written
    raise BadRequest(f"{name} holds an empty value.", parameter=name)


def _string(name: str, modifier: str | None, text: str) -> Test:
    if modifier == "exact":
        return Is(f'{name}"{plain(text)}')
    written = _normal(name, text)
    return Begins(f"{name}~", holds=written) if modifier else Begins(f"{name}~{written}")


def _time(name: str, text: str, now: datetime) -> tuple[Prefix, str, str]:
    prefix = cast(Prefix, text[:2] if text[:2] in _PREFIXES else "eq")
    first, after = instant_span(name, text.removeprefix(prefix))
    return (prefix, *_widened(first, after, now)) if prefix == "ap" else (prefix, first, after)


def _widened(first: str, after: str, now: datetime) -> tuple[str, str]:
    """The time around a date that is approximately that date."""
    moments = [
        datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, after) if text not in (BEFORE, AFTER)
    ]
    gap = min(abs(now - moment) for moment in moments) * _APPROXIMATELY
    try:
        ends = [moments[0] - gap, moments[-1] + gap]
    except OverflowError:
        return first, after
    return (
        first if first == BEFORE else ends[0].replace(tzinfo=None).isoformat(),
        after if after == AFTER else ends[1].replace(tzinfo=None).isoformat(),
    )


def _reference(name: str, modifier: str | None, text: str, base: str) -> Test:
    if modifier == "identifier":
        return token_test(name, "#", text)
    if modifier is not None and modifier not in PARAMETERS:
        raise BadRequest(f"{name} does not take this modifier.", parameter=name)
    relative = text.removeprefix(f"{base}/")
    if "://" in relative:
        return Is(f"{name}>{relative}")
    match = _REFERENCE.fullmatch(relative)
    if match is None or (match["type"] and modifier and match["type"] != modifier):
        raise BadRequest(f"{name} takes Type/id, an id or a URL of this server.", parameter=name)
    type_ = match["type"] or modifier
    return Is(f"{name}>{type_}/{match['id']}") if type_ else Begins(f"{name}>", ends=f"/{match['id']}")


def _missing(name: str, value: str) -> Criterion:
    if value not in ("true", "false"):
        raise BadRequest(f"{name}:missing is true or false.", parameter=name)
    return Entries([Begins(f"{name}{mark}") for mark in _MARKS], negated=value == "true")


def _chain(parameter: Parameter, type_: str | None, rest: str, value: str, terms: Terms, depth: int) -> Criterion:
    """`encounter.status`, or `participant:Practitioner.family` where only one type is meant."""
    if parameter.kind != "reference" or depth >= _LONGEST_CHAIN or (type_ and type_ not in _CHAINED):
        raise BadRequest("A chain of search parameters is not supported here.", parameter=parameter.name)
    types = (type_,) if type_ else LEADS_TO.get(parameter.name, ())
    asked = re.split("[:.]", rest)[0]
    targets = {
        one: criterion(one, rest, value, terms, depth + 1) for one in types if parameter_of(one, asked) is not None
    }
    if not targets:
        said = (
            f"Say what type {parameter.name} leads to, and one of its parameters: {parameter.name}:Practitioner.family."
        )
        raise BadRequest(said, parameter=parameter.name)
    return Chain(parameter.name, targets)


def reached(one: Criterion) -> Iterator[str]:
    """The types that a criterion's chains lead to."""
    if isinstance(one, Chain):
        for type_, further in one.targets.items():
            yield type_
            yield from reached(further)


def _ids(values: Sequence[str]) -> Criterion:
    return Ids([id_ for text in values for id_ in uuids(text)])


def uuids(text: str) -> list[UUID]:
    """The id, if it could be one of ours."""
    try:
        return [UUID(text)]
    except ValueError:
        return []
