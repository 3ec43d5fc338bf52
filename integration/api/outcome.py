"""OperationOutcome and the error handlers: every non-2xx body under /fhir is an OperationOutcome.

http://hl7.org/fhir/R4/operationoutcome.html, http://hl7.org/fhir/R4/http.html#Status-Codes
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integration.api.nhs_headers import said
from integration.errors import (
    OWN,
    AnswerCutShort,
    BadRequest,
    FhirError,
    Forbidden,
    InternalError,
    Issue,
    MethodNotAllowed,
    NotAcceptable,
    Unauthorized,
    UnknownRoute,
    UnsupportedMediaType,
    where_it_failed,
)
from integration.oauth_errors import OAuthError
from mappings.uk_core import Resource

FHIR_JSON = "application/fhir+json"
FHIR_ROOT = "/fhir"
_BY_STATUS: dict[int, type[FhirError]] = {
    error.status: error
    for error in (BadRequest, Unauthorized, Forbidden, MethodNotAllowed, NotAcceptable, UnsupportedMediaType)
} | {404: UnknownRoute}

log = structlog.get_logger(__name__)


class FhirResponse(Response):
    """A FHIR answer. `content` is ready-made JSON bytes, sent as they are, or a resource, written with orjson."""

    media_type = FHIR_JSON

    def __init__(
        self, content: bytes | Resource | None = None, status_code: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(content, status_code, dict(headers) if headers else None)

    def render(self, content: Any) -> bytes:
        """Bytes as they are; a resource as JSON; None as no body."""
        if isinstance(content, bytes):
            return content
        return b"" if content is None else orjson.dumps(content)


def operation_outcome(issues: Sequence[Issue]) -> Resource:
    """An OperationOutcome of these issues, as FHIR R4 JSON."""
    return {"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in issues]}


def information(code: str, display: str, diagnostics: str) -> Resource:
    """An OperationOutcome that only tells something; `code` is one of ours."""
    said = Issue("informational", code, display, diagnostics, severity="information", system=OWN)
    return operation_outcome([said])


def _issue(issue: Issue) -> Resource:
    coding = {"system": issue.system, "version": "1", "code": issue.code, "display": issue.display}
    entry: Resource = {"severity": issue.severity, "code": issue.type, "details": {"coding": [coding]}}
    if issue.diagnostics:
        entry["diagnostics"] = issue.diagnostics
    if issue.parameter:  # R4: "for HTTP errors, will be 'http.' + the parameter name"
        entry["location"] = [f"http.{issue.parameter}"]
    if issue.expression:
        entry["expression"] = [issue.expression]
    return entry


def error_response(error: FhirError) -> FhirResponse:
    """The answer to an error: its status, its headers, its OperationOutcome. Never cached."""
    headers = {**error.headers, "Cache-Control": "no-store"}
    return FhirResponse(operation_outcome(error.issues), error.status, headers)


def install_error_handlers(app: FastAPI) -> None:
    """Make `app` answer every error as its tree in `integration.errors` says. `LastResort` belongs to it, and is to
    be added after every other middleware, so that nothing raised within them passes by."""
    app.add_exception_handler(FhirError, _fhir_error)
    app.add_exception_handler(OAuthError, _oauth_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)


async def _fhir_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, FhirError)
    return error_response(error)


async def _oauth_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, OAuthError)
    return oauth_response(error)


def oauth_response(error: OAuthError) -> Response:
    """RFC 6749, 5.2: a JSON object with `error`, never stored by caches."""
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache", **error.headers}
    return Response(orjson.dumps(error.body()), error.status, headers, media_type="application/json")


async def _http_error(request: Request, error: Exception) -> Response:
    """Starlette's own errors (no such path, wrong method): its text is dropped, its headers (Allow) kept."""
    assert isinstance(error, HTTPException)
    if not _is_fhir(request.url.path):
        return await http_exception_handler(request, error)
    ours = _BY_STATUS.get(error.status_code, BadRequest if error.status_code < 500 else InternalError)()
    ours.headers = {**ours.headers, **(error.headers or {})}
    return error_response(ours)


async def _validation_error(request: Request, error: Exception) -> Response:
    """FastAPI's own check of parameters: names where, never what was sent (it may identify a person)."""
    assert isinstance(error, RequestValidationError)
    if not _is_fhir(request.url.path):
        return await request_validation_exception_handler(request, error)
    first, *rest = [_parameter_issue(found) for found in error.errors()] or [BadRequest().issues[0]]
    return error_response(BadRequest(first.diagnostics, parameter=first.parameter, more=rest))


def _parameter_issue(found: Mapping[str, Any]) -> Issue:
    where = [part for part in found.get("loc", ()) if isinstance(part, str)]
    name = where[1] if len(where) > 1 and where[0] != "body" else ""
    text = (
        f"{name or 'The body'} is missing." if found.get("type") == "missing" else f"{name or 'The body'} is not valid."
    )
    return BadRequest(text, parameter=name).issues[0]


def _is_fhir(path: str) -> bool:
    return path == FHIR_ROOT or path.startswith(FHIR_ROOT + "/")


class LastResort:
    """Outermost ASGI layer: an exception nobody expected becomes a 500 without details.

    Starlette's own outermost layer raises again after answering, and the server then logs the exception with its
    message, which may quote patient data. Here only its type and the places in the code are logged.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001  the last resort is for exactly what nobody foresaw
            log.error(
                "unexpected error",
                request=said(scope).logged,
                route=route_template(scope),
                **where_it_failed(error),
            )
            if begun:
                raise AnswerCutShort("the answer was cut short") from None
            await error_response(InternalError())(scope, receive, send)


def route_template(scope: Scope) -> str:
    """The route's path with its placeholders, such as /fhir/Patient/{id}: what logs, metrics and the audit may name.
    An unmatched path may hold anything and is given as `(no route)`."""
    route = scope.get("route")
    return str(getattr(route, "path", "(no route)"))
