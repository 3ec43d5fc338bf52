"""The data sharing agreements of a neighbourhood: one readable YAML file as typed, checked data.

`agreements.schema.json` is the file's grammar, `agreement_file.py` reads it with line numbers; what words mean to
each other (a role that is used must be described) is checked here.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Literal

import msgspec
from msgspec import Struct

from integration.sharing.agreement_file import AgreementError, Document, Problem, nearest, read
from integration.sharing.relationship import EvidenceRule
from integration.sharing.request import Category, Recordable
from integration.sharing.sensitivity import LEGAL, SENSITIVITIES

__all__ = ["Agreement", "AgreementError", "Agreements", "Group", "Purpose", "Role", "load"]

AS_LONG_AS_IT_LASTS = "as long as it lasts"
_AUDITED = frozenset({Category.CHOICES, Category.AUDIT})
_FLAG = frozenset({Category.ADJUSTMENTS, Category.IMPAIRMENTS})


class Group(Struct, frozen=True):
    """Organisations of one kind, by ODS code."""

    kind: Literal["general practice", "statutory", "voluntary sector", "independent"]
    members: dict[str, str]


class Purpose(Struct, frozen=True):
    """A purpose of use; `code` is its v3-ActReason code, which tokens and audit events carry."""

    code: str
    kind: Literal["care", "audit", "beyond care", "national flag"]


class Role(Struct, frozen=True):
    """What people in one role may see (rule 4). Reasonable adjustments are not listed: rule 8 speaks of them."""

    clinical_or_care: bool = msgspec.field(name="clinical or care role")
    sees: tuple[Category, ...] = msgspec.field(name="may see")
    own: tuple[Category, ...] = msgspec.field(name="may see of the own organisation only", default=())
    records: tuple[Recordable, ...] = msgspec.field(name="may record", default=())
    """What it may record here through the API (`integration.recording`), of a person whom it may see."""


class EvidenceTerms(Struct, frozen=True):
    days: int = msgspec.field(name="days after it ends")
    own_word: int | str | None = msgspec.field(name="own word counts for days", default=None)

    def rule(self) -> EvidenceRule:
        """These words as rule 3 applies them."""
        limited = self.own_word if isinstance(self.own_word, int) else None
        return EvidenceRule(self.days, own_word=self.own_word is not None, own_days=limited)


class Relationship(Struct, frozen=True):
    needed: bool
    because: str = ""
    evidence: dict[str, EvidenceTerms] = msgspec.field(name="evidence that counts", default_factory=dict)


class ExplicitConsent(Struct, frozen=True):
    """When the voluntary sector takes part: which of the two consents are needed, and whether a charity's own record
    of the person's consent to its viewing counts (None = it does not)."""

    to_publish: bool = msgspec.field(name="needed to share what a charity recorded", default=True)
    to_view: bool = msgspec.field(name="needed for a charity to see what others recorded", default=True)
    other_basis: str = msgspec.field(name="other basis", default="")
    own_record_days: int | None = msgspec.field(
        name="recorded by the viewing charity itself counts for days", default=None
    )
    must_say_how: bool = msgspec.field(name="and must say how it was taken", default=False)


class BreakingTheGlass(Struct, frozen=True):
    roles: tuple[str, ...]
    minutes: int


class LawfulBasis(Struct, frozen=True):
    article_6: str = msgspec.field(name="UK GDPR Article 6")
    article_9: str = msgspec.field(name="UK GDPR Article 9")
    confidentiality: str = msgspec.field(name="common law duty of confidentiality")


class Agreement(Struct, frozen=True, kw_only=True):
    """One version of one agreement. Organisations are named by group or by ODS code."""

    id: str
    version: int
    title: str
    in_short: str = msgspec.field(name="in short", default="")
    sources: tuple[str, ...] = msgspec.field(name="whose information")
    recipients: tuple[str, ...] = msgspec.field(name="who may see it")
    roles: tuple[str, ...] = msgspec.field(name="in which roles")
    purposes: tuple[str, ...] = msgspec.field(name="for which purposes")
    categories: tuple[Category, ...] = msgspec.field(name="kinds of information")
    sensitive: dict[str, tuple[str, ...]] = msgspec.field(name="sensitive information", default_factory=dict)
    relationship: Relationship
    consent: ExplicitConsent = msgspec.field(name="explicit consent", default_factory=ExplicitConsent)
    breaking_the_glass: BreakingTheGlass | None = msgspec.field(name="breaking the glass", default=None)
    need_of_location: tuple[str, ...] = msgspec.field(
        name="roles that need to know where restricted people are", default=()
    )
    announce: bool = msgspec.field(name="tell the viewer that something is withheld")
    basis: LawfulBasis = msgspec.field(name="lawful basis")
    starts: date = msgspec.field(name="in force from")
    ends: date | None = msgspec.field(name="in force until", default=None)
    review: date = msgspec.field(name="review by")

    def in_force(self, on: date) -> bool:
        """Whether it is in force on day `on`."""
        return self.starts <= on and (self.ends is None or on <= self.ends)

    @property
    def citation(self) -> str:
        """How a decision names it."""
        return f"{self.id} version {self.version}"


class Agreements(Struct, frozen=True):
    """Everything the file says. Without agreements, nothing may be seen."""

    neighbourhood: str = ""
    groups: dict[str, Group] = msgspec.field(name="organisations", default_factory=dict)
    purposes: dict[str, Purpose] = msgspec.field(default_factory=dict)
    roles: dict[str, Role] = msgspec.field(default_factory=dict)
    agreements: tuple[Agreement, ...] = ()

    @property
    def names(self) -> Mapping[str, str]:
        """ODS code -> name of every organisation."""
        return {code: name for group in self.groups.values() for code, name in group.members.items()}

    def codes(self, words: tuple[str, ...]) -> frozenset[str]:
        """The ODS codes that group names and codes stand for."""
        return frozenset(
            code for word in words for code in (self.groups[word].members if word in self.groups else (word,))
        )


