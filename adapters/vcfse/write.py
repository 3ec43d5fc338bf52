"""Records -> a spreadsheet as a charity would keep it: rows of cells in some style, then CSV or XLSX bytes."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from adapters.vcfse.records import Answer, Client, Contact, Name, Referral, Row, Sharing

DateStyle = Literal["iso", "british", "short", "named", "long", "dotted", "serial"]
Cell = str | int | float | date | None

SAVED = (2000, 1, 1, 0, 0, 0)
"""Written into every workbook as its time of making, so that equal tables give equal bytes."""


@dataclass(frozen=True)
class Style:
    """How a charity writes. `dates`: 2024-07-03, 03/07/2024, 03-07-24 (unless the century would be lost), 3 Jul 2024,
    3 July 2024, 03.07.2024 or Excel's day number;
    `one_name`: name in one column; `numbers`: ids and phones as numbers, as Excel makes them (zeros are lost)."""

    dates: DateStyle = "british"
    one_name: bool = False
    numbers: bool = False
    null: str = ""


@dataclass(frozen=True)
class Table:
    """One sheet: its name, rows above the header, the header, rows of cells, rows below."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    title: Sequence[str] = ()
    footer: Sequence[Sequence[Cell]] = field(default=())

    def lines(self) -> list[list[Cell]]:
        """All rows, from the first title to the last footer."""
        rows: list[list[Cell]] = [[line] for line in self.title]
        return rows + [list(row) for row in (self.header, *self.rows, *self.footer)]


Columns = dict[str, Callable[[Row, Style], Cell]]


def referral_table(referrals: Sequence[Referral], style: Style = Style()) -> Table:
    """A Referrals sheet."""
    return _table("Referrals", {**_client_columns(style), **_REFERRAL, **_SHARING}, referrals, style)


def contact_table(contacts: Sequence[Contact], style: Style = Style(), *, consent: bool = False) -> Table:
    """A Contacts sheet; with `consent` it has the consent columns too."""
    columns = {**_client_columns(style), **_CONTACT, **(_SHARING if consent else {})}
    return _table("Contacts", columns, contacts, style)


