"""A resource for people who do not read FHIR: what it says, line by line, in words. Pure.

It is no rendering of a profile: whatever a resource says is told, so that nothing is left out of a person's own copy.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape
from re import sub
from typing import Any

from adapters.records import LONDON
from integration.audit.pdf import Document
from mappings.uk_core import Resource

_MACHINE = frozenset({"resourceType", "id", "meta", "contained"})
_MACHINE_WORDS = frozenset({"system", "use", "url", "reference", "type"})
"""What only computers need where it is a mere word: a Reference's own words and identifier say whom it means."""
_HEAD = """<!doctype html>
<html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
body {{ font: 1.1rem/1.5 Arial, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #212b32 }}
section {{ border-top: 1px solid #aeb7bd; margin: 1.5rem 0 }} dl {{ display: grid; grid-template-columns: 14rem 1fr }}
dt {{ font-weight: bold }} dd {{ margin: 0 }} @media print {{ section {{ break-inside: avoid }} }}
</style></head><body><main><h1>{title}</h1>
"""


def lines(resource: Resource) -> list[tuple[str, str]]:
    """What a resource says: name of the element, its value."""
    return list(_said(resource, ""))


def _said(node: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for key, value in node.items():
        narrative = isinstance(value, dict) and "div" in value  # it says what the elements say
        if key in _MACHINE or key.startswith("_") or narrative or (key in _MACHINE_WORDS and isinstance(value, str)):
            continue
        if key == "extension":
            for one in value:
                yield from _of(_extension(one), _words(one["url"].rpartition("/")[2].rpartition("-")[2]), path)
        else:
            yield from _of(value, _words(key), path)


def _extension(extension: Mapping[str, Any]) -> Any:
    values = [value for name, value in extension.items() if name.startswith("value")]
    return values[0] if values else {"extension": extension.get("extension", [])}


def _of(value: Any, name: str, path: str) -> Iterator[tuple[str, str]]:
    label = f"{path}, {name}" if path else name
    if isinstance(value, list):
        for one in value:
            yield from _of(one, name, path)
    elif isinstance(value, dict):
        text = _whole(value)
        if text is None:
            yield from _said(value, label)
        elif text:
            yield label, text
    else:
        yield label, _plain(value)


def _whole(value: Mapping[str, Any]) -> str | None:
    """A datatype in one line; None for what has parts to be told one by one."""
    if "coding" in value or ("code" in value and "system" in value):
        codings = value.get("coding", [value])
        text = value.get("text") or ", ".join(
            dict.fromkeys(one.get("display") or one.get("code", "") for one in codings)
        )
        return str(text)
    if "value" in value and "unit" in value:
        return f"{value['value']} {value['unit']}"
    if "start" in value or "end" in value:
        parts = [f"{word} {_plain(value[key])}" for key, word in (("start", "from"), ("end", "until")) if key in value]
        return " ".join(parts)
    if "family" in value or "given" in value:
        return value.get("text") or " ".join(
            [*value.get("prefix", ()), *value.get("given", ()), value.get("family", "")]
        )
    if "line" in value or "postalCode" in value:
        return ", ".join([*value.get("line", ()), *(value[key] for key in ("city", "postalCode") if key in value)])
    if "reference" in value and not {"display", "identifier"} & value.keys():
        return ""
    return None


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    if "T" in text[:11] and text[:4].isdecimal():
        try:
            return f"{datetime.fromisoformat(text).astimezone(LONDON):%-d %B %Y, %H:%M}"
        except ValueError:
            return text
    return text


def _words(name: str) -> str:
    """`onsetDateTime` -> `onset date time`."""
    return sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def page(title: str, introduction: str, told: Sequence[tuple[str, Resource]]) -> bytes:
    """Resources as one HTML page that needs nothing else: a heading for each, and what it says."""
    parts = [_HEAD.format(title=escape(title)), f"<p>{escape(introduction)}</p>\n"]
    for heading, resource in told:
        said = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in lines(resource))
        parts.append(f"<section><h2>{escape(heading)}</h2><dl>{said}</dl></section>\n")
    return ("".join(parts) + "</main></body></html>\n").encode()


def letter(document: Document) -> bytes:
    """A letter as one HTML page."""
    before, after = ("".join(f"<p>{escape(one)}</p>\n" for one in some) for some in (document.before, document.after))
    items = "".join(f"<li>{escape(one)}</li>\n" for one in document.sentences)
    body = before + (f"<ul>{items}</ul>" if items else "") + after
    return (_HEAD.format(title=escape(document.title)) + body + "</main></body></html>\n").encode()
