"""What an identity provider publishes of itself: OpenID Connect Discovery 1.0, sections 3 and 4."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any, NamedTuple

from adapters.transport.asking import Asker
from integration.api.published import Published, require_genuine

_DOCUMENT = "/.well-known/openid-configuration"
_ASKED = ("token_endpoint", "jwks_uri")
"""Where this process asks by itself."""


class Metadata(NamedTuple):
    """What of it signing in and out needs. `names_itself`: its answers say who gives them (RFC 9207).
    `end_session_endpoint`: where browsers go to sign out there (RP-Initiated Logout 1.0, 2.1); empty where nowhere."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_itself: bool
    end_session_endpoint: str = ""


def metadata(document: object) -> Metadata:
    """Raises ValueError for what cannot be used: an endpoint is missing, or anybody on the way could answer for it."""
    said = document if isinstance(document, dict) else {}
    if _url(said, "issuer").startswith("https:") and any(_url(said, name).startswith("http:") for name in _ASKED):
        raise ValueError("a provider elsewhere has no endpoint on this machine")
    return Metadata(
        _url(said, "issuer"),
        _url(said, "authorization_endpoint"),
        _url(said, "token_endpoint"),
        _url(said, "jwks_uri"),
        said.get("authorization_response_iss_parameter_supported") is True,
        _way_out(said),
    )


def _way_out(said: Mapping[str, Any]) -> str:
    """What cannot be used is as good as none: nobody is kept from signing in by it."""
    with suppress(ValueError):
        return _url(said, "end_session_endpoint")
    return ""


def _url(said: Mapping[str, Any], name: str) -> str:
    url = said.get(name)
    if not isinstance(url, str):
        raise ValueError(f"the metadata lack {name}")
    require_genuine(url, name)
    return url


class Discovery:
    """The metadata of providers, for as long as they may be kept. `clock` gives seconds that only ever grow."""

    def __init__(self, asker: Asker, clock: Callable[[], float] = monotonic) -> None:
        self._published = Published(asker, metadata, clock)

    async def of(self, issuer: str) -> Metadata | None:
        """Those of a configured provider; None where they cannot be had, or are another's (section 4.3)."""
        found = await self._published.at(issuer.rstrip("/") + _DOCUMENT, lambda one: one.issuer == issuer)
        return found if found and found.issuer == issuer else None
