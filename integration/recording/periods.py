"""Periods in what is recorded here."""

from collections.abc import Iterator

from integration.recording.faults import Fault, Json
from integration.store.extract import bounds


def period_faults(where: str, period: Json) -> Iterator[Fault]:
    """Whether it ends before it begins. Raises nothing: what is in no calendar breaks FHIR, and was found before."""
    start, end = bounds(period.get("start"))[0], bounds(period.get("end"))[1]
    if start and end and end < start:
        yield Fault(where, "It ends before it begins.")
