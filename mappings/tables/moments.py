"""Dates and times of tables (Europe/London wall time, no offset) -> FHIR dateTime; a date alone stays a date."""

from datetime import UTC, datetime, timedelta

from adapters.records import LONDON, local_moment


def moment(date: str | None, time: str | None) -> str | None:
    """`2024-07-01T09:30:00+01:00`, or `2024-07-01` where no time was sent."""
    if not (date and time):
        return date
    return local_moment(datetime.fromisoformat(f"{date}T{time}").replace(tzinfo=LONDON))


def moment_after(date: str, time: str | None, minutes: int | None) -> str | None:
    """The end of something that took `minutes`; None when its start or length is not known to the minute."""
    if not time or minutes is None:
        return None
    start = datetime.fromisoformat(f"{date}T{time}").replace(tzinfo=LONDON)
    return local_moment(start.astimezone(UTC) + timedelta(minutes=minutes))
