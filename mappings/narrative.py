"""The narrative of a resource: what a reader without our vocabulary has to see of it.

A narrative is there for safety, so flags and care plans have one, whose meaning is in words. It says what the
resource's own elements say, nothing of what they refer to, for another resource may be withheld. It is free text to
everything that removes free text. http://hl7.org/fhir/R4/narrative.html
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape
from typing import Any

Json = dict[str, Any]


def narrated(resource: Json) -> Json:
    """The resource, with a generated narrative where its type has one."""
    paragraphs = _PARAGRAPHS.get(resource["resourceType"])
    if paragraphs is None:
        return resource
    said = "".join(f"<p>{escape(line, quote=False)}</p>" for line in paragraphs(resource))
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{said}</div>'
    return {**resource, "text": {"status": "generated", "div": div}}


def _flag(flag: Json) -> Iterator[str]:
    words = "; ".join(_words([flag.get("code", {})])) or "without words"
    yield f"Flag ({flag.get('status')}): {words}{_dates(flag.get('period', {}))}"
    if kinds := "; ".join(_words(flag.get("category", ()))):
        yield f"Kind: {kinds}"


def _care_plan(plan: Json) -> Iterator[str]:
    title = plan.get("title") or "; ".join(_words(plan.get("category", ()))) or "without title"
    yield f"Care plan ({plan.get('status')}): {title}{_dates(plan.get('period', {}))}"
    if plan.get("description"):
        yield str(plan["description"])
    for activity in plan.get("activity", ()):
        detail = activity.get("detail", {})
        words = [*_words([detail.get("code", {})]), *([detail["description"]] if "description" in detail else ())]
        if words:
            yield f"{': '.join(words)} ({detail.get('status')})"


def _words(concepts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Of each CodeableConcept its text, else the displays or codes of its codings."""
    for concept in concepts:
        text = concept.get("text")
        said = [text] if text else [one.get("display") or one.get("code", "") for one in concept.get("coding", ())]
        if any(said):
            yield ", ".join(dict.fromkeys(filter(None, said)))


def _dates(period: Mapping[str, str]) -> str:
    return "".join(
        f", {word} {period[end][:10]}" for word, end in (("from", "start"), ("until", "end")) if end in period
    )


_PARAGRAPHS: Mapping[str, Callable[[Json], Iterator[str]]] = {"Flag": _flag, "CarePlan": _care_plan}
