"""read and search of StructureDefinition, CodeSystem, ConceptMap, Measure and OperationDefinition: what we added to
FHIR and UK Core, for validators and for whoever meets one of our codes. Public, not audited: the same for everybody and
about nobody.

http://hl7.org/fhir/R4/http.html#read, http://hl7.org/fhir/R4/http.html#search
"""

from collections.abc import Mapping
from functools import cache

import orjson
from fastapi import Request
from starlette.responses import Response

from integration.api.bundle import searchset
from integration.api.interactions import COMMON_PARAMETERS, Endpoint, FhirRouter, Interaction, SearchParam
from integration.api.media_types import require_acceptable
from integration.api.outcome import FhirResponse
from integration.errors import BadRequest, NotFound
from mappings.definitions import definitions

TYPES = ("StructureDefinition", "CodeSystem", "ConceptMap", "Measure", "OperationDefinition")
_URL = SearchParam("url", "uri", "canonical URL", "http://hl7.org/fhir/SearchParameter/conformance-url")


def serve_definitions(router: FhirRouter, base_url: str) -> None:
    """Serve every definition of ours by id and by its canonical URL."""
    for one in TYPES:
        read = Interaction(one, "read", "One definition of ours; public.")
        search = Interaction(
            one, "search-type", "Our definitions, or the one with this canonical URL; public.", (_URL,)
        )
        router.serve(f"/{one}/{{id_}}", read, public=True)(_read(one))
        router.serve(f"/{one}", search, public=True)(_search(one, base_url))


def _read(resource_type: str) -> Endpoint:
    async def read(request: Request, id_: str) -> Response:
        require_acceptable(request.headers.get("accept"), request.query_params.get("_format"))
        found = _bodies(resource_type).get(id_)
        if found is None:
            raise NotFound
        return FhirResponse(found)

    return read


def _search(resource_type: str, base_url: str) -> Endpoint:
    async def search(request: Request) -> Response:
        require_acceptable(request.headers.get("accept"), request.query_params.get("_format"))
        sent = [(name, value) for name, value in request.query_params.multi_items() if name not in COMMON_PARAMETERS]
        if unknown := next((name for name, _ in sent if name != _URL.name), None):
            raise BadRequest("Definitions are searched by url.", parameter=unknown)
        wanted = {url for _, value in sent for url in value.split(",")}
        urls = _urls(resource_type)
        found = [_bodies(resource_type)[urls[url]] for url in urls if not wanted or url in wanted]
        links = {"self": f"{base_url}/{resource_type}"}
        return FhirResponse(searchset(found, base=base_url, links=links, total=len(found)))

    return search


@cache
def _bodies(resource_type: str) -> Mapping[str, bytes]:
    return {one["id"]: orjson.dumps(one) for one in definitions() if one["resourceType"] == resource_type}


@cache
def _urls(resource_type: str) -> Mapping[str, str]:
    """Canonical URL -> id."""
    return {one["url"]: one["id"] for one in definitions() if one["resourceType"] == resource_type}
