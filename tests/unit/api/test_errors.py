"""Every error is answered as its class says, and every non-2xx body under /fhir is an OperationOutcome."""

import json
from collections.abc import Iterator

import httpx
import pytest
import structlog
from fastapi import APIRouter, FastAPI
from fhir.resources.R4B.operationoutcome import OperationOutcome
from starlette.responses import Response, StreamingResponse

from integration import errors, oauth_errors
from integration.api.outcome import FhirResponse, LastResort, error_response, install_error_handlers
from integration.errors import BadRequest, FhirError, Forbidden, NotFound, TooManyRequests, Unauthorized
from integration.oauth_errors import OAuthError

NHS_NUMBER = "9990000018"


def all_of(base: type) -> Iterator[type]:
    for child in base.__subclasses__():
        yield child
        yield from all_of(child)


FHIR_ERRORS = sorted(set(all_of(FhirError)), key=lambda error: error.__name__)
OAUTH_ERRORS = sorted(set(all_of(OAuthError)), key=lambda error: error.__name__)


def check_outcome(response: httpx.Response) -> dict:
    assert response.headers["content-type"] == "application/fhir+json"
    outcome = response.json()
    OperationOutcome.model_validate(outcome)
    return outcome


@pytest.mark.parametrize("kind", FHIR_ERRORS)
def test_every_error_has_a_valid_outcome_in_its_own_words(kind):
    response = error_response(kind())
    outcome = json.loads(response.body)
    OperationOutcome.model_validate(outcome)
    (issue,) = outcome["issue"]
    assert response.status_code == kind.status
    assert 400 <= kind.status < 600
    assert issue["code"] == kind.issue_type
    assert issue["details"]["coding"][0]["code"] == kind.code
    assert issue["diagnostics"] == kind.default
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("kind", [*FHIR_ERRORS, *OAUTH_ERRORS])
def test_the_tree_in_the_docstring_names_every_error(kind):
    tree = (oauth_errors if kind in OAUTH_ERRORS else errors).__doc__
    assert f"── {kind.__name__} " in tree
    assert str(kind.status) in tree


@pytest.mark.parametrize("kind", OAUTH_ERRORS)
def test_oauth_errors_are_rfc_6749_objects(kind):
    assert kind("why").body() == {"error": kind.error, "error_description": "why"}


def test_not_found_takes_no_words_so_that_hidden_and_unknown_are_alike():
    with pytest.raises(TypeError):
        NotFound("the person objected")
    assert error_response(NotFound()).body == error_response(NotFound()).body


def test_an_issue_can_name_its_parameter_and_bring_others():
    more = Forbidden("second").issues
    outcome = json.loads(error_response(BadRequest("first", parameter="birthdate", more=more)).body)
    OperationOutcome.model_validate(outcome)
    assert outcome["issue"][0]["location"] == ["http.birthdate"]
    assert [issue["diagnostics"] for issue in outcome["issue"]] == ["first", "second"]


def test_challenges_and_waiting_times_are_headers():
    assert error_response(Unauthorized()).headers["www-authenticate"] == 'Bearer realm="toldonce"'
    told = error_response(Unauthorized("", token_error="invalid_token")).headers["www-authenticate"]
    assert told == 'Bearer realm="toldonce", error="invalid_token"'
    assert error_response(TooManyRequests(retry_after=7)).headers["retry-after"] == "7"


def test_a_fhir_response_sends_ready_bytes_as_they_are():
    assert FhirResponse(b'{"a":1}').body == b'{"a":1}'
    assert FhirResponse({"resourceType": "Basic"}).body == b'{"resourceType":"Basic"}'
    assert FhirResponse(None, 304).body == b""
    assert FhirResponse(b"").headers["content-type"] == "application/fhir+json"


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI(redirect_slashes=False)
    routes = APIRouter()

    @routes.get("/fhir/Patient/{id_}")
    async def read(id_: str, version: int = 1) -> Response:
        if id_ == "hidden":
            raise NotFound
        if id_ == "broken":
            raise ValueError(f"cannot parse {NHS_NUMBER}")
        return FhirResponse(b"{}")

    @routes.get("/fhir/stream")
    async def stream() -> Response:
        async def parts():
            yield b"{"
            raise ValueError(NHS_NUMBER)

        return StreamingResponse(parts())

    @routes.get("/auth/token")
    async def token() -> Response:
        raise oauth_errors.InvalidClient("no")

    app.include_router(routes)
    install_error_handlers(app)
    app.add_middleware(LastResort)
    return app


async def get(app: FastAPI, path: str, method: str = "GET") -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.request(method, path)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/fhir/Patient/hidden", 404),
        ("GET", "/fhir/Nonsense", 404),
        ("GET", "/fhir", 404),
        ("GET", "/fhir/Patient/1/", 404),
        ("PUT", "/fhir/Patient/1", 405),
        ("GET", f"/fhir/Patient/1?version={NHS_NUMBER}x", 400),
        ("GET", "/fhir/Patient/broken", 500),
    ],
)
async def test_every_error_under_fhir_is_an_operation_outcome(app, method, path, status):
    response = await get(app, path, method)
    assert response.status_code == status
    check_outcome(response)
    assert NHS_NUMBER not in response.text


async def test_a_wrong_method_says_which_are_allowed(app):
    assert (await get(app, "/fhir/Patient/1", "PUT")).headers["allow"] == "GET"


async def test_a_malformed_parameter_is_named_without_its_value(app):
    outcome = check_outcome(await get(app, f"/fhir/Patient/1?version={NHS_NUMBER}x"))
    assert outcome["issue"][0]["location"] == ["http.version"]


async def test_an_unexpected_error_is_logged_without_its_message(app):
    with structlog.testing.capture_logs() as logs:
        await get(app, "/fhir/Patient/broken")
    (entry,) = logs
    assert entry["error"] == "builtins.ValueError"
    assert entry["route"] == "/fhir/Patient/{id_}"
    assert any(place.startswith("test_errors.py:") for place in entry["at"])
    assert NHS_NUMBER not in repr(logs)


async def test_an_answer_that_fails_half_way_is_cut_without_telling_why(app):
    with structlog.testing.capture_logs() as logs, pytest.raises(errors.AnswerCutShort) as raised:
        await get(app, "/fhir/stream")
    assert NHS_NUMBER not in repr(logs) + str(raised.value)
    assert raised.value.__suppress_context__


async def test_beyond_fhir_other_forms_of_error_are_kept(app):
    response = await get(app, "/auth/token")
    assert response.status_code == 401
    assert response.json() == {"error": "invalid_client", "error_description": "no"}
    assert (await get(app, "/elsewhere")).headers["content-type"] == "application/json"
