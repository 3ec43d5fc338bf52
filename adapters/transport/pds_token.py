"""Access tokens of NHS England's API platform, for application-restricted APIs: the signed JWT pattern.

https://digital.nhs.uk/developer/guides-and-documentation/security-and-authorisation/application-restricted-restful-apis-signed-jwt-authentication
(OAuth 2.0 client credentials, the client authenticated by private_key_jwt, RS512; RFC 7523)
"""

import asyncio
import re
from collections.abc import Callable
from time import time
from urllib.parse import urlencode
from uuid import uuid4

import msgspec
from joserfc import jwt
from joserfc.jwk import RSAKey

from adapters.transport.asking import Asker, Failure

ALGORITHM = "RS512"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = 300
"""Seconds that an assertion may be valid at most: five minutes."""
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750, section 2.1
_BEFORE_ITS_END = 30.0
"""Seconds by which a token is renewed before it ends."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """This application, as the platform knows it. `key`: RSA private key, PEM; `key_id`: of its public half, as
    registered."""

    token_url: str
    api_key: str
    key_id: str
    key: str


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float | str = LIFETIME
    """Seconds; the platform writes it as text."""


class Tokens:
    """The present access token, renewed before it ends or when it is refused. `clock`: Unix seconds."""

    def __init__(self, credentials: Credentials, asker: Asker, clock: Callable[[], float] = time) -> None:
        self._credentials, self._asker, self._clock = credentials, asker, clock
        self._key = RSAKey.import_key(credentials.key)
        self._renewing = asyncio.Lock()
        self._token = ""
        self._ends = 0.0

    async def bearer(self, refused: str = "") -> str | Failure:
        """A token that is not `refused`. Failures: `TOKEN_REFUSED` where the platform does not accept this
        application, `TOKEN_UNUSABLE` where it answers with anything else, and those of any request."""
        async with self._renewing:
            if self._token in ("", refused) or self._clock() >= self._ends:
                return await self._renew()
            return self._token

    async def _renew(self) -> str | Failure:
        self._token, asked = "", self._clock()
        reply = await self._asker.request(
            "POST",
            self._credentials.token_url,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            content=self._form(asked),
        )
        if isinstance(reply, Failure):
            return reply
        if reply.status != 200:
            return reply.failure("TOKEN_REFUSED" if reply.status in (400, 401, 403) else None)
        try:
            granted = msgspec.json.decode(reply.content, type=_Granted)
            self._ends = asked + float(granted.expires_in) - _BEFORE_ITS_END
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
            return Failure(code="TOKEN_UNUSABLE", may_pass=True)
        if not _TOKEN.fullmatch(granted.access_token):
            return Failure(code="TOKEN_UNUSABLE", may_pass=True)
        self._token = granted.access_token
        return self._token

    def _form(self, now: float) -> bytes:
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion(self._credentials, self._key, now),
        }
        return urlencode(form).encode()


def assertion(credentials: Credentials, key: RSAKey, now: float) -> str:
    """The signed JWT of one request for a token."""
    claims = {
        "iss": credentials.api_key,
        "sub": credentials.api_key,
        "aud": credentials.token_url,
        "jti": str(uuid4()),
        "exp": int(now) + LIFETIME,
    }
    header = {"alg": ALGORITHM, "typ": "JWT", "kid": credentials.key_id}
    return jwt.encode(header, claims, key, algorithms=[ALGORITHM])
