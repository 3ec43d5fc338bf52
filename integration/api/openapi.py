"""GET /openapi.json and GET /openapi: the API as an OpenAPI 3.1 document, and as a page that works offline.

Made from the same declarations as the CapabilityStatement, which is what FHIR clients read; this one is for tools that
know nothing of FHIR. Public, not audited: the same for everybody and about nobody. https://spec.openapis.org/oas/v3.1.0
"""

import re
from collections.abc import Iterable
from html import escape
from importlib.metadata import version
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from integration.api.interactions import FhirRouter, Interaction
from integration.api.outcome import FHIR_JSON

Json = dict[str, Any]
Served = tuple[str, str, Interaction]
"""HTTP method, path below /fhir, and what is served there."""
_FORM = "application/x-www-form-urlencoded"
_SCHEMAS: Json = {
    "Resource": {
        "type": "object",
        "required": ["resourceType"],
        "properties": {"resourceType": {"type": "string"}, "id": {"type": "string"}},
    },
    "OperationOutcome": {
        "type": "object",
        "required": ["resourceType", "issue"],
        "properties": {
            "resourceType": {"const": "OperationOutcome"},
            "issue": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["severity", "code"]}},
        },
    },
}
_CONDITIONS = {"not-match": ("If-None-Match",), "full-support": ("If-None-Match", "If-Modified-Since")}
"""Headers that a conditional read hears, by what it says of itself."""


def openapi_document(served: Iterable[Served], fhir_base: str) -> Json:
    """The OpenAPI document of a server at `fhir_base` with these interactions."""
    paths: Json = {}
    for method, path, interaction in served:
        named = re.sub(r"{(\w+?)_?}", r"{\1}", path) or "/"
        paths.setdefault(named, {})[method.lower()] = _operation(method, named, interaction)
    return {
        "openapi": "3.1.0",
        "info": {"title": "ToldOnce FHIR R4 API", "version": version("toldonce")},
        "servers": [{"url": fhir_base}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _operation(method: str, path: str, interaction: Interaction) -> Json:
    by_form = path.endswith("/_search")
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    found: Json = {
        "operationId": re.sub(r"\W+", "-", f"{method.lower()}{path}").strip("-"),
        "summary": interaction.doc,
        "tags": [interaction.resource_type or "server"],
        "parameters": parameters if by_form else [*parameters, *_in_the_query(interaction), *_conditions(interaction)],
        "responses": {
            "2XX": {"description": "as asked", **_content("Resource")},
            **({"304": {"description": "not modified"}} if interaction.conditional_read else {}),
            "default": {"description": "refused, or failed", **_content("OperationOutcome")},
        },
    }
    if by_form:
        properties = {one.name: {"type": "string"} for one in interaction.search_params}
        found["requestBody"] = {"content": {_FORM: {"schema": {"type": "object", "properties": properties}}}}
    elif method in ("POST", "PUT"):
        found["requestBody"] = {"required": True, **_content("Resource")}
    return found


def _in_the_query(interaction: Interaction) -> list[Json]:
    return [
        {"name": one.name, "in": "query", "description": one.doc, "schema": {"type": "string"}}
        for one in interaction.search_params
    ]


def _conditions(interaction: Interaction) -> list[Json]:
    named = _CONDITIONS.get(interaction.conditional_read, ())
    return [{"name": name, "in": "header", "schema": {"type": "string"}} for name in named]


def _content(schema: str) -> Json:
    return {"content": {FHIR_JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}


def openapi_routes(router: FhirRouter, fhir_base: str) -> APIRouter:
    """The document and the page, made at their first call from everything that `router` serves by then."""
    made: list[Json] = []

    def document() -> Json:
        if not made:
            made.append(openapi_document(router.paths, fhir_base))
        return made[0]

    async def as_json() -> Response:
        return Response(orjson.dumps(document()), media_type="application/json")

    async def as_page() -> Response:
        return HTMLResponse(page(document()))

    routes = APIRouter(include_in_schema=False)
    routes.add_api_route("/openapi.json", as_json, methods=["GET"], response_model=None)
    routes.add_api_route("/openapi", as_page, methods=["GET"], response_model=None)
    return routes


def page(document: Json) -> str:
    """The document as HTML: one row for each path and method."""
    rows = "".join(
        f"<tr><td>{method.upper()}</td><td><code>{escape(path)}</code></td><td>{escape(one['summary'])}</td>"
        f"<td>{escape(', '.join(each['name'] for each in one['parameters'] if each['in'] == 'query'))}</td></tr>"
        for path, methods in sorted(document["paths"].items())
        for method, one in methods.items()
    )
    title, base = escape(document["info"]["title"]), escape(document["servers"][0]["url"])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{_HEAD}</head><body>'
        f'<main><h1>{title}</h1><p>Base: <code>{base}</code>. For tools: <a href="openapi.json">openapi.json</a>; '
        f'for FHIR clients: <a href="fhir/metadata">the CapabilityStatement</a>.</p>'
        f'<div role="region" aria-labelledby="served" tabindex="0"><table><caption id="served">What is served</caption>'
        f'<thead><tr><th scope="col">Method</th><th scope="col">Path</th><th scope="col">What</th>'
        f'<th scope="col">Parameters</th></tr></thead><tbody>{rows}</tbody></table></div></main></body></html>'
    )


_HEAD = (
    '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
    "<style>body { font-family: sans-serif } p { overflow-wrap: anywhere } [role=region] { overflow-x: auto } "
    "td { text-align: left; vertical-align: top }</style>"
)
"""What keeps the page readable on a small screen: the table scrolls by itself, by keyboard too. There is no icon."""
