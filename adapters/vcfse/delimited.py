"""Bytes of a CSV file -> its rows: whatever encoding and delimiter it was saved with."""

import csv
import io
import re
from dataclasses import dataclass

from adapters.records import Defect
from adapters.vcfse.book import MOST_CELLS, SAVE_AGAIN, Book, Cell, Sheet, refuse, too_large

DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Text:
    """A CSV file: its text without byte-order mark, and how it was written, so that an answer can be written so."""

    text: str
    encoding: str
    delimiter: str


def read_csv(content: bytes) -> Book:
    """The one sheet of a CSV file. Raises Unreadable when it is no table, or too large."""
    read = read_text(content)
    return Book([Sheet(None, csv_rows(read))], [_DAMAGED] if "\ufffd" in read.text else [])


_DAMAGED = Defect(
    code="damaged-text",
    where="file",
    reason="some characters cannot be read: the file says or seems to be in an encoding that it is not in",
    remedy="Save it as CSV UTF-8 or as XLSX.",
)


def read_text(content: bytes) -> Text:
    """UTF-8 (with or without byte-order mark), UTF-16 (a mark, or every other byte zero), else Windows-1252, as Excel
    saves CSV in England. The delimiter is the one that most rows of the beginning agree on."""
    encoding = _encoding(content)
    text = content.decode(encoding, errors="replace").removeprefix("\ufeff")
    return Text(text, encoding, _delimiter(text))


def _encoding(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    opening = content[:200]
    if opening[1::2].count(0) * 2 > len(opening[1::2]):
        return "utf-16-le"
    if opening[::2].count(0) * 2 > len(opening[::2]):
        return "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _delimiter(text: str) -> str:
    """Excel may say so in a first line `sep=;`. Else the sign that parts the first rows into most cells of one width:
    free text has commas in any file, but rows of one width have one sign."""
    if stated := re.match(r'"?sep=([,;|\t])"?\r?\n', text):
        return stated[1]
    opening = text[:8192]
    return max(DELIMITERS, key=lambda sign: (_parted(opening, sign), opening.count(sign), -DELIMITERS.index(sign)))


def _parted(opening: str, sign: str) -> int:
    """How many of the first rows have the commonest width, times what a sign adds to it."""
    try:
        widths = [len(row) for row in csv.reader(io.StringIO(opening, newline=""), delimiter=sign) if row]
    except csv.Error:
        return 0
    common = max(set(widths), key=lambda width: (widths.count(width) * (width - 1), width), default=1)
    return widths.count(common) * (common - 1)


_END = "\x1cend of file"
_OPEN = "the file is no table: a quotation mark opens a cell and none closes it"


def csv_rows(read: Text) -> list[list[Cell]]:
    """All rows. Raises Unreadable when it is no table, or too large.

    A cell that is never closed would hold all rows below it, other people's among them. `csv` does not say so; a last
    line that is not read as a row of its own does."""
    rows, cells = list[list[Cell]](), 0
    ended = "" if read.text.endswith(("\n", "\r")) else "\n"
    try:
        for row in csv.reader(io.StringIO(read.text + ended + _END, newline=""), delimiter=read.delimiter):
            rows.append(list(row))
            cells += len(row)
            if cells > MOST_CELLS:
                too_large("the table")
    except csv.Error:
        refuse("broken-csv", _OPEN, SAVE_AGAIN)
    if rows.pop() != [_END]:
        refuse("broken-csv", _OPEN, SAVE_AGAIN)
    return rows
