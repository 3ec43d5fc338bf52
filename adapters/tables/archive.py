"""A submission's ZIP file -> its tables, read line by line. Nothing is extracted to disk, and sizes are bounded.

Everything is read once before the first row is used: a damaged or oversized archive is refused as a whole, and how each
table is encoded is known.
"""

import codecs
import csv
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import TextIOWrapper
from typing import BinaryIO

from adapters.errors import Unreadable
from adapters.records import Defect
from adapters.tables.dataset import DataSet

MAX_FILES = 200
"""CSDS has 39 tables, MHSDS 70; more than this is no submission."""
MAX_BYTES = 1 << 30
"""Of one submission, unpacked. A trust's busiest month is about 50 MB, a million rows about 100 MB."""
MAX_RATIO = 400
"""Unpacked to packed, above a megabyte: CSV packs 10 to 40 times; a zip bomb 1,000 times."""
MAX_ROW = 1 << 20
"""Characters of one row: a quote that is never closed ends the table, not the memory."""

_CHUNK = 1 << 16
_FHIR = re.compile(rb'"resourceType"\s*:|http://hl7\.org/fhir"')
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BROKEN = (
    zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error, struct.error, OSError, RuntimeError, ValueError,
    IndexError, OverflowError,
)  # fmt: skip
"""What the standard library raises on bytes that are no sound ZIP file: ValueError where an offset leads before the
start of the file, IndexError where an entry has no name."""


@dataclass(frozen=True)
class Sheet:
    """One table's file: its proper name and how its bytes become text. `complete`: it is all that was sent of the
    table; `rows`: whether more than a line of titles was sent."""

    code: str
    file: str
    entry: zipfile.ZipInfo
    encoding: str = "utf-8-sig"
    complete: bool = True
    has_rows: bool = False


@dataclass
class Archive:
    """An open submission. `sheets` by table code (`CYP201`); `defects` of files that are no table of the data set."""

    dataset: DataSet
    source: zipfile.ZipFile
    sheets: dict[str, Sheet] = field(default_factory=dict)
    defects: list[Defect] = field(default_factory=list)

    @contextmanager
    def lines(self, sheet: Sheet) -> "Iterator[Lines]":
        """The table's lines, with their line ends, in constant memory."""
        with (
            self.source.open(sheet.entry) as raw,
            TextIOWrapper(raw, encoding=sheet.encoding, errors="replace", newline="") as text,
        ):
            yield Lines(text)


class Lines:
    """Iterates over lines for `csv.reader`. Whoever reads rows sets `size` to 0 after each; a row that grows beyond
    MAX_ROW characters raises csv.Error."""

    def __init__(self, text: TextIOWrapper) -> None:
        self._readline = text.readline
        self.size = 0

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        line = self._readline(MAX_ROW + 1)
        if not line:
            raise StopIteration
        self.size += len(line)
        if self.size > MAX_ROW:
            raise csv.Error("a row is too long")
        return line


@contextmanager
def opened(dataset: DataSet, content: BinaryIO, name: str) -> Iterator[Archive]:
    """The submission of `dataset` in `content`, a seekable binary file.

    Raises Unreadable when it is no ZIP file, is encrypted, damaged, unsafe by its names, or too large unpacked.
    """
    try:
        packed = content.seek(0, 2)
        source = zipfile.ZipFile(content)
    except _BROKEN as fault:
        raise _no_submission(dataset, content, name) from fault
    with source:
        try:
            archive = _checked(dataset, source, packed, name)
        except _BROKEN as fault:
            raise _no_submission(dataset, content, name) from fault
        yield archive


def _checked(dataset: DataSet, source: zipfile.ZipFile, packed: int, name: str) -> Archive:
    _check(source, packed, name)
    archive = Archive(dataset, source)
    budget = min(MAX_BYTES, max(1 << 20, packed * MAX_RATIO))
    for number, entry in enumerate(source.infolist(), start=1):
        if entry.filename.endswith("/"):  # a folder; ZipInfo.is_dir fails on a file without a name
            continue
        code = dataset.code_of_file(entry.filename)
        if code is None or code in archive.sheets:
            archive.defects.append(_not_used(dataset, number, entry.filename, duplicate=code is not None))
            if code is not None:
                archive.sheets[code] = replace(archive.sheets[code], complete=False)
        elif code not in dataset.ignored:
            sheet, size = _sheet(archive, code, entry, budget)
            budget -= size
            if budget < 0:
                raise _too_large(name)
            archive.sheets[code] = sheet
    return archive


