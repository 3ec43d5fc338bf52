"""ZIP files damaged in ways for which `zipfile` has no error of its own: refused, or read without the damage."""

import io
import struct
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.community import parse as csds
from adapters.community.write import write as write_csds
from adapters.errors import Unreadable
from adapters.mental_health import parse as mhsds
from adapters.mental_health.write import write as write_mhsds
from adapters.records import Parsed
from tests.unit.adapters import community_submission as community
from tests.unit.adapters import mental_health_submission as mental_health

AS_OF = datetime(2026, 7, 2, tzinfo=UTC)
FEEDS = [
    pytest.param(csds.parse, write_csds(community.HEADER, community.ROWS), id="community"),
    pytest.param(mhsds.parse, write_mhsds(mental_health.HEADER, mental_health.ROWS), id="mental_health"),
]
Parse = Callable[..., Parsed]


def refused(parse: Parse, content: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        parse(content, name="sent.zip", sender="X9C", as_of=AS_OF)
    return caught.value.defect.code


@pytest.mark.parametrize(("parse", "sound"), FEEDS)
def test_an_offset_that_leads_before_the_start_of_the_file(parse: Parse, sound: bytes) -> None:
    """`zipfile` seeks there: ValueError (negative seek value)."""
    end = sound.rindex(b"PK\x05\x06")
    size, offset = struct.unpack_from("<II", sound, end + 12)
    damaged = bytearray(sound)
    struct.pack_into("<II", damaged, end + 12, size, offset + 10_000_000)
    assert refused(parse, bytes(damaged)) == "not-a-zip"


def test_an_offset_that_leads_before_the_start_of_a_file_on_disk(tmp_path: Path) -> None:
    sound = bytearray(write_mhsds(mental_health.HEADER, mental_health.ROWS))
    struct.pack_into("<I", sound, sound.rindex(b"PK\x05\x06") + 16, 0x7FFFFFFF)
    (tmp_path / "sent.zip").write_bytes(sound)
    with (tmp_path / "sent.zip").open("rb") as file, pytest.raises(Unreadable) as caught:
        list(mhsds.pieces(file, name="sent.zip", sender="X9C", as_of=AS_OF))
    assert caught.value.defect.code == "not-a-zip"


@pytest.mark.parametrize(("parse", "sound"), FEEDS)
def test_an_entry_without_a_name_is_reported_and_the_rest_read(parse: Parse, sound: bytes) -> None:
    """`ZipInfo.is_dir` looks at the last character of the name: IndexError."""
    content = io.BytesIO(sound)
    with zipfile.ZipFile(content, "a") as archive:
        nameless = zipfile.ZipInfo("x")
        nameless.filename = ""
        with archive.open(nameless, "w") as file:
            file.write(b"whatever")
    parsed = parse(content.getvalue(), name="sent.zip", sender="X9C", as_of=AS_OF)
    whole = parse(sound, name="sent.zip", sender="X9C", as_of=AS_OF)
    assert [one.code for one in parsed.defects] == ["unknown-table"]
    assert parsed.events == whole.events
