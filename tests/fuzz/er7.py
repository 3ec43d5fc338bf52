"""Mutations of HL7 v2 messages: segments, fields, repetitions, components."""

from random import Random

from tests.fuzz.octets import odd

HL7 = (
    b'""',
    b"~~",
    b"^^^",
    b"&&",
    b"\\X\\",
    b"\\XFF\\",
    b"\\E\\",
    b"^^^X9A^MR",
    b"20260101+9999",
    b"A^B~C^D",
    b"1^^^2",
)
SEGMENTS = (b"BHS|^~\\&", b"BTS|99", b"FHS|^~\\&", b"FTS|x", b"ZU8|1|2|2", b"PV2", b"MRG|1^^^X9A^MR", b"EVN|A40|2026",
            b"NK1|1|A^B|MTH", b"AL1|1", b"Z\xff\xff|1", b"PID", b"PV1|1|I", b"DSC|1")  # fmt: skip
EVENTS = (
    b"A01",
    b"A02",
    b"A03",
    b"A04",
    b"A05",
    b"A08",
    b"A11",
    b"A12",
    b"A13",
    b"A28",
    b"A31",
    b"A34",
    b"A40",
    b"A47",
)


def mutate(draw: Random, content: bytes) -> bytes:
    """One to three changes of structure."""
    for _ in range(draw.randint(1, 3)):
        content = draw.choice((_segments, _field, _field, _field, _component, _event))(draw, content)
    return content


def _segments(draw: Random, content: bytes) -> bytes:
    lines = content.split(b"\r")
    at = draw.randrange(len(lines))
    match draw.randrange(6):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, draw.choice(lines))
        case 2:
            lines.insert(at, draw.choice(SEGMENTS))
        case 3:
            draw.shuffle(lines)
        case 4:
            lines += lines
        case _:
            return draw.choice((b"\n", b"\r\n", b"\n\r", b"\r\r")).join(lines)
    return b"\r".join(lines)


def _field(draw: Random, content: bytes) -> bytes:
    fields = content.split(b"|")
    value = draw.choice((draw.choice(HL7), odd(draw), draw.choice(fields)))
    at = draw.randrange(len(fields))
    fields[at] = draw.choice((value, value, fields[at] + b"~" + value, fields[at] + b"|" + value))
    return b"|".join(fields)


def _component(draw: Random, content: bytes) -> bytes:
    mark = draw.choice((b"^", b"^", b"~", b"&"))
    parts = content.split(mark)
    parts[draw.randrange(len(parts))] = draw.choice((odd(draw), draw.choice(HL7), draw.choice(parts)))
    return mark.join(parts)


def _event(draw: Random, content: bytes) -> bytes:
    """The same fields under another trigger event."""
    said = [event for event in EVENTS if b"^" + event in content]
    return content.replace(draw.choice(said), draw.choice(EVENTS), draw.choice((1, -1))) if said else content
