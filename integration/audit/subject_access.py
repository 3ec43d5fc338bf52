"""A person's copy of their record (UK GDPR Article 15), as files. Pure: what was read is handed in.

    for-the-person/   the record in words and as FHIR, whose word each entry is, who has seen it
    for-review/       what a health professional must look at before it is given out: what is about somebody else too
                      (Article 15(4); Data Protection Act 2018, schedule 2, paragraph 16), what was withheld from the
                      reviewer, and which versions were corrected and who may have seen them

Nothing of `for-review` is in `for-the-person`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
import orjson

from adapters.records import LONDON
from integration.audit.pdf import Document
from integration.audit.readable import letter, page
from integration.audit.saved import saved
from integration.audit.told import in_words
from integration.sharing.request import Category, Label, Reason
from mappings.uk_core import Resource

THIRD_PARTIES = frozenset({Category.RELATED_PEOPLE, Category.SAFEGUARDING})
"""Kinds of information that are about somebody else too."""
_NOT_TOLD = frozenset({"Provenance", "Organization", "Practitioner", "PractitionerRole", "Location"})


@dataclass(frozen=True)
class Held:
    """An entry of the record, and whose word it is; no label: it was made of several sources' words, or is about
    nobody's care."""

    resource: Resource
    label: Label | None = None
    feed: str = ""

    @property
    def for_review(self) -> bool:
        """Whether somebody must look at it first: it is about others too, or its source marked it as sensitive."""
        return self.label is not None and (self.label.category in THIRD_PARTIES or bool(self.label.sensitivities))


class Access(msgspec.Struct, frozen=True):
    """One access, as the person is told of it: without names of staff."""

    when: datetime
    organisation: str
    role: str
    purpose: str
    what: str
    shown: str


class Source(msgspec.Struct, frozen=True):
    """How many entries of a type rest on the word of an organisation, and by which feed that came."""

    organisation: str
    code: str
    feed: str
    entries_of: str
    entries: int


class Corrected(msgspec.Struct, frozen=True):
    """A version of an entry that was replaced, for how long it was shown, and who was shown such entries then."""

    type: str
    id: UUID
    version: int
    shown_from: datetime
    shown_until: datetime
    seen_by: str


class Withheld(msgspec.Struct, frozen=True):
    """What the rules withheld from the reviewer, as they were told: who holds it must answer for it themselves."""

    rule: str
    kind: str
    organisation: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Copy:
    """Everything that goes into the files. `names`: ODS code -> name."""

    made: datetime
    reviewer: str
    held: Sequence[Held]
    accesses: Sequence[Access]
    letter: Document
    """Who has seen it."""
    corrected: Sequence[Corrected]
    reasons: Sequence[Reason]
    names: Mapping[str, str]


def files(copy: Copy) -> dict[str, bytes]:
    """The files by name."""
    given = [one for one in copy.held if not one.for_review]
    review = [one for one in copy.held if one.for_review]
    made = f"Made on {copy.made.astimezone(LONDON):%-d %B %Y} for {copy.reviewer}."
    return {
        "read-me.txt": _read_me(copy, len(given), len(review)).encode(),
        "for-the-person/record.html": page("Your shared record", made, _told(given, copy.names)),
        "for-the-person/record.json": _bundle(given),
        "for-the-person/sources.csv": saved(_sources(given, copy.names), Source, "csv"),
        "for-the-person/who-has-seen-it.html": letter(copy.letter),
        "for-the-person/who-has-seen-it.csv": saved(copy.accesses, Access, "csv"),
        "for-review/others-and-sensitive.html": page("To be reviewed", made, _told(review, copy.names)),
        "for-review/others-and-sensitive.json": _bundle(review),
        "for-review/withheld.csv": saved(_withheld(copy), Withheld, "csv"),
        "for-review/corrected.csv": saved(copy.corrected, Corrected, "csv"),
    }


def _read_me(copy: Copy, given: int, review: int) -> str:
    return f"""A person's copy of their shared record, made on {copy.made.astimezone(LONDON):%-d %B %Y at %H:%M}.
Made by: {copy.reviewer}.

for-the-person  {given} entries that may be given out once a health professional has looked at them (Data Protection
                Act 2018, schedule 3, part 2: nothing that would cause serious harm).
for-review      {review} entries that are about somebody else too, or that their source marked as sensitive. Each
                needs a decision: give it out, with or without what identifies others, or leave it out and say so.
                withheld.csv: what the rules withheld from whoever made this copy. Ask the organisations named there.
                corrected.csv: entries that were replaced, and who was shown such entries before.

What is not here: what the agreements do not let the maker see, documents that the sources did not send, and the paper
that they may hold. The person may also ask each source itself.
"""


def _told(held: Iterable[Held], names: Mapping[str, str]) -> list[tuple[str, Resource]]:
    """In the order of kinds of information, each with whose word it is."""
    told = [one for one in held if one.resource["resourceType"] not in _NOT_TOLD]
    return [(_heading(one, names), one.resource) for one in sorted(told, key=lambda one: one.resource["resourceType"])]


def _heading(one: Held, names: Mapping[str, str]) -> str:
    kind = in_words({one.resource["resourceType"]: 1}).capitalize() or one.resource["resourceType"]
    return f"{kind}: {names.get(one.label.organisation, one.label.organisation)}" if one.label else kind


def _bundle(held: Iterable[Held]) -> bytes:
    entries = [{"resource": one.resource} for one in held]
    bundle: Resource = {"resourceType": "Bundle", "type": "collection"}
    return orjson.dumps(bundle | ({"entry": entries} if entries else {}), option=orjson.OPT_INDENT_2)


def _sources(held: Iterable[Held], names: Mapping[str, str]) -> list[Source]:
    counted = Counter((one.label.organisation, one.feed, one.resource["resourceType"]) for one in held if one.label)
    return [
        Source(names.get(code, code), code, feed, in_words({kind: 1}) or kind, number)
        for (code, feed, kind), number in sorted(counted.items())
    ]


def _withheld(copy: Copy) -> list[Withheld]:
    return [
        Withheld(one.rule, str(one.category or ""), one.organisation or "", one.text)
        for one in copy.reasons
        if not one.allowed
    ]
