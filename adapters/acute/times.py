"""HL7 TS: CCYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]; its length is its precision (HL7 v2.4 2.A.76).

A message says one time in several fields and the next message says it again, so what was read is remembered.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from adapters.records import LONDON, instant, local_moment

_TS = re.compile(r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)?(\d\d)?(?:\.\d{1,4})?)?([+-]\d{4})?")
_EARLIEST_YEAR = 1850


@lru_cache(maxsize=4096)
def fhir(text: str) -> str:
    """An HL7 TS as FHIR date or dateTime of the precision that was sent; without offset it is Europe/London wall time.
    Raises ValueError when it is none, or impossible."""
    value, parts = _read(text)
    return local_moment(value) if len(parts) > len("YMD") else "-".join(parts)


@lru_cache(maxsize=4096)
def utc(text: str) -> str:
    """An HL7 TS as an instant of `adapters.records.instant`. Raises ValueError when it is none, or impossible."""
    return instant(_read(text)[0])


def _read(text: str) -> tuple[datetime, list[str]]:
    """The moment, and the parts that were sent: year, month, day, hour."""
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
    return value, [part for part in (year, month, day, hour) if part]


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[3:5])))


@lru_cache(maxsize=4096)
def birth_date(text: str) -> str:
    """PID-7: the first eight digits as they stand, so that no offset moves a birth to another day; with the time of
    birth (FHIR dateTime) when one was sent that is not midnight. Raises ValueError when it is none, or impossible."""
    read = fhir(text)
    digits = re.match(r"\d{8}(\d{4})?", text)
    if digits and digits.group(1) not in (None, "0000"):
        return read if read.startswith(_dashed(text[:8])) else _dashed(text[:8])
    return _dashed(text[:8]) if digits else read


def _dashed(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:8]}"


@lru_cache(maxsize=4096)
def local(instant: str) -> str:
    """An instant of `adapters.records.instant` as FHIR dateTime with the Europe/London offset."""
    return local_moment(datetime.fromisoformat(instant))


@lru_cache(maxsize=4096)
def moment(fhir: str) -> datetime:
    """A FHIR date (also year, year-month) or dateTime as an aware moment, for comparison."""
    if len(fhir) < len("2024-01-01"):
        fhir = (fhir + "-01-01")[:10]
    found = datetime.fromisoformat(fhir)
    return found if found.tzinfo else found.replace(tzinfo=LONDON)


def received(value: datetime) -> str:
    """`instant` of an aware moment, for what a message does not say itself."""
    return instant(value.astimezone(UTC))
