"""The public keys of clients and of identity providers: read strictly, and fetched where they are published at a URL.

A JWK Set (RFC 7517) at a URL is kept for as long as its Cache-Control says (SMART App Launch,
client-confidential-asymmetric). A key id that is not in it has it fetched again, so that a new key works at once.
"""

from base64 import urlsafe_b64decode
from binascii import Error as BinasciiError
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

from adapters.transport.asking import Asker
from integration.api.published import Published, require_genuine

Keys = Mapping[str, Mapping[str, Any]]
"""Public JWKs by key id."""

_CURVES = frozenset({"P-256", "P-384", "P-521"})
_LEAST_RSA = 2048
_MOST_KEYS = 32


def require_key_url(url: str) -> None:
    """Raise ValueError unless keys may be fetched from there."""
    require_genuine(url, "the URL of the keys")


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


class PublishedKeys:
    """Key sets at URLs, for as long as they may be kept. `clock` gives seconds that only ever grow."""

    def __init__(self, asker: Asker, clock: Callable[[], float] = monotonic) -> None:
        self._sets = Published(asker, public_keys, clock)

    async def holding(self, url: str, kid: str) -> Keys:
        """The keys at a registered URL, fetched anew where `kid` is not among those in hand; it may not be among those
        returned either. Empty where they cannot be had."""
        return await self._sets.at(url, lambda keys: kid in keys) or {}
