"""The reasons of a decision: what each rule did, grouped by kind of information and, where it differs, by source."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby

from integration.sharing import reasons
from integration.sharing.policy import Policy, RoleTerms, Terms, made_once
from integration.sharing.request import Category, Choice, Evidence, Label, Reason
from integration.sharing.rules import (
    ADJUSTMENT_FLAG,
    BEYOND_CARE,
    Basis,
    Case,
    Finding,
    Outcome,
    expressly_permitted,
    published,
    viewed,
)
from integration.sharing.sensitivity import LEGAL

_ORDER = {category: place for place, category in enumerate(Category)}


def of_denial(case: Case, bases: Sequence[Basis]) -> tuple[Reason, ...]:
    """Why nothing at all may be seen. For the IG officer only: the caller is told the same as of a stranger."""
    return (_caller(case), *_relationships(case, bases), *_opted_out(case))


def of_grant(
    case: Case,
    bases: Sequence[Basis],
    outcomes: Sequence[Outcome],
    partial: Iterable[Choice],
    unlocated: Sequence[Label],
    *,
    hidden: bool,
) -> tuple[Reason, ...]:
    """Why each kind of information is shown or withheld. `hidden`: what locates the person is removed from everything,
    otherwise from `unlocated`."""
    return (
        _caller(case),
        *_relationships(case, bases),
        *_glass(case),
        *_consents(case, outcomes),
        *_labels(case, outcomes),
        *_partial(case, partial),
        *_person(case, unlocated, hidden=hidden),
    )


def _caller(case: Case) -> Reason:
    who = case.caller
    return _asked(case.policy, who.organisation, who.role, who.purpose)


@made_once
def _asked(policy: Policy, organisation: str, role: str, purpose: str) -> Reason:
    return Reason("caller", True, reasons.asked(policy, organisation, role, purpose))


def _relationships(case: Case, bases: Sequence[Basis]) -> Iterator[Reason]:
    if not bases:
        yield Reason("agreement", False, reasons.no_agreement(case.caller, case.policy))
    for basis in bases:
        yield _relationship(case, basis)


def _relationship(case: Case, basis: Basis) -> Reason:
    if basis.evidence is not None:
        return _related(case.policy, basis.terms, basis.evidence)
    terms, citation = basis.terms, basis.terms.citation
    if basis.by_glass:
        text = f"No relationship is recorded; {reasons.agreement(terms)} lets this role declare an emergency instead."
        return Reason("break-glass", True, text, agreement=citation)
    if basis.open:
        because = terms.agreement.relationship.because
        text = f"{reasons.agreement(terms)} asks for no relationship, because {because}."
        return Reason("relationship", True, text, agreement=citation)
    text = reasons.unrelated(terms, case.caller.organisation, case.policy, case.evidence)
    return Reason("relationship", False, text, agreement=citation)


def _related(policy: Policy, terms: Terms, evidence: Evidence) -> Reason:
    text = f"{reasons.related(evidence, policy)} {reasons.agreement(terms)} accepts that."
    return Reason("relationship", True, text, agreement=terms.citation)


def _opted_out(case: Case) -> Iterator[Reason]:
    if case.purpose_kind == BEYOND_CARE and case.facts.national_opt_out:
        yield Reason("beyond-care", False, "The person opted out, nationally, of uses beyond their own care.")


def _glass(case: Case) -> Iterator[Reason]:
    if case.glass:
        yield Reason("break-glass", True, "An emergency was declared: this access is marked, and reviewed afterwards.")


def _labels(case: Case, outcomes: Iterable[Outcome]) -> Iterator[Reason]:
    """One reason per kind of information and what became of it; where sources fared differently, with its sources. What
    says nothing of the person is written once for all of whom the same became of a kind's labels."""
    who = case.caller
    by_category: dict[Category, list[Outcome]] = {}
    for outcome in outcomes:
        by_category.setdefault(outcome.label.category, []).append(outcome)
    for category in sorted(by_category, key=_ORDER.__getitem__):
        of_one_kind = by_category[category]
        if any(_of_the_person(one) for one in of_one_kind):
            yield from _by_fate(of_one_kind, partial(_reason, case))
        else:
            yield from _of_anybody(case.policy, who.organisation, who.role, tuple(of_one_kind))


