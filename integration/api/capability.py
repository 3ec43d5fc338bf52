"""GET /fhir/metadata: the CapabilityStatement, generated from what the routes declare.

http://hl7.org/fhir/R4/capabilitystatement.html, http://hl7.org/fhir/R4/http.html#capabilities
"""

from collections.abc import Iterable
from datetime import date
from importlib.metadata import version

import orjson
from fastapi import APIRouter
from starlette.requests import Request

from integration.api.interactions import SOURCES, FhirRouter, Interaction, SearchParam
from integration.api.media_types import require_acceptable
from integration.api.outcome import FHIR_JSON, FhirResponse
from mappings.uk_core import PROFILED, Resource

RELEASED = date(2026, 11, 1)
"""Date of this description: of the software's version, not of a request."""
_SECURITY_SERVICE = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_UK_CORE = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"
_WRITES = frozenset({"create", "update", "patch", "delete"})


def capability_statement(interactions: Iterable[Interaction], fhir_base: str) -> Resource:
    """The CapabilityStatement (kind instance) of a server with these interactions."""
    served = list(interactions)
    types = sorted({one.resource_type for one in served if one.resource_type})
    rest: Resource = {
        "mode": "server",
        "documentation": "Every answer is limited to what data sharing agreements, relationships, roles and the "
        "person's own choices permit the caller; every access is audited before it is answered.",
        "security": _security(),
        "resource": [_resource(name, [one for one in served if one.resource_type == name]) for name in types],
    }
    whole = [one for one in served if not one.resource_type]
    if interactions_ := _interactions(whole):
        rest["interaction"] = interactions_
    if operations := _operations(whole):
        rest["operation"] = operations
    return {
        "resourceType": "CapabilityStatement",
        "name": "ToldOnce",
        "title": "ToldOnce shared care record",
        "status": "active",
        "date": RELEASED.isoformat(),
        "kind": "instance",
        "software": {"name": "ToldOnce", "version": version("toldonce")},
        "implementation": {"description": "One neighbourhood's shared care record", "url": fhir_base},
        "fhirVersion": "4.0.1",
        "format": [FHIR_JSON, "json"],
        "rest": [{name: value for name, value in rest.items() if value}],
    }


def _security() -> Resource:
    """Without the extension `oauth-uris`: it demands an authorization endpoint, and backend services have none."""
    return {
        "cors": False,
        "service": [{"coding": [{"system": _SECURITY_SERVICE, "code": "SMART-on-FHIR"}]}],
        "description": "SMART Backend Services; see .well-known/smart-configuration.",
    }


def _resource(name: str, served: list[Interaction]) -> Resource:
    profiles = dict.fromkeys(one.profile for one in served if one.profile)
    if name in PROFILED:
        profiles[f"{_UK_CORE}{name}"] = None
    codes = {one.code for one in served}
    entry: Resource = {
        "type": name,
        "supportedProfile": list(profiles),
        "interaction": _interactions(served),
        "versioning": "versioned-update" if codes & _WRITES else "versioned",
        "readHistory": "vread" in codes,
        "conditionalRead": next((one.conditional_read for one in served if one.conditional_read), None),
        "conditionalDelete": "multiple" if any(one.conditional for one in served) else None,
        "searchInclude": [value for one in served for value in one.includes],
        "searchRevInclude": [value for one in served for value in one.rev_includes],
        "searchParam": _search_params(served),
        "operation": _operations(served),
    }
    return {key: value for key, value in entry.items() if value not in ([], None)}


def _interactions(served: list[Interaction]) -> list[Resource]:
    return [{"code": one.code, "documentation": one.doc} for one in served if one.code != "operation"]


def _search_params(served: list[Interaction]) -> list[Resource]:
    found: dict[str, SearchParam] = {}
    for one in served:
        if one.code == "search-type":
            found |= {parameter.name: parameter for parameter in one.search_params}
    return [
        _search_param(parameter) for name, parameter in found.items() if name != SOURCES.name
    ]  # what results hold is no parameter of the type


def _search_param(parameter: SearchParam) -> Resource:
    entry = {"name": parameter.name, "type": parameter.type}
    if parameter.definition:
        entry["definition"] = parameter.definition
    if parameter.doc:
        entry["documentation"] = parameter.doc
    return entry


def _operations(served: list[Interaction]) -> list[Resource]:
    return [
        {"name": one.operation, "definition": one.definition, "documentation": one.doc}
        for one in served
        if one.code == "operation"
    ]


def metadata_routes(router: FhirRouter, fhir_base: str) -> APIRouter:
    """GET /fhir/metadata, made at its first call from everything `router` serves by then. Public; not audited."""
    made: list[bytes] = []

    async def metadata(request: Request) -> FhirResponse:
        require_acceptable(request.headers.get("accept"), request.query_params.get("_format"))
        if not made:
            made.append(orjson.dumps(capability_statement(router.interactions, fhir_base)))
        return FhirResponse(made[0])

    routes = APIRouter(prefix="/fhir", include_in_schema=False)
    routes.add_api_route("/metadata", metadata, methods=["GET"], response_model=None)
    return routes
