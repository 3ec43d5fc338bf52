"""One cell -> one value, as people type them. A value that cannot be read raises CellError, which never repeats it."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from nhs_number.validate import is_valid

from adapters.vcfse.book import Cell
from adapters.vcfse.columns import DateOrder, plain, words
from adapters.vcfse.records import Answer

EXCEL_EPOCH = date(1899, 12, 30)
OLDEST_AGE = 120
SERIALS = range(2101, 73051)
"""Excel day numbers that are taken for dates (1905 to 2099); smaller numbers are ages and years."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class CellError(Exception):
    """A cell that cannot be read: what is wrong and what to do, without the cell's content."""

    def __init__(self, code: str, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.code, self.reason, self.remedy = code, reason, remedy


def text(cell: Cell) -> str | None:
    """The cell as one line of trimmed text; None for blank cells and for `NULL`, `No data`, `n/a` and the like."""
    if cell == "":
        return None  # most cells
    written = " ".join(_written(cell).split())
    if written.endswith(".0") and written[:-2].isdecimal():
        written = written[:-2]  # what a number column becomes on its way through CSV
    return None if not written or written.casefold() in words("null") else written


def lines(cell: Cell) -> str | None:
    """The cell as text that keeps its line breaks; a semicolon also separates. None as in `text`."""
    parts = [" ".join(part.split()) for part in re.split(r"[\n\r;]+", _written(cell))]
    kept = [part for part in parts if part and part.casefold() not in words("null")]
    return "\n".join(kept) or None


def paragraphs(cell: Cell) -> str | None:
    """Free text as it stands, line by line. None as in `text`."""
    kept = [" ".join(line.split()) for line in _written(cell).splitlines()]
    return "\n".join(line for line in kept if line and line.casefold() not in words("null")) or None


_SHIELD = re.compile(r"'(?=[=+@\t\r-]|\d)")
"""An apostrophe before what a spreadsheet program would take for a formula or a number: exports and our own reports put
it there so that it stays text."""


def _written(cell: Cell) -> str:
    if isinstance(cell, str):
        return cell[1:] if cell.startswith("'") and _SHIELD.match(cell) else cell
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ", timespec="minutes")
    if isinstance(cell, date):
        return cell.isoformat()
    return cell.strftime("%H:%M") if isinstance(cell, time) else str(cell)


def record_id(cell: Cell) -> str | None:
    """A charity's id of a client or of a referral. Excel drops leading zeros and adds `.0`, so digits are compared as a
    number."""
    written = text(cell)
    if written is None:
        return None
    return (written.lstrip("0") or "0") if written.isdecimal() else written.upper()


def answer(cell: Cell) -> Answer | None:
    """Yes, no or blank. Anything else, such as a consent with a condition, is `unclear` and never a yes."""
    written = text(cell)
    if written is None:
        return None
    forms = {written.casefold(), plain(written)}
    if forms & words("yes"):
        return "yes"
    return "no" if forms & words("no") else "unclear"


def event_date(cell: Cell, order: DateOrder = "day first") -> str | None:
    """ISO date of something that happened: a two-digit year lies in this century. Raises CellError `bad-date`, or
    `ambiguous-date` where nobody can say which number is the day."""
    return _iso(_read_date(cell, order, lambda year: 2000 + year))


def past_date(cell: Cell, today: date, order: DateOrder = "day first") -> str | None:
    """As `event_date`, but nothing can have been agreed in the future. Raises CellError `bad-date`."""
    day = event_date(cell, order)
    if day and day > today.isoformat():
        raise CellError("bad-date", "the date lies in the future", "Correct the date.")
    return day


def birth_date(cell: Cell, today: date, order: DateOrder = "day first") -> str | None:
    """ISO birth date. Raises CellError for an age, a year alone, a two-digit year that could be either century, a date
    in the future or more than OLDEST_AGE years ago."""
    if age(cell) is not None:
        raise CellError("age-not-birth-date", "an age stands where a birth date should", "Give the full date of birth.")
    born = _read_date(cell, order, lambda year: _birth_year(year, today))
    if born and not (today.year - OLDEST_AGE <= born.year and born <= today):
        raise CellError("bad-date", "the birth date is in the future or too long ago", "Correct the date of birth.")
    return _iso(born)


def age(cell: Cell) -> int | None:
    """An age in years, as in `84`, `84 yrs` or `84 years old`; None for anything else."""
    read = re.fullmatch(r"(\d{1,3})(\.\d)? ?(y|yrs?|years?)?\.?( old)?", (text(cell) or "").casefold(), re.ASCII)
    return int(read[1]) if read else None


def only_order(cell: Cell) -> DateOrder | None:
    """The order in which a date of numbers must be read, where only one gives a day; None for every other cell."""
    read = _NUMBERS.fullmatch(cell.strip()) if isinstance(cell, str) else None
    if not read:
        return None
    first, second = int(read[1]), int(read[2])
    if first <= 12 < second <= 31:
        return "month first"
    return "day first" if second <= 12 < first <= 31 else None


def _birth_year(year: int, today: date) -> int:
    if year <= today.year % 100:
        raise CellError("ambiguous-date", "a two-digit year fits two centuries", "Give the year with four digits.")
    return 1900 + year


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


Century = Callable[[int], int]
"""A two-digit year -> the year."""


def _read_date(cell: Cell, order: DateOrder, century: Century) -> date | None:
    if isinstance(cell, date):
        return cell.date() if isinstance(cell, datetime) else cell
    written = text(cell)
    if written is None:
        return None
    try:
        day = _serial(written) or _numeric(written, order, century) or _named_month(written, century)
    except (ValueError, OverflowError):
        day = None
    if day is None:
        raise CellError("bad-date", "this is no date that can be read", "Write it as 03/07/2024.")
    return day


def _serial(written: str) -> date | None:
    number = re.fullmatch(r"(\d{4,5})(\.\d+)?", written, re.ASCII)
    if not number or int(number[1]) not in SERIALS:
        return None
    return EXCEL_EPOCH + timedelta(days=int(number[1]))


_TIME = r"(?:[ T,]+\d{1,2}[:.]\d{2}.*)?"
_NUMBERS = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})" + _TIME, re.ASCII)


