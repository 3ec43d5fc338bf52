"""docs/caseloads.md: every word of a description is explained, and what the demo does is what it says."""

import json
from pathlib import Path

from integration.teams.caseloads.document import schema
from integration.teams.caseloads.keeper import ENDED

PAGE = Path(__file__).parents[2] / "docs" / "caseloads.md"
WITHIN = {"at least", "within months"}
"""Words that only stand within others."""


def test_every_word_of_a_description_is_explained() -> None:
    page, whole = PAGE.read_text(), json.loads(schema())
    rule = whole["properties"]["found by rule"]["properties"]
    parts = (whole["properties"], rule, *(part.get("properties", {}) for part in whole["$defs"].values()))
    words = {word for part in parts for word in part} - WITHIN
    assert sorted(word for word in words if f"`{word}`" not in page and f"`{word}:" not in page) == []


def test_every_reason_to_end_a_membership_is_named() -> None:
    assert all(f"`{why}`" in PAGE.read_text() for why in ENDED)
