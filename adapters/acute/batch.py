"""The messages of a file: one, several in a row, or a batch (HL7 v2.4 2.10.3), read in constant memory.

    [FHS] { [BHS] { MSH ... } [BTS] } [FTS]

The headers and trailers belong to no message. What BTS-1 (messages in the batch) and FTS-1 (batches in the file) count
is checked; a batch whose end is missing may have been cut off. A disagreement is a Defect, never a reason to lose a
message.
"""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import BinaryIO

from adapters.acute.characters import Transcoder
from adapters.errors import Unreadable
from adapters.records import Defect

LARGEST_MESSAGE = 1 << 20
"""Bytes. The largest sample of any real sender is below 20 kB; MLLP has the same limit."""
_CHUNK = 1 << 18
_UNIT = re.compile(rb"[\r\n][ \t]*(?:MSH(?=[^A-Za-z0-9\s])|(?:FHS|BHS|BTS|FTS)(?=[^A-Za-z0-9]))")
"""Where a message, a header or a trailer begins; a line begins after a line end."""
_LONGEST_START = 64
"""Bytes of the end of a chunk that are looked at again with the next: a start may be cut in two."""


class Batches:
    """Counts what a file holds, against what its trailers say."""

    def __init__(self) -> None:
        self.messages = 0
        """Of the whole file, so far."""
        self._in_batch = 0
        self._batches = 0
        self._open: str | None = None
        self._file_open = False

    def message(self) -> None:
        self.messages += 1
        self._in_batch += 1

    def segment(self, content: bytes) -> Iterator[Defect]:
        """A header or trailer, as it stands in the file."""
        name = content[:3].decode("ascii")
        match name:
            case "FHS":
                self._file_open = True
            case "BHS":
                yield from self._unended()
                self._batches, self._in_batch, self._open = self._batches + 1, 0, name
            case "BTS":
                yield from _counted(content, self._in_batch, "BTS-1", "messages in the batch")
                self._in_batch, self._open = 0, None
            case _:
                yield from self._unended()
                yield from _counted(content, self._batches, "FTS-1", "batches in the file")
                self._file_open = False

    def end(self) -> Iterator[Defect]:
        """The file is over."""
        yield from self._unended()
        if self._file_open:
            yield _cut_off("FTS", "file")

    def _unended(self) -> Iterator[Defect]:
        if self._open:
            self._open = None
            yield _cut_off("BTS", "batch")


def found_in(stream: BinaryIO) -> Iterator[bytes | Defect]:
    """The messages of a file in their order, and what is wrong with the file, each where it stands. Reads a chunk at a
    time; a message longer than LARGEST_MESSAGE is cut there, which `er7.read` refuses."""
    batches = Batches()
    transcode = Transcoder()
    for unit in _units(stream, transcode):
        if unit.startswith(b"MSH"):
            batches.message()
            yield unit
        elif unit[:3] in (b"FHS", b"BHS", b"BTS", b"FTS"):
            line, *more = re.split(rb"[\r\n]", unit, maxsplit=1)
            yield from batches.segment(line)
            if more and (stray := more[0].strip()):
                yield _stray(stray, "after a batch segment")
        elif stray := unit.strip():
            yield _stray(stray, "before the first MSH segment")
    yield from batches.end()
    yield from transcode.defects()


def split(content: bytes) -> tuple[list[bytes], list[Defect]]:
    """The messages of one envelope in memory, and what is wrong with the envelope. Raises Unreadable `not-hl7` when
    there is no message at all."""
    found = list(found_in(BytesIO(content)))
    messages = [one for one in found if isinstance(one, bytes)]
    defects = [one for one in found if isinstance(one, Defect)]
    if not messages:
        raise Unreadable(nothing_in(defects))
    return messages, defects


def nothing_in(defects: list[Defect]) -> Defect:
    """The one Defect of a file without any message: its stray bytes are what is shown."""
    stray = b"".join(one.fragment for one in defects if one.code == "not-hl7")
    return Defect(
        code="not-hl7",
        where="MSH",
        reason="no MSH segment starts any line",
        remedy="send HL7 v2 messages that start with MSH, or an FHS/BHS batch of them",
        fragment=stray,
    )


def _units(stream: BinaryIO, transcode: Transcoder) -> Iterator[bytes]:
    """Messages, headers and trailers, each from its start to the next one's, as blocks of the file end."""
    held, searched, dropping = b"\r", 0, False
    while True:
        raw = stream.read(_CHUNK)
        held += transcode(raw, last=not raw)
        whole = held if raw else held + b"\r"  # a segment that ends the file may be no more than its name
        starts = [match.start() for match in _UNIT.finditer(whole, max(0, searched - _LONGEST_START))]
        for start, after in zip([0, *starts], starts, strict=False):
            if start != after and not (dropping and start == 0):
                yield held[start : after + 1].lstrip()
        if starts:
            held, dropping = held[starts[-1] :], False
        if not raw:
            break
        if dropping or len(held) > LARGEST_MESSAGE + _LONGEST_START:
            if not dropping:
                yield held.lstrip()[: LARGEST_MESSAGE + 1]
            held, dropping = held[-_LONGEST_START:], True
        searched = len(held)
    if not dropping:
        yield held.lstrip()[: LARGEST_MESSAGE + 1]


def _counted(content: bytes, found: int, where: str, what: str) -> Iterator[Defect]:
    said = content[4:].split(content[3:4], 1)[0].strip() if len(content) > 4 else b""
    if said.isdigit() and int(said) != found:
        yield Defect(
            code="batch-count",
            where=where,
            reason=f"the trailer counts {int(said)} {what}; {found} were found and used",
            remedy="send the file again if something is missing",
            fragment=content,
        )


def _cut_off(trailer: str, what: str) -> Defect:
    return Defect(
        code="batch-not-ended",
        where=trailer,
        reason=f"the {what} has a header and no {trailer}: it may have been cut off",
        remedy="send the whole file; what it held so far was used",
    )


def _stray(content: bytes, where: str) -> Defect:
    return Defect(
        code="not-hl7",
        where="MSH",
        reason=f"there is text {where}",
        remedy="send HL7 v2 messages that start with MSH, or an FHS/BHS batch of them",
        fragment=content,
    )
