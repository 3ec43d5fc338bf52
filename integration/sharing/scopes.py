"""SMART App Launch 2 scopes for backend services: `system/(Type|*).(subset of cruds)`; v1 words are understood.

https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from integration.errors import Forbidden
from integration.oauth_errors import InvalidScope

SEND_SCOPE = "system/Binary.c"
"""Of a client that sends files: to FHIR, bytes of any format are a Binary."""
CASELOAD_SCOPE = "system/Group.u"
"""Of a client whose users add people to caseloads and take them off."""
SUBSCRIBE_SCOPE = "system/Subscription.cud"
"""Of a client that is told what happens."""
_SCOPE = re.compile(r"system/(?P<type>\*|[A-Z][A-Za-z]{1,63})\.(?P<access>c?r?u?d?s?|read|write|\*)")
_VERSION_1 = {"read": "rs", "write": "cud", "*": "cruds"}


@dataclass(frozen=True)
class Scope:
    """Access letters (c create, r read, u update, d delete, s search) on one resource type, or `*` for every type."""

    type: str
    access: frozenset[str]

    def covers(self, other: "Scope") -> bool:
        """Whether everything the other permits is permitted by this."""
        return self.type in ("*", other.type) and self.access >= other.access

    def __str__(self) -> str:
        return f"system/{self.type}.{''.join(letter for letter in 'cruds' if letter in self.access)}"


@lru_cache(maxsize=1024)
def parse_scope(text: str) -> Scope:
    """Raises InvalidScope for anything but a system scope; query-limited ones (`?category=...`) are not served."""
    match = _SCOPE.fullmatch(text)
    if match is None or not match["access"]:
        raise InvalidScope("scopes are system/(Type|*).(subset of cruds)")
    return Scope(match["type"], frozenset(_VERSION_1.get(match["access"], match["access"])))


def granted_scopes(requested: str, registered: Sequence[str]) -> tuple[str, ...]:
    """The requested scopes, in order, once each, all of them within the registration; `*` for the type stands for every
    type of it (SMART: a client asks for `system/*.rs` to get what it is registered for). Raises InvalidScope."""
    texts = tuple(dict.fromkeys(requested.split()))
    if not texts:
        raise InvalidScope("scope is missing")
    return tuple(dict.fromkeys(granted for text in texts for granted in _granted(text, registered)))


def _granted(text: str, registered: Sequence[str]) -> tuple[str, ...]:
    scope, permitted = parse_scope(text), [parse_scope(one) for one in registered]
    if any(one.covers(scope) for one in permitted):
        return (text,)
    letters = frozenset[str]().union(*(one.access for one in permitted))
    if scope.type != "*" or not letters >= scope.access:
        raise InvalidScope("a requested scope is beyond the client's registration")
    return tuple(str(Scope(one.type, one.access & scope.access)) for one in permitted if one.access & scope.access)


def require_scope(scopes: Iterable[str], resource_type: str, access: str) -> None:
    """Raise Forbidden unless the scopes of an access token permit this access letter (c, r, u, d or s)."""
    needed = Scope(resource_type, frozenset(access))
    if not any(parse_scope(text).covers(needed) for text in scopes):
        raise Forbidden(f"The access token's scopes do not include system/{resource_type}.{access}.")
