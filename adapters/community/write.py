"""CSDS records -> a submission in the real format: one ZIP file, one CSV file per table."""

import csv
import io
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence

from adapters.community import records, tables
from adapters.community.tables import Column

_STAMP = (1980, 1, 1, 0, 0, 0)
"""Fixed time of the archive's entries, so that the same records make the same bytes."""


def write(header: records.Header, rows: Iterable[records.Row]) -> bytes:
    """The submission that says `rows`. Every table is there, also when it is empty, as the data set asks; a record's
    `provider`, `date` and resolved ids are not written, for the header and the row's path say them."""
    by_code: defaultdict[str, list[records.Row]] = defaultdict(list)
    for row in rows:
        by_code[row.key()[1]].append(row)
    files = {tables.HEADER_NAME: _csv(tables.HEADER, [header])}
    for table in tables.TABLES.values():
        files[table.name] = _csv(table.columns, by_code[table.code])
    return _zip(files)


def _csv(columns: Sequence[Column], rows: Sequence[records.Row | records.Header]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([column.titles[0] for column in columns])
    for row in rows:
        writer.writerow([getattr(row, column.field) for column in columns])
    return text.getvalue()


def _zip(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(f"{name}.csv", _STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text.encode("utf-8"))
    return content.getvalue()
