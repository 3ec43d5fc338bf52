"""The rules of DESIGN section 4 that act on labels, one small function each, in the order of the table.

Each answers None (satisfied) or a Finding: why it withholds what carries this label.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from integration.sharing.choices import EXPRESS_PERMISSION, PUBLISH_CHARITY, SHARE_FLAG_NATIONALLY, VIEW_BY_CHARITY
from integration.sharing.choices_in_force import Effective, Recipient, forbids, opens
from integration.sharing.policy import Policy, RoleTerms, Terms
from integration.sharing.request import Caller, Category, Choice, Evidence, Facts, Label
from integration.sharing.sensitivity import LEGAL

ADJUSTMENT_FLAG = frozenset({Category.ADJUSTMENTS, Category.IMPAIRMENTS})
BEYOND_CARE = "beyond care"
"""The kind of purposes that rule 9 is about."""


class Case(msgspec.Struct, frozen=True):
    """One request with what is known of the person, on one day."""

    caller: Caller
    facts: Facts
    policy: Policy
    role: RoleTerms
    purpose_kind: str
    on: date
    recipient: Recipient
    in_emergency: Recipient
    """The recipient under an agreement that lets it break the glass now."""
    choices: Effective
    agreements: tuple[Terms, ...]
    """Those in force for this caller."""
    evidence: tuple[Evidence, ...] = ()
    """What is recorded of a relationship of the caller's organisation."""
    glass: frozenset[str] = frozenset()
    """Agreements (cited) that let this role break the glass, and whose minutes have not passed since it declared to."""


class Basis(NamedTuple):
    """An agreement as it stands in a case (rule 3). Open: the relationship it asks for exists, or the glass is
    broken, or it asks for none."""

    terms: Terms
    evidence: Evidence | None
    by_glass: bool
    open: bool
    """Otherwise nothing may be seen under it."""


def recipient(case: Case, under: Iterable[Terms]) -> Recipient:
    """Who asks under these agreements: in an emergency where one of them lets it break the glass."""
    broken = any(terms.citation in case.glass for terms in under) if case.glass else False
    return case.in_emergency if broken else case.recipient


class Finding(NamedTuple):
    """Why a rule withholds something: which rule, because of which choice, consent or sensitivities."""

    rule: str
    choice: Choice | None = None
    words: tuple[str, ...] = ()


class Outcome(NamedTuple):
    """What becomes of one label: shown under `terms` (no finding), or withheld; `terms` are then of the agreement that
    came nearest, None when there is none with its source."""

    label: Label
    terms: Terms | None
    finding: Finding | None
    announced: bool = False


def agreement(_case: Case, terms: Terms, label: Label) -> Finding | None:
    """2: the agreement covers this kind of information."""
    return None if label.category in terms.categories else Finding("agreement")


def role(case: Case, _terms: Terms, label: Label) -> Finding | None:
    """4 and 8: the role sees this kind; adjustments are for every role, impairments for clinical and care roles."""
    if label.category is Category.ADJUSTMENTS:
        return None
    if label.category is Category.IMPAIRMENTS:
        return None if case.role.clinical_or_care else Finding("adjustments", words=("impairments",))
    if label.category in case.role.sees:
        return None
    if label.category in case.role.own and label.organisation == case.caller.organisation:
        return None
    return Finding("role")


def choice(case: Case, terms: Terms, label: Label) -> Finding | None:
    """5: no choice of the person forbids it, and every explicit consent that is needed was given. Choices speak of
    care records: an audit of access sees them."""
    if case.purpose_kind == "audit":
        return None
    asking = recipient(case, (terms,))
    for deny in case.choices.denies:
        if forbids(deny, label, asking):
            return Finding("choice", deny)
    if label.organisation in terms.publishing_needs_consent and published(case, label) is None:
        return Finding("choice", words=("publish",))
    viewing = terms.viewing_needs_consent and label.organisation != case.caller.organisation
    if viewing and viewed(case, terms, label) is None:
        return Finding("choice", words=("view",))
    return None


def legal_restriction(case: Case, _terms: Terms, label: Label) -> Finding | None:
    """6a: what the law restricts needs the person's express permission for this very recipient."""
    missing = tuple(
        name
        for name in sorted(label.sensitivities & LEGAL)
        if expressly_permitted(case, label, name, by_name=True) is None
    )
    return Finding("legal-restriction", words=missing) if missing else None


