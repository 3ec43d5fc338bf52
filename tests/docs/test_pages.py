"""Pages with a form of their own: the changelog, the promises, the glossary."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_changelog_is_kept_as_keepachangelog_says():
    """https://keepachangelog.com/en/1.1.0/"""
    text = (ROOT / "CHANGELOG.md").read_text()
    assert text.startswith("# Changelog\n")
    releases = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert releases[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", one) for one in releases[1:])
    for release in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        kinds = re.findall(r"^### (.*)$", release, re.MULTILINE)
        assert set(kinds) <= KINDS
        assert len(set(kinds)) == len(kinds)
    assert all(re.match(r"[-#\[A-Z ]|$", line) for line in text.splitlines())


def test_every_promise_names_the_code_and_the_tests_that_hold_it():
    """That the files exist is checked for every page in `test_repository`."""
    text = (ROOT / "SECURITY.md").read_text()
    promises = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    assert [one[:2] for one in promises] == [f"{number}." for number in range(1, 10)]
    for promise in promises:
        section = promise.split("\n## ")[0]
        assert re.search(r"`(?:adapters|mappings|integration|docker)/", section), promise.splitlines()[0]
        assert "`tests/" in section, promise.splitlines()[0]


def test_the_glossary_is_in_order_and_says_each_word_once():
    words = re.findall(r"^\*\*(.+?)\*\*", (ROOT / "GLOSSARY.md").read_text(), re.MULTILINE)
    assert words == sorted(set(words), key=str.lower)
