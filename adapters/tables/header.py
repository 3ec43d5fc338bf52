"""The header table -> whose submission this is, for which period, and when it was made."""

from datetime import datetime

import msgspec

from adapters.errors import Unreadable
from adapters.records import Defect, instant
from adapters.tables.archive import Archive
from adapters.tables.cells import CellError, moment
from adapters.tables.dataset import DataSet
from adapters.tables.records import Header
from adapters.tables.rows import Report, read_rows


def read_header(archive: Archive, sender: str, name: str) -> tuple[Header, list[Defect]]:
    """The one row of the header table, and what is missing from it. Raises Unreadable when it cannot be used, or names
    neither as provider nor as submitter the organisation `sender` whose feed this is."""
    dataset = archive.dataset
    sheet = archive.sheets.get(dataset.header_code)
    if sheet is None:
        raise _bad_header("missing-header", f"{name} {dataset.header}", "no header table", dataset)
    report = Report(sheet.file, [])
    with archive.lines(sheet) as lines:
        found = read_rows(dataset, sheet, lines, dataset.header_columns, report, {})
        rows = [row for row, _ in zip(found, range(2), strict=False)]
    if len(rows) != 1:
        if report.defects:
            raise _bad_header("bad-header", report.defects[0].where, report.defects[0].reason, dataset)
        raise _bad_header("bad-header", f"{name} {sheet.file}", "more than one row" if rows else "no row", dataset)
    header = msgspec.convert(rows[0].values, Header)
    if header.start > header.end:
        raise _bad_header("bad-header", f"{name} {sheet.file}", "period ends before it starts", dataset)
    if sender not in (header.provider, header.submitter):
        reason = "neither provider nor submitting organisation is the organisation whose feed this is"
        remedy = "ingest it under the sender that its header names"
        where = f"{name} {dataset.header}"
        raise Unreadable(Defect(code="wrong-sender", where=where, reason=reason, remedy=remedy))
    return header, report.defects


def _bad_header(code: str, where: str, reason: str, dataset: DataSet) -> Unreadable:
    remedy = f"include {dataset.header}.csv with exactly one row: provider, period and creation time"
    return Unreadable(Defect(code=code, where=where, reason=reason, remedy=remedy))


def created(header: Header, as_of: datetime, dataset: DataSet, name: str) -> tuple[str, list[Defect]]:
    """When the data set was created (UTC, from `instant`); `as_of` where the header does not say, with a defect where
    what it says is no time."""
    if not header.created:
        return instant(as_of), []
    try:
        return instant(moment(header.created)), []
    except CellError as bad:
        title = next(column.titles[0] for column in dataset.header_columns if column.field == "created")
        where = f"{name} {dataset.header} {title}"
        reason = f"{bad.reason}; the time of receipt is used"
        return instant(as_of), [Defect(code=bad.code, where=where, reason=reason, remedy=bad.remedy)]
