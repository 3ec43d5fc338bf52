"""What is served as the NHS.UK design system is what its package gives, and asks no other server for anything."""

import json
import re
from importlib.metadata import version
from pathlib import Path

import pytest

CONSOLE = Path(__file__).parents[2] / "integration" / "console"
PINNED, STATIC = CONSOLE / "assets", CONSOLE / "static"
PINS = json.loads((PINNED / "package.json").read_text())["devDependencies"]


@pytest.mark.parametrize("name", sorted(one.name for one in STATIC.iterdir()))
def test_nothing_is_asked_of_another_server(name: str) -> None:
    text = (STATIC / name).read_text()
    assert set(re.findall(r"https?://[\w.]+", text)) <= {"http://www.w3.org"}  # the name of SVG
    assert "@font-face" not in text
    assert "@import" not in text


def test_style_sheet_and_macros_are_of_one_version() -> None:
    """The macros' own page says which release of theirs is for which of the style sheet: 0.10 for 10.6."""
    sheet = (STATIC / "nhsuk.css").read_text()
    assert f'--nhsuk-frontend-version: "{PINS["nhsuk-frontend"]}"' in sheet
    assert PINS["nhsuk-frontend"].startswith("10.6.")
    assert version("nhsuk-frontend-jinja").startswith("0.10.")
