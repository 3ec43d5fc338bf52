"""What is wrong with a resource that somebody sends, said so that its sender can mend it: where (FHIRPath), and how.

The words never repeat what was sent: it may be about a person.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from mappings import uk_core

Json = dict[str, Any]
DEEPEST = 16
"""Levels of JSON: the deepest thing that is recorded here, an exception of a Consent, has eleven."""
_EMPTY = "FHIR has no empty values: leave the element out."
_UNREAD = ("meta", "text", "contained")
"""Made here, and passed over when it is sent back."""
_ENTRY = re.compile(r"[A-Z][A-Za-z]+/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
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
    if empty := [Fault(path(resource_type, place), _EMPTY) for place in _nulls(sent, ())]:
        return sorted(empty)
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


def _nulls(node: Any, place: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    """Where there is a null. A list of primitives may hold one in FHIR, beside an extension; nothing that is recorded
    here is such a list."""
    for name, value in _inner(node):
        if value is None:
            yield (*place, name)
        else:
            yield from _nulls(value, (*place, name))


def path(root: str, parts: Iterable[str | int]) -> str:
    """FHIRPath of an element below `root`."""
    text = root
    for part in parts:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier():  # what is no name of an element could be anything
            text += f".{part}"
    return text


def strange_references(root: str, sent: Json, about: str) -> Iterator[Fault]:
    """Literal references that lead out of what is held here, or to another person. `about`: the element that says whom
    it is about. A performer who is a Patient is that person, even if they are named by a number."""
    whom = sent.get(about, {}).get("reference")
    for parts, reference in _references({name: sent[name] for name in sent.keys() - {about, *_UNREAD}}, ()):
        themself = reference == whom or (whom is None and parts[0] == "performer")
        known = themself if reference.startswith("Patient/") else _ENTRY.fullmatch(reference)
        if not known:
            yield Fault(path(root, parts), "Name what is held here as it is read, Type/id.")


def _references(node: Any, place: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(node, dict) and node.get("url") == uk_core.FLAG_DETAIL:
        return  # made here too
    for name, value in _inner(node):
        if name == "reference" and isinstance(value, str):
            yield (*place, name), value
        else:
            yield from _references(value, (*place, name))


def _inner(node: Any) -> Iterable[tuple[str | int, Any]]:
    return node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()


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
