r"""HL7 v2 "pipe and hat" (ER7) reading: delimiters, escapes, repetitions, the null rule and line ends.

Only what ADT needs, because a full structural parse of a message takes milliseconds; writing and validating use hl7apy.
Source: HL7 v2.4 chapter 2 (2.7 delimiters, 2.9 escapes, 2.10 null), HL7 UK A.3 2.3.3-2.3.4 (see `Segment`).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from adapters.acute.batch import LARGEST_MESSAGE, split
from adapters.acute.characters import CONTROLS, decode, western
from adapters.errors import Unreadable
from adapters.records import Defect

__all__ = ["NULL", "Composite", "Delimiters", "Message", "Segment", "escape", "header", "read", "split", "unescape"]

NULL = '""'
"""The explicit null: delete what you hold. An empty field means: not sent, keep what you hold."""

_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}\Z")
_LINE_ENDS = re.compile(r"[\r\n]+")
_FIRST_LINE = re.compile(rb"[^\r\n]*")
_NOTHING = frozenset({"", NULL})
_DEFAULT_ENCODING = "^~\\&"
MOST_MARKS = 10_000
"""Lines, repetitions and escapes of one message, together. Real messages have some hundreds; so many as this are a
fault, or an attack on who reads them."""
_SHOWN = 1 << 16
"""Bytes of a message too large that are kept to show what it was."""


@dataclass(frozen=True, slots=True)
class Delimiters:
    """MSH-1 and MSH-2: field, component, repetition, escape, subcomponent."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


class Composite:
    """One repetition of a field. `part(1)` is its first component's first subcomponent, unescaped and stripped."""

    __slots__ = ("components", "delimiters")

    def __init__(self, components: list[str], delimiters: Delimiters) -> None:
        self.components = components
        self.delimiters = delimiters

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

    def parts(self, count: int) -> list[str]:
        """The first `count` components as texts, "" for those that say nothing."""
        sent = self.components[:count]
        if len(sent) < count:
            sent += [""] * (count - len(sent))
        return [
            text if text.isalnum() or not text else self.part(position) or "" for position, text in enumerate(sent, 1)
        ]


class Segment:
    """One segment; field numbers are HL7's own, also for MSH (whose MSH-1 is the field separator itself).

    The null rule: an empty field is None (not sent, keep), the explicit null is "" or () (delete), and a repeating
    field that is sent is a snapshot of all repetitions.
    """

    __slots__ = ("delimiters", "fields", "line", "name")

    def __init__(self, line: str, delimiters: Delimiters) -> None:
        self.line = line
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
        fields = self.fields
        if number >= len(fields) or not (text := fields[number].strip()):
            return None
        marks = self.delimiters
        if marks.repetition not in text:
            parts = text.split(marks.component)
            return () if _NOTHING.issuperset(parts) else (Composite(parts, marks),)
        found = [part.split(marks.component) for part in text.split(marks.repetition)]
        return tuple([Composite(parts, marks) for parts in found if not _NOTHING.issuperset(parts)])

    def composite(self, number: int) -> Composite | None:
        """The first repetition that says something, or None."""
        found = self.repetitions(number)
        return found[0] if found else None

    def value(self, number: int, component: int = 1) -> str | None:
        """Text of a component of the first repetition; None = not sent, "" = delete."""
        fields = self.fields
        if number >= len(fields) or not (text := fields[number]):  # most fields of most messages
            return None
        if text.isalnum():
            return text if component == 1 else None
        found = self.repetitions(number)
        if found is None:
            return None
        return (found[0].part(component) or None) if found else ""

    def says_more_than(self, numbers: frozenset[int]) -> bool:
        """Whether any other field than these is filled."""
        return any(text and not text.isspace() for at, text in enumerate(self.fields) if at and at not in numbers)


@dataclass(frozen=True, slots=True)
class Message:
    """One message's segments in order; `defects` are faults of the envelope that cost nothing of the rest."""

    segments: list[Segment]
    by_name: dict[str, list[Segment]]
    defects: list[Defect]
    content: bytes

    def first(self, name: str) -> Segment | None:
        found = self.by_name.get(name)
        return found[0] if found else None

    def every(self, name: str) -> list[Segment]:
        return self.by_name.get(name, [])


