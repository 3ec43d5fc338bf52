"""Agreements in plain English that somebody can sign. What is said is all that the file means: `english_reading.py`
reads it back into the same agreements (a property test), so no change of meaning leaves the text as it was.

Two files that mean the same (in another order, with other comments) read alike: see `normal`.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from msgspec import structs

from integration.sharing import english_sentences as say
from integration.sharing.agreements import Agreement, Agreements, EvidenceTerms, ExplicitConsent, Group, Role
from integration.sharing.relationship import KINDS
from integration.sharing.request import Category, Recordable
from integration.sharing.sentences import Cited, Sentence

WIDTH = 110
_Word = TypeVar("_Word", bound=StrEnum)
DEFAULT_CONSENT = ExplicitConsent()


@dataclass(frozen=True)
class Line:
    """A sentence with its values."""

    sentence: Sentence
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence.say(**self.values)


@dataclass(frozen=True)
class Section:
    """What is said of one thing: its first line, and one line for each thing that can change, by a stable name."""

    heading: Line
    lines: Mapping[str, Line]


@dataclass(frozen=True)
class Text:
    """The whole, before it is written out; things by their names."""

    title: Line
    groups: Mapping[str, Section]
    purposes: Mapping[str, Section]
    roles: Mapping[str, Section]
    agreements: Mapping[str, Section]


def normal(agreements: Agreements) -> Agreements:
    """The same meaning in one order: lists are sets, and so are the lists of groups, purposes, roles, agreements."""
    return Agreements(
        neighbourhood=agreements.neighbourhood,
        groups={
            name: structs.replace(group, members=dict(sorted(group.members.items())))
            for name, group in sorted(agreements.groups.items())
        },
        purposes=dict(sorted(agreements.purposes.items())),
        roles={
            name: structs.replace(
                role, sees=_kinds(role.sees), own=_kinds(role.own), records=_words(role.records, Recordable)
            )
            for name, role in sorted(agreements.roles.items())
        },
        agreements=tuple(_normal(one) for one in sorted(agreements.agreements, key=lambda one: (one.id, one.version))),
    )


def _normal(one: Agreement) -> Agreement:
    glass = one.breaking_the_glass
    return structs.replace(
        one,
        sources=_set(one.sources),
        recipients=_set(one.recipients),
        roles=_set(one.roles),
        purposes=_set(one.purposes),
        categories=_kinds(one.categories),
        sensitive={name: _set(roles) for name, roles in sorted(one.sensitive.items()) if roles},
        relationship=structs.replace(one.relationship, evidence=dict(sorted(one.relationship.evidence.items()))),
        breaking_the_glass=structs.replace(glass, roles=_set(glass.roles)) if glass else None,
        need_of_location=_set(one.need_of_location),
    )


def _set(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(words)))


def _kinds(categories: Sequence[Category]) -> tuple[Category, ...]:
    return _words(categories, Category)


def _words(said: Sequence[_Word], known: type[_Word]) -> tuple[_Word, ...]:
    """Each once, in the order in which they are known."""
    order = {word: place for place, word in enumerate(known)}
    return tuple(sorted(set(said), key=order.__getitem__))


def text_of(agreements: Agreements) -> Text:
    """Everything that the agreements say, as sentences."""
    same = normal(agreements)
    return Text(
        title=Line(say.NEIGHBOURHOOD, {"name": same.neighbourhood}),
        groups={name: _group(name, group) for name, group in same.groups.items()},
        purposes={
            name: Section(Line(say.PURPOSE, {"name": name, "code": one.code, "kind": one.kind}), {})
            for name, one in same.purposes.items()
        },
        roles={name: _role(name, role) for name, role in same.roles.items()},
        agreements={
            f"{one.id} version {one.version}": Section(
                Line(say.AGREEMENT, {"id": one.id, "version": one.version, "title": one.title}),
                dict(agreement_lines(one, same)),
            )
            for one in same.agreements
        },
    )


def english(agreements: Agreements) -> str:
    """The agreements, to read and to sign. One sentence begins on each line; a line that goes on is indented."""
    text = text_of(agreements)
    out = [str(text.title)]
    parts = zip(say.HEADINGS, (text.groups, text.purposes, text.roles, text.agreements), strict=True)
    for heading, sections in parts:
        out += ["", "", heading]
        for section in sections.values():
            out += ["", written(section)]
    return "\n".join(out) + "\n"


def written(section: Section) -> str:
    """What is said of one thing."""
    return "\n".join(_wrapped(str(line)) for line in (section.heading, *section.lines.values()))


def _wrapped(line: str) -> str:
    return textwrap.fill(
        line, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False, expand_tabs=False
    )


def _group(name: str, group: Group) -> Section:
    members = {code: Line(say.MEMBER, {"code": code, "name": title}) for code, title in group.members.items()}
    return Section(Line(say.GROUP, {"name": name, "kind": group.kind}), members)


def _role(name: str, role: Role) -> Section:
    heading = Line(say.CARE_ROLE if role.clinical_or_care else say.OTHER_ROLE, {"name": name})
    lines = {"sees": Line(say.SEES, {"kinds": role.sees})}
    if role.own:
        lines["own"] = Line(say.SEES_OWN, {"kinds": role.own})
    if role.records:
        lines["records"] = Line(say.RECORDS, {"kinds": role.records})
    return Section(heading, lines)


def agreement_lines(one: Agreement, all_: Agreements) -> Iterator[tuple[str, Line]]:
    """The sentences of one agreement, each with the name of what it speaks of."""
    if one.in_short:
        yield "in short", Line(say.IN_SHORT, {"text": one.in_short})
    if one.ends is None:
        yield "dates", Line(say.IN_FORCE, {"starts": one.starts})
    else:
        yield "dates", Line(say.IN_FORCE_UNTIL, {"starts": one.starts, "ends": one.ends})
    yield "review", Line(say.REVIEW, {"review": one.review})
    yield "sources", Line(say.SOURCES, {"words": _parties(one.sources, all_)})
    yield "recipients", Line(say.RECIPIENTS, {"words": _parties(one.recipients, all_)})
    yield "roles", Line(say.ROLES, {"words": one.roles})
    yield "purposes", Line(say.PURPOSES, {"words": one.purposes})
    yield "kinds", Line(say.KINDS, {"words": one.categories})
    yield from _sensitive(one)
    yield from _relationship(one)
    yield from _consent(one, all_)
    yield from _emergency(one)
    yield "announcing", Line(say.TELLS if one.announce else say.TELLS_NOT)
    yield "Article 6", Line(say.ARTICLE_6, {"text": one.basis.article_6})
    yield "Article 9", Line(say.ARTICLE_9, {"text": one.basis.article_9})
    yield "confidentiality", Line(say.CONFIDENTIALITY, {"text": one.basis.confidentiality})


def _parties(words: Sequence[str], all_: Agreements) -> list[str]:
    names = all_.names
    return [Cited.of(word, names[word]) if word in names and word not in all_.groups else word for word in words]


def _sensitive(one: Agreement) -> Iterator[tuple[str, Line]]:
    if not one.sensitive:
        yield "sensitive", Line(say.NOTHING_SENSITIVE)
    for name, roles in one.sensitive.items():
        yield f"sensitive {name}", Line(say.SENSITIVE, {"name": name, "roles": roles})


def _relationship(one: Agreement) -> Iterator[tuple[str, Line]]:
    relationship = one.relationship
    yield "relationship", Line(say.RELATIONSHIP if relationship.needed else say.NO_RELATIONSHIP)
    if relationship.because:
        yield "because", Line(say.BECAUSE, {"text": relationship.because})
    for kind in (kind for kind in KINDS if kind in relationship.evidence):
        yield f"evidence {kind}", _evidence(kind, relationship.evidence[kind])


def _evidence(kind: str, terms: EvidenceTerms) -> Line:
    ends = "later" if terms.days else "then"
    own = "never" if terms.own_word is None else "days" if isinstance(terms.own_word, int) else "lasting"
    return Line(say.EVIDENCE[kind, ends, own], {"days": terms.days, "own": terms.own_word})


def _consent(one: Agreement, all_: Agreements) -> Iterator[tuple[str, Line]]:
    """Not said where nothing departs from the rule and no charity is concerned."""
    consent = one.consent
    if consent == DEFAULT_CONSENT and not _concerns_charities(one, all_):
        return
    yield "publishing", Line(say.PUBLISHING if consent.to_publish else say.PUBLISHING_FREELY)
    yield "viewing", Line(say.VIEWING if consent.to_view else say.VIEWING_FREELY)
    if consent.other_basis:
        yield "other basis", Line(say.OTHER_BASIS, {"text": consent.other_basis})
    if consent.own_record_days is None:
        yield "own record", Line(say.NO_OWN_RECORD)
    else:
        yield "own record", Line(say.OWN_RECORD, {"days": consent.own_record_days})
    yield "how", Line(say.MUST_SAY_HOW if consent.must_say_how else say.NEED_NOT_SAY_HOW)


def _concerns_charities(one: Agreement, all_: Agreements) -> bool:
    parties = all_.codes((*one.sources, *one.recipients))
    kinds = {all_.purposes[word].kind for word in one.purposes if word in all_.purposes}
    charities = {code for group in all_.groups.values() if group.kind == "voluntary sector" for code in group.members}
    return bool(parties & charities) and kinds != {"audit"}


def _emergency(one: Agreement) -> Iterator[tuple[str, Line]]:
    glass = one.breaking_the_glass
    if glass is None:
        yield "emergency", Line(say.NO_EMERGENCY)
    else:
        yield "emergency", Line(say.EMERGENCY, {"minutes": glass.minutes, "roles": glass.roles})
    if one.need_of_location:
        yield "location", Line(say.LOCATION, {"roles": one.need_of_location})
    else:
        yield "location", Line(say.NO_LOCATION)
