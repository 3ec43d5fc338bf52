"""A submission's ZIP file -> the text of its tables. Nothing is extracted to disk, and sizes are bounded."""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass, replace

from adapters.community import tables
from adapters.errors import Unreadable
from adapters.records import Defect

MAX_FILES = 200
"""The data set has 39 tables; more than this is no submission."""
MAX_BYTES = 1 << 30
"""Of one submission, unpacked. A trust's busiest month is about 50 MB."""
MAX_RATIO = 400
"""Unpacked to packed, above a megabyte: CSV packs 10 to 40 times; a zip bomb 1,000 times."""

_TABLE = re.compile(r"CYP\d{3}")


@dataclass(frozen=True)
class TableText:
    """One table's file: its proper name, its text, and whether it is all that was sent of the table."""

    file: str
    text: str
    complete: bool = True


def read_tables(content: bytes, name: str) -> tuple[dict[str, TableText], list[Defect]]:
    """Text by table code (`CYP201`), and defects of files that are no table of the data set.

    Raises Unreadable when `content` is no ZIP file, is encrypted, unsafe by its names, or too large unpacked.
    """
    found: dict[str, TableText] = {}
    defects: list[Defect] = []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check(archive, len(content), name)
            budget = MAX_BYTES
            for number, entry in enumerate(archive.infolist(), start=1):
                if entry.is_dir():
                    continue
                code = _code(entry.filename)
                if code is None or code in found:
                    defects.append(_not_used(number, entry.filename, duplicate=code is not None))
                    if code is not None:
                        found[code] = replace(found[code], complete=False)
                elif code not in tables.IGNORED:
                    raw = _read(archive, entry, budget, name)
                    budget -= len(raw)
                    found[code] = TableText(f"{_table_name(code)}.csv", _text(raw))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error) as fault:
        raise _unreadable(
            "not-a-zip", name, "not a readable ZIP file", "send one ZIP file with a CSV file per table"
        ) from fault
    return found, defects


def _check(archive: zipfile.ZipFile, packed: int, name: str) -> None:
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_FILES:
        raise _unreadable("too-many-files", name, f"more than {MAX_FILES} files", "send one CSV file per table")
    if unpacked > MAX_BYTES or (unpacked > 1 << 20 and unpacked > packed * MAX_RATIO):
        raise _too_large(name)
    if any(_is_unsafe(entry.filename) for entry in entries):
        raise _unreadable("unsafe-name", name, "a file name leads out of the archive", "use plain file names")
    if any(entry.flag_bits & 1 for entry in entries):
        raise _unreadable("encrypted", name, "the ZIP file is encrypted", "send it unencrypted over the secure channel")


def _is_unsafe(filename: str) -> bool:
    return filename.startswith("/") or "\\" in filename or ":" in filename or ".." in filename.split("/")


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: int, name: str) -> bytes:
    """Reads no more than `budget` bytes, whatever size the archive claims."""
    with archive.open(entry) as stream:
        raw = stream.read(budget + 1)
    if len(raw) > budget:
        raise _too_large(name)
    return raw


def _code(filename: str) -> str | None:
    """Table code of a file called `CYP201CareContact.csv` in any case; None when it is no table of the data set."""
    stem, dot, suffix = filename.rpartition("/")[2].upper().rpartition(".")
    code = stem[:6]
    known = code in tables.TABLES or code in tables.IGNORED or code == tables.HEADER_NAME[:6].upper()
    return code if dot and suffix == "CSV" and _TABLE.fullmatch(code) and known else None


def _table_name(code: str) -> str:
    return tables.TABLES[code].name if code in tables.TABLES else tables.HEADER_NAME


def _not_used(number: int, filename: str, *, duplicate: bool) -> Defect:
    """A file may be called anything, also by somebody's name: its name is kept with the content only."""
    where = f"file {number} of the archive"
    if duplicate:
        return Defect(
            code="duplicate-table",
            where=where,
            reason="the submission holds this table twice; the first file is used",
            remedy="send each table once",
            fragment=filename.encode(),
        )
    return Defect(
        code="unknown-table",
        where=where,
        reason="not a table of CSDS v1.6",
        remedy="name each file after its table, for example CYP201CareContact.csv, and leave other files out",
        fragment=filename.encode(),
    )


def _text(raw: bytes) -> str:
    """UTF-8 with or without a byte order mark, else Windows-1252, which Access and Excel still export."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _too_large(name: str) -> Unreadable:
    return _unreadable("too-large", name, "unpacks to more than is accepted", "split the submission or check the file")


def _unreadable(code: str, name: str, reason: str, remedy: str) -> Unreadable:
    return Unreadable(Defect(code=code, where=name, reason=reason, remedy=remedy))