def _check(source: zipfile.ZipFile, packed: int, name: str) -> None:
    entries = source.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_FILES:
        raise _unreadable("too-many-files", name, f"more than {MAX_FILES} files", "send one CSV file per table")
    if unpacked > MAX_BYTES or (unpacked > 1 << 20 and unpacked > packed * MAX_RATIO):
        raise _too_large(name)
    if any(_is_unsafe(entry.filename) for entry in entries):
        raise _unreadable("unsafe-name", name, "a file name leads out of the archive", "use plain file names")
    if any(entry.flag_bits & 1 for entry in entries):
        raise _unreadable("encrypted", name, "the ZIP file is encrypted", "send it unencrypted over the secure channel")
    if any(entry.compress_type not in _METHODS for entry in entries):
        raise _unreadable(
            "unknown-compression", name, "a file is packed by an unusual method", "pack it as ordinary ZIP (deflate)"
        )


def _is_unsafe(filename: str) -> bool:
    return filename.startswith("/") or "\\" in filename or ":" in filename or ".." in filename.split("/")


def _sheet(archive: Archive, code: str, entry: zipfile.ZipInfo, budget: int) -> tuple[Sheet, int]:
    """The table, and how many bytes it really has; reading stops when these are more than `budget`, whatever size the
    archive claims. UTF-8 with or without a byte order mark, UTF-16 with one, else Windows-1252, which Access and Excel
    still export."""
    size, has_rows, encoding = 0, False, "utf-8-sig"
    decoder = codecs.getincrementaldecoder(encoding)()
    with archive.source.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            if size == 0 and chunk.startswith(_BOMS):
                encoding = "utf-16"
                decoder = codecs.getincrementaldecoder(encoding)()
            has_rows = bool(size) or _has_rows(chunk)
            size += len(chunk)
            if size > budget:
                break
            if encoding != "cp1252":
                encoding = _still(decoder, chunk, encoding)
    if encoding != "cp1252":
        encoding = _still(decoder, b"", encoding, final=True)
    return Sheet(code, f"{archive.dataset.files[code]}.csv", entry, encoding, has_rows=has_rows), size


def _has_rows(start: bytes) -> bool:
    """Whether anything follows the line of titles."""
    end = min((place for sign in b"\r\n" if (place := start.find(sign)) >= 0), default=len(start))
    return bool(start[end:].strip(b"\r\n\0"))


def _still(decoder: codecs.IncrementalDecoder, chunk: bytes, encoding: str, *, final: bool = False) -> str:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return "cp1252"
    return encoding


def _not_used(dataset: DataSet, number: int, filename: str, *, duplicate: bool) -> Defect:
    """A file may be called anything, also by somebody's name: its name is kept with the content only."""
    where = f"file {number} of the archive"
    fragment = filename.encode("utf-8", "backslashreplace")
    if duplicate:
        return Defect(
            code="duplicate-table",
            where=where,
            reason="the submission holds this table twice; the first file is used",
            remedy="send each table once",
            fragment=fragment,
        )
    return Defect(
        code="unknown-table",
        where=where,
        reason=f"not a table of {dataset.title}",
        remedy=f"name each file after its table, for example {dataset.people.name}.csv, and leave other files out",
        fragment=fragment,
    )


def _too_large(name: str) -> Unreadable:
    return _unreadable("too-large", name, "unpacks to more than is accepted", "split the submission or check the file")


def _no_submission(dataset: DataSet, content: BinaryIO, name: str) -> Unreadable:
    content.seek(0)
    start = content.read(1 << 12)
    if _FHIR.search(start):
        reason = f"a FHIR message, for example a referral, and no submission of {dataset.title}"
        remedy = f"send it to the system that takes referrals; here, a ZIP file of {dataset.title}"
        return _unreadable("fhir-message", name, reason, remedy)
    return _unreadable("not-a-zip", name, "not a readable ZIP file", "send one ZIP file with a CSV file per table")


def _unreadable(code: str, name: str, reason: str, remedy: str) -> Unreadable:
    return Unreadable(Defect(code=code, where=name, reason=reason, remedy=remedy))
