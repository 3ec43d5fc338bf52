"""CSV as a stream of rows: UTF-8 with or without byte order mark, UTF-16 with one, else cp1252.

Memory does not grow with the file: it is read from start to end each time, a line at a time, and so it can be read
twice. What cannot be a table of text is found on the way and ends the reading.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from adapters.errors import Unreadable
from adapters.records import Defect

_CHUNK = 1 << 16  # bytes read at once
_LONGEST_LINE = 1 << 20  # characters: fifty cells of text are a few thousand
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def encoding_of(content: BinaryIO, name: str) -> str:
    """The encoding of the whole file. Raises Unreadable when its bytes are no text."""
    content.seek(0)
    candidates = ("utf-16",) if content.read(2) in _UTF_16 else ("utf-8-sig", "cp1252")
    for encoding in candidates:
        if _is_text(content, encoding):
            return encoding
    raise Unreadable(
        Defect(
            code="not-text",
            where=name,
            reason="the bytes are no text in UTF-8, UTF-16 or cp1252",
            remedy="export it again as UTF-8",
        )
    )


def _is_text(content: BinaryIO, encoding: str) -> bool:
    content.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := content.read(_CHUNK):
            if "\0" in decoder.decode(chunk):
                return False
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def rows(content: BinaryIO, encoding: str, name: str) -> Iterator[Sequence[str]]:
    """Every row from the start of the file, cells as they stand. Raises Unreadable where it stops being CSV."""
    content.seek(0)
    text = io.TextIOWrapper(content, encoding=encoding, newline="")
    try:
        yield from csv.reader(_lines(text))
    except (csv.Error, UnicodeError):
        raise Unreadable(
            Defect(
                code="not-csv",
                where=name,
                reason="the text is not comma-separated values",
                remedy="export it again as CSV with quotes doubled",
            )
        ) from None
    finally:
        text.detach()  # else its end would close the file, which is the caller's


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise csv.Error("line too long")
        yield line
