"""One sign-in with an identity provider, while it is under way: what we send with it, and must get back.

OpenID Connect Core 1.0, 3.1.2.1 (`state`, `nonce`), and PKCE, RFC 7636 (S256). The browser that begins it keeps a
secret in a cookie; everything else is derived from that, so the server keeps nothing, and an answer counts in that
browser only: nobody can be signed in as somebody else by a link (RFC 6749, 10.12). Pure, but for the secret.
"""

import hmac
import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BinasciiError
from dataclasses import dataclass
from hashlib import sha256

import orjson

FIRST = "/console"
"""The page of whoever asked for none."""
_LONGEST = 1000
_PAGE = re.compile(r"/console(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*(?:\?[A-Za-z0-9._~%&=+:@,;/-]*)?")


def page_of_ours(path: str) -> str:
    """The path, with its query, where it is of the console; else the console's first page. What a request names is
    nowhere else: no other site, and nothing that a browser could take for one."""
    return path if len(path) <= _LONGEST and _PAGE.fullmatch(path) else FIRST


@dataclass(frozen=True)
class Attempt:
    """`issuer`: with which provider; `page`: which page was asked for."""

    secret: str
    issuer: str
    page: str

    @classmethod
    def begin(cls, issuer: str, page: str) -> "Attempt":
        """A new one, with 256 random bits."""
        return cls(secrets.token_urlsafe(32), issuer, page_of_ours(page))

    @property
    def state(self) -> str:
        return self._derived("state")

    @property
    def nonce(self) -> str:
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """Of the verifier (RFC 7636, 4.2)."""
        return _text(sha256(self.verifier.encode()).digest())

    def answers(self, state: str) -> bool:
        """Whether an answer with that state is one to this."""
        return hmac.compare_digest(self.state.encode(), state.encode("utf-8", "replace"))

    def cookie(self) -> str:
        """What the browser keeps."""
        return _text(orjson.dumps([self.secret, self.issuer, self.page]))

    @classmethod
    def kept(cls, cookie: str) -> "Attempt | None":
        """The one that a browser keeps; None for what is none."""
        try:
            found = orjson.loads(urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)))
        except (ValueError, BinasciiError):
            return None
        if not (isinstance(found, list) and len(found) == 3 and all(isinstance(one, str) for one in found)):
            return None
        secret, issuer, page = found
        return cls(secret, issuer, page_of_ours(page)) if len(secret) >= 43 else None

    def _derived(self, what: str) -> str:
        said = "\0".join((what, self.issuer, self.page)).encode()
        return _text(hmac.digest(self.secret.encode(), said, "sha256"))


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
