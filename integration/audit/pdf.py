"""A letter or report as a PDF that a screen reader can read: tagged, in British English, with its title (PDF/UA-1, ISO
14289-1).

Typst (Apache-2.0) sets it, with the fonts of its own wheel. At 34 MB it is optional: `pip install toldonce[pdf]`. What
is told is handed over as data, beside the template, so that nothing in it can act as markup.
"""

from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from typing import Literal

import msgspec

from integration.errors import NotPossible

MEDIA_TYPE = "application/pdf"
_TEMPLATE = files("integration.audit").joinpath("document.typ").read_bytes()


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of text; `numbers`: which columns, from 0, hold numbers."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What is told: paragraphs, then sentences as a list, then a table, then paragraphs again."""

    title: str
    before: Sequence[str] = ()
    sentences: Sequence[str] = ()
    table: Table | None = None
    after: Sequence[str] = ()


def pdf(document: Document, made: datetime) -> bytes:
    """The file. `made` is aware. It takes about a tenth of a second, and a second for a thousand rows. Raises
    NotPossible where Typst is not installed.

    A letter that no font of ours has keeps a file from being called PDF/UA; the file is then made without that claim,
    with the same tags."""
    try:
        import typst
    except ModuleNotFoundError:
        raise NotPossible("A PDF needs Typst: pip install 'toldonce[pdf]'") from None
    said = {"said": msgspec.json.encode(document).decode()}

    def file(*standards: Literal["ua-1"]) -> bytes:
        compiler = typst.Compiler(_TEMPLATE, ignore_system_fonts=True, sys_inputs=said)
        content = compiler.compile(format="pdf", pdf_standards=[*standards], timestamp=int(made.timestamp()))
        assert isinstance(content, bytes)
        return content

    try:
        return file("ua-1")
    except typst.TypstError:
        return file()
