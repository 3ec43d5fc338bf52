"""Records -> a submission in the real format: a ZIP file with a CSV file for each table, the empty ones too."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence

from adapters.tables.dataset import Column, DataSet
from adapters.tables.records import Header, Row


def write_submission(dataset: DataSet, header: Header, rows: Iterable[Row]) -> bytes:
    """The submission that says `rows`; what header and path say (provider, date, inherited ids) is not written again.
    The same records make the same bytes."""
    said: dict[str, list[Header | Row]] = {code: [] for code in dataset.files}
    said[dataset.header_code].append(header)
    for row in rows:
        said[row.table].append(row)
    columns = {code: table.columns for code, table in dataset.by_code.items()}
    columns[dataset.header_code] = dataset.header_columns
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for code, name in dataset.files.items():
            # ZipInfo's own date of 1980, not today's: the bytes depend on nothing but the records.
            entry = zipfile.ZipInfo(f"{name}.csv")
            archive.writestr(entry, _csv(columns[code], said[code]), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _csv(columns: Sequence[Column], rows: Sequence[Header | Row]) -> str:
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(column.titles[0] for column in columns)
    lines.writerows([getattr(row, column.field) for column in columns] for row in rows)
    return text.getvalue()
