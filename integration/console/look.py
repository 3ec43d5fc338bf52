"""How pages look: the templates, with the NHS.UK design system's components (https://service-manual.nhs.uk/design-system)
at hand as macros, and the words for days and numbers.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from jinja2 import ChainableUndefined, Environment, PackageLoader, StrictUndefined, select_autoescape

from adapters.records import LONDON

_COMPONENTS = {
    "backLink": "back-link",
    "button": "button",
    "card": "card",
    "details": "details",
    "errorSummary": "error-summary",
    "footer": "footer",
    "header": "header",
    "input": "input",
    "insetText": "inset-text",
    "pagination": "pagination",
    "select": "select",
    "skipLink": "skip-link",
    "summaryList": "summary-list",
    "summaryListRow": "summary-list/row",
    "tag": "tag",
    "textarea": "textarea",
    "warningCallout": "warning-callout",
}
"""Macros that templates call by these names, and the folder of each."""
_OF_FORMS = frozenset({"button", "input", "select"})
"""Those that take up to a millisecond, a dozen times on a page, and mostly say the same whoever looks."""
_KEPT = 512
"""Of each of them, how many are kept."""


def pages() -> Environment:
    """The templates; whatever a page names must be given to it."""
    made = Environment(
        loader=PackageLoader("integration.console"),
        autoescape=select_autoescape(),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    made.filters |= {"day": day, "moment": moment, "counted": counted}
    made.globals |= components()
    return made


@cache
def components() -> dict[str, Any]:
    """The design system's macros. They have an environment of their own, because they ask for parameters that nobody
    gave; ours stays strict. Every parameter but one named `html` is escaped."""
    made = Environment(
        loader=PackageLoader("nhsuk_frontend_jinja"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=ChainableUndefined,
        auto_reload=False,
    )
    macros = {
        name: getattr(made.get_template(f"nhsuk/components/{folder}/macro.jinja").module, name)
        for name, folder in _COMPONENTS.items()
    }
    return {name: _kept(macro) if name in _OF_FORMS else macro for name, macro in macros.items()}


@dataclass(frozen=True)
class _Asked:
    key: Hashable
    parameters: Mapping[str, Any] = field(compare=False)


def _kept(macro: Callable[[Mapping[str, Any]], str]) -> Callable[[Mapping[str, Any]], str]:
    """A part of a form that is made once for the same parameters. One with a value, which somebody may have typed, or
    with HTML of a page, is made each time, and kept nowhere."""
    made = lru_cache(_KEPT)(lambda asked: macro(asked.parameters))

    def given(parameters: Mapping[str, Any]) -> str:
        if parameters.get("value") or "html" in parameters:
            return macro(parameters)
        return made(_Asked(_key(parameters), parameters))

    return given


def _key(value: Any) -> Hashable:
    """Equal for what makes equal HTML: text that is escaped already is no other text, and 1 is not True."""
    if isinstance(value, Mapping):
        return Mapping, tuple([(name, _key(one)) for name, one in value.items()])
    return (list, tuple(map(_key, value))) if isinstance(value, list | tuple) else (type(value), value)


def day(at: datetime) -> str:
    """`20 November 2026`, in London."""
    return f"{at.astimezone(LONDON) if isinstance(at, datetime) else at:%-d %B %Y}"


def moment(at: datetime) -> str:
    """`20 November 2026, 14:05`, in London."""
    return f"{at.astimezone(LONDON):%-d %B %Y, %H:%M}"


def counted(number: int, one: str, many: str = "") -> str:
    """`1 record`, `2,000 records`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
