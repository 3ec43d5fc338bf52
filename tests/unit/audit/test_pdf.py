"""A letter as PDF: what it says is text, whoever is named, and a screen reader can read it."""

import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import NullObject

from integration.audit.pdf import Document, Table, pdf
from integration.audit.saved import tabled
from integration.audit.usage import Use
from integration.errors import NotPossible
from tests.unit.audit.test_event import NOW

MARKUP = [
    '#panic("x")', "*bold* _it_ `code`", "$x^2$", "@label <label>", "= Heading", "- item", "// comment /* more */",
    "\\ \\u{41}", "#read(\"/etc/passwd\")", "~a--b'c'", "]#[", '"}],', "https://example.org/",
]  # fmt: skip


def read(document: Document) -> PdfReader:
    return PdfReader(BytesIO(pdf(document, NOW)))


def words(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def roles(element: Any) -> Iterator[str]:
    """The roles of the structure tree, in reading order."""
    found = element.get_object()
    if isinstance(found, list):
        for one in found:
            yield from roles(one)
    elif isinstance(found, dict):
        if "/S" in found:
            yield found["/S"]
        yield from roles(found.get("/K", NullObject()))


@pytest.mark.parametrize("text", MARKUP)
def test_what_looks_like_markup_is_text(text: str) -> None:
    table = Table(caption=text, headings=[text], rows=[[text]])
    document = Document(title=text, before=[text], sentences=[text], table=table, after=[text])
    reader = read(document)
    assert words(reader).count(" ".join(text.split())) == 8  # the title at the foot of the page too
    assert reader.metadata is not None
    assert reader.metadata.title == text


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_no_name_stops_a_letter(text: str) -> None:
    reader = read(Document(title="Who has seen your record", before=[text], sentences=[text, "the end"]))
    assert "the end" in words(reader)


def test_a_screen_reader_can_read_it() -> None:
    table = Table(caption="Callers", headings=["Who", "How often"], rows=[["a practice", "3"]] * 80, numbers=[1])
    root = read(Document(title="Who", before=["first"], sentences=["a", "b"], table=table)).trailer["/Root"]
    assert root["/Lang"] == "en-GB"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    found = list(roles(root["/StructTreeRoot"]["/K"]))
    assert found.count("/TH") == 2
    assert found.count("/LI") == 2
    assert found.count("/TR") == 81
    assert found.index("/P") < found.index("/L") < found.index("/Table")


def test_the_same_is_the_same_file() -> None:
    document = Document(title="Who", sentences=["a"])
    assert pdf(document, NOW) == pdf(document, NOW)


def test_a_report_is_a_table_with_its_headings() -> None:
    use = Use(
        organisation="X9A", client="epr", user="Dr #Patel", role="GP", purpose="TREAT", accesses=1234, refused=0,
        emergencies=0, people=7, shown=99, first=NOW, last=NOW,
    )  # fmt: skip
    document = tabled("Who uses the record", "All days", [use], Use)
    assert document.table is not None
    assert [document.table.headings[place] for place in document.table.numbers] == [
        "Accesses", "Refused", "Emergencies", "People", "Shown"
    ]  # fmt: skip
    text = words(read(document))
    for told in ("Who uses the record", "All days", "Organisation", "Dr #Patel", "1234"):
        assert told in text


def test_without_typst_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(NotPossible, match=r"pip install 'toldonce\[pdf\]'"):
        pdf(Document(title="Who"), NOW)
