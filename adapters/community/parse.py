"""One CSDS submission (a ZIP file of CSV tables) -> events of the people it is about."""

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO

from adapters.community.tables import CSDS
from adapters.records import Parsed
from adapters.tables.parse import parse_submission, submission_pieces


def parse(content: bytes, *, name: str, sender: str, as_of: datetime) -> Parsed:
    """A submission's events, defects and period. Raises Unreadable; see `adapters/tables/parse.py`."""
    return parse_submission(CSDS, content, name=name, sender=sender, as_of=as_of)


def pieces(content: BinaryIO, *, name: str, sender: str, as_of: datetime) -> Iterator[Parsed]:
    """As `parse`, of a seekable binary file of any size, in pieces; the last has the submission."""
    return submission_pieces(CSDS, content, name=name, sender=sender, as_of=as_of)