def _numeric(written: str, order: DateOrder, century: Century) -> date | None:
    if iso := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + _TIME, written, re.ASCII):
        return date(int(iso[1]), int(iso[2]), int(iso[3]))
    read = _NUMBERS.fullmatch(written)
    if not read:
        return None
    day, month = int(read[1]), int(read[2])
    if order == "unclear" and only_order(written) is None and day != month:
        raise CellError(
            "ambiguous-date",
            "other dates of this column have the month first, so day and month cannot be told apart",
            "Write the month as a word (3 April 2026), or state the Date order in a ToldOnce mapping.",
        )
    if order == "month first":
        day, month = month, day
    return date(_year(read[3], century), month, day)


def _named_month(written: str, century: Century) -> date | None:
    """`3 July 2024`, `Wed 3rd of Jul 24`, `July 3, 2024`."""
    folded = written.casefold()
    if named := re.fullmatch(r"(?:[a-z]+,? )?" + _DAY + r"[- ](?:of )?" + _MONTH + r"[- ]" + _YEAR, folded, re.ASCII):
        day, month, year = named[1], named[2], named[3]
    elif named := re.fullmatch(r"(?:[a-z]+,? )?" + _MONTH + r"[- ]" + _DAY + r",?[- ]" + _YEAR, folded, re.ASCII):
        month, day, year = named[1], named[2], named[3]
    else:
        return None
    if month[:3] not in MONTHS:
        return None
    return date(_year(year, century), MONTHS.index(month[:3]) + 1, int(day))


_DAY, _MONTH, _YEAR = r"(\d{1,2})(?:st|nd|rd|th)?", r"([a-z]{3,9})\.?,?", r"(\d{4}|\d{2})" + _TIME


def _year(written: str, century: Century) -> int:
    return int(written) if len(written) == 4 else century(int(written))


def clock(cell: Cell) -> str | None:
    """Time of day as HH:MM. Raises CellError `bad-time`."""
    written = text(cell)
    if written is None:
        return None
    read = re.fullmatch(r"(\d{1,2})(?:[:.](\d{2}))?(?::\d{2})? ?(am|pm)?", written.casefold(), re.ASCII)
    hour, minute = (_hour(int(read[1]), read[3]), int(read[2] or 0)) if read else (24, 0)
    if not (hour < 24 and minute < 60) or (read and not read[2] and not read[3]):
        raise CellError("bad-time", "this is no time that can be read", "Write it as hours:minutes, such as 14:30.")
    return f"{hour:02}:{minute:02}"


def _hour(hour: int, half: str | None) -> int:
    if half is None or hour > 12:
        return hour
    return hour % 12 + (12 if half == "pm" else 0)


def minutes(cell: Cell) -> int | None:
    """A duration in whole minutes: `45`, `45 mins`, `1 hour`, `1h 30`, `1:30`. Raises CellError `bad-duration`."""
    if isinstance(cell, timedelta):
        return round(cell.total_seconds() / 60)
    written = text(cell)
    if written is None:
        return None
    if plain_minutes := re.fullmatch(r"(\d{1,4}) ?(m|mins?|minutes?)?\.?", written.casefold(), re.ASCII):
        return int(plain_minutes[1])
    hours = re.fullmatch(r"(\d{1,2}) ?(?:h|hrs?|hours?|:) ?(?:(\d{1,2}) ?(?:m|mins?|minutes?)?)?", written.casefold())
    if not hours:
        raise CellError("bad-duration", "this is no duration that can be read", "Write it in minutes, such as 45.")
    return int(hours[1]) * 60 + int(hours[2] or 0)


def nhs_number_of(cell: Cell) -> str | None:
    """Ten digits with a valid check digit; spaces, `.0` and zeros that Excel dropped are put right. Raises CellError
    `bad-check-digit`, `bad-nhs-number` or, for numbers such as 1111111111 that pass the check, `placeholder-number`."""
    written = text(cell)
    if written is None:
        return None
    digits = re.sub(r"[\s-]", "", written)
    if not re.fullmatch(r"\d{8,10}", digits, re.ASCII):
        raise CellError("bad-nhs-number", "an NHS number has ten digits", "Copy the number again, as text.")
    number = digits.zfill(10)
    if len(set(number)) == 1:
        raise CellError("placeholder-number", "this number stands for no person", "Leave an unknown one blank.")
    if not is_valid(number):
        raise CellError("bad-check-digit", "the NHS number fails its check digit", "Compare it with a letter.")
    return number


def phone(cell: Cell) -> str | None:
    """A telephone number as written, with the leading zero that Excel dropped."""
    written = text(cell)
    if written is None:
        return None
    return f"0{written}" if re.fullmatch(r"[1-37-9][\d ]{8,12}", written) and _digits(written) in (9, 10) else written


def _digits(written: str) -> int:
    return sum(character.isdigit() for character in written)


def postcode(cell: Cell) -> str | None:
    """A postcode in capitals with its one space; anything else as written."""
    written = text(cell)
    compact = re.sub(r"\s", "", (written or "").upper())
    shaped = re.fullmatch(r"([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})", compact, re.ASCII)
    return f"{shaped[1]} {shaped[2]}" if shaped else written
