"""What a MESH message holds, unpacked."""

import gzip
import io

import pytest

from adapters.transport import mesh
from adapters.transport.mesh import About, MeshUnavailable, Retrieved


class Sent(io.BytesIO):
    """A message of which MESH says that its sender compressed it."""

    compressed = True


def retrieved(content: bytes) -> Retrieved:
    return Retrieved(About("M1", "DATA", "X26ABC1", "W", "a.csv", None, encrypted=False), Sent(content))  # type: ignore[arg-type]


def test_what_is_too_large_unpacked_is_left_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh, "UNPACKED", 3 << 20)
    with retrieved(gzip.compress(bytes(3 << 20))).content() as content:
        assert len(content.read()) == 3 << 20
    with pytest.raises(MeshUnavailable, match="cannot be unpacked"):
        retrieved(gzip.compress(bytes((3 << 20) + 1))).content()


def test_what_does_not_fit_on_the_disk_is_left_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    files = [io.BytesIO(), Full()]
    monkeypatch.setattr(mesh, "_temporary", lambda: files.pop(0))
    with pytest.raises(MeshUnavailable, match="No space left on device"):
        retrieved(gzip.compress(b"x")).content()
    assert files == []
