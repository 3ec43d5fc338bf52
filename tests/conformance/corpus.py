"""What is validated: everything that a neighbourhood holds, what the API makes of it, and what the docs show."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import orjson

from mappings.definitions import definitions
from mappings.uk_core import SUBJECT
from tests.conformance import alone
from tests.conformance.shown import in_the_docs
from tests.spec.neighbourhood import MRS_T, NUMBER, SEVEN, Connected, Neighbourhood

API, DOCS, DIRECTORY = "the API", "the docs", "the directory"
"""Where a resource is from, if from no feed."""
_LOOKED_AT = 40
"""People whose records are read through the API as seven callers; of all others what is held is enough."""
_SENSITIVE = "9990000093"
"""NHS number of somebody of whom something is withheld from most callers, and some are told so."""
_BY_USE = "StructureDefinition"
"""Ours are checked by use: the validator reads them, and every resource that has such an extension by them. To look at
one itself it asks a package server."""


@dataclass(frozen=True)
class Specimen:
    """One resource, and the feed (or else) that it is from."""

    source: str
    body: bytes

    @property
    def resource(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.body)
        return parsed


async def everything(of: Neighbourhood) -> list[Specimen]:
    """Every resource held, every kind of document made, every example shown; each once."""
    found = [one async for one in _held(of)]
    found += [Specimen(feed, body) for feed, body in (*alone.recorded(), *alone.national(_LOOKED_AT))]
    found += [Specimen(API, body) async for body in _made(of)]
    found += [Specimen(API, orjson.dumps(one)) for one in definitions() if one["resourceType"] != _BY_USE]
    found += [Specimen(DOCS, orjson.dumps(one)) for one in in_the_docs()]
    return list({one.body: one for one in reversed(found)}.values())[::-1]


def one_of_each(specimens: Iterable[Specimen]) -> list[Specimen]:
    """One specimen of each shape: source, profile, security labels and which elements there are, codes of ours and of
    others alike."""
    shapes: dict[Any, Specimen] = {}
    for one in specimens:
        shapes.setdefault((one.source, _shape(one.resource)), one)
    return list(shapes.values())


def _shape(resource: dict[str, Any]) -> Any:
    meta = resource.get("meta", {})
    labels = tuple(label.get("code") for label in meta.get("security", ()))
    return resource["resourceType"], tuple(meta.get("profile", ())), labels, frozenset(resource)


async def _held(of: Neighbourhood) -> AsyncIterator[Specimen]:
    """As every row would be served to a caller from whom nothing is withheld."""
    for row in await of.owner.fetch("select feed, person, body from toldonce.resource order by id"):
        yield Specimen(row["feed"], row["body"].replace(SUBJECT.encode(), f"Patient/{row['person']}".encode()))
    for row in await of.owner.fetch("select body from toldonce.directory_resource order by id"):
        yield Specimen(DIRECTORY, row["body"])


async def _made(of: Neighbourhood) -> AsyncIterator[bytes]:
    """What the API answers to seven callers: whole for one person, resource by resource for others."""
    her, sensitive, people = await of.person(MRS_T), await of.person(_SENSITIVE), await of.persons()
    metadata = await of.http.get(f"{of.settings.fhir_base}/metadata")
    yield metadata.content
    for asker in SEVEN:
        caller = await of.asker(asker.name)
        for path in (*_paths(her, _about_people(metadata.json())), f"Patient/{sensitive}/$summary"):
            yield (await caller.get(path)).content
        for person in people[:_LOOKED_AT]:
            for body in _taken_apart(await caller.everything(person)):
                yield body
    ig_officer = await of.asker("IG officer")
    yield (await ig_officer.get("AuditEvent?_count=100")).content
    for body in _taken_apart(await ig_officer.get("AuditEvent?_count=500")):
        yield body
    yield (await _matched(await of.asker("GP"))).content


def _about_people(statement: dict[str, Any]) -> list[str]:
    """Types that are searched by patient."""
    searched = statement["rest"][0]["resource"]
    return [one["type"] for one in searched if any(by["name"] == "patient" for by in one.get("searchParam", ()))]


def _paths(person: UUID, types: Iterable[str]) -> list[str]:
    """One request of each kind, the refused ones too."""
    numbered = f"{NUMBER}|{MRS_T}"
    return [
        f"Patient/{person}",
        f"Patient/{person}/$everything",
        f"Patient/{person}/$everything?_count=5",
        f"Patient/{person}/$summary",
        f"Encounter/_history?patient={person}&_count=5",
        f"Patient?identifier={numbered}",
        f"Patient?_id={person}&_revinclude=Provenance:target",
        *(f"{one}?patient={person}" for one in types),
        "Encounter",
        "Encounter?patient=1&colour=red",
        "Unheard/1",
        "AuditEvent",
    ]


def _taken_apart(answer: httpx.Response) -> Iterator[bytes]:
    """The resources of a Bundle, or the answer itself where it is an error."""
    content = answer.json()
    if content["resourceType"] != "Bundle":
        yield answer.content
        return
    for entry in content.get("entry", ()):
        yield orjson.dumps(entry["resource"])


async def _matched(caller: Connected) -> httpx.Response:
    patient = {"resourceType": "Patient", "name": [{"family": "Tanner", "given": ["Edith"]}], "birthDate": "1942-03-14"}
    body = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": patient}]}
    headers = {"Content-Type": "application/fhir+json"}
    return await caller.ask("POST", "Patient/$match", content=json.dumps(body), headers=headers)
