"""One cell -> one value. Each reader gives the value, or None and the code of the fault (`faults.FAULTS`)."""

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache

from nhs_number.validate import is_valid

from adapters.social_care import values
from adapters.social_care.columns import Column
from adapters.social_care.spellings import listed

Read = tuple[str | None, str | None]
"""(value, code of the fault)."""

_REMEMBERED = 16384
"""Cells of each kind: a person's rows mostly follow each other, and dates and list values repeat."""
OLDEST = 115
"""Years: a person this old is a dummy birth date (CLD data quality rules)."""
_NO_POSTCODE = "ZZ99"  # ODS pseudo postcodes: no fixed abode, unknown, abroad
_NO_PRACTICE = frozenset({"V81997", "V81998", "V81999"})  # ODS pseudo codes: not registered, not applicable, unknown
_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?) ?([0-9][A-Z]{2})")
_PRACTICE = re.compile(r"[A-Z][A-Z0-9][0-9]{4}")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d-%b-%Y", "%d %b %Y", "%Y%m%d")


def reader(column: Column) -> Callable[[str], Read] | None:
    """What reads a cell of `column` that is not empty: dates become ISO text, list values Release 2's spelling. None
    where the text stays as written."""
    match column.kind:
        case "date":
            return _date
        case "nhs-number":
            return _nhs_number
        case "postcode":
            return _postcode
        case "practice":
            return _practice
        case "list":
            return _listed(column)
        case _:
            return None


def birth_date(value: str, today: str) -> Read:
    """A plausible birth date: not after `today` (ISO), and of somebody younger than OLDEST."""
    if value > today or int(today[:4]) - int(value[:4]) - (value[5:] > today[5:]) >= OLDEST:
        return None, "implausible-birth-date"
    return value, None


@lru_cache(maxsize=_REMEMBERED)
def _date(cell: str) -> Read:
    if _ISO_DATE.fullmatch(cell):
        try:
            return date.fromisoformat(cell).isoformat(), None
        except ValueError:
            return None, "bad-date"
    text = re.split(r"[T ](?=[0-9]{1,2}:)", cell)[0]
    for form in _DATE_FORMATS:
        try:
            found: date = datetime.strptime(text, form).date()  # noqa: DTZ007 -- a calendar date has no zone
        except ValueError:
            continue
        return found.isoformat(), None
    return None, "bad-date"


@lru_cache(maxsize=_REMEMBERED)
def _nhs_number(cell: str) -> Read:
    digits = re.sub(r"[\s-]", "", cell)
    if not re.fullmatch("[0-9]{10}", digits) or not is_valid(digits):
        return None, "bad-check-digit"
    return (None, "placeholder-nhs-number") if len(set(digits)) == 1 else (digits, None)


@lru_cache(maxsize=_REMEMBERED)
def _postcode(cell: str) -> Read:
    text = re.sub(r"\s+", "", cell).upper()
    if text.startswith(_NO_POSTCODE):
        return None, None
    found = _POSTCODE.fullmatch(text)
    return (f"{found[1]} {found[2]}", None) if found else (None, "bad-postcode")


@lru_cache(maxsize=_REMEMBERED)
def _practice(cell: str) -> Read:
    code = cell.upper()
    if code in _NO_PRACTICE:
        return None, None
    return (code, None) if _PRACTICE.fullmatch(code) else (None, "bad-practice-code")


@lru_cache
def _listed(column: Column) -> Callable[[str], Read]:
    field = f"{column.part}.{column.field}" if column.field == "type" else column.field

    @lru_cache(maxsize=_REMEMBERED)
    def read(cell: str) -> Read:
        value = listed(field, cell)
        if value is not None:
            return value, None
        if field in values.PARTIAL:
            return cell, "unverified-value"
        return (None if field in values.DROPPED else cell), "unlisted-value"

    return read
