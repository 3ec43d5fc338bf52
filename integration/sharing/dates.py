"""FHIR dates as whole days (http://hl7.org/fhir/R4/datatypes.html#dateTime)."""

from calendar import monthrange
from datetime import date, datetime
from typing import Any


def first_day(value: str | None) -> date | None:
    """First day of a FHIR date, dateTime or instant ("2024" is 1 January); None when absent or unreadable."""
    return _day(value, last=False)


def last_day(value: str | None) -> date | None:
    """Last day of a FHIR date, dateTime or instant ("2024-02" is 29 February); None when absent or unreadable."""
    return _day(value, last=True)


def period(value: Any) -> tuple[date | None, date | None]:
    """First and last day of a FHIR Period; None where it is open."""
    value = value or {}
    return first_day(value.get("start")), last_day(value.get("end"))


def moment(value: str | None) -> datetime | None:
    """A FHIR dateTime that has a time zone, as an aware moment; a mere date as the start of that day in UTC."""
    if not value:
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        day = first_day(value)
        return None if day is None else datetime.fromisoformat(f"{day.isoformat()}T00:00:00+00:00")
    return read if read.tzinfo else datetime.fromisoformat(f"{read.isoformat()}+00:00")


def _day(value: str | None, *, last: bool) -> date | None:
    if not value:
        return None
    try:
        parts = [int(part) for part in value[:10].split("-")]
        year, month, day = (*parts, *(0,) * (3 - len(parts)))
        month = month or (12 if last else 1)
        return date(year, month, day or (monthrange(year, month)[1] if last else 1))
    except ValueError:
        return None
