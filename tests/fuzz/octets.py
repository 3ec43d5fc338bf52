"""Mutations that know nothing of the format: bytes changed, cut, doubled, put in; and the odd values the others use."""

from random import Random

ODD = (
    "", " ", '""', "\0", "\ufeff", "\u202e", "\u200b", "\U0001f9d1", "e\u0301", "ﬀ", "\x85", "\x1f", "\u2028\xa0x",
    "0", "-0", "-1", "1e400", "NaN", "null", "true", "999999999999999999999999", "0.1", "1,5", "٣", "²", "٣٠/٠٦/٢٠٢٦",
    "9990000018", "999 000 0018", "9990000019", "1111111111", "99900000180",
    "2026-02-30", "0000-00-00", "9999-12-31", "0001-01-01", "10000-01-01", "2026-06-30T25:61:61", "20260630", "2026",
    "20260229120000+9999", "30/06/2026", "31/06/26", "06/30/2026", "30 June 2026", "46203", "46203.5", "24:00", "01:30",
    "=cmd|' /C calc'!A0", "<x>&amp;", "'; drop table--", "%s%n{0}", "../../etc", "x" * 3000, "Y", "N", "U", "98", "XX",
)  # fmt: skip
"""Texts that a cell, field or element may hold by mistake: other formats' dates and numbers among them."""
MARKS = (b"\0", b"\r", b"\n", b"\r\n", b",", b'"', b"|", b"^", b"~", b"&", b"\\", b"{", b"]", b"<", b"\x0b", b"\x1c\r",
         b"\xff\xfe", b"\xef\xbb\xbf", b"\xc3", b"\xed\xa0\x80", b"PK\x05\x06")  # fmt: skip


def odd(draw: Random) -> bytes:
    return draw.choice(ODD).encode()


def mutate(draw: Random, content: bytes) -> bytes:
    """One to nine changes at places that may be anywhere."""
    changed = bytearray(content)
    for _ in range(draw.randint(1, 9)):
        at, length = draw.randrange(len(changed) + 1), draw.choice((1, 1, 2, 8, 64, 512))
        match draw.randrange(6):
            case 0:
                changed[at : at + 1] = bytes([draw.randrange(256)])
            case 1:
                del changed[at : at + length]
            case 2:
                changed[at:at] = changed[at : at + length]
            case 3:
                changed[at:at] = draw.choice(MARKS)
            case 4:
                changed[at:at] = odd(draw)
            case _ if draw.random() < 0.1:
                del changed[at:]
            case _:
                changed[at : at + 1] = draw.choice(MARKS)
    return bytes(changed)
