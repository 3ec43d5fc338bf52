"""Every way to ask about what a caller may not see, made from the tables that declare what can be asked; a parameter, a
type or an include that is declared is asked for, without a change here."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from integration.api.declared import PARAMETERS
from integration.store.extract import DIRECTORY

TYPES = sorted(set(PARAMETERS) - set(DIRECTORY) - {"Patient"})
WHOM = {"patient", "subject", "_id", "_lastUpdated"}
_TEXT = re.compile(r"([a-z-]+)([=~>])(.*)", re.DOTALL)
"""A code, a text or a reference in the index of a row."""
_FORM = {"token": "=", "string": "~", "reference": ">"}


@dataclass(frozen=True)
class Hidden:
    """Rows of a person that a caller may not see, as far as questions are made of them."""

    person: UUID
    ids: Mapping[str, Sequence[UUID]]
    """By type."""
    values: Mapping[tuple[str, str, str], Sequence[str]]
    """By type, parameter and form (`=~>`): what is in the index."""
    days: Mapping[str, Sequence[str]]


async def hidden(owner: asyncpg.Connection, person: UUID, seen: set[UUID]) -> Hidden:
    """What of this person is not among what is seen."""
    rows = await owner.fetch(
        "select id, type, tokens, starts from toldonce.resource where person = $1 order by id", person
    )
    ids, values, days = defaultdict(list), defaultdict(list), defaultdict(list)
    for row in rows:
        if row["id"] in seen:
            continue
        ids[row["type"]].append(row["id"])
        if row["starts"]:
            days[row["type"]].append(row["starts"].date().isoformat())
        for text in row["tokens"]:
            if found := _TEXT.fullmatch(text):
                values[row["type"], found[1], found[2]].append(found[3])
    return Hidden(person, ids, values, days)


@dataclass(frozen=True)
class Question:
    """One request; `door`: the way by which it might tell something."""

    door: str
    path: str
    parameters: Sequence[tuple[str, str]] = ()
    headers: tuple[tuple[str, str], ...] = ()
    body: Any = None


def questions(of: Hidden, seen: Sequence[tuple[str, UUID]], statement: Mapping[str, Any]) -> Iterator[Question]:
    """Everything that can be asked about the person of `of`; `seen`: some of what is shown; `statement`: the
    CapabilityStatement."""
    whom = ("patient", f"Patient/{of.person}")
    declared = {one["type"]: one for one in statement["rest"][0]["resource"]}
    for type_ in TYPES:
        yield from _searches(of, type_, whom)
        for name in declared[type_].get("searchInclude", ()):
            yield Question("_include", type_, [whom, ("_include", name)])
        for name in declared[type_].get("searchRevInclude", ()):
            yield Question("_revinclude", type_, [whom, ("_revinclude", name)])
    for type_, listed in of.ids.items():
        for id_ in listed[:2]:
            yield from _by_id(type_, id_, whom)
    for type_, id_ in seen:
        yield from _by_id(type_, id_, whom)
    yield from _whole(of)


def _searches(of: Hidden, type_: str, whom: tuple[str, str]) -> Iterator[Question]:
    yield Question("_total", type_, [whom, ("_total", "accurate")])
    yield Question("_summary", type_, [whom, ("_summary", "count")])
    yield Question("pages", type_, [whom, ("_count", "1")])
    yield Question("_lastUpdated", type_, [whom, ("_lastUpdated", "ge2020-01-01"), ("_sort", "-_lastUpdated")])
    for parameter in PARAMETERS[type_]:
        if parameter.name in WHOM:
            continue
        yield Question("predicates", type_, [whom, (f"{parameter.name}:missing", "false")])
        yield Question("_sort", type_, [whom, ("_sort", f"{parameter.name},-_id")])
        for value in _values(of, type_, parameter.name, parameter.type):
            yield Question("predicates", type_, [whom, (parameter.name, value)])
            yield Question("_total", type_, [whom, (parameter.name, value), ("_summary", "count")])
        if parameter.type == "reference":
            yield from _chains(of, type_, parameter.name, whom)


def _values(of: Hidden, type_: str, name: str, kind: str) -> list[str]:
    if kind == "date":
        return [f"{prefix}{day}" for day in sorted(set(of.days.get(type_, ())))[:1] for prefix in ("", "ge")]
    return sorted(set(of.values.get((type_, name, _FORM.get(kind, "=")), ())))[:2]


def _chains(of: Hidden, type_: str, reference: str, whom: tuple[str, str]) -> Iterator[Question]:
    """By what a hidden resource says that this type refers to, and the other way round."""
    for other in TYPES:
        for parameter in PARAMETERS[other]:
            if parameter.type in ("token", "string") and parameter.name not in WHOM:
                for value in _values(of, other, parameter.name, parameter.type)[:1]:
                    yield Question("chains", type_, [whom, (f"{reference}:{other}.{parameter.name}", value)])
    for parameter in PARAMETERS[type_]:
        if parameter.type in ("token", "string") and parameter.name not in WHOM:
            for value in _values(of, type_, parameter.name, parameter.type)[:1]:
                for other in TYPES[::3]:
                    yield Question("_has", other, [whom, (f"_has:{type_}:{reference}:{parameter.name}", value)])
                yield Question(
                    "_has", "Patient", [("_id", whom[1][8:]), (f"_has:{type_}:patient:{parameter.name}", value)]
                )


def _by_id(type_: str, id_: UUID, whom: tuple[str, str]) -> Iterator[Question]:
    yield Question("read", f"{type_}/{id_}")
    yield Question("ETag", f"{type_}/{id_}", headers=(("If-None-Match", 'W/"1"'),))
    yield Question("ETag", f"{type_}/{id_}", headers=(("If-None-Match", "*"),))
    yield Question("ETag", f"{type_}/{id_}", headers=(("If-Modified-Since", "Sat, 01 Jan 2028 00:00:00 GMT"),))
    for version in ("1", "2", "3"):
        yield Question("vread", f"{type_}/{id_}/_history/{version}")
    yield Question("history", f"{type_}/{id_}/_history")
    yield Question("_id", type_, [("_id", str(id_))])
    yield Question("_id", type_, [whom, ("_id", str(id_))])
    yield Question("errors", f"{type_}/{id_}", [("no-such-parameter", "1")])
    yield Question("errors", type_, [whom, ("_id", str(id_)), ("date", "some day")])
    yield Question("batch", "", body=_batch(f"{type_}/{id_}", f"{type_}?{whom[0]}={whom[1]}&_id={id_}"))
    for name in ("encounter", "based-on", "part-of", "care-team", "target"):
        yield Question("references", type_, [whom, (name, f"{type_}/{id_}")])


def _batch(*urls: str) -> dict[str, Any]:
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    return {"resourceType": "Bundle", "type": "batch", "entry": entries}


def _whole(of: Hidden) -> Iterator[Question]:
    base = f"Patient/{of.person}"
    for parameters in (
        [],
        [("_count", "2")],
        [("start", "2026-01-01"), ("end", "2026-08-01")],
        [("_since", "2026-01-01T00:00:00Z")],
        [("_type", ",".join(TYPES))],
        [("_revinclude", "Provenance:target")],
    ):
        yield Question("$everything", f"{base}/$everything", parameters)
    for path in (base, f"{base}/_history", f"{base}/$summary"):
        yield Question("the person", path)
    for type_ in TYPES:
        yield Question("history", f"{type_}/_history", [("patient", base)])
        yield Question("$everything", f"{base}/$everything", [("_type", type_), ("_count", "1")])
