"""Checkpoints as signed notes. Pure.

https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint, https://c2sp.org/tlog-cosignature

    <origin>                            the name of the log, and of the key that signs for it
    <size>                              how many events are sealed
    <root>                              the tree's root over them, base64
    previous <digest>                   SHA-256 of the text of the checkpoint before, base64; the first has no such line

    — <origin> <signature>              base64 of 4 bytes that name the key, and 64 of Ed25519

The line `previous` is an extension line of the format: one checkpoint kept elsewhere vouches for every one before it.
"""

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from integration.errors import NotPossible

ED25519, COSIGNATURE = 0x01, 0x04
"""Signature types: of the log itself, and of a witness, which adds when it saw the checkpoint."""
_DASH = "\N{EM DASH} "


@dataclass(frozen=True)
class Signer:
    """A key of the log: its name, which is the log's origin, and the Ed25519 seed of 32 bytes."""

    name: str
    seed: bytes

    @property
    def vkey(self) -> str:
        """The public half, as verifiers are given it: `<name>+<key id>+<key>`."""
        public = self._private().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        material = bytes([ED25519]) + public
        return f"{self.name}+{_key_id(self.name, material).hex()}+{_b64(material)}"

    def sign(self, text: str) -> str:
        """The note of a text: the text and our signature line."""
        key_id = bytes.fromhex(self.vkey.split("+")[1])
        return f"{text}\n{_DASH}{self.name} {_b64(key_id + self._private().sign(text.encode()))}\n"

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def _key_id(name: str, material: bytes) -> bytes:
    return sha256(f"{name}\n".encode() + material).digest()[:4]


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint says. `previous` is None in the first."""

    origin: str
    size: int
    root: bytes
    previous: bytes | None = None

    @property
    def text(self) -> str:
        lines = [self.origin, str(self.size), _b64(self.root)]
        lines += [f"previous {_b64(self.previous)}"] if self.previous is not None else []
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def of(cls, note: str) -> "Checkpoint":
        """What a note of ours says; no signature is checked. Raises NotPossible."""
        try:
            origin, size, root, *more = text_of(note).splitlines()
            previous = next((line.removeprefix("previous ") for line in more if line.startswith("previous ")), None)
            return cls(origin, int(size), base64.b64decode(root), base64.b64decode(previous) if previous else None)
        except ValueError:
            raise NotPossible("this is no checkpoint") from None


def text_of(note: str) -> str:
    """What of a note is signed: all before the last empty line."""
    return note[: note.rindex("\n\n") + 1]


def digest(note: str) -> bytes:
    """What the next checkpoint calls `previous`."""
    return sha256(text_of(note).encode()).digest()


def cosigned(text: str, line: str, witnesses: tuple[str, ...]) -> bool:
    """Whether a signature line under this text is a witness's cosignature. `witnesses` are verifier keys."""
    for vkey in witnesses:
        name, key_id, material = _witness(vkey)
        prefix = f"{_DASH}{name} "
        if not line.startswith(prefix):
            continue
        try:
            blob = base64.b64decode(line.removeprefix(prefix), validate=True)
        except binascii.Error:
            return False
        if blob[:4] == key_id and len(blob) == 76:
            moment = int.from_bytes(blob[4:12], "big")
            return _holds(material[1:], blob[12:], f"cosignature/v1\ntime {moment}\n{text}")
    return False


def _witness(vkey: str) -> tuple[str, bytes, bytes]:
    """Name, key id and key of a verifier key. Raises NotPossible."""
    try:
        name, key_id, key = vkey.split("+", 2)
        material = base64.b64decode(key, validate=True)
    except ValueError:
        raise NotPossible("a witness's key is <name>+<key id>+<key>") from None
    if material[0] != COSIGNATURE or len(material) != 33 or _key_id(name, material).hex() != key_id:
        raise NotPossible(f"the key of {name} is no Ed25519 key of a witness")
    return name, bytes.fromhex(key_id), material


def _holds(public: bytes, signature: bytes, message: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message.encode())
    except InvalidSignature:
        return False
    return True
