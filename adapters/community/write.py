"""CSDS records -> a submission in the real format."""

from collections.abc import Iterable

from adapters.community.records import Header, Row
from adapters.community.tables import CSDS
from adapters.tables.write import write_submission


def write(header: Header, rows: Iterable[Row]) -> bytes:
    """The submission that says `rows`."""
    return write_submission(CSDS, header, rows)
