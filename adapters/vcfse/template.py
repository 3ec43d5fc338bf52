"""The workbook that a charity can start from: both sheets with lists to choose from, an example that is never read,
and a sheet that explains every column and consent in plain words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from adapters.vcfse.columns import KINDS, Kind, titles
from adapters.vcfse.editing import saved
from adapters.vcfse.explained import ABOUT, COLUMNS
from adapters.vcfse.wording import TITLE, names
from adapters.vcfse.write import blank_workbook

ROWS = 2_000
"""How far down the lists and formats reach."""
DATE_FORMAT, TEXT_FORMAT, TIME_FORMAT = "dd/mm/yyyy", "@", "hh:mm"
YES_NO = ("Y", "N")
_STATUS: dict[Kind, tuple[str, ...]] = {
    "referral": ("Open", "On hold", "Closed", "Declined", "Did not engage", "Deleted"),
    "contact": ("Deleted",),
}
LISTS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("share", "view", "notes", "accepted", "care_coordinator"), YES_NO),
    "gender": ("Female", "Male", "Other"),
    "method": ("Verbal", "Written"),
    "kind": ("Home visit", "Telephone", "Video", "Group session", "Face to face", "Text message"),
    "attendance": ("Attended", "Did not attend", "Cancelled"),
}
"""Field -> what can be chosen. Other words are taken too, and then kept as text."""
_LEFT_OUT = frozenset({"name", "age"})
"""Columns that we read where a charity has them, but do not ask for: names in parts and birth dates say more."""
_EXAMPLE: Mapping[str, str] = {
    "client_id": "EXAMPLE", "prefix": "Mrs", "given": "Ann", "family": "Example", "nickname": "Nan",
    "birth_date": "03/07/1940", "nhs_number": "999 000 0018", "gender": "Female", "phone": "024 7600 0111",
    "address": "1 High Street, Coventry", "postcode": "CV1 2AB", "practice": "Any Medical Centre",
    "share": "Y", "view": "N", "notes": "N", "on": "05/01/2026", "taken_by": "Jo Link", "method": "Verbal",
    "referral_id": "R001", "referred_on": "05/01/2026", "source": "GP", "reason": "Loneliness", "worker": "Jo Link",
    "service": "Lunch club", "accepted": "Y", "status": "Open", "adjustments": "Large print",
    "contact_id": "C001", "contacted_on": "12/01/2026", "contacted_at": "14:30", "minutes": "45", "kind": "Home visit",
    "topic": "Benefits", "attendance": "Attended",
}  # fmt: skip
_HEADER = PatternFill("solid", fgColor="005EB8")
_EXAMPLE_FILL = PatternFill("solid", fgColor="E8EDEE")


@dataclass(frozen=True)
class Column:
    """A column of the template: the field, its header, and its number from 1."""

    field: str
    title: str
    number: int


def template() -> bytes:
    """The template as an XLSX workbook; always the same bytes."""
    workbook = blank_workbook()
    _explain(workbook)
    for kind in KINDS:
        _fill(workbook.create_sheet({"referral": "Referrals", "contact": "Contacts"}[kind]), kind)
    _mapping(workbook.create_sheet(TITLE))
    return saved(workbook)


def columns(kind: Kind) -> list[Column]:
    """The columns of a sheet in their order: who, the sheet's own, then consent and notes."""
    known = titles(kind)
    sharing = [field for field in known if field in _SHARING]
    client = [field for field in known if field in _CLIENT]
    own = [field for field in known if field not in (*sharing, *client, *_LEFT_OUT)]
    fields = [*client, *own, *(sharing if kind == "referral" else [])]
    wanted = [*((field, known[field]) for field in fields), ("", "Notes")]
    return [Column(field, title, number) for number, (field, title) in enumerate(wanted, start=1)]


_CLIENT = (
    "client_id", "prefix", "given", "family", "nickname", "birth_date", "nhs_number", "gender", "phone", "mobile",
    "email", "address", "postcode", "practice",
)  # fmt: skip
_SHARING = ("share", "view", "notes", "on", "view_on", "taken_by", "method", "withdrawn_on")
_DATES = ("birth_date", "referred_on", "contacted_on", "closed_on", "on", "view_on", "withdrawn_on")


def _fill(sheet: Worksheet, kind: Kind) -> None:
    for column in columns(kind):
        letter = get_column_letter(column.number)
        header, example = sheet.cell(1, column.number, column.title), sheet.cell(2, column.number)
        header.font, header.fill = Font(bold=True, color="FFFFFF"), _HEADER
        example.value, example.fill, example.font = _EXAMPLE.get(column.field), _EXAMPLE_FILL, Font(italic=True)
        sheet.column_dimensions[letter].width = max(12, len(column.title) + 3)
        sheet.column_dimensions[letter].number_format = _format(column.field)
        example.number_format = _format(column.field)
        if validation := _validation(column.field, kind):
            sheet.add_data_validation(validation)
            validation.add(f"{letter}2:{letter}{ROWS}")
    sheet.freeze_panes = "B2"


def _format(field: str) -> str:
    if field in _DATES:
        return DATE_FORMAT
    return TIME_FORMAT if field == "contacted_at" else TEXT_FORMAT if field != "minutes" else "General"


def _validation(field: str, kind: Kind) -> DataValidation | None:
    """A list to choose from. It warns and does not refuse: what a charity really says is worth more than our list."""
    listed = _STATUS[kind] if field == "status" else LISTS.get(field)
    if listed is None:
        return None
    validation = DataValidation(type="list", formula1=f'"{",".join(listed)}"', allow_blank=True, errorStyle="warning")
    validation.error, validation.errorTitle = "This word is not in the list. Keep it all the same?", "Another word"
    return validation


def _explain(workbook: Workbook) -> None:
    sheet = workbook.create_sheet("How to fill this in")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 110
    for text in ABOUT:
        sheet.append([None, text])
    sheet.append([])
    sheet.append(["Column", "What to write"])
    for cell in sheet[sheet.max_row]:
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), _HEADER
    for title in dict.fromkeys(column.title for kind in KINDS for column in columns(kind)):
        sheet.append([title, COLUMNS[title]])
    for row in sheet.iter_rows():
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def _mapping(sheet: Worksheet) -> None:
    """Empty: a charity that keeps its own headers writes them here, and this sheet travels with every file."""
    sheet.append(["Our name", "Your name (several: one in each cell to the right)"])
    for name in names():
        sheet.append([name])
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), _HEADER
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 28, 50
