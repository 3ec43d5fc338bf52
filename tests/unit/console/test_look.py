"""The design system's macros: what is handed to them as text stays text, and our own templates stay strict."""

import pytest
from jinja2 import UndefinedError

from integration.console.look import components, pages

HOSTILE = """<script>alert(1)</script>"' onfocus=alert(1) x="&amp;"""


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("button", {"text": HOSTILE, "name": HOSTILE, "value": HOSTILE}),
        ("card", {"heading": {"text": HOSTILE}, "href": HOSTILE, "description": {"text": HOSTILE}}),
        ("details", {"summary": HOSTILE, "text": HOSTILE}),
        ("errorSummary", {"heading": HOSTILE, "description": HOSTILE, "errorList": [{"text": HOSTILE, "href": "#x"}]}),
        ("header", {"service": {"text": HOSTILE}, "account": {"items": [{"text": HOSTILE, "icon": True}]}}),
        ("input", {"label": HOSTILE, "hint": HOSTILE, "id": "x", "name": "x", "value": HOSTILE}),
        ("insetText", {"text": HOSTILE}),
        ("pagination", {"next": {"href": HOSTILE, "text": HOSTILE}}),
        ("select", {"label": "x", "id": "x", "name": "x", "items": [{"value": HOSTILE, "text": HOSTILE}]}),
        ("summaryListRow", {"key": HOSTILE, "value": HOSTILE}),
        ("textarea", {"label": HOSTILE, "id": "x", "name": "x", "value": HOSTILE}),
        ("warningCallout", {"heading": {"text": HOSTILE}, "text": HOSTILE}),
    ],
)
def test_text_is_never_markup(name: str, parameters: dict[str, object]) -> None:
    written = str(components()[name](parameters))
    assert "<script" not in written
    assert "\"' onfocus" not in written
    assert "&lt;script&gt;" in written


def test_what_no_page_was_given_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        pages().from_string("{{ button({'text': nobody_gave_this}) }}").render()
