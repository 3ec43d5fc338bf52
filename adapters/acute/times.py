"""HL7 TS: CCYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]; its length is its precision (HL7 v2.4 2.A.76)."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from adapters.records import LONDON, instant, local_moment

_TS = re.compile(r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)?(\d\d)?(?:\.\d{1,4})?)?([+-]\d{4})?")
_EARLIEST_YEAR = 1850


class Moment(NamedTuple):
    """`fhir`: FHIR date or dateTime of the precision that was sent; `utc`: from `adapters.records.instant`."""

    fhir: str
    utc: str


def moment(text: str) -> Moment:
    """Read an HL7 TS; without offset it is Europe/London wall time. Raises ValueError when it is none or impossible."""
    match = _TS.fullmatch(text)
    if match is None:
        raise ValueError("not an HL7 time")
    year, month, day, hour, minute, second, offset = match.groups()
    if int(year) < _EARLIEST_YEAR or (hour and not day):
        raise ValueError("not a plausible time")
    value = datetime(
        int(year),
        int(month or 1),
        int(day or 1),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        tzinfo=(_offset(offset) if hour else None) or LONDON,
    )
    if hour:
        return Moment(local_moment(value), instant(value))
    return Moment("-".join(part for part in (year, month, day) if part), instant(value))


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[3:5])))


def birth_date(text: str) -> str:
    """PID-7: the first eight digits as they stand, so that no offset moves a birth to another day; with the time of
    birth (FHIR dateTime) when one was sent that is not midnight. Raises ValueError when it is none, or impossible."""
    read = moment(text)
    digits = re.match(r"\d{8}(\d{4})?", text)
    if digits and digits.group(1) not in (None, "0000"):
        return read.fhir if read.fhir.startswith(_dashed(text[:8])) else _dashed(text[:8])
    return _dashed(text[:8]) if digits else read.fhir


def _dashed(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:8]}"


def utc(value: datetime) -> str:
    """`instant` of an aware moment, for what a message does not say itself."""
    return instant(value.astimezone(UTC))
