"""What we added to FHIR and UK Core, as FHIR resources: our extensions, code systems and measures, served as they are.

One file for each that was written by hand. A code system that a sector's code table brings is made from the ConceptMaps
that translate it: they list its codes. Nobody else can define what stands under our own canonical base.
http://hl7.org/fhir/R4/structuredefinition.html, http://hl7.org/fhir/R4/codesystem.html
"""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from mappings.concept_maps import concept_map, names
from mappings.uk_core import Resource

_CODE_SYSTEM = "https://toldonce.example/CodeSystem/"


@cache
def definitions() -> tuple[Resource, ...]:
    """Every StructureDefinition, CodeSystem, ConceptMap, Measure and OperationDefinition of ours, each with an id."""
    written = [
        json.loads(entry.read_text(encoding="utf-8"))
        for entry in sorted(files(__package__).iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".json")
    ]
    maps = [{"resourceType": "ConceptMap", "id": name, **concept_map(name)} for name in names()]
    known = {one["url"] for one in written}
    return (*written, *(one for one in _listed(maps) if one["url"] not in known), *maps)


def _listed(maps: list[Resource]) -> Iterator[Resource]:
    """The code systems of ours whose codes the maps list, as source or as target. The maps may leave codes out."""
    codes: dict[str, dict[str, str | None]] = {}
    for group in (group for one in maps for group in one["group"]):
        for element in group["element"]:
            for system, concept in ((group["source"], element), *((group.get("target"), e) for e in element["target"])):
                if str(system).startswith(_CODE_SYSTEM) and "code" in concept:
                    codes.setdefault(system, {}).setdefault(concept["code"], concept.get("display"))
    for system, concepts in sorted(codes.items()):
        yield _code_system(system.removeprefix(_CODE_SYSTEM), concepts)


def _code_system(slug: str, concepts: dict[str, str | None]) -> Resource:
    return {
        "resourceType": "CodeSystem",
        "id": slug,
        "url": f"{_CODE_SYSTEM}{slug}",
        "version": "1.0.0",
        "name": "".join(part.capitalize() for part in slug.split("-")),
        "status": "active",
        "description": "The codes of a source's own table, as far as our ConceptMaps list them.",
        "caseSensitive": True,
        "content": "fragment",
        "concept": [
            {"code": code, "display": display} if display else {"code": code} for code, display in concepts.items()
        ],
    }
