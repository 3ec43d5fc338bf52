"""Ids for purposes beyond care: other keys than the record's, and for each recipient others.

A pseudonym is the id encrypted, one AES block, with a key made of the deployment's secret and the recipient: nobody
else can turn it back, two recipients cannot put their people together by it, and no table of pseudonyms is kept.
"""

import hmac
import re
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

_ID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Pseudonyms:
    """The pseudonyms of one recipient. `cipher`: a permutation of blocks of 16 bytes, as ids are."""

    cipher: Cipher[ECB]

    def of(self, id_: UUID) -> UUID:
        """The pseudonym of an id."""
        return UUID(bytes=self.cipher.encryptor().update(id_.bytes))

    def meaning(self, pseudonym: UUID) -> UUID:
        """The id that a pseudonym stands for; what is none of this recipient's stands for nobody."""
        return UUID(bytes=self.cipher.decryptor().update(pseudonym.bytes))

    def in_all(self, text: bytes) -> bytes:
        """The text with every id in it replaced."""
        return _ID.sub(lambda found: str(self.of(UUID(found[0].decode()))).encode(), text)


@lru_cache(maxsize=256)
def pseudonyms(secret: bytes, organisation: str) -> Pseudonyms:
    """Those of the organisation of this ODS code; `secret` is the deployment's, of 32 bytes."""
    key = hmac.digest(secret, b"beyond care: " + organisation.encode(), "sha256")
    return Pseudonyms(Cipher(AES(key), ECB()))  # noqa: S305  one block is a permutation, which is what an id needs
