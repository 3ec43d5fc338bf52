"""MHSDS records -> a submission in the real format."""

from collections.abc import Iterable

from adapters.mental_health.records import Header, Row
from adapters.mental_health.tables import MHSDS
from adapters.tables.write import write_submission


def write(header: Header, rows: Iterable[Row]) -> bytes:
    """The submission that says `rows`."""
    return write_submission(MHSDS, header, rows)
