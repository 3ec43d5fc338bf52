"""What a request says of itself in the headers that NHS APIs share, and the two ids that go back with every answer.

X-Request-ID, X-Correlation-ID, NHSD-Session-URID and NHSD-End-User-Organisation-ODS, as the Personal Demographics
Service documents them (PDS FHIR API, API catalogue); http://hl7.org/fhir/R4/http.html#custom. None is required here: a
request without an id is given one. What is malformed is refused and never repeated, so that no header of ours says what
somebody else put into it.
"""

import re
import uuid
from collections.abc import Iterable
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integration.errors import BadRequest, Forbidden

Headers = Iterable[tuple[bytes, bytes]]
"""Of an ASGI scope: lower-case names, raw values."""

_REQUEST, _CORRELATION, _ROLE_PROFILE, _ORGANISATION = (
    b"x-request-id",
    b"x-correlation-id",
    b"nhsd-session-urid",
    b"nhsd-end-user-organisation-ods",
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_FORMS = {
    _REQUEST: re.compile(rb"[!-~]{1,100}"),
    _CORRELATION: re.compile(rb"[!-~]{1,200}"),
    _ROLE_PROFILE: re.compile(rb"[0-9]{1,20}"),
    _ORGANISATION: re.compile(rb"[A-Za-z0-9]{3,12}"),
}
_WRITTEN = {
    _REQUEST: "X-Request-ID",
    _CORRELATION: "X-Correlation-ID",
    _ROLE_PROFILE: "NHSD-Session-URID",
    _ORGANISATION: "NHSD-End-User-Organisation-ODS",
}
SAID = "toldonce.said"
"""Where a scope keeps what was read of it."""


class Said(NamedTuple):
    """What the headers say. Only `request` is always there; `malformed` names a header that was not taken."""

    request: str
    correlation: str = ""
    role_profile: str = ""
    """The user's role profile (SDS), as the client asserts it."""
    organisation: str = ""
    malformed: str = ""

    @property
    def details(self) -> list[tuple[str, str]]:
        """What the audit keeps beside the two ids."""
        return [("user-role-profile", self.role_profile)] if self.role_profile else []

    @property
    def logged(self) -> str:
        """The request's id as a log may hold it: a UUID says nothing of anybody, anything else could."""
        return self.request if _UUID.fullmatch(self.request) else ""

    def require(self, organisation: str) -> None:
        """Raise where a header is malformed, or names another organisation than the one that the token is for."""
        if self.malformed:
            raise BadRequest("Send it once, in visible ASCII characters.", parameter=self.malformed)
        if self.organisation and organisation and self.organisation.upper() != organisation:
            raise Forbidden("NHSD-End-User-Organisation-ODS is not the organisation that the access token is for.")


def said(scope: Scope) -> Said:
    """What the request says; read once."""
    found: Said | None = scope.get(SAID)
    if found is None:
        found = scope[SAID] = read(scope["headers"])
    return found


def read(headers: Headers) -> Said:
    """What the headers say. A request without an id, or with one that cannot be repeated, gets one of ours."""
    values: dict[bytes, str] = {}
    malformed = ""
    for name, value in headers:
        form = _FORMS.get(name)
        if form is None:
            continue
        if name in values or not form.fullmatch(value):
            malformed = _WRITTEN[name]
        values[name] = value.decode("ascii", "replace")
    if malformed:
        return Said(str(uuid.uuid4()), malformed=malformed)
    return Said(
        values.get(_REQUEST) or str(uuid.uuid4()),
        values.get(_CORRELATION, ""),
        values.get(_ROLE_PROFILE, ""),
        values.get(_ORGANISATION, ""),
    )


class Echoed:
    """ASGI layer: every answer repeats X-Request-ID, and X-Correlation-ID where one was sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        repeated = _repeated(said(scope))

        async def echoed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *repeated]
            await send(message)

        await self.app(scope, receive, echoed)


def _repeated(heard: Said) -> list[Any]:
    ids = [(_REQUEST, heard.request.encode())]
    return [*ids, (_CORRELATION, heard.correlation.encode())] if heard.correlation else ids
