"""One cell -> one value. Each reader gives the value, or None and the code of the fault (`faults.FAULTS`)."""

import re
from datetime import date, datetime
from functools import lru_cache

from nhs_number.validate import is_valid

from adapters.social_care import values
from adapters.social_care.columns import Column

Read = tuple[str | None, str | None]
"""(value, code of the fault)."""

OLDEST = 115
"""Years: a person this old is a dummy birth date (CLD data quality rules)."""
_NO_POSTCODE = "ZZ99"  # ODS pseudo postcodes: no fixed abode, unknown, abroad
_NO_PRACTICE = frozenset({"V81997", "V81998", "V81999"})  # ODS pseudo codes: not registered, not applicable, unknown
_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?) ?([0-9][A-Z]{2})")
_PRACTICE = re.compile(r"[A-Z][A-Z0-9][0-9]{4}")
_DATE_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d-%b-%Y", "%d %b %Y", "%Y%m%d")


def read_cell(column: Column, cell: str) -> Read:
    """The value of a cell of `column`: dates as ISO text, list values in Release 2's spelling, the rest as written."""
    if not cell:
        return None, None
    match column.kind:
        case "date":
            return _date(cell)
        case "nhs-number":
            return _nhs_number(cell)
        case "postcode":
            return _postcode(cell)
        case "practice":
            return _practice(cell)
        case "list":
            return _listed(column, cell)
        case _:
            return cell, None


def birth_date(value: str, today: str) -> Read:
    """A plausible birth date: not after `today` (ISO), and of somebody younger than OLDEST."""
    if value > today or int(today[:4]) - int(value[:4]) - (value[5:] > today[5:]) >= OLDEST:
        return None, "implausible-birth-date"
    return value, None


@lru_cache(maxsize=4096)
def _date(cell: str) -> Read:
    text = re.split(r"[T ](?=[0-9]{1,2}:)", cell)[0]
    for form in _DATE_FORMATS:
        try:
            found: date = datetime.strptime(text, form).date()  # noqa: DTZ007 -- a calendar date has no zone
        except ValueError:
            continue
        return found.isoformat(), None
    return None, "bad-date"


def _nhs_number(cell: str) -> Read:
    digits = re.sub(r"[\s-]", "", cell)
    if not re.fullmatch("[0-9]{10}", digits) or not is_valid(digits):
        return None, "bad-check-digit"
    return (None, "placeholder-nhs-number") if len(set(digits)) == 1 else (digits, None)


def _postcode(cell: str) -> Read:
    text = re.sub(r"\s+", "", cell).upper()
    if text.startswith(_NO_POSTCODE):
        return None, None
    found = _POSTCODE.fullmatch(text)
    return (f"{found[1]} {found[2]}", None) if found else (None, "bad-postcode")


def _practice(cell: str) -> Read:
    code = cell.upper()
    if code in _NO_PRACTICE:
        return None, None
    return (code, None) if _PRACTICE.fullmatch(code) else (None, "bad-practice-code")


@lru_cache(maxsize=4096)
def _listed(column: Column, cell: str) -> Read:
    field = f"{column.part}.{column.field}" if column.field == "type" else column.field
    value = values.listed(field, cell)
    if value is not None:
        return value, None
    if field in values.PARTIAL:
        return cell, None
    return (None if field in values.DROPPED else cell), "unlisted-value"
