"""Code tables as FHIR R4 ConceptMaps: data that a clinician can review, and that the API serves.

One file per map, `<Name>.json` (http://hl7.org/fhir/R4/conceptmap.html); codes are looked up, never guessed.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

CANONICAL = "https://toldonce.example/ConceptMap/"
"""Every map's url is CANONICAL plus its name."""


@lru_cache
def names() -> tuple[str, ...]:
    """Names of all maps of this package, sorted."""
    return tuple(sorted(entry.name[:-5] for entry in files(__package__).iterdir() if entry.name.endswith(".json")))


@lru_cache
def concept_map(name: str) -> dict[str, Any]:
    """The ConceptMap resource called `name`, as JSON. Raises FileNotFoundError when there is none."""
    content: dict[str, Any] = json.loads((files(__package__) / f"{name}.json").read_text(encoding="utf-8"))
    return content


def translate(map_name: str, code: str) -> dict[str, Any] | None:
    """Coding (`system`, `code`, and `display` where the map has one) of the first target of source code `code`; None
    when the map has no target for it (ConceptMap/$translate: http://hl7.org/fhir/R4/conceptmap-operation-translate.html).
    """
    found = _targets(map_name).get(code)
    return dict(found) if found else None


@lru_cache
def _targets(map_name: str) -> Mapping[str, dict[str, Any]]:
    targets: dict[str, dict[str, Any]] = {}
    for group in concept_map(map_name)["group"]:
        for element in group["element"]:
            mapped = [target for target in element.get("target", ()) if target.get("code")]
            if mapped:
                targets.setdefault(element["code"], _coding(group["target"], mapped[0]))
    return targets


def _coding(system: str, target: Mapping[str, Any]) -> dict[str, Any]:
    coding = {"system": system, "code": target["code"]}
    return {**coding, "display": target["display"]} if target.get("display") else coding
