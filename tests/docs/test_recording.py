"""docs/recording.md: every request of the page is sent, in order, and answered as the page says."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from integration.store.database import Database
from tests.database.recording import recorder, recording
from tests.database.serving import Site

PAGE = (Path(__file__).parents[2] / "docs" / "recording.md").read_text()
ASKED = re.findall(r"^```http\n(.*?)^```\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
async def site(database: Database, owner: asyncpg.Connection, tmp_path: Path) -> AsyncIterator[Site]:
    async with recording(database, owner, tmp_path) as found:
        yield found


async def test_every_request_is_answered_as_the_page_says(site: Site) -> None:
    gp = await recorder(site)
    names = {"patient": str(await site.person())}
    assert len(ASKED) == PAGE.count("```http") >= 10
    for request, expected in ASKED:
        for name, value in names.items():
            request = request.replace(f"{{{name}}}", value)
        head, _, body = request.partition("\n\n")
        line, *headers = head.split("\n")
        method, path = line.split(" ")
        sent = dict(header.split(": ", 1) for header in headers if header)
        answer = await gp.ask(method, path.removeprefix("/fhir/"), headers=sent, content=body.encode())
        status, *stated = expected.strip().split("\n")
        assert f"{answer.status_code} {status.split(' ', 1)[1]}" == status, f"{line}: {answer.text}"
        for header in stated:
            name, value = header.split(": ", 1)
            beginning, _, end = value.partition("…")  # a tag's digest differs from run to run
            told = answer.headers[name]
            assert told.startswith(beginning), line
            assert told.endswith(end), line
            assert "…" in value or told == value, line
        if answer.status_code == 201:
            kind, id_ = answer.headers["Location"].split("/")[-4:-2]
            names.setdefault(kind, id_)
