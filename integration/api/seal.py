"""Opaque cursors: the parameters of a search, sealed, so that no URL of our making holds patient data.

AES-SIV (RFC 5297) is deterministic: the same search of the same client has the same link. A cursor opens only for the
client it was made for.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from integration.errors import BadRequest

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Seal:
    """Seals and opens cursors with a key of 64 bytes."""

    key: bytes

    def close(self, parameters: Parameters, client: str) -> str:
        sealed = AESSIV(self.key).encrypt(orjson.dumps(list(parameters)), [client.encode()])
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def open(self, cursor: str, client: str) -> list[tuple[str, str]]:
        """Raises BadRequest for a cursor that is not ours or was made for another client."""
        try:
            sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            opened = AESSIV(self.key).decrypt(sealed, [client.encode()])
        except (ValueError, InvalidTag):
            raise BadRequest("The cursor is not one of this server's for this client.", parameter="_cursor") from None
        return [(name, value) for name, value in orjson.loads(opened)]
