"""Rows of a report as a file: CSV for a spreadsheet, NDJSON for programs; as a table of a document. Pure."""

import csv
from collections.abc import Iterable
from datetime import datetime
from io import StringIO
from typing import Any, Literal, TypeAlias

import msgspec

from adapters.records import LONDON
from integration.audit.pdf import Document, Table

Form: TypeAlias = Literal["csv", "ndjson"]
MEDIA_TYPES: dict[Form, str] = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def saved(rows: Iterable[msgspec.Struct], kind: type[msgspec.Struct], form: Form) -> bytes:
    """The rows, all of one kind, in the order of its fields."""
    return _csv(rows, kind) if form == "csv" else b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def _csv(rows: Iterable[msgspec.Struct], kind: type[msgspec.Struct]) -> bytes:
    """With a byte order mark, without which a spreadsheet takes it for another encoding. Moments in London time."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(kind.__struct_fields__)
    for row in rows:
        writer.writerow([plain(_cell(value)) for value in msgspec.structs.astuple(row)])
    return text.getvalue().encode("utf-8-sig")


def tabled(title: str, caption: str, rows: Iterable[msgspec.Struct], kind: type[msgspec.Struct]) -> Document:
    """The rows, all of one kind, as a document with a table. Moments in London time."""
    fields = msgspec.structs.fields(kind)
    return Document(
        title=title,
        table=Table(
            caption=caption,
            headings=[one.name.replace("_", " ").capitalize() for one in fields],
            rows=[[_cell(value) for value in msgspec.structs.astuple(row)] for row in rows],
            numbers=[place for place, one in enumerate(fields) if one.type is int],
        ),
    )


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else ""
        case datetime():
            return f"{value.astimezone(LONDON):%Y-%m-%d %H:%M:%S}"
        case _:
            return str(value)


def plain(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