def unescape(text: str, delimiters: Delimiters) -> str:
    r"""Resolve \F\ \S\ \T\ \R\ \E\ \Xhh..\ and \.br\; drop highlighting \H\ \N\; leave unknown sequences as they are
    (HL7 v2.4 2.9), those that switch character sets (\Cxxyy\, \Mxxyyzz\) too. Escapes do not nest."""
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
    if text.isalnum():  # holds neither delimiter nor line end
        return text
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


def header(content: bytes) -> Segment:
    """The MSH segment alone. Raises Unreadable `bad-delimiters`."""
    content = content.lstrip()
    return Segment(western(_first_line(content)), _delimiters(content))


def read(content: bytes) -> Message:
    """One message's segments. Line ends may be CR, LF or CRLF. Raises Unreadable `bad-delimiters`, `too-large`."""
    content = content.lstrip()
    if len(content) > LARGEST_MESSAGE:
        raise _too_large(content, f"the message is longer than {LARGEST_MESSAGE:,} bytes")
    delimiters = _delimiters(content)
    if len(content) > MOST_MARKS and _marks_in(content, delimiters) > MOST_MARKS:
        raise _too_large(content, f"the message has more than {MOST_MARKS:,} lines, repetitions and escapes")
    declared = Segment(_first_line(content).decode("latin-1"), delimiters).value(18) or ""
    text, mismatch = decode(content, declared.upper())
    defects = [mismatch] if mismatch else []
    segments: list[Segment] = []
    by_name: dict[str, list[Segment]] = {}
    for line in _LINE_ENDS.split(CONTROLS.sub("", text)):
        if not line or line.isspace():
            continue
        segment = Segment(line.lstrip(), delimiters)
        if _SEGMENT.match(segment.name.strip()):
            segments.append(segment)
            by_name.setdefault(segment.name, []).append(segment)
        else:
            defects.append(_not_a_segment(len(segments), line))
    return Message(segments, by_name, defects, content)


def _not_a_segment(after: int, line: str) -> Defect:
    return Defect(
        code="bad-segment",
        where=f"line after segment {after}",
        reason="the line does not start with a segment name; perhaps a line end inside a field",
        remedy="escape line ends in text as \\.br\\",
        fragment=line.encode(),
    )


def _marks_in(content: bytes, delimiters: Delimiters) -> int:
    marks = ("\r", "\n", delimiters.repetition, delimiters.escape)
    return sum(content.count(mark.encode()) for mark in marks)


def _too_large(content: bytes, reason: str) -> Unreadable:
    return Unreadable(
        Defect(
            code="too-large",
            where="message",
            reason=reason,
            remedy="send documents by reference, not inside the message",
            fragment=content[:_SHOWN],
        )
    )


def _first_line(content: bytes) -> bytes:
    found = _FIRST_LINE.match(content)
    return found.group() if found else b""


def _delimiters(content: bytes) -> Delimiters:
    found = _marks(content[3:16])
    if found is None:
        raise Unreadable(
            Defect(
                code="bad-delimiters",
                where="MSH-1, MSH-2",
                reason="the delimiters are missing, repeated, or letters and digits",
                remedy="send the delimiters |^~\\&",
                fragment=content,
            )
        )
    return found


@lru_cache(maxsize=256)
def _marks(start: bytes) -> Delimiters | None:
    """The delimiters that a message begins with after MSH, or None when they cannot be."""
    head = start.decode("latin-1")
    field = head[:1]
    encoding = head[1:].split(field, 1)[0].strip()[:4] if field else ""
    used = field + encoding + _DEFAULT_ENCODING[len(encoding) :]
    if (
        not field
        or len(set(used)) != len(used)
        or any(mark.isalnum() or mark.isspace() or not mark.isprintable() or ord(mark) > 126 for mark in used)
    ):
        return None
    return Delimiters(*used)


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
        return CONTROLS.sub("", western(bytes.fromhex(sequence[1:])))
    return None
