"""Checkpoints, read by the specifications alone: c2sp.org/signed-note and c2sp.org/tlog-checkpoint."""

import base64
import binascii
import email
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_ED25519 = b"\x01"


class Malformed(ValueError):  # noqa: N818  it ends its sentence, as those of `integration.errors` do
    """A note or key that is none; the text says why."""


@dataclass(frozen=True)
class Key:
    """A verifier key and the checkpoints it is for: sizes from `first`, and below `until` unless that is None."""

    name: str
    id: bytes
    public: bytes
    first: int = 0
    until: int | None = None

    @classmethod
    def parse(cls, line: str) -> "Key":
        """From `<name>+<key id>+<key>`, and the sizes it is for where they follow. Raises Malformed."""
        vkey, *sizes = line.split() or ("",)
        name, _, rest = vkey.partition("+")
        key_id, _, key = rest.partition("+")
        try:
            material = base64.b64decode(key, validate=True)
            first, until = int(sizes[0]) if sizes else 0, int(sizes[1]) if len(sizes) > 1 else None
        except (ValueError, binascii.Error):
            raise Malformed("a verifier key is <name>+<key id>+<key>") from None
        if len(material) != 33 or material[:1] != _ED25519:
            raise Malformed("a verifier key of a log is an Ed25519 key")
        if sha256(name.encode() + b"\n" + material).digest()[:4].hex() != key_id:
            raise Malformed("the verifier key contradicts itself: part of it is missing or changed")
        return cls(name, bytes.fromhex(key_id), material[1:], first, until)

    def covers(self, size: int) -> bool:
        return self.first <= size and (self.until is None or size < self.until)


@dataclass(frozen=True)
class Note:
    """A checkpoint: what it says, the text that is signed, and the signatures under it."""

    text: str
    origin: str
    size: int
    root: bytes
    previous: bytes | None
    signatures: Sequence[tuple[str, bytes]]

    @property
    def digest(self) -> bytes:
        return sha256(self.text.encode()).digest()

    @classmethod
    def parse(cls, note: str) -> "Note":
        """Raises Malformed."""
        text, gap, signed = note.rpartition("\n\n")
        lines = f"{text}\n".splitlines()
        try:
            origin, size, root = lines[:3]
            previous = [line.split(" ", 1)[1] for line in lines[3:] if line.startswith("previous ")]
            said = cls(
                text=f"{text}\n",
                origin=origin,
                size=int(size),
                root=base64.b64decode(root, validate=True),
                previous=base64.b64decode(previous[0], validate=True) if previous else None,
                signatures=[_signature(line) for line in signed.splitlines()],
            )
        except (ValueError, binascii.Error):
            raise Malformed("it is no checkpoint") from None
        if not gap or len(said.root) != 32 or size != str(said.size) or not said.signatures:
            raise Malformed("it is no checkpoint")
        return said

    def signed_by(self, keys: Iterable[Key]) -> bool:
        """Whether a key that is for this size has signed it."""
        fitting = [key for key in keys if key.covers(self.size)]
        return any(
            name == key.name == self.origin and blob[:4] == key.id and _holds(key.public, blob[4:], self.text)
            for name, blob in self.signatures
            for key in fitting
        )


def read_note(text: str) -> Note:
    """A checkpoint from a file that somebody kept: the note, or the message that it came in. Raises Malformed."""
    if text.startswith(("Subject:", "Return-Path:", "Received:", "From:", "MIME-Version:")):
        payload = email.message_from_bytes(text.encode()).get_payload(decode=True)
        text = payload.decode() if isinstance(payload, bytes) else text
    return Note.parse(text)


def signed(text: str, line: str, keys: Iterable[Key]) -> bool:
    """Whether a signature line is that of one of the keys under this text, whatever sizes the key is for."""
    try:
        name, blob = _signature(line)
    except ValueError:
        return False
    return any(name == key.name and blob[:4] == key.id and _holds(key.public, blob[4:], text) for key in keys)


def _signature(line: str) -> tuple[str, bytes]:
    dash, name, blob = line.split(" ")
    if dash != "\u2014":
        raise ValueError(line)
    return name, base64.b64decode(blob, validate=True)


def _holds(public: bytes, signature: bytes, text: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text.encode())
    except InvalidSignature:
        return False
    return True
