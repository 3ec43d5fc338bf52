"""What is kept for good, as it lies in the database: what is long is a gzip member, made here.

PostgreSQL compresses by itself what makes a row longer than 2 kB. Its method (pglz) takes some seven times as long as
ISA-L (`isal`) and leaves 1.4 times as much (docs/performance.md); and what is compressed here goes to the database and
comes back so. `gunzip` reads it.
"""

from isal import isal_zlib

LONGEST_PLAIN = 2000
"""Bytes: up to this the row stays below what PostgreSQL compresses."""
_LEVEL = 1
_GZIP = 16 + isal_zlib.MAX_WBITS
_MAGIC = b"\x1f\x8b"
"""How a gzip member begins (RFC 1952, 2.3.1)."""


def packed(content: bytes) -> bytes:
    """What is stored for these bytes: themselves, or one gzip member where they are long, or look like one."""
    if len(content) > LONGEST_PLAIN or content.startswith(_MAGIC):
        return isal_zlib.compress(content, _LEVEL, _GZIP)
    return content


def unpacked(stored: bytes) -> bytes:
    """The bytes of which `packed` made this. What is no whole gzip member comes back as it lies there, damaged or older
    than packing: nobody can read that either, and it is quarantined without holding others up."""
    if not stored.startswith(_MAGIC):
        return stored
    try:
        return isal_zlib.decompress(stored, _GZIP)
    except isal_zlib.error:  # type: ignore[misc]  # its stub says that the class is an instance
        return stored
