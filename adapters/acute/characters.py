"""Character sets: bytes of a message -> text, by what MSH-18 declares and what the bytes are.

A text is never guessed silently: where the bytes contradict the declaration, the message is read as what its bytes are,
and a Defect says so. Source: HL7 v2.4 2.16.9.18 and table 0211; ITK HL7 v2.4 table 0211 (default: ASCII).
"""

import codecs
import re
from collections.abc import Iterator

from adapters.records import Defect

_LATIN_1 = "cp1252"
"""Who says 8859/1 often means Windows-1252, which has printable characters where 8859/1 has control characters."""
CHARACTER_SETS = {
    "": "utf-8",
    "ASCII": "ascii",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "UNICODE UTF-16": "utf-8",
    "UTF-16": "utf-8",
    "UNICODE UTF-32": "utf-8",
    "8859/1": _LATIN_1,
    "8859/2": "iso8859-2",
    "8859/3": "iso8859-3",
    "8859/4": "iso8859-4",
    "8859/5": "iso8859-5",
    "8859/6": "iso8859-6",
    "8859/7": "iso8859-7",
    "8859/8": "iso8859-8",
    "8859/9": "iso8859-9",
    "8859/15": "iso8859-15",
    "CP1252": _LATIN_1,
    "WINDOWS-1252": _LATIN_1,
}
"""MSH-18 -> Python codec. UTF-16 and UTF-32 are told by their bytes and are UTF-8 by then (`Transcoder`). The Japanese
sets of the table (ISO IR14, IR87, IR159) are not here: nobody in England was seen to send them."""

CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Characters that no text has: what a broken sender, or a broken escape, leaves behind."""
_UNICODE = frozenset({"utf-8", "ascii"})
_NOT_TEXT = bytes((0x00, 0x0B, 0x1C))
"""MLLP's frame characters, and padding."""
_WIDE = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE_UNMARKED = re.compile(rb"(?P<le>[MFB]\x00[SH]\x00[HS]\x00)|(?P<be>\x00[MFB]\x00[SH]\x00[HS])")


def decode(content: bytes, declared: str) -> tuple[str, Defect | None]:
    """The text of one message; `declared` is its MSH-18 in capitals."""
    codec = CHARACTER_SETS.get(declared)
    if codec and content.isascii():
        return content.decode("ascii"), None
    unicode_text = _strictly(content, "utf-8")
    if codec is None:
        reason = "the character set is not one of table 0211 that is supported"
    elif codec == "utf-8":
        if unicode_text is not None:
            return unicode_text, None
        reason = "the bytes are not of the character set that MSH-18 declares"
    elif unicode_text is not None:  # no text of a one-byte set is UTF-8 by accident
        reason = "MSH-18 declares another character set than UTF-8, which the bytes are"
    else:
        text = None if codec in _UNICODE else _strictly(content, codec)
        if text is not None:
            return text, None
        reason = "the bytes are not of the character set that MSH-18 declares"
    return (unicode_text if unicode_text is not None else western(content)), _mismatch(reason)


def western(content: bytes) -> str:
    """UTF-8 if the bytes are that, else Windows-1252 with Latin-1 where it has gaps; never fails."""
    text = _strictly(content, "utf-8")
    if text is None:
        text = _strictly(content, _LATIN_1)
    return content.decode("latin-1") if text is None else text


class Transcoder:
    """The bytes of a file, chunk after chunk, as UTF-8 (or the one-byte set of the message) without framing.

    A byte-order mark, or zero bytes between the letters of the first segment's name, tell UTF-16 and UTF-32.
    """

    def __init__(self) -> None:
        self.broken = False
        """Whether bytes of UTF-16 or UTF-32 could not be read, and stand as U+FFFD."""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._begun = False

    def __call__(self, chunk: bytes, *, last: bool = False) -> bytes:
        if not self._begun:
            self._begun = True
            codec = _wide(chunk)
            self._decoder = codecs.getincrementaldecoder(codec)("replace") if codec else None
            chunk = chunk if self._decoder else chunk.removeprefix(codecs.BOM_UTF8)
        if self._decoder is not None:
            text = self._decoder.decode(chunk, last)
            self.broken = self.broken or "\ufffd" in text
            chunk = text.encode("utf-8", "replace")
        return chunk.translate(None, _NOT_TEXT)

    def defects(self) -> Iterator[Defect]:
        """What could not be read, once the file has ended."""
        if self.broken:
            yield Defect(
                code="bad-character-set",
                where="file",
                reason="some bytes are not of the UTF-16 or UTF-32 that the file begins with",
                remedy="send UTF-8 and declare it as UNICODE UTF-8 in MSH-18",
            )


def _wide(start: bytes) -> str | None:
    """The codec of a file in two or four bytes a character, or None."""
    for mark, codec in _WIDE:
        if start.startswith(mark):
            return codec
    found = _WIDE_UNMARKED.match(start.lstrip(b"\x0b"))
    if found is None:
        return None
    return "utf-16-le" if found["le"] else "utf-16-be"


def _strictly(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        return None


def _mismatch(reason: str) -> Defect:
    return Defect(
        code="bad-character-set",
        where="MSH-18",
        reason=reason,
        remedy="send UTF-8 and declare it as UNICODE UTF-8; the message was read as UTF-8 if it is that, "
        "else as Windows-1252",
    )
