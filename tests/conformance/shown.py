"""The resources that the docs show whole: answers, and what is sent in requests."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(json|http)\n(.*?)^```(?:\n\n```text\n(\d))?", re.MULTILINE | re.DOTALL)
"""Its language, what it shows, and with which digit the status begins that the next block answers."""
_SHORTENED = re.compile(r'^\s*"?…', re.MULTILINE)
_PLACEHOLDER = re.compile(r"\{\w+\}")
"""Of an id, as in `Patient/{patient}`."""
_SOME_ID = "11111111-1111-4111-8111-111111111111"
_REFUSED = "4"


def in_the_docs() -> Iterator[dict[str, Any]]:
    """Of every page. What is shown in short is among what is made, whole; what is refused is wrong on purpose."""
    for page in (_ROOT / "README.md", *sorted((_ROOT / "docs").glob("*.md"))):
        yield from shown(page.read_text())


def shown(page: str) -> Iterator[dict[str, Any]]:
    """The resources of one page."""
    for _, block, status in _BLOCK.findall(page):
        for part in block.split("\n\n"):
            if re.match(r'\{\s*"resourceType"', part) and not _SHORTENED.search(part) and status != _REFUSED:
                yield json.loads(_PLACEHOLDER.sub(_SOME_ID, part))
