"""What somebody means to record, and what came of it. Plain data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from adapters.recorded.records import Author, Interaction, Json


@dataclass(frozen=True)
class Intended:
    """One statement as it is meant: a new one under `key`, or one about the resource `id`. `version` is what its author
    saw, None where any will do; `seen` its JSON as they saw it: of what was masked nothing may be changed."""

    interaction: Interaction
    type: str
    id: UUID | None = None
    key: str = ""
    version: int | None = None
    seen: bytes | None = None
    reason: str = ""
    resource: Json | None = None


@dataclass(frozen=True)
class Recording:
    """What one request records of one person, by their present id."""

    by: Author
    person: UUID
    at: datetime
    request: str
    intended: Sequence[Intended]


class Kept(NamedTuple):
    """What came of one statement: the version of the resource that says it. `new`: there was none before; not
    `changed`: that very version was there already."""

    interaction: Interaction
    type: str
    id: UUID
    version: int
    new: bool
    changed: bool
