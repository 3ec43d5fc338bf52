"""Mutations of ZIP files: their members changed, dropped, renamed, doubled. Workbooks are ZIP files of XML."""

import io
import warnings
import zipfile
from random import Random
from xml.sax.saxutils import escape

from tests.fuzz import cells, octets

MARKUP = (
    b"<", b">", b"</row>", b"<c/>", b"<row/>", b"&", b"&#0;", b"<!--", b"<![CDATA[", b't="s"', b'r="ZZ99"', b'r="A0"',
    b"<v>1</v>", b"<v>1e400</v>", b"<v>-1</v>", b'<!DOCTYPE x [<!ENTITY e "e">]>', b'count="999999999"',
)  # fmt: skip
Members = list[tuple[str, bytes]]


def mutate(draw: Random, content: bytes) -> bytes:
    """One to three changes; what is no ZIP stays as it is."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members: Members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError, EOFError):
        return content
    for _ in range(draw.randint(1, 3)):
        if members:
            _change(draw, members)
    return _packed(draw, members)


def _change(draw: Random, members: Members) -> None:
    at = draw.randrange(len(members))
    name, content = members[at]
    if draw.random() < 0.8:
        inside = markup if name.endswith((".xml", ".rels")) else cells.mutate
        members[at] = (name, (inside if draw.random() < 0.9 else octets.mutate)(draw, content))
        return
    match draw.randrange(6):
        case 0:
            del members[at]
        case 1:
            members.append((name, content))
        case 2:
            members[at] = (draw.choice((name.upper(), f"../{name}", f"x/{name}", name[1:] or "x", "x.exe")), content)
        case 3:
            members[at] = (name, draw.choice(members)[1])
        case 4:
            members[at] = (name, b"")
        case _:
            members.insert(0, ("__MACOSX/._x", b"\0\5\x16\7"))


def markup(draw: Random, content: bytes) -> bytes:
    """Texts replaced; now and then a tag put in, taken out, doubled or broken."""
    for _ in range(draw.randint(1, 3)):
        parts = content.split(b"<")
        at = draw.randrange(len(parts))
        match draw.randrange(20):
            case 0:
                parts.insert(at, draw.choice(MARKUP))
            case 1 if len(parts) > 1:
                del parts[at]
            case 2:
                parts.insert(at, parts[at])
            case 3:
                parts[at] = parts[at].replace(b"=", draw.choice((b"=x", b"", b"='")), 1)
            case _:
                texts = [place for place, part in enumerate(parts) if part[-1:] not in (b">", b"")] or [at]
                at = draw.choice(texts)
                text = escape(draw.choice(octets.ODD)).encode()
                parts[at] = parts[at].split(b">")[0] + b">" + text
        content = b"<".join(parts)
    return content


def _packed(draw: Random, members: Members) -> bytes:
    packed = io.BytesIO()
    way = zipfile.ZIP_LZMA if draw.random() < 0.02 else draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", way) as archive:
        warnings.simplefilter("ignore", UserWarning)  # two members of one name are meant
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=way)
    return packed.getvalue()
