"""ConceptMap/$translate: what a source's code means, by our own maps. Public, not audited: it is about nobody.

http://hl7.org/fhir/R4/conceptmap-operation-translate.html
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from integration.api.interactions import COMMON_PARAMETERS, FhirRouter, Interaction, SearchParam
from integration.api.media_types import require_acceptable
from integration.api.outcome import FhirResponse
from integration.errors import BadRequest, NotFound
from mappings.definitions import definitions
from mappings.uk_core import Resource

TRANSLATE = Interaction(
    "ConceptMap",
    "operation",
    "What a code of a source means, by one of our maps; public.",
    (
        SearchParam("url", "uri", "canonical URL of the map, unless it is in the path"),
        SearchParam("code", "token", "the code that is to be translated"),
        SearchParam("system", "uri", "its code system"),
        SearchParam("targetsystem", "uri", "only translations into this code system"),
    ),
    operation="translate",
    definition="http://hl7.org/fhir/OperationDefinition/ConceptMap-translate",
)
_NAMES = frozenset(one.name for one in TRANSLATE.search_params)
_MEANS = frozenset({"relatedto", "equivalent", "equal", "wider", "subsumes", "narrower", "specializes", "inexact"})
"""Equivalences that are a translation (R4 concept-map-equivalence); `unmatched` and `disjoint` are none."""


def serve_translate(router: FhirRouter) -> None:
    """Serve it for the type and for one map."""
    router.serve("/ConceptMap/$translate", TRANSLATE, public=True)(_of_type)
    router.serve("/ConceptMap/{id_}/$translate", TRANSLATE, public=True)(_of_one)


async def _of_type(request: Request) -> Response:
    asked = _asked(request)
    if "url" not in asked:
        raise BadRequest("Say which map: url=<canonical URL>.", parameter="url")
    return _answer(next((one for one in _maps().values() if one["url"] == asked["url"]), None), asked)


async def _of_one(request: Request, id_: str) -> Response:
    asked = _asked(request)
    found = _maps().get(id_)
    if "url" in asked and found is not None and asked["url"] != found["url"]:
        raise BadRequest("The path names another map.", parameter="url")
    return _answer(found, asked)


def _asked(request: Request) -> Mapping[str, str]:
    require_acceptable(request.headers.get("accept"), request.query_params.get("_format"))
    sent = [(name, value) for name, value in request.query_params.multi_items() if name not in COMMON_PARAMETERS]
    if any(name not in _NAMES for name, _ in sent) or len({name for name, _ in sent}) < len(sent):
        raise BadRequest("$translate takes url, code, system and targetsystem, each once.")
    asked = dict(sent)
    if not asked.get("code") or not asked.get("system"):
        raise BadRequest("Say what is to be translated: code and system.", parameter="code")
    return asked


def _answer(found: Resource | None, asked: Mapping[str, str]) -> Response:
    if found is None:
        raise NotFound
    matches = list(_matches(found, asked))
    result = any(one["equivalence"] in _MEANS for one in matches)
    parameters: list[Resource] = [{"name": "result", "valueBoolean": result}]
    if not result:
        parameters.append({"name": "message", "valueString": "The map has no translation of this code."})
    parameters += [{"name": "match", "part": _parts(found, one)} for one in matches]
    return FhirResponse({"resourceType": "Parameters", "parameter": parameters})


def _matches(found: Resource, asked: Mapping[str, str]) -> Iterator[Resource]:
    for group in found["group"]:
        wanted = asked.get("targetsystem", group.get("target"))
        if group.get("source") != asked["system"] or group.get("target") != wanted:
            continue
        for element in group["element"]:
            if element.get("code") == asked["code"]:
                yield from ({"system": group.get("target"), **target} for target in element.get("target", ()))


def _parts(found: Resource, match: Resource) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"name": "equivalence", "valueCode": match["equivalence"]}]
    if "code" in match:
        coding = {name: match[name] for name in ("system", "code", "display") if match.get(name)}
        parts.append({"name": "concept", "valueCoding": coding})
    return [*parts, {"name": "source", "valueUri": found["url"]}]


@cache
def _maps() -> Mapping[str, Resource]:
    return {one["id"]: one for one in definitions() if one["resourceType"] == "ConceptMap"}