def csv_bytes(table: Table, *, encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    """The table as CSV (RFC 4180). Raises UnicodeEncodeError when the encoding lacks a character."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows(
        [["" if cell is None else cell for cell in row] for row in table.lines()]
    )
    return stream.getvalue().encode(encoding)


def xlsx_bytes(tables: Sequence[Table]) -> bytes:
    """The tables as sheets of one workbook. Text stays text, whatever it begins with."""
    workbook = blank_workbook()
    for table in tables:
        _fill(workbook.create_sheet(table.name), table)
    stream = io.BytesIO()
    workbook.save(stream)
    return as_saved(stream)


def blank_workbook() -> Workbook:
    """A workbook without sheets, made at no moment in particular."""
    workbook = Workbook()
    workbook.properties.created = datetime(*SAVED)  # noqa: DTZ001 (openpyxl wants it naive)
    workbook.remove(workbook.worksheets[0])
    return workbook


def as_saved(saved: io.BytesIO) -> bytes:
    """The workbook without the moment of saving, which openpyxl writes into it and into every zip entry."""
    stream = io.BytesIO()
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2000-01-01T00:00:00Z", content)
            target.writestr(zipfile.ZipInfo(entry.filename, SAVED), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _fill(sheet: Worksheet, table: Table) -> None:
    for number, row in enumerate(table.lines(), start=1):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(row=number, column=column, value=value)
            if isinstance(value, str):
                cell.data_type = "s"


def _table(name: str, columns: Columns, rows: Sequence[Row], style: Style) -> Table:
    cells = [[_or_null(column(row, style), style) for column in columns.values()] for row in rows]
    return Table(name=name, header=list(columns), rows=cells)


def _or_null(cell: Cell, style: Style) -> Cell:
    return style.null if cell is None else cell


def date_cell(iso: str | None, style: DateStyle) -> Cell:
    """An ISO date in the charity's style; None stays None."""
    if iso is None:
        return None
    day = date.fromisoformat(iso)
    if style == "serial":
        return (day - date(1899, 12, 30)).days
    patterns = {
        "iso": "%Y-%m-%d", "british": "%d/%m/%Y", "short": "%d-%m-%y", "named": "%-d %b %Y", "long": "%-d %B %Y",
        "dotted": "%d.%m.%Y",
    }  # fmt: skip
    return day.strftime(patterns[style])


def _birth_date(row: Row, style: Style) -> Cell:
    """In short only where two digits leave no doubt about the century: not for the very old and the young."""
    born = row.client.birth_date
    doubtful = style.dates == "short" and born is not None and not "1940" <= born < "2000"
    return date_cell(born, "british" if doubtful else style.dates)


def _number(text: str | None, style: Style) -> Cell:
    return float(text) if text and style.numbers and text.isdecimal() else text


def whole_name(name: Name | None) -> str | None:
    """A name in one cell, as written, else `Mrs Margaret (Peggy) Thompson`."""
    if name is None or name.text:
        return name.text if name else None
    nickname = f"({name.nickname})" if name.nickname else None
    return " ".join(part for part in (name.prefix, *name.given, nickname, name.family) if part)


def _client_columns(style: Style) -> Columns:
    named: Columns = (
        {"Name": lambda row, _: whole_name(row.client.name)}
        if style.one_name
        else {
            "Title": lambda row, _: _name(row.client).prefix,
            "First name": lambda row, _: " ".join(_name(row.client).given) or None,
            "Surname": lambda row, _: _name(row.client).family,
            "Known as": lambda row, _: _name(row.client).nickname,
        }
    )
    return {"Client ID": lambda row, style: _number(row.client.client_id, style), **named, **_CLIENT}


def _name(client: Client) -> Name:
    return client.name or Name()


def _nhs_number(row: Row, style: Style) -> Cell:
    number = row.client.nhs_number
    if number is None or style.numbers:
        return _number(number, style)
    return f"{number[:3]} {number[3:6]} {number[6:]}"


def _address(row: Row, _: Style) -> Cell:
    location = row.client.location
    return ", ".join(location.lines) or None if location else None


def _postcode(row: Row, _: Style) -> Cell:
    return row.client.location.postcode if row.client.location else None


def _answer(answer: Answer | None) -> Cell:
    return {None: None, "yes": "Y", "no": "N", "unclear": "Y but ask first"}[answer]


_CLIENT: Columns = {
    "DOB": _birth_date,
    "NHS No.": _nhs_number,
    "Gender": lambda row, _: row.client.gender,
    "Phone": lambda row, style: _number(row.client.phone, style),
    "Mobile": lambda row, style: _number(row.client.mobile, style),
    "Email": lambda row, _: row.client.email,
    "Address": _address,
    "Postcode": _postcode,
    "GP practice": lambda row, _: row.client.practice,
}


def _sharing(row: Row) -> Sharing:
    return row.sharing or Sharing()


_SHARING: Columns = {
    "Consent to share": lambda row, _: _answer(_sharing(row).share),
    "Consent to view?": lambda row, _: _answer(_sharing(row).view),
    "Consent to share notes": lambda row, _: _answer(_sharing(row).notes),
    "Consent date": lambda row, style: date_cell(_sharing(row).on, style.dates),
    "Consent to view date": lambda row, style: date_cell(_sharing(row).view_on, style.dates),
    "Consent taken by": lambda row, _: _sharing(row).taken_by,
    "Consent method": lambda row, _: _sharing(row).method,
    "Consent withdrawn": lambda row, style: date_cell(_sharing(row).withdrawn_on, style.dates),
}


def _referral(row: Row) -> Referral:
    assert isinstance(row, Referral)
    return row


def _contact(row: Row) -> Contact:
    assert isinstance(row, Contact)
    return row


def _measure(instrument: str, point: str) -> Callable[[Row, Style], Cell]:
    def cell(row: Row, _: Style) -> Cell:
        measures = _referral(row).measures
        return next((each.value for each in measures if (each.instrument, each.point) == (instrument, point)), None)

    return cell


_REFERRAL: Columns = {
    "Referral ID": lambda row, _: _referral(row).referral_id,
    "Referral date": lambda row, style: date_cell(_referral(row).referred_on, style.dates),
    "Referral source": lambda row, _: _referral(row).source,
    "Reason": lambda row, _: _referral(row).reason,
    "Link worker": lambda row, _: _referral(row).worker,
    "Action/Service": lambda row, _: _referral(row).service,
    "Accepted/Declined": lambda row, _: _answer(_referral(row).accepted),
    "Outcome": lambda row, _: _referral(row).outcome,
    "ONS4 start": _measure("ONS4", "start"),
    "ONS4 end": _measure("ONS4", "end"),
    "WEMWBS start": _measure("WEMWBS", "start"),
    "WEMWBS end": _measure("WEMWBS", "end"),
    "Status": lambda row, _: _referral(row).status,
    "Closed date": lambda row, style: date_cell(_referral(row).closed_on, style.dates),
    "Care coordinator": lambda row, _: _answer(_referral(row).care_coordinator),
    "Reasonable adjustments": lambda row, _: _referral(row).adjustments,
    "Notes": lambda row, _: row.notes,
}
_CONTACT: Columns = {
    "Contact ID": lambda row, _: _contact(row).contact_id,
    "Referral ID": lambda row, _: _contact(row).referral_id,
    "Contact date": lambda row, style: date_cell(_contact(row).contacted_on, style.dates),
    "Time": lambda row, _: _contact(row).contacted_at,
    "Minutes": lambda row, _: _contact(row).minutes,
    "Contact type": lambda row, _: _contact(row).kind,
    "Link worker": lambda row, _: _contact(row).worker,
    "Service": lambda row, _: _contact(row).service,
    "Topic": lambda row, _: _contact(row).topic,
    "Attended": lambda row, _: _contact(row).attendance,
    "Status": lambda row, _: "deleted" if row.removed else None,
    "Notes": lambda row, _: row.notes,
}
