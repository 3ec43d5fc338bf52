"""What can go wrong in the shared record, drawn at the top.

ToldOnceError
├── UnsafeDatabase           the database could lose what it acknowledged, or pass by the row policies: not started
├── NotPossible              a command cannot do what it was asked; the text says why and what to do
├── UnknownSourcePatient     a linkage decision about somebody no source knows
├── LogDamaged               the audit's tree is not what was signed: nothing more is signed before somebody looks
├── AnswerCutShort           an answer failed after its first byte: the connection is closed
├── OAuthError               the token endpoint's refusals: drawn in `integration.oauth_errors`
└── FhirError                answered as an OperationOutcome; each owns its status and its issue
    ├── BadRequest               400
    ├── Unauthorized             401, with WWW-Authenticate
    ├── Forbidden                403
    ├── NotFound                 404, the same words for what does not exist and for what may not be known of
    │   └── UnknownRoute             404, no such path: says nothing about data
    ├── MethodNotAllowed         405
    ├── NotAcceptable            406
    ├── Conflict                 409
    ├── Gone                     410
    ├── PreconditionFailed       412
    ├── ContentTooLarge          413
    ├── UnsupportedMediaType     415
    ├── Unprocessable            422
    ├── TooManyRequests          429, with Retry-After
    ├── InternalError            500, without details
    └── AuditUnavailable         503: nothing is answered that cannot be audited

`diagnostics` is read by the caller and must never hold patient data: name the parameter and the remedy, not the value.
"""
# ruff: noqa: N818  (the names are HTTP's and FHIR's own; each ends its sentence in the tree above)

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

SPINE = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode"
"""Codes of issue.details that the Personal Demographics Service and GP Connect document (PDS API catalogue page)."""
OWN = "https://toldonce.example/CodeSystem/error"
"""Codes for what those documents have no code for."""


class ToldOnceError(Exception):
    """Base of every error of the shared record."""


class UnsafeDatabase(ToldOnceError):
    """The database server or the login role would break a promise of the design; nothing is started."""


class NotPossible(ToldOnceError):
    """A command cannot do what it was asked to do."""


class UnknownSourcePatient(ToldOnceError):
    """A linkage decision names a source patient that does not exist."""


class LogDamaged(ToldOnceError):
    """What the database holds of the audit's tree is not what was signed before."""


class AnswerCutShort(ToldOnceError):
    """An answer failed after its first byte; the connection is closed so that the caller does not take it as whole."""


@dataclass(frozen=True)
class Issue:
    """One issue of an OperationOutcome (http://hl7.org/fhir/R4/operationoutcome.html): `parameter` is the name of an
    HTTP parameter or header, `expression` the FHIRPath of an element of the body."""

    type: str
    code: str
    display: str
    diagnostics: str = ""
    parameter: str = ""
    expression: str = ""
    severity: str = "error"
    system: str = SPINE


class FhirError(ToldOnceError):
    """An error that a FHIR caller sees: status, one issue of its own, and perhaps `more` issues found beside it."""

    status: ClassVar[int]
    issue_type: ClassVar[str]
    code: ClassVar[str]
    display: ClassVar[str]
    severity: ClassVar[str] = "error"
    system: ClassVar[str] = SPINE
    default: ClassVar[str] = ""
    """Diagnostics where the raiser has none to give."""

    def __init__(
        self, diagnostics: str = "", *, parameter: str = "", expression: str = "", more: Sequence[Issue] = ()
    ) -> None:
        self.diagnostics = diagnostics or self.default
        super().__init__(self.diagnostics)
        self.issues = (self._issue(parameter, expression), *more)
        self.headers: dict[str, str] = {}

    def _issue(self, parameter: str, expression: str) -> Issue:
        return Issue(
            type=self.issue_type,
            code=self.code,
            display=self.display,
            diagnostics=self.diagnostics,
            parameter=parameter,
            expression=expression,
            severity=self.severity,
            system=self.system,
        )


class BadRequest(FhirError):
    """The request cannot be read: a parameter is missing, malformed or unknown."""

    status, issue_type, code, display = 400, "invalid", "INVALID_VALUE", "Invalid value"
    default = "The request could not be understood."


class Unauthorized(FhirError):
    """No access token, or one that does not hold. `token_error` is RFC 6750's word, None where no token was sent."""

    status, issue_type, code, display = 401, "login", "ACCESS_DENIED", "Access denied"
    default = "Send a current access token: Authorization: Bearer <token>."

    def __init__(self, diagnostics: str = "", *, token_error: str | None = None) -> None:
        super().__init__(diagnostics)
        challenge = 'Bearer realm="toldonce"' + (f', error="{token_error}"' if token_error else "")
        self.headers = {"WWW-Authenticate": challenge}


