"""The tutorial is what the files say: every piece of code on the page stands, in that order, in the file it names."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "add-a-feed.md").read_text()
PIECES = re.findall(r"^`([^`\n]+)`:\n\n```(?:python|json)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
STEPS = ["Say what the sector says", "Read it", "Decide what stands", "Map it", "Write it", "Register it"]


@pytest.mark.parametrize(("file", "piece"), PIECES, ids=[file for file, _ in PIECES])
def test_every_piece_of_code_is_in_the_file_it_names(file: str, piece: str) -> None:
    rest = (ROOT / file).read_text()
    for part in re.split(r"^ *\.\.\.\n", piece, flags=re.MULTILINE):
        _, found, rest = rest.partition(part)
        assert found, f"{file} does not have these lines:\n{part}"


def test_every_piece_of_code_names_its_file() -> None:
    assert len(PIECES) == len(re.findall(r"^```(?:python|json)$", PAGE, re.MULTILINE)) >= 10


def test_the_steps_are_those_of_the_house_in_order() -> None:
    assert re.findall(r"^## \d\. (.+)$", PAGE, re.MULTILINE)[:-1] == STEPS
    assert [int(number) for number in re.findall(r"^## (\d)\.", PAGE, re.MULTILINE)] == list(range(1, len(STEPS) + 2))


def test_the_page_names_every_file_of_the_adapter() -> None:
    """Of the mapping it names the order and some examples; the rest is one module for each group of tables."""
    files = {path.name for path in (ROOT / "adapters" / "mental_health").glob("*.py") if path.stat().st_size}
    assert {name for name in files if f"adapters/mental_health/{name}" not in PAGE} == set()


def test_registering_is_one_line() -> None:
    lines = (ROOT / "integration" / "feeds.py").read_text().splitlines()
    assert len([line for line in lines if '"mental_health"' in line]) == 1


def test_nothing_outside_knows_of_the_feed() -> None:
    """Whatever takes it in, links it, decides on it, keeps it and serves it does so for any feed."""
    knowing = [
        path
        for package in ("ingest", "identity", "sharing", "store", "api")
        for path in (ROOT / "integration" / package).rglob("*.py")
        if re.search(r"mental_health|MHSDS", path.read_text())
    ]
    assert knowing == []
