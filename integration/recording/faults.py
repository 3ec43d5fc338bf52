"""What is wrong with a resource that somebody sends, said so that its sender can mend it: where (FHIRPath), and how.

The words never repeat what was sent: it may be about a person.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

Json = dict[str, Any]
DEEPEST = 16
"""Levels of JSON: the deepest thing that is recorded here, an exception of a Consent, has eleven."""
_WORDS = {"missing": "This element is required.", "extra_forbidden": "This is not an element of FHIR R4 here."}


class Fault(NamedTuple):
    """One thing that is wrong."""

    expression: str
    text: str


def too_deep(sent: Any) -> bool:
    """Whether it has more levels than anything that is recorded here."""
    level: list[Any] = [sent]
    for _ in range(DEEPEST):
        level = [
            inner
            for node in level
            for inner in (node.values() if isinstance(node, dict) else node)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def not_fhir(resource_type: str, sent: Json) -> list[Fault]:
    """Where it breaks FHIR R4 itself."""
    try:
        get_fhir_model_class(resource_type).model_validate(sent)
    except ValidationError as error:
        return sorted(
            {
                Fault(path(resource_type, one["loc"]), _WORDS.get(one["type"], "This is not a valid value in FHIR R4."))
                for one in error.errors(include_input=False, include_context=False, include_url=False)
            }
        )
    return []


def path(root: str, parts: Iterable[str | int]) -> str:
    """FHIRPath of an element below `root`."""
    text = root
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier():  # what is no name of an element could be anything
            text += f".{part}"
    return text


def unknown(root: str, sent: Mapping[str, Any], known: Collection[str], made_here: Collection[str]) -> Iterator[Fault]:
    """Elements that are not recorded here. Those in `made_here` are passed over, so that what was read can be sent
    back: they are made anew."""
    for name in sorted(sent.keys() - {*known, *made_here}):
        where = path(root, [name.lstrip("_")])
        yield Fault(where, "This element is not recorded here; leave it out.")


def unknown_extensions(root: str, sent: Mapping[str, Any], known: Collection[str]) -> Iterator[Fault]:
    """Extensions of the resource that mean nothing here."""
    for place, extension in enumerate(sent.get("extension", ())):
        if extension["url"] not in known:
            yield Fault(f"{root}.extension[{place}]", "This extension is not recorded here; leave it out.")
