"""metadata says what is served; health says whether."""

import httpx
import pytest
import structlog
from fastapi import FastAPI
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from starlette.responses import Response

from integration.api.capability import capability_statement, metadata_routes
from integration.api.health import health_routes
from integration.api.interactions import FhirRouter, Interaction, SearchParam
from integration.api.outcome import FhirResponse, install_error_handlers

BASE = "http://test/fhir"
READ = Interaction("Flag", "read", "One flag.")
SEARCH = Interaction("Flag", "search-type", "Flags of one person.", (SearchParam("patient", "reference", "whose"),))
EVERYTHING = Interaction(
    "Patient",
    "operation",
    "The longitudinal record.",
    operation="everything",
    definition="http://hl7.org/fhir/OperationDefinition/Patient-everything",
)


def served() -> FhirRouter:
    router = FhirRouter()

    @router.serve("/Flag/{id_}", READ)
    async def read(id_: str) -> Response:
        return FhirResponse({"resourceType": "Flag", "id": id_})

    @router.serve("/Flag/_search", SEARCH, method="POST")
    @router.serve("/Flag", SEARCH)
    async def search() -> Response:
        return FhirResponse({"resourceType": "Bundle"})

    @router.serve("/Patient/{id_}/$everything", EVERYTHING)
    async def everything(id_: str) -> Response:
        return FhirResponse({"resourceType": "Bundle", "id": id_})

    return router


@pytest.fixture
def app() -> FastAPI:
    app, router = FastAPI(redirect_slashes=False), served()
    app.include_router(metadata_routes(router, BASE))
    app.router.routes.extend(router.routes)
    install_error_handlers(app)
    return app


async def get(app: FastAPI, path: str, **options) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path, **options)


async def test_metadata_is_a_capability_statement_of_what_is_registered(app):
    response = await get(app, "/fhir/metadata")
    assert response.headers["content-type"] == "application/fhir+json"
    statement = response.json()
    CapabilityStatement.model_validate(statement)
    (rest,) = statement["rest"]
    flag, patient = rest["resource"]
    assert [found["code"] for found in flag["interaction"]] == ["read", "search-type"]
    assert flag["searchParam"] == [{"name": "patient", "type": "reference", "documentation": "whose"}]
    assert flag["supportedProfile"] == ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag"]
    assert [found["name"] for found in patient["operation"]] == ["everything"]
    assert statement["fhirVersion"] == "4.0.1"
    assert ".well-known/smart-configuration" in rest["security"]["description"]


async def test_every_declared_interaction_is_really_served(app):
    for path in ("/fhir/Flag/1", "/fhir/Flag", "/fhir/Patient/1/$everything"):
        assert (await get(app, path)).status_code == 200


async def test_metadata_is_not_given_in_a_form_that_is_not_served(app):
    assert (await get(app, "/fhir/metadata", headers={"Accept": "application/fhir+xml"})).status_code == 406


def test_an_interaction_with_two_paths_is_declared_once():
    assert served().interactions == (READ, SEARCH, EVERYTHING)


def test_nothing_registered_nothing_declared():
    statement = capability_statement((), BASE)
    CapabilityStatement.model_validate(statement)
    assert "resource" not in statement["rest"][0]


def test_interactions_and_operations_of_the_whole_server():
    whole = [
        Interaction("", "transaction", "All or nothing."),
        Interaction("", "operation", "Bulk", operation="export", definition="http://x"),
    ]
    statement = capability_statement(whole, BASE)
    CapabilityStatement.model_validate(statement)
    assert statement["rest"][0]["interaction"][0]["code"] == "transaction"
    assert statement["rest"][0]["operation"][0]["name"] == "export"


async def test_health():
    async def well() -> None:
        return None

    async def broken() -> None:
        raise ConnectionError("postgresql://user:secret@host")

    app = FastAPI()
    app.include_router(health_routes({"database": well}))
    live, ready = await get(app, "/health/live"), await get(app, "/health/ready")
    assert (live.status_code, live.json()) == (200, {"status": "pass"})
    assert (ready.status_code, ready.json()) == (200, {"status": "pass", "checks": {"database": "pass"}})
    app = FastAPI()
    app.include_router(health_routes({"database": well, "audit": broken}))
    with structlog.testing.capture_logs() as logs:
        ready = await get(app, "/health/ready")
    assert ready.status_code == 503
    assert ready.json()["checks"] == {"database": "pass", "audit": "fail"}
    assert "secret" not in ready.text + repr(logs)
