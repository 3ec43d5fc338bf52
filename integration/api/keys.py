"""ToldOnce's own signing key for access tokens (ES256), kept in `data_dir`/keys with mode 0600."""

import json
import os
import secrets
from pathlib import Path

from joserfc.jwk import ECKey

FILE_NAME = "access-token-es256.json"


def signing_key(data_dir: Path) -> ECKey:
    """The private key, made at the first call. Several processes may start at once: the first file wins."""
    folder = data_dir / "keys"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    path = folder / FILE_NAME
    if not path.exists():
        _publish(path, new_signing_key())
    return ECKey.import_key(json.loads(path.read_text()))


def new_signing_key() -> ECKey:
    """A fresh P-256 key whose id is its RFC 7638 thumbprint."""
    return ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, private=True, auto_kid=True)


def new_client_key() -> ECKey:
    """A fresh P-384 key for a client (ES384, SMART Backend Services); register its public half."""
    return ECKey.generate_key("P-384", {"use": "sig", "alg": "ES384"}, private=True, auto_kid=True)


def public_jwks(*keys: ECKey) -> dict[str, object]:
    """A JWK Set of the public halves, as a client's registration holds it."""
    return {"keys": [key.as_dict(private=False) for key in keys]}


def save_private(path: Path, key: ECKey) -> None:
    """Write a private key as JWK with mode 0600. Raises FileExistsError: a key is never overwritten."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(key.as_dict(private=True), file)
        file.flush()
        os.fsync(file.fileno())


def _publish(path: Path, key: ECKey) -> None:
    """Appear whole or not at all: written aside, then linked to its name unless another process was first."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    save_private(draft, key)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