def load(text: str) -> Agreements:
    """The agreements that a YAML text states. Raises AgreementError with every problem, each with its line, when the
    text is not such a file or contradicts itself."""
    document = read(text)
    agreements = msgspec.convert(document.content, Agreements, strict=False)
    if problems := sorted(_contradictions(document, agreements)):
        raise AgreementError(problems)
    return agreements


def _contradictions(document: Document, agreements: Agreements) -> Iterator[Problem]:
    yield from _repeated_organisations(document, agreements)
    yield from _repeated_codes(document, agreements)
    seen: set[str] = set()
    for index, agreement in enumerate(agreements.agreements):
        place: tuple[str | int, ...] = ("agreements", index)
        if agreement.id in seen:
            yield document.problem((*place, "id"), f"there are two agreements {agreement.id}: keep one version of each")
        seen.add(agreement.id)
        yield from _unknown_words(document, agreements, agreement, place)
        yield from _impossible_terms(document, agreements, agreement, place)


def _repeated_organisations(document: Document, agreements: Agreements) -> Iterator[Problem]:
    groups: dict[str, str] = {}
    for name, group in agreements.groups.items():
        for code in group.members:
            if code in groups:
                message = f"{code} is in two groups, {groups[code]} and {name}: it must be in one"
                yield document.problem(("organisations", name, "members", code), message)
            groups[code] = name


def _repeated_codes(document: Document, agreements: Agreements) -> Iterator[Problem]:
    purposes: dict[str, str] = {}
    for name, purpose in agreements.purposes.items():
        if purpose.code in purposes:
            message = f"{purpose.code} already stands for {purposes[purpose.code]}"
            yield document.problem(("purposes", name, "code"), message)
        purposes[purpose.code] = name


def _unknown_words(
    document: Document, agreements: Agreements, agreement: Agreement, place: tuple[str | int, ...]
) -> Iterator[Problem]:
    parties = agreements.names.keys() | agreements.groups.keys()
    glass = agreement.breaking_the_glass
    own_role = "a role of this agreement"
    uses: list[tuple[tuple[str, ...], tuple[str, ...], Collection[str], str]] = [
        (("whose information",), agreement.sources, parties, "an organisation or group"),
        (("who may see it",), agreement.recipients, parties, "an organisation or group"),
        (("in which roles",), agreement.roles, agreements.roles.keys(), "a role"),
        (("for which purposes",), agreement.purposes, agreements.purposes.keys(), "a purpose"),
        (
            ("roles that need to know where restricted people are",),
            agreement.need_of_location,
            agreement.roles,
            own_role,
        ),
        (("breaking the glass", "roles"), glass.roles if glass else (), agreement.roles, own_role),
    ]
    uses += [
        (("sensitive information", name), roles, agreement.roles, own_role)
        for name, roles in agreement.sensitive.items()
    ]
    for path, words, known, kind in uses:
        for number, word in enumerate(words):
            if word not in known:
                yield document.problem((*place, *path, number), f"'{word}' is not {kind}; {nearest(word, known)}")
    for name in agreement.sensitive.keys() - (SENSITIVITIES - LEGAL):
        message = f"'{name}' is not a sensitivity that can be named; {nearest(name, SENSITIVITIES - LEGAL)}"
        yield document.problem((*place, "sensitive information", name), message)


def _impossible_terms(
    document: Document, agreements: Agreements, agreement: Agreement, place: tuple[str | int, ...]
) -> Iterator[Problem]:
    kinds = {agreements.purposes[word].kind for word in agreement.purposes if word in agreements.purposes}
    if agreement.ends is not None and agreement.ends < agreement.starts:
        yield document.problem((*place, "in force until"), "it ends before it begins")
    if agreement.review < agreement.starts:
        yield document.problem((*place, "review by"), "it is to be reviewed before it begins")
    relationship = agreement.relationship
    if relationship.needed and not relationship.evidence:
        message = "a relationship is needed, but no evidence counts: nobody could ever see anything"
        yield document.problem((*place, "relationship"), message)
    if not relationship.needed and (not relationship.because or "care" in kinds):
        message = "only audit and purposes beyond care may do without a relationship, and must say because of what"
        yield document.problem((*place, "relationship"), message)
    if "audit" in kinds and not (kinds == {"audit"} and set(agreement.categories) <= _AUDITED):
        message = "an agreement for audit opens the access log and the sharing choices, for audit, and nothing else"
        yield document.problem((*place, "kinds of information"), message)
    if "national flag" in kinds and not (kinds == {"national flag"} and set(agreement.categories) <= _FLAG):
        message = "an agreement for the national flag opens reasonable adjustments and impairments and nothing else"
        yield document.problem((*place, "kinds of information"), message)
    if agreement.breaking_the_glass and kinds != {"care"}:
        yield document.problem((*place, "breaking the glass"), "the glass can be broken for care only")
    consent = agreement.consent
    if not (consent.to_publish and consent.to_view) and not consent.other_basis:
        message = "where explicit consent is not needed, 'other basis' must say on what basis instead"
        yield document.problem((*place, "explicit consent"), message)
    for kind, terms in relationship.evidence.items():
        if terms.own_word == AS_LONG_AS_IT_LASTS and kind != "registration":
            message = "only a registration may rest on the organisation's own word without a limit: give days"
            yield document.problem((*place, "relationship", "evidence that counts", kind), message)
