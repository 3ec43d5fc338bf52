"""Cells of a table -> values. Each conversion raises `CellError`, which never quotes the value."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from functools import lru_cache
from typing import Literal

from nhs_number import validate

Kind = Literal["text", "code2", "date", "time", "count", "nhs-number", "flag"]
"""What a cell holds. `code2`: a code of two characters."""

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DATE_FORMATS = ("%d/%m/%Y", "%Y%m%d", "%d-%b-%Y")
"""What Access and Excel exports hold beside ISO dates."""
_MOMENT_FORMATS = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M")
_FIRST_YEAR, _LAST_YEAR = 1850, 2200
"""Outside these a date is a slip of the keyboard, not a birth, contact or death."""
_MAX_COUNT = 9999
"""Largest duration in minutes that the data set admits."""
_NO = frozenset({"0", "N", "NO", "F", "FALSE"})


class CellError(ValueError):
    """A cell that cannot be used: a defect code, a reason and a remedy, none of which holds the value."""

    def __init__(self, code: str, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.code, self.reason, self.remedy = code, reason, remedy


def text(value: str) -> str:
    return value


def code2(value: str) -> str:
    """A two-character code; a digit alone lost its leading zero in a spreadsheet."""
    return value.zfill(2) if value.isdigit() else value


@lru_cache(1 << 14)
def iso_date(value: str) -> str:
    """ISO date of `2024-07-01`, `01/07/2024`, `20240701`, `01-Jul-2024`, with or without a time behind it."""
    day = value.replace("T", " ").partition(" ")[0]
    parsed = _parsed_date(day)
    if parsed is None or not _FIRST_YEAR <= parsed.year <= _LAST_YEAR:
        raise CellError("bad-date", "not a date", "send dates as YYYY-MM-DD")
    return parsed.isoformat()


def _parsed_date(day: str) -> date | None:
    try:
        if _ISO_DATE.fullmatch(day):
            return date.fromisoformat(day)
    except ValueError:
        return None
    for form in _DATE_FORMATS:
        try:
            return datetime.strptime(day, form).date()  # noqa: DTZ007 - only the date is used
        except ValueError:
            continue
    return None


@lru_cache(1 << 12)
def iso_time(value: str) -> str:
    """`HH:MM:SS` of `9:30`, `09:30:00`, or an Access time with its dummy date (`1899-12-30 09:30:00`)."""
    clock = value.replace("T", " ").rpartition(" ")[2]
    try:
        return time.fromisoformat(clock.zfill(5)).replace(microsecond=0, tzinfo=None).isoformat()
    except ValueError:
        raise CellError("bad-time", "not a time of day", "send times as HH:MM:SS") from None


def count(value: str) -> int:
    """A whole number of minutes from 0 to 9999."""
    if not (value.isascii() and value.isdecimal() and len(value) <= len(str(_MAX_COUNT))):
        raise CellError("bad-number", f"not a whole number from 0 to {_MAX_COUNT}", "send whole minutes")
    return int(value)


def flag(value: str) -> bool:
    """Whether a mark is set. What is not plainly a no counts as set: a mark withholds."""
    return value.upper() not in _NO


def ten_digits(value: str) -> str:
    """An NHS number whose check digit is right (Mod 11); numbers of one repeated digit pass it but are placeholders."""
    digits = value.replace(" ", "").replace("-", "")
    if not re.fullmatch(r"\d{10}", digits, re.ASCII):
        raise CellError("bad-nhs-number", "not ten digits", "send the NHS number in clear, or leave it empty")
    if len(set(digits)) == 1:
        raise CellError("placeholder-nhs-number", "one digit repeated is a placeholder", "leave it empty where unknown")
    if not validate.is_valid(digits):
        raise CellError("bad-check-digit", "the check digit does not agree", "trace the person and resubmit")
    return digits


def moment(value: str) -> datetime:
    """A date and time, naive where the source gives no offset. Raises CellError."""
    parsed = _parsed_moment(value)
    if parsed is None or not _FIRST_YEAR <= parsed.year <= _LAST_YEAR:
        raise CellError("bad-date", "not a date and time", "send it as YYYY-MM-DDTHH:MM:SS")
    return parsed


def _parsed_moment(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        pass
    for form in _MOMENT_FORMATS:
        try:
            return datetime.strptime(value, form)  # noqa: DTZ007 - no offset in the source: London wall time
        except ValueError:
            continue
    return None


CONVERT: Mapping[Kind, Callable[[str], str | int]] = {
    "text": text,
    "code2": code2,
    "date": iso_date,
    "time": iso_time,
    "count": count,
    "nhs-number": ten_digits,
    "flag": flag,
}
