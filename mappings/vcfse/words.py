"""The words of a charity's sheet, made comparable with the source codes of the Vcfse concept maps."""

import re
from typing import Any

from mappings.concept_maps import translate

Json = dict[str, Any]


def coded(map_name: str, written: str | None) -> Json | None:
    """The Coding that a Vcfse concept map has for a written word; None for blank cells and unknown words."""
    word = " ".join(re.sub(r"[^\w\s-]", " ", (written or "").casefold()).split())
    return translate(map_name, word) if word else None


def code(map_name: str, written: str | None) -> str | None:
    """As `coded`, the bare code."""
    found = coded(map_name, written)
    return str(found["code"]) if found else None


def concept(map_name: str, written: str | None) -> Json | None:
    """CodeableConcept with the charity's own words as text, and a code where the map has one."""
    if not written:
        return None
    found = coded(map_name, written)
    return {"coding": [found], "text": written} if found else {"text": written}
