"""A person's copy of their record (UK GDPR Article 15), as files. Pure: what was read is handed in.

    for-the-person/   the record in words and as FHIR, whose word each entry is, who has seen it
    for-review/       what a health professional must look at before it is given out: what is about somebody else too
                      (Article 15(4); Data Protection Act 2018, schedule 2, paragraph 16), the kinds of information of
                      which something was withheld from the reviewer, and which versions were corrected and who may
                      have seen them

Nothing that is to be reviewed is in `for-the-person`: an entry of the person that names a relative is there without the
name, and whole in `for-review`. Who has seen it is only in what somebody makes who may read the access log.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from textwrap import fill
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import msgspec
import orjson

from adapters.records import LONDON
from integration.audit.glance import Glance
from integration.audit.pdf import Document
from integration.audit.readable import letter, page
from integration.audit.relatives import without_relatives
from integration.audit.saved import saved
from integration.audit.told import in_words, told
from integration.sharing.request import Category, Label
from mappings.uk_core import Resource

THIRD_PARTIES = frozenset({Category.RELATED_PEOPLE, Category.SAFEGUARDING})
"""Kinds of information that are about somebody else too."""
NOT_TOLD = frozenset({"Provenance", "Organization", "Practitioner", "PractitionerRole", "Location"})
"""Types of entries that tell nothing of the person themselves."""


@dataclass(frozen=True)
class Held:
    """An entry of the record, and whose word it is; no label: it was made of several sources' words, or is about
    nobody's care."""

    resource: Resource
    label: Label | None = None
    feed: str = ""

    @property
    def marked(self) -> bool:
        """Whether all of it waits for a review: its kind is about others too, or its source marked it as sensitive."""
        return self.label is not None and (self.label.category in THIRD_PARTIES or bool(self.label.sensitivities))

    @property
    def alone(self) -> "Held":
        """It without the relatives that it names."""
        return replace(self, resource=without_relatives(self.resource))


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


class Replaced(msgspec.Struct, frozen=True):
    """A version of an entry that was replaced, and for how long it was shown."""

    type: str
    id: UUID
    version: int
    shown_from: datetime
    shown_until: datetime


class Corrected(Replaced, frozen=True):
    """The same, and which organisations were shown such entries then."""

    seen_by: str


class Withheld(msgspec.Struct, frozen=True):
    """A kind of information of which something was withheld from the reviewer, where that may be said: never what, and
    never whose."""

    kind: str


@dataclass(frozen=True)
class Seen:
    """Who has seen it: `accesses` that showed something, the oldest first, of which there are `more`, older ones; and
    what the person is told of all of them."""

    accesses: Sequence[Glance]
    letter: Document
    more: bool


@dataclass(frozen=True, kw_only=True)
class Copy:
    """Everything that goes into the files. `names`: ODS code -> name, `purposes`: code -> words."""

    made: datetime
    reviewer: str
    held: Sequence[Held]
    replaced: Sequence[Replaced]
    withheld: Sequence[Category]
    seen: Seen | None
    """None: whoever makes the copy may not read the access log."""
    names: Mapping[str, str]
    purposes: Mapping[str, str]


def files(copy: Copy) -> dict[str, bytes]:
    """The files by name."""
    given = [one.alone for one in copy.held if not one.marked]
    review = [one for one in copy.held if one.marked or one != one.alone]
    made = f"Made on {copy.made.astimezone(LONDON):%-d %B %Y} for {copy.reviewer}."
    return {
        "read-me.txt": _read_me(copy, given, review).encode(),
        "for-the-person/record.html": page("What is held on you", made, _told(given, copy.names)),
        "for-the-person/record.json": _bundle(given),
        "for-the-person/sources.csv": saved(_sources(given, copy.names), Source, "csv"),
        **(_who_has_seen_it(copy, copy.seen) if copy.seen else {}),
        "for-review/others-and-sensitive.html": page("To be reviewed", made, _told(review, copy.names)),
        "for-review/others-and-sensitive.json": _bundle(review),
        "for-review/withheld.csv": saved([Withheld(one) for one in copy.withheld], Withheld, "csv"),
        "for-review/corrected.csv": saved(_corrected(copy), Corrected if copy.seen else Replaced, "csv"),
    }


def zipped(files: Mapping[str, bytes], made: datetime) -> bytes:
    """The files in one; each of them readable by nobody but whoever unpacks it."""
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for name, said in files.items():
            entry = ZipInfo(name, made.astimezone(LONDON).timetuple()[:6])
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o600 << 16
            archive.writestr(entry, said)
    return content.getvalue()


