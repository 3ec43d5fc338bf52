"""The token endpoint's refusals: the only errors that are answered as OAuth JSON (RFC 6749, 5.2), drawn at the top.

OAuthError
├── InvalidTokenRequest      400 invalid_request
├── InvalidScope             400 invalid_scope
├── UnsupportedGrantType     400 unsupported_grant_type
├── UnauthorizedClient       400 unauthorized_client
├── InvalidClient            401 invalid_client
├── TooManyTokenRequests     429 temporarily_unavailable, with Retry-After
└── TokenServiceUnavailable  503 temporarily_unavailable
"""
# ruff: noqa: N818  (the names are RFC 6749's own; each ends its sentence in the tree above)

from collections.abc import Mapping
from typing import ClassVar

from integration.errors import ToldOnceError


class OAuthError(ToldOnceError):
    """A refusal of the token endpoint: `error` is a word of RFC 6749 section 5.2, `description` plain ASCII."""

    status: ClassVar[int] = 400
    error: ClassVar[str]

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description
        self.headers: dict[str, str] = {}

    def body(self) -> Mapping[str, str]:
        """The JSON members of RFC 6749, 5.2."""
        return {"error": self.error, "error_description": self.description}


class InvalidTokenRequest(OAuthError):
    """A form field or claim is missing, repeated or malformed."""

    error = "invalid_request"


class InvalidScope(OAuthError):
    """A scope is unknown, malformed or beyond the registration."""

    error = "invalid_scope"


class UnsupportedGrantType(OAuthError):
    """Only client_credentials is served."""

    error = "unsupported_grant_type"


class UnauthorizedClient(OAuthError):
    """The client is genuine, but not registered for that role, purpose or organisation."""

    error = "unauthorized_client"


class InvalidClient(OAuthError):
    """Unknown or inactive client, or an assertion that does not hold: one answer for all, so that it tells nothing."""

    status = 401
    error = "invalid_client"


class TooManyTokenRequests(OAuthError):
    """The client asks for more than it is registered for; tokens count as requests."""

    status = 429
    error = "temporarily_unavailable"

    def __init__(self, description: str, *, retry_after: str = "1") -> None:
        super().__init__(description)
        self.headers = {"Retry-After": retry_after}


class TokenServiceUnavailable(OAuthError):
    """The token request could not be audited."""

    status = 503
    error = "temporarily_unavailable"