def _of_the_person(outcome: Outcome) -> bool:
    """Whether a choice or a permission of theirs is in its reason."""
    label, _, finding, _ = outcome
    return bool(label.sensitivities) if finding is None else finding.choice is not None


@made_once
def _of_anybody(policy: Policy, organisation: str, role: str, outcomes: Sequence[Outcome]) -> Sequence[Reason]:
    return tuple(_by_fate(outcomes, partial(_standard, policy, organisation, role)))


def _by_fate(
    outcomes: Sequence[Outcome], reason: Callable[[Outcome, frozenset[str] | None], Reason]
) -> Iterator[Reason]:
    """`reason` of each fate; with the sources where they fared differently, else None."""
    one, *others = outcomes
    if not others:
        yield reason(one, None)
        return
    fates: dict[object, list[Outcome]] = {}
    for outcome in outcomes:
        fates.setdefault(_fate(outcome), []).append(outcome)
    for group in fates.values():
        sources = frozenset([each.label.organisation for each in group]) if len(fates) > 1 else None
        yield reason(group[0], sources)


def _fate(outcome: Outcome) -> object:
    """What one reason tells of labels of one kind."""
    label, terms, finding, _ = outcome
    return terms, finding, label.sensitivities if finding is None else None


def _reason(case: Case, outcome: Outcome, sources: frozenset[str] | None) -> Reason:
    """`sources` None: of all sources."""
    label, terms, finding, _ = outcome
    if finding is not None and finding.choice is not None:
        text = f"withheld: the person recorded {reasons.choice(finding.choice, case.policy)}."
        said, source = _of_sources(case.policy, text, sources)
        return Reason("choice", False, said, label.category, source, terms.citation if terms else None)
    plain = _standard(case.policy, case.caller.organisation, case.caller.role, outcome, sources)
    return plain if finding is not None or terms is None else _opened(case, terms, label, plain)


def _standard(policy: Policy, organisation: str, role: str, outcome: Outcome, sources: frozenset[str] | None) -> Reason:
    """A reason that does not depend on the person."""
    label, terms, finding, _ = outcome
    return _written(policy, organisation, role, label.category, terms, finding, sources)


@made_once
def _written(
    policy: Policy,
    organisation: str,
    role: str,
    category: Category,
    terms: Terms | None,
    finding: Finding | None,
    sources: frozenset[str] | None,
) -> Reason:
    if finding is not None:
        rule, text = finding.rule, f"withheld: {_why(policy.name(organisation), role, terms, finding)}"
    else:
        rule, text = _shown(policy.roles[role], category, terms)
    said, source = _of_sources(policy, text, sources)
    return Reason(rule, finding is None, said, category, source, terms.citation if terms else None)


def _of_sources(policy: Policy, text: str, sources: frozenset[str] | None) -> tuple[str, str | None]:
    """The sentence with the sources it speaks of, and the source where it is a single one."""
    if sources is None:
        return text[0].upper() + text[1:], None
    named = reasons.listed([policy.name(one) for one in sources])
    return f"From {named}: {text}", next(iter(sources)) if len(sources) == 1 else None


def _shown(role: RoleTerms, category: Category, terms: Terms | None) -> tuple[str, str]:
    if terms is None:
        raise AssertionError("what is shown is shown under an agreement")
    rule, who = "role", f"the role {role.name} may see its own organisation's"
    if category in ADJUSTMENT_FLAG:
        every = "everybody" if category is Category.ADJUSTMENTS else "every clinical or care role"
        rule, who = "adjustments", f"{every} with a relationship sees it"
    elif category in role.sees:
        who = f"the role {role.name} may see it"
    return rule, f"shown under {reasons.agreement(terms)}: {who}."


def _opened(case: Case, terms: Terms, label: Label, plain: Reason) -> Reason:
    """A shown label's reason, with the permissions that opened what is sensitive in it."""
    if not label.sensitivities:
        return plain
    rule, sentences = plain.rule, [plain.text]
    for opened, sentence in _sensitivities(case, terms, label):
        rule = opened
        sentences.append(sentence)
    return replace(plain, rule=rule, text=" ".join(sentences))


