"""HL7 v2 "pipe and hat" (ER7) reading: delimiters, escapes, repetitions, the null rule, line ends and character sets.

Only what ADT needs, because a full structural parse of a message takes milliseconds; writing and validating use hl7apy.
Source: HL7 v2.4 chapter 2 (2.7 delimiters, 2.9 escapes, 2.10 null), HL7 UK A.3 2.3.3-2.3.4 (see `Segment`).
"""

import re
from dataclasses import dataclass

from adapters.errors import Unreadable
from adapters.records import Defect

NULL = '""'
"""The explicit null: delete what you hold. An empty field means: not sent, keep what you hold."""

CHARACTER_SETS = {
    "": "utf-8",
    "ASCII": "utf-8",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "8859/1": "cp1252",
    "8859/15": "iso8859-15",
}
"""MSH-18 (table 0211) -> Python codec. UTF-8 contains ASCII; who says 8859/1 often means Windows-1252."""

_MESSAGE_START = re.compile(rb"(?:\A|(?<=[\r\n]))[ \t]*MSH(?=[^A-Za-z0-9\s])")
_BATCH_SEGMENT = re.compile(rb"(?:FHS|BHS|BTS|FTS)[^\r\n]*")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}\Z")
_LINE_ENDS = re.compile(r"[\r\n]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOTHING = frozenset({"", NULL})
_DEFAULT_ENCODING = "^~\\&"


@dataclass(frozen=True, slots=True)
class Delimiters:
    """MSH-1 and MSH-2: field, component, repetition, escape, subcomponent."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


@dataclass(frozen=True, slots=True)
class Composite:
    """One repetition of a field. `part(1)` is its first component's first subcomponent, unescaped and stripped."""

    components: list[str]
    delimiters: Delimiters

    def part(self, position: int) -> str | None:
        """Text of a component, 1-based; None when it is empty or the explicit null: a complex value that is sent
        replaces the earlier one as a whole (HL7 UK leaves the null rule of components undefined)."""
        if position > len(self.components):
            return None
        text = self.components[position - 1]
        if text.isalnum():  # holds no delimiter, for those are never letters or digits
            return text
        if not text or text == NULL:
            return None
        first = text.split(self.delimiters.subcomponent, 1)[0]
        return unescape(first, self.delimiters).strip() or None


class Segment:
    """One segment; field numbers are HL7's own, also for MSH (whose MSH-1 is the field separator itself).

    The null rule: an empty field is None (not sent, keep), the explicit null is "" or () (delete), and a repeating
    field that is sent is a snapshot of all repetitions.
    """

    __slots__ = ("delimiters", "fields", "name")

    def __init__(self, line: str, delimiters: Delimiters) -> None:
        self.delimiters = delimiters
        self.fields = line.split(delimiters.field)
        self.name = self.fields[0]
        if self.name == "MSH":
            self.fields.insert(1, delimiters.field)

    def raw(self, number: int) -> str:
        """The field as it stands in the message, stripped; empty when it is not there."""
        return self.fields[number].strip() if number < len(self.fields) else ""

    def repetitions(self, number: int) -> tuple[Composite, ...] | None:
        """Every repetition that says something; None = not sent, () = delete."""
        text = self.raw(number)
        if not text:
            return None
        marks = self.delimiters
        found = [part.split(marks.component) for part in text.split(marks.repetition)]
        return tuple([Composite(parts, marks) for parts in found if not _NOTHING.issuperset(parts)])

    def composite(self, number: int) -> Composite | None:
        """The first repetition that says something, or None."""
        found = self.repetitions(number)
        return found[0] if found else None

    def value(self, number: int, component: int = 1) -> str | None:
        """Text of a component of the first repetition; None = not sent, "" = delete."""
        text = self.raw(number)
        if not text or text.isalnum():
            return (text or None) if component == 1 else None
        found = self.repetitions(number)
        if found is None:
            return None
        return (found[0].part(component) or None) if found else ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message's segments in order; `defects` are faults of the envelope that cost nothing of the rest."""

    segments: list[Segment]
    defects: list[Defect]
    content: bytes

    def first(self, name: str) -> Segment | None:
        return next((segment for segment in self.segments if segment.name == name), None)

    def every(self, name: str) -> list[Segment]:
        return [segment for segment in self.segments if segment.name == name]


def unescape(text: str, delimiters: Delimiters) -> str:
    r"""Resolve \F\ \S\ \T\ \R\ \E\ \Xhh..\ and \.br\; drop highlighting \H\ \N\; leave unknown sequences as they are
    (HL7 v2.4 2.9). Escapes do not nest."""
    mark = delimiters.escape
    if not mark or mark not in text:
        return text
    parts = text.split(mark)
    result = [parts[0]]
    position = 1
    while position < len(parts):
        replacement = _escaped(parts[position], delimiters) if position + 1 < len(parts) else None
        if replacement is None:
            result += (mark, parts[position])
            position += 1
        else:
            result += (replacement, parts[position + 1])
            position += 2
    return "".join(result)


def escape(text: str, delimiters: Delimiters) -> str:
    """The reverse of `unescape` for text that goes into a message; line ends become \\.br\\."""
    mark = delimiters.escape
    replaced = text.replace(mark, f"{mark}E{mark}")
    for character, letter in (
        (delimiters.field, "F"),
        (delimiters.component, "S"),
        (delimiters.subcomponent, "T"),
        (delimiters.repetition, "R"),
    ):
        replaced = replaced.replace(character, f"{mark}{letter}{mark}")
    return _LINE_ENDS.sub(lambda _: f"{mark}.br{mark}", replaced)


def split(content: bytes) -> tuple[list[bytes], list[Defect]]:
    """The messages of one envelope: one message, several in a row, or an FHS/BHS batch, with or without MLLP framing
    and byte-order mark. What stands before the first MSH and is no batch header is a Defect.
    Raises Unreadable `not-hl7` when there is no MSH at all."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        content = content.decode("utf-16", errors="replace").encode()
    content = content.removeprefix(b"\xef\xbb\xbf").translate(None, b"\x0b\x1c\x00")
    starts = [match.start() for match in _MESSAGE_START.finditer(content)]
    before = _BATCH_SEGMENT.sub(b"", content[: starts[0]] if starts else content).strip().removeprefix(b"\xef\xbb\xbf")
    defect = Defect(
        code="not-hl7",
        where="MSH",
        reason="there is text before the first MSH segment" if starts else "no MSH segment starts any line",
        remedy="send HL7 v2 messages that start with MSH, or an FHS/BHS batch of them",
        fragment=before,
    )
    if not starts:
        raise Unreadable(defect)
    ends = [*starts[1:], len(content)]
    return [content[start:end] for start, end in zip(starts, ends, strict=True)], [defect] if before else []


def header(content: bytes) -> Segment:
    """The MSH segment alone. Raises Unreadable `bad-delimiters`."""
    content = content.lstrip()
    delimiters = _delimiters(content)
    return Segment(_western(re.split(rb"[\r\n]", content, maxsplit=1)[0]), delimiters)


def read(content: bytes) -> Message:
    """One message's segments. Line ends may be CR, LF or CRLF. Raises Unreadable `bad-delimiters`."""
    content = content.lstrip()
    delimiters = _delimiters(content)
    text, defects = _decode(content, delimiters)
    segments = []
    for line in _LINE_ENDS.split(_CONTROLS.sub("", text)):
        if not line.strip():
            continue
        segment = Segment(line.lstrip(), delimiters)
        if _SEGMENT.match(segment.name.strip()):
            segments.append(segment)
        else:
            defects.append(_not_a_segment(len(segments), line))
    return Message(segments, defects, content)


def _not_a_segment(after: int, line: str) -> Defect:
    return Defect(
        code="bad-segment",
        where=f"line after segment {after}",
        reason="the line does not start with a segment name; perhaps a line end inside a field",
        remedy="escape line ends in text as \\.br\\",
        fragment=line.encode(),
    )


def _delimiters(content: bytes) -> Delimiters:
    head = content[3:16].decode("latin-1")
    field = head[:1]
    encoding = head[1:].split(field, 1)[0].strip()[:4] if field else ""
    marks = encoding + _DEFAULT_ENCODING[len(encoding) :]
    used = field + marks
    if (
        not field
        or len(set(used)) != len(used)
        or any(mark.isalnum() or mark.isspace() or ord(mark) > 126 for mark in used)
    ):
        raise Unreadable(
            Defect(
                code="bad-delimiters",
                where="MSH-1, MSH-2",
                reason="the delimiters are missing, repeated, or letters and digits",
                remedy="send the delimiters |^~\\&",
                fragment=content,
            )
        )
    return Delimiters(field, *marks)


def _decode(content: bytes, delimiters: Delimiters) -> tuple[str, list[Defect]]:
    line = re.split(rb"[\r\n]", content, maxsplit=1)[0].decode("latin-1")
    declared = (Segment(line, delimiters).value(18) or "").upper()
    codec = CHARACTER_SETS.get(declared)
    try:
        if codec is not None:
            return content.decode(codec), []
        reason = "the character set is not one of table 0211 that is supported"
    except UnicodeDecodeError:
        reason = "the bytes are not of the character set that MSH-18 declares"
    defect = Defect(
        code="bad-character-set",
        where="MSH-18",
        reason=reason,
        remedy="send UTF-8 and declare it as UNICODE UTF-8; the message was read as Windows-1252 or Latin-1",
    )
    return _western(content), [defect]


def _western(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _escaped(sequence: str, delimiters: Delimiters) -> str | None:
    simple = {
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent,
        "R": delimiters.repetition,
        "E": delimiters.escape,
        "H": "",
        "N": "",
        ".br": "\n",
    }
    if sequence in simple:
        return simple[sequence]
    if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", sequence):
        return _CONTROLS.sub("", _western(bytes.fromhex(sequence[1:])))
    return None
