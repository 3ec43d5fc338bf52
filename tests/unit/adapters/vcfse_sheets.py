"""Spreadsheets as charities send them, and what was read of them."""

import io
from datetime import UTC, datetime

import msgspec
from openpyxl import Workbook

from adapters.records import Parsed
from adapters.vcfse.parse import parse
from adapters.vcfse.records import Entry

AS_OF = datetime(2026, 9, 30, 17, tzinfo=UTC)
HEADER = "Client ID,Name,DOB,NHS No.,Referral date,Consent to share,Consent date,Status"


def read(content: str | bytes, name: str = "sheet.csv") -> Parsed:
    encoded = content.encode() if isinstance(content, str) else content
    return parse(encoded, name=name, sender="X9V01", as_of=AS_OF)


def entries(parsed: Parsed) -> list[Entry]:
    return [msgspec.json.decode(event.record, type=Entry) for event in parsed.events]


def faults(parsed: Parsed) -> list[tuple[str, str]]:
    return [(defect.code, defect.where) for defect in parsed.defects]


def workbook(sheets: dict[str, list[list[object]]], merge: tuple[str, str] | None = None) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if merge and merge[0] == name:
            sheet.merge_cells(merge[1])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