def sensitivity(case: Case, terms: Terms, label: Label) -> Finding | None:
    """6b: the agreement names each sensitivity for this role, or the person expressly permits it."""
    missing = tuple(
        name
        for name in sorted(label.sensitivities - LEGAL - terms.sensitive)
        if expressly_permitted(case, label, name, by_name=False) is None
    )
    return Finding("sensitivity", words=missing) if missing else None


def national_flag(case: Case, _terms: Terms, label: Label) -> Finding | None:
    """8: sharing the adjustment flag nationally needs a recorded consent, or a decision in the person's best
    interests (which is recorded as one), and that nobody who may decide refused it."""
    if case.purpose_kind != "national flag":
        return None
    if label.category not in ADJUSTMENT_FLAG:
        return Finding("adjustments")
    refused = any(
        one.kind == SHARE_FLAG_NATIONALLY and forbids(one, label, case.recipient) for one in case.choices.refusals
    )
    given = not refused and any(
        one.kind == SHARE_FLAG_NATIONALLY and _whole(one) and _opens(case, one, label) and _is_anothers(case, one)
        for one in case.choices.permits
    )
    return None if given else Finding("adjustments", words=("national",))


def beyond_care(case: Case, _terms: Terms, label: Label) -> Finding | None:
    """9: a Type 1 objection removes what general practices hold (the national opt-out removes the person before)."""
    objects = case.purpose_kind == BEYOND_CARE and case.facts.type_1_objection
    return Finding("beyond-care") if objects and label.organisation in case.policy.practices else None


Rule = Callable[[Case, Terms, Label], Finding | None]
RULES: tuple[Rule, ...] = (agreement, role, choice, legal_restriction, sensitivity, national_flag, beyond_care)
SILENT: tuple[Rule, ...] = (role, legal_restriction, national_flag, beyond_care)
"""What these withhold is never announced, whatever else withholds it too."""


def is_plain(case: Case, terms: Terms, label: Label) -> bool:
    """What most labels are: covered, seen by the role, not sensitive, asked for care. Only a choice can then withhold
    it; a property test holds this short cut to the rules."""
    return label.category in terms.seen and not label.sensitivities and case.purpose_kind == "care"


def is_settled(case: Case, covering: Iterable[Terms], label: Label) -> bool:
    """Whether these agreements make the same of a label for everybody who forbids nothing and made no objection to
    uses beyond care: no permission of theirs is asked for."""
    return not (
        label.sensitivities
        or case.purpose_kind == "national flag"
        or any(one.viewing_needs_consent or label.organisation in one.publishing_needs_consent for one in covering)
    )


def published(case: Case, label: Label) -> Choice | None:
    """The person's consent that what this charity recorded is shared."""
    for one in case.choices.permits:
        if (
            one.kind == PUBLISH_CHARITY
            and label.organisation in one.about
            and _whole(one)
            and _opens(case, one, label)
            and (one.source == label.organisation or _is_anothers(case, one))
        ):
            return one
    return None


def viewed(case: Case, terms: Terms, label: Label) -> Choice | None:
    """The person's consent that the calling charity sees what others recorded."""
    for one in case.choices.permits:
        if (
            one.kind == VIEW_BY_CHARITY
            and case.caller.organisation in one.organisations
            and _whole(one)
            and _opens(case, one, label)
            and (_is_anothers(case, one) or _own_record_counts(case, terms, one))
        ):
            return one
    return None


def expressly_permitted(case: Case, label: Label, name: str, *, by_name: bool) -> Choice | None:
    """The person's express permission for one sensitivity; `by_name`: it must name the caller's organisation."""
    for one in case.choices.permits:
        if (
            one.kind == EXPRESS_PERMISSION
            and name in one.sensitivities
            and (not by_name or case.caller.organisation in one.organisations)
            and _opens(case, one, label)
            and _is_anothers(case, one)
        ):
            return one
    return None


def _opens(case: Case, permit: Choice, label: Label) -> bool:
    return opens(permit, label, case.recipient)


def _whole(permit: Choice) -> bool:
    """Of a consent to publish or view; one for sensitive entries only opens nothing (a mark must not show more)."""
    return not permit.sensitivities


def _is_anothers(case: Case, permit: Choice) -> bool:
    """Nobody widens its own view by its own record."""
    return permit.source != case.caller.organisation


def _own_record_counts(case: Case, terms: Terms, permit: Choice) -> bool:
    """A consent recorded by the very charity that it lets view: only as far as the agreement says."""
    consent = terms.agreement.consent
    if consent.own_record_days is None or permit.recorded is None:
        return False
    last = permit.recorded.date() + timedelta(days=consent.own_record_days)
    return case.on <= last and (bool(permit.how) or not consent.must_say_how)
