"""The keys that sign the audit's checkpoints, oldest first: `data_dir`/keys/audit-log.json, mode 0600.

A key is valid for checkpoints of the sizes it was used for. Rotation ends the one key's sizes and begins the next
one's, so that a key that gets out later signs nothing that would be believed.
"""

import base64
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from integration.audit.note import Signer
from integration.config import Settings
from integration.errors import NotPossible

FILE_NAME = "audit-log.json"


class LogKey(msgspec.Struct, frozen=True):
    """A key and the checkpoints it is for: sizes from `first`, and below `until` unless that is None."""

    name: str
    seed: str
    """Base64 of 32 random bytes."""
    first: int = 0
    until: int | None = None

    @property
    def signer(self) -> Signer:
        return Signer(self.name, base64.b64decode(self.seed))

    @property
    def line(self) -> str:
        """The verifier key and its sizes, as they are printed and put into archives; it holds nothing secret."""
        return f"{self.signer.vkey} {self.first} {'' if self.until is None else self.until}".strip()


class LogKeys:
    """The keys of one deployment, read anew whenever they are asked for: a rotation holds for every process at once."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.data_dir / "keys" / FILE_NAME
        self._origin = settings.audit_origin

    def all(self) -> Sequence[LogKey]:
        """Every key there was, oldest first; the first is made where there is none."""
        if not self._path.exists():
            self._publish([_new(self._origin, 0)], first=True)
        return msgspec.json.decode(self._path.read_bytes(), type=list[LogKey])

    def signer(self) -> Signer:
        """The key that signs now."""
        return self.all()[-1].signer

    def rotate(self, size: int) -> LogKey:
        """A new key for checkpoints of more than `size` events. Nobody may sign meanwhile: see `seal.alone`."""
        *before, last = self.all()
        if last.first > size:
            raise NotPossible("nothing was signed since the last rotation")
        new = _new(last.name, size + 1)
        self._publish([*before, msgspec.structs.replace(last, until=size + 1), new], first=False)
        return new

    def _publish(self, keys: Sequence[LogKey], *, first: bool) -> None:
        """Appear whole or not at all. Of several processes that make the first key, one wins."""
        folder = self._path.parent
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        draft = folder / f".{FILE_NAME}.{secrets.token_hex(8)}"
        _write(draft, msgspec.json.format(msgspec.json.encode(keys)))
        if first:
            with suppress(FileExistsError):
                self._path.hardlink_to(draft)
            draft.unlink()
        else:
            draft.replace(self._path)


def _new(origin: str, first: int) -> LogKey:
    return LogKey(origin, base64.b64encode(secrets.token_bytes(32)).decode(), first)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
