"""A workbook (.xlsx), measured before it is opened, so that none is larger than its feed allows.

The reader (calamine) makes a sheet as large as the place of its last cell says, and of each cell a text of its own; it
ends the process when that does not fit into memory. So the parts of the ZIP file are unpacked and measured first, and
a reader is given only what was measured, packed anew.

AdapterError
├── TooLarge          beyond a bound
└── NotOpened
    ├── AnotherKind   a ZIP file, but no .xlsx workbook
    ├── Broken
    └── Locked        by a password

Every feed says in its own words what these mean to the sender.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetTypeEnum

from adapters.errors import AdapterError

T = TypeVar("T")
Parts = Mapping[str, bytes]
"""The unpacked files of a workbook by name."""

_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_OTHERS = {"content.xml", "xl/workbook.bin"}
"""Of .ods and .xlsb: the reader, which looks for these too, would find what nobody has measured."""
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]*)(\d+)["']""")
_PREFIX = rb"<(?:[^<>\s/]+:)?"
_CELL, _ROW = re.compile(_PREFIX + rb"c[\s/>]"), re.compile(_PREFIX + rb"row[\s/>]")
_TEXTS, _TEXT = re.compile(_PREFIX + rb"sst[\s/>]"), re.compile(_PREFIX + rb"si[\s/>]")
_HIDING = re.compile(rb"""<!|<\?(?!xml\s)|=\s*(?:"[^"]*[<>]|'[^']*[<>])""")
"""Comments and the like, and markup within an attribute."""
_LONGEST_NUMBER = 20
_OTHERWISE = re.compile(rb".*[&>]|\s*\+?\d+\s*\Z", re.DOTALL)
_VALUE = re.compile(_PREFIX + rb"v(?:\s[^>]*)?>([^<]*)(</)?")


class TooLarge(AdapterError):  # noqa: N818  (as `Unreadable`)
    """A bound is crossed. `what` is "the workbook" or "a sheet"."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is too large")
        self.what = what


class NotOpened(AdapterError):  # noqa: N818
    """No .xlsx workbook that can be opened."""


class AnotherKind(NotOpened):
    """A sound ZIP file that is no .xlsx workbook."""


class Broken(NotOpened):
    """No sound ZIP file, or its parts are no workbook."""


class Locked(NotOpened):
    """It opens with a password."""


@dataclass(frozen=True)
class Bounds:
    """How large a workbook may be."""

    parts: int
    unpacked: int
    """Bytes of all parts: a workbook is a ZIP file, and a small one can unpack to any size."""
    cells: int
    """Of a sheet up to its last row and column, empty ones too."""
    text: int
    """Bytes of what all cells of a sheet say, as XML: one shared text may stand in many."""
    columns: int | None = None
    """Of a sheet; None: as many as the cells allow."""


def measured(content: bytes, bounds: Bounds) -> Parts:
    """The parts of a workbook within `bounds`. Raises TooLarge, AnotherKind or Broken."""
    parts = _unpacked(content, bounds)
    texts = [_lengths(part) for part in parts.values() if _TEXTS.search(part)]
    for part in parts.values():
        if b"sheetData" in part:
            _check_sheet(part, texts, bounds)
    return parts


def packed(parts: Parts) -> bytes:
    """The workbook of what was measured, and of nothing else that another reader of ZIP files might find in it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part)
    return stream.getvalue()


def worksheets(parts: Parts, read: Callable[[str, CalamineSheet], T]) -> list[T]:
    """What `read` makes of each worksheet's name and content, in the workbook's order. Raises Locked or Broken."""
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(packed(parts)))
        names = [entry.name for entry in workbook.sheets_metadata if entry.typ == SheetTypeEnum.WorkSheet]
        return [read(name, workbook.get_sheet_by_name(name)) for name in names]
    except PasswordError:
        raise Locked from None
    except (CalamineError, ValueError, OSError):
        raise Broken from None


def _unpacked(content: bytes, bounds: Bounds) -> Parts:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > bounds.parts or sum(entry.file_size for entry in entries) > bounds.unpacked:
                raise TooLarge("the workbook")
            if any(entry.compress_type not in _PACKINGS for entry in entries):
                raise Broken
            parts = {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, OSError, EOFError):
        raise Broken from None
    if "xl/workbook.xml" not in parts or not _OTHERS.isdisjoint(parts):
        raise AnotherKind
    return parts


def _lengths(part: bytes) -> Sequence[int]:
    """Bytes of each shared text, in order; where something could hide texts that a reader sees, of the longest."""
    lengths = [len(text) for text in _TEXT.split(part)[1:]]
    return [max(lengths, default=0)] * len(lengths) if _HIDING.search(part) else lengths


def _check_sheet(sheet: bytes, texts: Sequence[Sequence[int]], bounds: Bounds) -> None:
    """Raises TooLarge when what this part could mean at most is too large."""
    placed = _placed(sheet)
    cells = len(_CELL.findall(sheet))
    last_column = placed.last_column + max(0, cells - placed.cells)
    last_row = placed.last_row + max(0, len(_ROW.findall(sheet)) - placed.rows)
    if last_row * last_column > bounds.cells or (bounds.columns is not None and last_column > bounds.columns):
        raise TooLarge("a sheet")
    longest = max((length for lengths in texts for length in lengths), default=0)
    if longest * cells > bounds.text and (len(texts) != 1 or _shared_text(sheet, texts[0], longest) > bounds.text):
        raise TooLarge("a sheet")


@dataclass(frozen=True)
class _Placed:
    """Cells and rows that say where they stand; those that do not follow the one before."""

    cells: int
    rows: int
    last_column: int
    last_row: int


def _placed(sheet: bytes) -> _Placed:
    columns: set[bytes] = set()
    rows: set[bytes] = set()
    cells = places = 0
    for match in _PLACE.finditer(sheet):
        letters, digits = match.groups()
        columns.add(letters)
        rows.add(digits.lstrip(b"0")[:_LONGEST_NUMBER] or b"0")  # the reader makes some number of any digits
        places += 1
        cells += letters != b""
    return _Placed(cells, places - cells, max(map(_number, columns), default=0), max(map(int, rows), default=0))


def _number(letters: bytes) -> int:
    """`A` 1, `Z` 26, `AA` 27; nothing 0."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("@")
    return number


def _shared_text(sheet: bytes, lengths: Sequence[int], longest: int) -> int:
    """Bytes of the shared texts that this part's cells can mean at most. Any whole number counts as that of a shared
    text; one that is written as no spreadsheet program does (as an entity, around a comment) as that of the longest."""
    total = 0
    for match in _VALUE.finditer(sheet):
        value, end = match.groups()
        if end and value.isdigit() and len(value) < _LONGEST_NUMBER:
            number = int(value)
            total += lengths[number] if number < len(lengths) else 0
        elif not end or _OTHERWISE.match(value):
            total += longest
    return total
