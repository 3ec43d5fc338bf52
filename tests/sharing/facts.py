"""What a world is made of: plain facts, in the words of the agreement file and of FHIR. Nothing of ours is imported
here, so that the oracle cannot lean on the code that it judges."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
LEGAL = ("assisted conception (HFE Act)", "gender recognition (Gender Recognition Act)")
"""Rule 6a."""
SENSITIVE = (
    "gender",
    "marked sensitive by the source",
    "safeguarding",
    "sexual health",
    "termination of pregnancy",
    "third party",
)
"""Rule 6b."""
GLASS_REASONS = ("public interest", "statute", "court order", "emergency", "with the person's permission")
"""The SCR alert reasons of an access alert."""
FLAG, IMPAIRMENTS = "reasonable adjustments", "impairments behind adjustments"
HIDDEN_LANE = "1 Hidden Lane"
"""What locates people here: it must not be in an answer about a restricted person."""


@dataclass(frozen=True)
class Evidence:
    """A sign that `organisation` looks after the person, said by the source that it is listed under."""

    kind: str
    organisation: str
    start: date | None
    end: date | None


@dataclass(frozen=True)
class Row:
    """A stored resource about the person. `starts` and `ends` are moments; `refers` are rows of the same person."""

    id: UUID
    type: str
    category: str
    sensitivities: tuple[str, ...]
    starts: datetime | None = None
    ends: datetime | None = None
    refers: tuple[UUID, ...] = ()

    @property
    def locates(self) -> bool:
        return self.type in ("Patient", "RelatedPerson")


@dataclass(frozen=True)
class Clearance:
    """The national opt-out service let this number through, when it was asked; until when that may be relied on."""

    number: str
    checked: datetime
    until: datetime


@dataclass(frozen=True)
class Source:
    """The person as one organisation knows them. `consents` are FHIR Consents that this organisation recorded."""

    organisation: str
    rows: tuple[Row, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    consents: tuple[dict[str, Any], ...] = ()
    restricted: bool = False
    number: str | None = None
    """The NHS number that it states."""


@dataclass(frozen=True)
class Person:
    """`past` is what was once recorded of them and no longer is: it decides nothing."""

    id: UUID
    sources: tuple[Source, ...] = ()
    past: tuple[Source, ...] = ()
    clearances: tuple[Clearance, ...] = ()

    def rows(self) -> list[tuple[str, Row]]:
        return [(source.organisation, row) for source in self.sources for row in source.rows]


@dataclass(frozen=True)
class Glass:
    """A declared emergency; `declared` None = with this question."""

    reason: str
    declared: datetime | None = None


@dataclass(frozen=True)
class Question:
    organisation: str
    role: str
    purpose: str
    person: UUID
    at: datetime
    glass: Glass | None = None

    @cached_property
    def day(self) -> date:
        return self.at.astimezone(LONDON).date()


@dataclass(frozen=True)
class World:
    """An agreement file (`document`, the parsed file), the people, and what is asked."""

    seed: int
    document: dict[str, Any]
    people: tuple[Person, ...] = field(repr=False)
    questions: tuple[Question, ...] = field(repr=False)

    def person(self, id_: UUID) -> Person:
        """Whoever has this id; somebody of whom nothing is recorded where nobody has."""
        return next((one for one in self.people if one.id == id_), Person(id_))

    def about(self, question: Question) -> "World":
        """The same world with this question and its person only."""
        people = tuple(one for one in self.people if one.id == question.person)
        return replace(self, people=people, questions=(question,))
