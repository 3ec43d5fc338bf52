"""Tokens that no honest library would sign."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from joserfc.jwk import ECKey


def unsigned(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """A JWT with `alg` none and an empty signature."""
    return f"{_part({**header, 'alg': 'none'})}.{_part(claims)}."


def hmac_signed(header: Mapping[str, Any], claims: Mapping[str, Any], key: ECKey) -> str:
    """A JWT signed with HS256 whose secret is the verifier's public key, which everybody knows."""
    signed = f"{_part({**header, 'alg': 'HS256'})}.{_part(claims)}"
    return f"{signed}.{_text(hmac.digest(key.as_pem(private=False), signed.encode(), hashlib.sha256))}"


def _part(content: Mapping[str, Any]) -> str:
    return _text(json.dumps(content).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
