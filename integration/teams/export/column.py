"""What a table of the columnar extract is made of, and what a row of it is made from."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from mappings.uk_core import Resource

Type = Literal["text", "id", "integer", "number", "boolean", "moment"]
"""`id`: a pseudonym, as text; `number`: a double; `moment`: a timestamp in microseconds, UTC."""
Value = str | int | float | bool | datetime | UUID | None


@dataclass(frozen=True)
class Item:
    """What one row is made of: an element of a resource, that resource, who says so, and when it was stored."""

    element: Any
    resource: Resource
    feed: str | None = None
    recorded: datetime | None = None


@dataclass(frozen=True)
class Column:
    """One column, and what gives its value in a row; of an id, before it is made a pseudonym."""

    name: str
    type: Type
    doc: str
    of: Callable[[Item], Value]


@dataclass(frozen=True)
class Table:
    """One table: a row for each element that `rows` finds in the resources of these types, all of the resource where
    it is not given."""

    name: str
    doc: str
    types: Sequence[str]
    columns: Sequence[Column]
    rows: Callable[[Resource], Iterator[Any]] = lambda resource: iter((resource,))