class Forbidden(FhirError):
    """The caller is known and may not do this; the text must say nothing about any person."""

    status, issue_type, code, display = 403, "forbidden", "ACCESS_DENIED", "Access denied"
    default = "This is not permitted for the caller's organisation, role and purpose."


class NotFound(FhirError):
    """What was asked for does not exist, or the caller may not know that it does. It takes no words of the raiser's:
    both cases must answer alike."""

    status, issue_type, code, display = 404, "not-found", "RESOURCE_NOT_FOUND", "Resource not found"
    default = "No such resource is known to this caller."

    def __init__(self) -> None:
        super().__init__()


class UnknownRoute(NotFound):
    """The path is not part of this API, whoever asks."""

    issue_type, code, display = "not-supported", "UNSUPPORTED_SERVICE", "Unsupported service"
    default = "This server has no such path; see /fhir/metadata."


class MethodNotAllowed(FhirError):
    """The path exists, the HTTP method does not."""

    status, issue_type, code, display = 405, "not-supported", "UNSUPPORTED_SERVICE", "Unsupported service"
    default = "This path does not take that method; see /fhir/metadata."


class NotAcceptable(FhirError):
    """The caller asks for a representation that is not served."""

    status, issue_type, code, display = 406, "not-supported", "NOT_ACCEPTABLE", "Not acceptable"
    system = OWN
    default = "Only application/fhir+json (fhirVersion=4.0) is served."


class Conflict(FhirError):
    """The request contradicts the present state, such as a version that is no longer current."""

    status, issue_type, code, display = 409, "conflict", "RESOURCE_VERSION_MISMATCH", "Resource version mismatch"
    default = "The resource has changed; read it again and repeat."


class Gone(FhirError):
    """The resource was deleted, and this caller was permitted to see it."""

    status, issue_type, code, display = 410, "deleted", "INVALIDATED_RESOURCE", "Invalidated resource"
    default = "The resource has been deleted."


class PreconditionFailed(FhirError):
    """If-Match names another version (http://hl7.org/fhir/R4/http.html#concurrency) or is missing."""

    status, issue_type, code, display = 412, "conflict", "PRECONDITION_FAILED", "Precondition failed"
    default = 'Send If-Match with the present version, as in the ETag of a read: W/"3".'


class ContentTooLarge(FhirError):
    """The body is larger than is taken in over HTTP."""

    status, issue_type, code, display = 413, "too-long", "CONTENT_TOO_LARGE", "Content too large"
    system = OWN
    default = "The body is larger than is taken in; send it in parts, or by MESH."


class UnsupportedMediaType(FhirError):
    """The body is of a type that is not read."""

    status, issue_type, code, display = 415, "not-supported", "UNSUPPORTED_MEDIA_TYPE", "Unsupported media type"
    system = OWN
    default = "Send Content-Type: application/fhir+json."


class Unprocessable(FhirError):
    """The body is FHIR, and breaks a rule of the profile or of this server."""

    status, issue_type, code, display = 422, "processing", "INVALID_RESOURCE", "Invalid resource"
    default = "The resource breaks a rule of its profile."


class TooManyRequests(FhirError):
    """The caller sends more than is served; `retry_after` in seconds."""

    status, issue_type, code, display = 429, "throttled", "TOO_MANY_REQUESTS", "Too many requests"
    default = "Slow down and repeat."

    def __init__(self, diagnostics: str = "", *, retry_after: int = 1) -> None:
        super().__init__(diagnostics)
        self.headers = {"Retry-After": str(retry_after)}


class InternalError(FhirError):
    """A fault of ours. It says nothing of what happened: details are in the server's log, without patient data."""

    status, issue_type, code, display = 500, "exception", "INTERNAL_SERVER_ERROR", "Internal server error"
    severity = "fatal"
    default = "The server failed; quote the X-Request-ID when reporting it."

    def __init__(self) -> None:
        super().__init__()


class AuditUnavailable(FhirError):
    """The access could not be written to the audit log, so nothing is answered (design promise 3)."""

    status, issue_type, code, display = 503, "transient", "AUDIT_UNAVAILABLE", "Audit unavailable"
    system = OWN
    severity = "fatal"
    default = "The access could not be recorded, so no content is sent. Repeat later."

    def __init__(self, diagnostics: str = "") -> None:
        super().__init__(diagnostics)
        self.headers = {"Retry-After": "5"}


def where_it_failed(error: BaseException) -> dict[str, Any]:
    """Type and code locations of an exception, innermost last: never its message, which may hold patient data."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    return {"error": f"{type(error).__module__}.{type(error).__qualname__}", "at": places}
