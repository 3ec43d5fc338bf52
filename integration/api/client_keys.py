"""The public keys of clients and of identity providers: read strictly, and fetched where they are published at a URL.

A JWK Set (RFC 7517) at a URL is kept for as long as its Cache-Control says (SMART App Launch,
client-confidential-asymmetric). A key id that is not in it has it fetched again, so that a new key works at once; never
more often than every ten seconds, so that nobody can have us knock on somebody's door all day. Only the registered URL
is ever asked, and a redirect is not followed.
"""

import asyncio
import re
from base64 import urlsafe_b64decode
from binascii import Error as BinasciiError
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from adapters.transport.asking import Asker, Failure, Limits

Keys = Mapping[str, Mapping[str, Any]]
"""Public JWKs by key id."""

FETCH = Limits(timeout=3, attempts=1, largest=1 << 16)
"""What is given to a fetch of keys: three seconds, 64 KiB, one attempt."""
_CURVES = frozenset({"P-256", "P-384", "P-521"})
_LEAST_RSA = 2048
_MOST_KEYS = 32
_ACCEPT = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}
_UNSAID, _LEAST, _LONGEST = 300.0, 10.0, 3600.0
"""Seconds: kept where Cache-Control says nothing; between two fetches; kept whatever it says."""
_LONGEST_WAIT = 120.0
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_MAX_AGE = re.compile(r"max-age=\"?([0-9]{1,9})")

log = structlog.get_logger(__name__)


def require_key_url(url: str) -> None:
    """Raise ValueError unless keys may be fetched from there: by https, or by http from this very machine."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("the URL of the keys cannot be read") from None
    if not parts.hostname or parts.username or parts.password or parts.fragment or not url.isascii() or " " in url:
        raise ValueError("the URL of the keys has a host, and neither a user nor a fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError("the URL of the keys begins with https://")


def public_keys(document: object) -> Keys:
    """The signature keys of a JWK Set. Kinds that nobody signs assertions with are passed over. Raises ValueError for a
    set that holds a secret, a weak key, two keys of one id, or nothing to verify with."""
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS or not all(isinstance(one, dict) for one in listed):
        raise ValueError(f"a JWK Set is an object with at most {_MOST_KEYS} `keys`")
    keys: dict[str, Mapping[str, Any]] = {}
    for jwk in listed:
        _refuse_secret(jwk)
        if jwk.get("kty") not in ("EC", "RSA") or jwk.get("use", "sig") != "sig":
            continue
        _refuse_weak(jwk)
        kid = jwk.get("kid")
        if not isinstance(kid, str) or not kid or kid in keys:
            raise ValueError("every key has a `kid` of its own")
        keys[kid] = jwk
    if not keys:
        raise ValueError("register public EC or RSA keys: there is none")
    return keys


def _refuse_secret(jwk: Mapping[str, Any]) -> None:
    if "d" in jwk or "k" in jwk or jwk.get("kty") == "oct":
        raise ValueError("the key set holds a secret key, which is now known to others: register public keys only")


def _refuse_weak(jwk: Mapping[str, Any]) -> None:
    if jwk["kty"] == "EC" and jwk.get("crv") not in _CURVES:
        raise ValueError("an EC key is on P-256, P-384 or P-521")
    try:
        if jwk["kty"] == "RSA" and len(urlsafe_b64decode(f"{jwk['n']}==")) * 8 < _LEAST_RSA:
            raise ValueError(f"an RSA key has at least {_LEAST_RSA} bits")
        JWKRegistry.import_key(dict(jwk))
    except (JoseError, BinasciiError, TypeError, KeyError):
        raise ValueError("a key cannot be read") from None


@dataclass(eq=False)
class _Published:
    keys: Keys = field(default_factory=dict)
    until: float = 0.0
    not_before: float = 0.0
    failures: int = 0
    fetching: asyncio.Lock = field(default_factory=asyncio.Lock)


class PublishedKeys:
    """Key sets at URLs, for as long as they may be kept. `clock` gives seconds that only ever grow."""

    def __init__(self, asker: Asker, clock: Callable[[], float] = monotonic) -> None:
        self._asker = asker
        self._clock = clock
        self._sets: dict[str, _Published] = {}
        """By URL; no more of them than are registered."""

    async def holding(self, url: str, kid: str) -> Keys:
        """The keys at a registered URL, fetched anew where `kid` is not among those in hand; it may not be among those
        returned either. Empty where they cannot be had."""
        published = self._sets.setdefault(url, _Published())
        if not self._serves(published, kid):
            async with published.fetching:  # whoever waited finds what the one before it fetched
                if not self._serves(published, kid):
                    await self._renew(url, published)
        return published.keys if self._clock() < published.until else {}

    def _serves(self, published: _Published, kid: str) -> bool:
        now = self._clock()
        return now < published.not_before or (now < published.until and kid in published.keys)

    async def _renew(self, url: str, published: _Published) -> None:
        try:
            found = await fetched(self._asker, url)
        except ValueError as error:
            published.failures += 1
            wait = min(_LEAST * 2 ** (published.failures - 1), _LONGEST_WAIT)
            published.not_before = self._clock() + wait
            log.warning("keys could not be fetched", url=url, why=str(error))
            return
        now = self._clock()
        published.keys, published.failures = found.keys, 0
        published.until, published.not_before = now + found.kept, now + _LEAST


class Fetched(NamedTuple):
    """Keys as they are published now, and for how many seconds they may be kept."""

    keys: Keys
    kept: float


async def fetched(asker: Asker, url: str) -> Fetched:
    """The keys at a URL. Raises ValueError with what is wrong with the answer, or with what is published."""
    reply = await asker.request("GET", url, headers=_ACCEPT)
    if isinstance(reply, Failure) or reply.status != 200:
        raise ValueError(reply.code if isinstance(reply, Failure) else f"HTTP_{reply.status}")
    try:
        document = orjson.loads(reply.content)
    except orjson.JSONDecodeError:
        raise ValueError("what is published is not JSON") from None
    return Fetched(public_keys(document), _kept(reply.headers.get("Cache-Control", "")))


def _kept(cache_control: str) -> float:
    """Seconds for which a set may be kept. What may not be kept at all is used for ten seconds all the same: somebody
    else's claim to be this client must not become a request to its server."""
    said = cache_control.lower()
    if "no-store" in said or "no-cache" in said:
        return _LEAST
    found = _MAX_AGE.search(said)
    return min(max(float(found[1]), _LEAST), _LONGEST) if found else _UNSAID
