"""The design system's macros: what is handed to them as text stays text, and our own templates stay strict."""

from collections.abc import Callable

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from integration.console import look
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


_SAID = ("", "1", "<b>", Markup("<b>"), 1, True, 0, False, None, [], {})


@pytest.mark.parametrize(
    "wrapped", [lambda said: said, lambda said: [said], lambda said: [{"text": said}]], ids=("plain", "list", "items")
)
def test_a_part_of_a_form_that_is_kept_is_that_of_these_parameters(wrapped: Callable[[object], object]) -> None:
    made = look._kept(repr)
    several = [{name: wrapped(said)} for said in _SAID for name in ("label", "text")]
    assert [made(one) for one in several * 2] == [repr(one) for one in several * 2]


def test_what_somebody_typed_is_kept_nowhere() -> None:
    told: list[object] = []
    made = look._kept(lambda parameters: str(told.append(parameters)))
    for parameters in ({"name": "n", "value": "999 000 0018"}, {"html": "her next step"}, {"name": "n", "value": ""}):
        made(parameters)
        made(parameters)
    assert [one.get("value") for one in told] == ["999 000 0018"] * 2 + [None] * 2 + [""]
