"""Rows -> the CSV file that a council submits, or the one that an ICB receives; values as the records say them."""

import csv
import io
from codecs import getincrementalencoder
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from adapters.social_care import records
from adapters.social_care.columns import Column, layout

_BATCH = 1000  # rows


@dataclass(frozen=True)
class Cover:
    """The submission module, the same in every row: `council` is the LA Code, dates are ISO."""

    council: str
    period_start: str
    period_end: str


def write(
    rows: Iterable[records.Row], cover: Cover, *, pseudonymised: bool = False, encoding: str = "utf-8-sig"
) -> bytes:
    """CSV with Release 1's titles in their order, CRLF line ends, ISO dates; `encoding` utf-8, utf-8-sig or cp1252."""
    return b"".join(stream(rows, cover, pseudonymised=pseudonymised, encoding=encoding))


def stream(
    rows: Iterable[records.Row], cover: Cover, *, pseudonymised: bool = False, encoding: str = "utf-8-sig"
) -> Iterator[bytes]:
    """`write`, a thousand rows at a time, for files that are larger than memory."""
    columns = layout(pseudonymised=pseudonymised)
    encode = getincrementalencoder(encoding)().encode  # one encoder: the byte order mark stands once
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.title for column in columns])
    cells = (_cells(row, cover, columns) for row in rows)
    while batch := list(islice(cells, _BATCH)):
        writer.writerows(batch)
        yield encode(text.getvalue())
        text.seek(0)
        text.truncate()
    yield encode(text.getvalue())


def _cells(row: records.Row, cover: Cover, columns: Sequence[Column]) -> list[str]:
    kind = records.table(row)
    parts: dict[str, Any] = {
        "submission": cover,
        "person": row.person,
        "row": row,
        "caring": row.caring,
        kind: row.detail,
    }
    return [_cell(parts.get(column.part), column.field, kind) for column in columns]


def _cell(part: Any, field: str, kind: str) -> str:
    if part is None:
        return ""
    if field == "event_type":
        return "" if kind == "association" else kind.capitalize()
    if field.startswith("linked_"):
        place = int(field[-1]) - 1
        return part.linked[place] if place < len(part.linked) else ""
    return getattr(part, field) or ""
