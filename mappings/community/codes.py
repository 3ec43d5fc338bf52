"""CSDS codes -> CodeableConcepts: those of its own lists, and those that it shares with other data sets."""

import re

from mappings.datatypes import Json, coding, compact
from mappings.tables.codes import clinical, mapped, own, target_only, words

__all__ = ["clinical", "mapped", "own", "target_only", "unlisted", "words"]

_CODE = re.compile(r"(?=\w*\d)[A-Za-z0-9]{1,6}|([A-Z])\1")
"""What codes of the NHS Data Dictionary look like: a digit among at most six characters, or `XX`, `ZZ`."""

LOCAL_CODES = "https://toldonce.example/CodeSystem/csds-"
"""Base of the systems of CSDS code lists, for which NHS England publishes no URI."""


def unlisted(name: str, code: str | None, text: str | None = None) -> Json | None:
    """A code of a list that is not public (source of referral, care plan type ...): the code as sent. Some systems
    export the words instead of the code; words are text."""
    if not code:
        return None
    if _CODE.fullmatch(code):
        return compact(coding=[coding(f"{LOCAL_CODES}{name}", code)], text=text)
    return {"text": text or code}
