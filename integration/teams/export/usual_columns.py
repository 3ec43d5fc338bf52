"""Columns as most tables of the extract have them: a code, a moment, a reference, and who said so when."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from integration.teams.export.column import Column, Table
from integration.teams.export.values import coding, extension, first, moment, precision, reference, text
from mappings.uk_core import Resource


def text_of(name: str, doc: str, *paths: str) -> Column:
    """What the element says at the first of these paths, the name itself where none is given."""
    return Column(name, "text", doc, lambda item: text(item.element, *(paths or (name,))))


def moment_of(name: str, doc: str, *paths: str) -> tuple[Column, Column]:
    """A moment, and how exactly it was told."""
    return (
        Column(name, "moment", doc, lambda item: moment(text(item.element, *paths))),
        Column(f"{name}_precision", "text", f"of `{name}`", lambda item: precision(text(item.element, *paths))),
    )


def period_of(path: str = "period") -> tuple[Column, ...]:
    """The start and the end of a Period."""
    return (
        *moment_of("start", "when it began", f"{path}.start"),
        *moment_of("end", "when it ended; null: it goes on, or nobody says", f"{path}.end"),
    )


def code_of(name: str, doc: str, path: str = "") -> tuple[Column, ...]:
    """A CodeableConcept's or Coding's code, system and words."""
    return (
        Column(name, "text", f"{doc}: the code", lambda item: coding(item.element, path or name).get("code")),
        Column(f"{name}_system", "text", "its system", lambda item: coding(item.element, path or name).get("system")),
        Column(f"{name}_display", "text", "its words", lambda item: coding(item.element, path or name).get("display")),
    )


def extension_of(name: str, doc: str, url: str, path: str = "") -> Column:
    """The code of an extension of the element, or of what it has at a path."""
    return Column(name, "text", doc, lambda item: extension(first(item.element, path), url).get("code"))


def reference_of(name: str, doc: str, path: str = "") -> Column:
    """The id of what a Reference leads to."""
    return Column(name, "id", doc, lambda item: reference(item.element, path or name))


_ID = Column("id", "id", "the resource", lambda item: UUID(item.resource["id"]))
_FEED = Column(
    "feed",
    "text",
    "who says so: gp, acute, community, mental_health, social_care, vcfse, pds, or recorded (here)",
    lambda item: item.feed,
)
_RECORDED = Column("recorded", "moment", "when this version was stored here", lambda item: item.recorded)
STATUS = text_of("status", "in FHIR's words")
OF_ENCOUNTER = reference_of("encounter", "the contact it belongs to")


def table(
    name: str,
    doc: str,
    types: str | tuple[str, ...],
    *columns: Column,
    rows: Callable[[Resource], Iterator[Any]] = lambda resource: iter((resource,)),
) -> Table:
    """A table of what these types say: id and feed, its own columns, and when it was stored."""
    return Table(name, doc, (types,) if isinstance(types, str) else types, (_ID, _FEED, *columns, _RECORDED), rows)
