"""A MESH mailbox: what lies in it, streamed to temporary files; nothing is acknowledged that the caller has not stored.

MESH is the NHS's file exchange; its client library is synchronous: call this from a thread.
https://digital.nhs.uk/developer/api-catalogue/message-exchange-for-social-care-and-health-api
"""

import errno
import gzip
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import IO, BinaryIO, cast

import requests
import urllib3
from mesh_client import MeshClient, Message

from adapters.errors import AdapterError

IN_MEMORY = 1 << 20
"""Bytes of a file that are held; what is larger goes to disk."""
UNPACKED = 4 << 30
"""Bytes of a file that its sender compressed, at most."""
_GZIP = b"\x1f\x8b"


class MeshUnavailable(AdapterError):  # noqa: N818  as `Unreadable`
    """MESH did not answer, or not as it should. The text holds neither addresses nor secrets."""


@dataclass(frozen=True)
class Access:
    """Where MESH is and who asks. `shared_key` belongs to the environment (integration, live), the rest to the mailbox;
    `authority` is a PEM file for a MESH of one's own: those of the NHS are known to the client library."""

    url: str
    mailbox: str
    password: str
    shared_key: str
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None


@dataclass(frozen=True)
class About:
    """What MESH says of a message, in its headers (`mex-*`)."""

    id: str
    kind: str
    """DATA, or REPORT: something that this mailbox sent was not delivered."""
    sender: str
    """Mailbox id."""
    workflow: str
    name: str
    """File name as the sender gave it; the message id where it gave none."""
    arrived: datetime | None
    """When it was put into this mailbox: the same at each retrieval. Aware."""
    encrypted: bool


@dataclass(frozen=True)
class Retrieved:
    """A message whose content has not been read yet."""

    about: About
    _message: Message

    def content(self) -> BinaryIO:
        """All its chunks in one seekable file, at its start, decompressed where its sender compressed it. The caller
        closes it. Raises MeshUnavailable."""
        file = _temporary()
        try:
            with _answering():
                shutil.copyfileobj(cast(IO[bytes], self._message), file, IN_MEMORY)
        except MeshUnavailable:
            file.close()
            raise
        return _decompressed(file) if self._message.compressed else _rewound(file)


class Mailbox:
    """A mailbox, opened by `with`."""

    def __init__(self, access: Access) -> None:
        certificate = (str(access.certificate), str(access.key or access.certificate)) if access.certificate else None
        self._client = MeshClient(
            access.url,
            access.mailbox,
            access.password,
            access.shared_key.encode(),
            cert=certificate,
            verify=str(access.authority) if access.authority else None,
            timeout=60,
            application_name="ToldOnce",
        )

    def __enter__(self) -> "Mailbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ids(self) -> list[str]:
        """Every message that is not acknowledged, oldest first. Raises MeshUnavailable."""
        with _answering():
            return list(self._client.iterate_message_ids())

    @contextmanager
    def retrieve(self, id_: str) -> Iterator[Retrieved]:
        """A message; its content is transferred when it is asked for. Raises MeshUnavailable."""
        with _answering():
            message = self._client.retrieve_message(id_)
        try:
            yield Retrieved(_about(id_, message), message)
        finally:
            message.close()

    def acknowledge(self, id_: str) -> None:
        """Tell MESH that it may forget the message. Raises MeshUnavailable."""
        with _answering():
            self._client.acknowledge_message(id_)


def _about(id_: str, message: Message) -> About:
    return About(
        id=id_,
        kind=message.message_type or "DATA",
        sender=(message.sender or "").upper(),
        workflow=message.workflow_id or "",
        name=message.filename or id_,
        arrived=_moment(message.mex_header("statustimestamp")),
        encrypted=bool(message.encrypted),
    )


def _moment(text: str | None) -> datetime | None:
    """`20221120145012`, UTC."""
    try:
        return datetime.strptime(text or "", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code if error.response is not None else "nothing"
        raise MeshUnavailable(f"MESH answered {status}") from None
    except (OSError, urllib3.exceptions.HTTPError, EOFError, ValueError, zlib.error) as error:
        raise MeshUnavailable(f"MESH could not be used ({type(error).__name__})") from None


def _decompressed(file: BinaryIO) -> BinaryIO:
    """The content of a gzip file. Any other file as it is: whoever reads it will say what is wrong with it. Raises
    MeshUnavailable for what is too large when unpacked, for the disk or for us."""
    file.seek(0)
    if file.read(2) != _GZIP:
        return _rewound(file)
    plain = _temporary()
    try:
        with gzip.GzipFile(fileobj=_rewound(file), mode="rb") as packed:
            _copy(packed, plain)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        plain.close()
        return _rewound(file)
    except OSError as error:
        plain.close()
        file.close()
        raise MeshUnavailable(f"it cannot be unpacked ({error.strerror or type(error).__name__})") from None
    file.close()
    return _rewound(plain)


def _copy(packed: gzip.GzipFile, plain: BinaryIO) -> None:
    size = 0
    while part := packed.read(IN_MEMORY):
        size += len(part)
        if size > UNPACKED:
            raise OSError(errno.EFBIG, f"it is larger than {UNPACKED >> 30} GiB")
        plain.write(part)


def _temporary() -> BinaryIO:
    return cast(BinaryIO, SpooledTemporaryFile(IN_MEMORY))


def _rewound(file: BinaryIO) -> BinaryIO:
    file.seek(0)
    return file