def _read_me(copy: Copy, given: Sequence[Held], review: Sequence[Held]) -> str:
    seen = "Who has seen the record is not in here: an information governance officer gives the person that list."
    if copy.seen:
        only = f", the newest {len(copy.seen.accesses):,} accesses one by one" if copy.seen.more else ""
        seen = f"Who has seen the record is in `for-the-person`{only}, without names of staff."
    paragraphs = (
        f"A person's copy of what is held on them, made on {copy.made.astimezone(LONDON):%-d %B %Y at %H:%M} by "
        f"{copy.reviewer}.",
        f"`for-the-person` has {_amount(given)}. It may be given out once a health professional has looked at it (Data "
        "Protection Act 2018, schedule 3, part 2: nothing that would cause serious harm).",
        f"`for-review` has {_amount(review)}. These are about somebody else too, or their source marked them as "
        "sensitive. Each needs a decision: give it out, with or without what identifies others, or leave it out and "
        "say so. What merely names relatives (the person's own entry, with their next of kin; a care team) is in "
        "`for-the-person` too, without them. `withheld.csv` names the kinds of information of which the maker was told "
        "that something is withheld, `corrected.csv` the entries that were replaced.",
        seen,
        "What is not here: what the agreements do not let the maker see (an information governance officer sees no "
        "care: the record comes from a health professional), documents that the sources did not send, and the paper "
        "that they may hold. The person may also ask each source itself.",
    )
    return "\n".join(f"{fill(one, 100, break_long_words=False)}\n" for one in paragraphs)


def _amount(held: Iterable[Held]) -> str:
    """`3 entries: conditions and allergies`."""
    kinds = Counter(one.resource["resourceType"] for one in held)
    words = in_words(kinds)
    return f"{kinds.total():,} entries{f': {words}' if words else ''}"


def _who_has_seen_it(copy: Copy, seen: Seen) -> dict[str, bytes]:
    return {
        "for-the-person/who-has-seen-it.html": letter(seen.letter),
        "for-the-person/who-has-seen-it.csv": saved([_access(copy, one) for one in seen.accesses], Access, "csv"),
    }


def _access(copy: Copy, event: Glance) -> Access:
    one = told(event)
    organisation = copy.names.get(one.organisation, one.organisation)
    return Access(one.when, organisation, one.role, copy.purposes.get(one.purpose, one.purpose), one.what, one.shown)


def _corrected(copy: Copy) -> Sequence[Replaced]:
    """Versions that were replaced, with which organisations were shown entries of that type while they stood."""
    if copy.seen is None:
        return copy.replaced
    shown: dict[str, list[Glance]] = {}
    for event in copy.seen.accesses:
        for type_ in event.counts:
            shown.setdefault(type_, []).append(event)
    return [_seen_by(one, shown.get(one.type, ()), copy.names) for one in copy.replaced]


def _seen_by(one: Replaced, shown: Iterable[Glance], names: Mapping[str, str]) -> Corrected:
    by = {event.organisation for event in shown if one.shown_from <= event.recorded < one.shown_until}
    said = ", ".join(sorted(names.get(code, code) for code in by))
    return Corrected(one.type, one.id, one.version, one.shown_from, one.shown_until, said)


def _told(held: Iterable[Held], names: Mapping[str, str]) -> list[tuple[str, Resource]]:
    """In the order of kinds of information, each with whose word it is."""
    shown = [one for one in held if one.resource["resourceType"] not in NOT_TOLD]
    return [(_heading(one, names), one.resource) for one in sorted(shown, key=lambda one: one.resource["resourceType"])]


def _heading(one: Held, names: Mapping[str, str]) -> str:
    kind = in_words({one.resource["resourceType"]: 1}).capitalize() or one.resource["resourceType"]
    return f"{kind}: {names.get(one.label.organisation, one.label.organisation)}" if one.label else kind


def _bundle(held: Iterable[Held]) -> bytes:
    entries = [{"resource": one.resource} for one in held]
    bundle: Resource = {"resourceType": "Bundle", "type": "collection"}
    return orjson.dumps(bundle | ({"entry": entries} if entries else {}), option=orjson.OPT_INDENT_2)


def _sources(held: Iterable[Held], names: Mapping[str, str]) -> list[Source]:
    entries = [(one.label, one.feed, one.resource["resourceType"]) for one in held if one.label]
    counted = Counter((label.organisation, feed, kind) for label, feed, kind in entries if kind not in NOT_TOLD)
    return [
        Source(names.get(code, code), code, feed, in_words({kind: 1}) or kind, number)
        for (code, feed, kind), number in sorted(counted.items())
    ]
