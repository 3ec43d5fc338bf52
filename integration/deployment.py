"""What belongs to one deployment: its secrets, and the ingest pipeline that is made with them. Apart from `main`, for a
worker needs no API."""

import os
import secrets
from contextlib import suppress

import asyncpg

from integration.config import Settings
from integration.feeds import EVERY
from integration.ingest.assemble import Assembler
from integration.ingest.pipeline import Pipeline
from mappings.uk_core import HEALTH_TEST_DATA


def secret_of(settings: Settings, name: str, length: int) -> bytes:
    """A secret of this deployment: from the settings where one is set, else made once and kept in the data folder."""
    if name == "ids" and settings.id_secret:
        return settings.id_secret.get_secret_value().encode()
    folder = settings.data_dir / "keys"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        draft = folder / f".{name}.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(length))
        with suppress(FileExistsError):  # another process was first: its secret counts
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_bytes()


def assembler(settings: Settings) -> Assembler:
    """What makes the record of statements, the same in every process of a deployment."""
    tags = (HEALTH_TEST_DATA,) if settings.test_data else ()
    return Assembler(EVERY, secret_of(settings, "ids", 32), tags)


def pipeline(settings: Settings, pool: asyncpg.Pool) -> Pipeline:
    """The ingest pipeline on a pool of the worker's login."""
    return Pipeline(pool, assembler(settings))
