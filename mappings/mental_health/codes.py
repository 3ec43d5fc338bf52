"""MHSDS codes -> CodeableConcepts: those of its own lists, and those that it shares with other data sets."""

from mappings import uk_core
from mappings.datatypes import Json, coding, compact
from mappings.tables.codes import clinical, mapped, own, target_only, words

__all__ = ["clinical", "mapped", "own", "snomed_or_text", "target_only", "unlisted", "words"]

_BASE = "https://toldonce.example/CodeSystem/mhsds-"
"""Of the systems of MHSDS code lists, for which NHS England publishes no URI."""


def unlisted(name: str, code: str | None) -> Json | None:
    """A code of a list that was not available (source of referral, agreed by ...), as sent."""
    return compact(coding=[coding(f"{_BASE}{name}", code)], text=code) if code else None


def snomed_or_text(code: str) -> Json:
    """A coded clinical entry: MHSDS version 6 sends SNOMED CT, possibly an expression; anything else stays text."""
    return {"coding": [coding(uk_core.SNOMED, code)]} if code.isdigit() else {"text": code}