def _consents(case: Case, outcomes: Iterable[Outcome]) -> Iterator[Reason]:
    """The explicit consents that something was shown by, once each."""
    if case.purpose_kind == "audit":
        return
    used: dict[tuple[str, str], tuple[Terms, Choice | None]] = {}
    for label, terms, finding, _ in outcomes:
        if finding is None and terms is not None:
            if label.organisation in terms.publishing_needs_consent and ("", label.organisation) not in used:
                used["", label.organisation] = terms, published(case, label)
            viewer = terms.viewing_needs_consent and label.organisation != case.caller.organisation
            if viewer and (terms.citation, "") not in used:
                used[terms.citation, ""] = terms, viewed(case, terms, label)
    for (_, source), (terms, choice) in used.items():
        if choice is not None:
            text = f"The person gave {reasons.choice(choice, case.policy)}."
            yield Reason("choice", True, text, None, source or None, terms.citation)


def _sensitivities(case: Case, terms: Terms, label: Label) -> Iterator[tuple[str, str]]:
    for name in sorted(label.sensitivities):
        rule = "legal-restriction" if name in LEGAL else "sensitivity"
        if name in terms.sensitive:
            yield rule, f"It is sensitive ({name}); the agreement names that for this role."
        elif (choice := expressly_permitted(case, label, name, by_name=name in LEGAL)) is not None:
            yield rule, f"It is sensitive ({name}); the person gave {reasons.choice(choice, case.policy)}."


def _why(who: str, role: str, terms: Terms | None, finding: Finding) -> str:
    under = reasons.agreement(terms) if terms else "no agreement in force"
    match finding.rule, finding.words:
        case "agreement", _:
            covers = f"{under} does not cover it" if terms else f"{under} covers it"
            return f"{covers} for {who} and this purpose."
        case "relationship", _:
            return "an agreement covers it, but accepts no relationship that is recorded."
        case "role", _:
            return f"the role {role} may not see it."
        case "adjustments", ("impairments",):
            return f"only clinical and care roles see it, and {role} is none."
        case "adjustments", ("national",):
            return "the person has not agreed that the adjustment flag is shared nationally."
        case "adjustments", _:
            return "with the national flag only adjustments and the impairments behind them are shared."
        case "choice", ("publish",):
            return "the person has not consented that this charity's information is shared."
        case "choice", ("view",):
            return f"no consent of the person that {who} sees what others recorded counts here."
        case "legal-restriction", names:
            return f"it is restricted ({reasons.listed(names)}) and the person gave {who} no express permission."
        case "sensitivity", names:
            return f"it is sensitive ({reasons.listed(names)}) and {under} does not open that to the role {role}."
    return "the person objects to use of general practice information beyond their own care."


def _source_first(label: Label) -> tuple[str, int]:
    return label.organisation, _ORDER[label.category]


def _partial(case: Case, partial: Iterable[Choice]) -> Iterator[Reason]:
    for deny in partial:
        what = "Single entries are" if deny.instances else "Information from one period is"
        text = (
            f"{what} withheld where it concerns this request: the person recorded {reasons.choice(deny, case.policy)}."
        )
        yield Reason("choice", False, text)


def _person(case: Case, unlocated: Sequence[Label], *, hidden: bool) -> Iterator[Reason]:
    if hidden:
        yield Reason("location", False, "Where the person can be found is removed: their whereabouts are restricted.")
    elif case.facts.restricted:
        text = "The person's whereabouts are restricted; an agreement names this role's need to know them."
        yield Reason("location", True, text)
        for source, labels in groupby(sorted(unlocated, key=_source_first), key=lambda label: label.organisation):
            what = reasons.listed({str(label.category) for label in labels})
            text = f"where the person can be found is removed from {what}: no agreement that shows it names that need."
            yield Reason("location", False, f"From {case.policy.name(source)}: {text}", None, source)
    if case.purpose_kind == BEYOND_CARE:
        yield Reason("beyond-care", True, "For a purpose beyond care the answer carries no identities.")
