"""How pages look: the templates, with the NHS.UK design system's components (https://service-manual.nhs.uk/design-system)
at hand as macros, and the words for days and numbers.
"""

from datetime import datetime
from functools import cache
from typing import Any

from jinja2 import ChainableUndefined, Environment, PackageLoader, StrictUndefined, select_autoescape

from adapters.records import LONDON

_COMPONENTS = {
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


def pages() -> Environment:
    """The templates; whatever a page names must be given to it."""
    made = Environment(
        loader=PackageLoader("integration.console"),
        autoescape=select_autoescape(),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
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
    return {
        name: getattr(made.get_template(f"nhsuk/components/{folder}/macro.jinja").module, name)
        for name, folder in _COMPONENTS.items()
    }


def day(at: datetime) -> str:
    """`20 November 2026`, in London."""
    return f"{at.astimezone(LONDON) if isinstance(at, datetime) else at:%-d %B %Y}"


def moment(at: datetime) -> str:
    """`20 November 2026, 14:05`, in London."""
    return f"{at.astimezone(LONDON):%-d %B %Y, %H:%M}"


def counted(number: int, one: str, many: str = "") -> str:
    """`1 record`, `2,000 records`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
