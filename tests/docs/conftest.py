"""Parts of docs/ are made from the code: compared in every run, written anew by `make docs`."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-docs", action="store_true", help="write the parts of docs/ that are made from the code")


@pytest.fixture
def documented(request: pytest.FixtureRequest) -> Callable[[str, str, str], None]:
    """`documented("docs/cli.md", "commands", text)`: that part of the page is this text, or becomes it."""
    write = request.config.getoption("--write-docs", default=False)

    def compare(page: str, part: str, text: str) -> None:
        path = ROOT / page
        before, found, after = _split(path.read_text(), part)
        if write and found.strip() != text.strip():
            path.write_text(f"{before}\n\n{text.strip()}\n\n{after}")
            found = text
        assert found.strip() == text.strip(), f"{page} does not say what the code says: run `make docs`"

    return compare


def _split(page: str, part: str) -> tuple[str, str, str]:
    begin, end = rf"<!-- {part}: made by `make docs` -->", rf"<!-- end of {part} -->"
    match = re.fullmatch(rf"(.*{begin})(.*)({end}.*)", page, re.DOTALL)
    assert match, f"the page has no part {part}"
    return match[1], match[2], match[3]
