"""A charity's mapping put into its own file, where `parse` finds it: a sheet of the workbook, or rows above a CSV
table."""

import csv
import io
from collections.abc import Sequence

from adapters.vcfse.delimited import csv_rows, read_text
from adapters.vcfse.editing import opened, saved
from adapters.vcfse.sheets import ZIP, read_book
from adapters.vcfse.wording import TITLE, Line, is_title


def embed(content: bytes, lines: Sequence[Line]) -> bytes:
    """The file with these lines in the place of any mapping that it has. Raises Unreadable when it cannot be opened."""
    read_book(content)
    return _in_workbook(content, lines) if content.startswith(ZIP) else _in_csv(content, lines)


def _in_workbook(content: bytes, lines: Sequence[Line]) -> bytes:
    workbook = opened(content)
    for name in workbook.sheetnames:
        if is_title(name):
            del workbook[name]
    sheet = workbook.create_sheet(TITLE)
    sheet.append(["Our name", "Your name"])
    for line in lines:
        sheet.append([line.name, *line.words])
    for row in sheet.iter_rows():
        for cell in row:
            cell.data_type = "s" if cell.value is not None else cell.data_type  # never a formula
    return saved(workbook)


def _in_csv(content: bytes, lines: Sequence[Line]) -> bytes:
    read = read_text(content)
    rows = [[str(cell) for cell in row] for row in csv_rows(read)]
    kept = [row for row in rows if not (row and is_title(row[0]))]
    place = 1 if kept and kept[0][:1] == ["sep="] else 0  # Excel wants that line first
    stream = io.StringIO(newline="")
    mapping = [[TITLE, line.name, *line.words] for line in lines]
    csv.writer(stream, delimiter=read.delimiter).writerows([*kept[:place], *mapping, *kept[place:]])
    return stream.getvalue().encode(read.encoding)
