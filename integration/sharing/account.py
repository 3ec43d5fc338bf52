"""The reasons of a decision: what each rule did, grouped by kind of information and, where it differs, by source."""

from collections.abc import Iterable, Iterator, Sequence

from integration.sharing import reasons
from integration.sharing.request import Category, Choice, Label, Reason
from integration.sharing.rules import (
    ADJUSTMENT_FLAG,
    Basis,
    Case,
    Finding,
    Outcome,
    expressly_permitted,
    published,
    viewed,
)
from integration.sharing.sensitivity import LEGAL


def of_denial(case: Case, bases: Sequence[Basis]) -> tuple[Reason, ...]:
    """Why nothing at all may be seen. For the IG officer only: the caller is told the same as of a stranger."""
    return (_caller(case), *_relationships(case, bases), *_opted_out(case))


def of_grant(
    case: Case, bases: Sequence[Basis], outcomes: Iterable[Outcome], partial: Iterable[Choice], *, hidden: bool
) -> tuple[Reason, ...]:
    """Why each kind of information is shown or withheld."""
    return (
        _caller(case),
        *_relationships(case, bases),
        *_glass(case),
        *_labels(case, outcomes),
        *_partial(case, partial),
        *_person(case, hidden=hidden),
    )


def _caller(case: Case) -> Reason:
    return Reason("caller", True, reasons.asked(case.caller, case.policy))


def _relationships(case: Case, bases: Sequence[Basis]) -> Iterator[Reason]:
    if not bases:
        yield Reason("agreement", False, reasons.no_agreement(case.caller, case.policy))
    for basis in bases:
        yield _relationship(case, basis)


def _relationship(case: Case, basis: Basis) -> Reason:
    terms, citation = basis.terms, basis.terms.citation
    who = case.caller.organisation
    if basis.evidence is not None:
        text = f"{reasons.related(basis.evidence, case.policy)} {reasons.agreement(terms)} accepts that."
        return Reason("relationship", True, text, agreement=citation)
    if basis.by_glass:
        text = f"No relationship is recorded; {reasons.agreement(terms)} lets this role declare an emergency instead."
        return Reason("break-glass", True, text, agreement=citation)
    if basis.open:
        because = terms.agreement.relationship.because
        text = f"{reasons.agreement(terms)} asks for no relationship, because {because}."
        return Reason("relationship", True, text, agreement=citation)
    rejected = [one for one in case.facts.evidence if one.organisation == who]
    return Reason("relationship", False, reasons.unrelated(terms, who, case.policy, rejected), agreement=citation)


def _opted_out(case: Case) -> Iterator[Reason]:
    if case.purpose_kind == "beyond care" and case.facts.national_opt_out:
        yield Reason("beyond-care", False, "The person opted out, nationally, of uses beyond their own care.")


def _glass(case: Case) -> Iterator[Reason]:
    if case.glass:
        yield Reason("break-glass", True, "An emergency was declared: this access is marked, and reviewed afterwards.")


def _labels(case: Case, outcomes: Iterable[Outcome]) -> Iterator[Reason]:
    """One reason per kind of information and what became of it; where sources fared differently, with its sources."""
    fates: dict[Category, dict[tuple[object, ...], list[Outcome]]] = {}
    for outcome in outcomes:
        label, basis, finding, _ = outcome
        alike = fates.setdefault(label.category, {})
        alike.setdefault((basis, finding, label.sensitivities if finding is None else None), []).append(outcome)
    for category in Category:
        for group in fates.get(category, {}).values():
            yield _reason(case, category, group, everywhere=len(fates[category]) == 1)


def _reason(case: Case, category: Category, group: Sequence[Outcome], *, everywhere: bool) -> Reason:
    rule, text, citation = _sentence(case, group[0])
    shown = group[0].finding is None
    if everywhere:
        return Reason(rule, shown, text, category, None, citation)
    sources = {outcome.label.organisation for outcome in group}
    text = f"From {reasons.listed([case.policy.name(one) for one in sources])}: {text}"
    return Reason(rule, shown, text, category, sources.pop() if len(sources) == 1 else None, citation)


def _sentence(case: Case, outcome: Outcome) -> tuple[str, str, str | None]:
    """Rule word, sentence, agreement cited."""
    citation = outcome.basis.terms.citation if outcome.basis else None
    if outcome.finding is not None:
        return outcome.finding.rule, _withheld(case, outcome, outcome.finding), citation
    if outcome.basis is None:
        raise AssertionError("what is shown is shown under an agreement")
    return (*_shown(case, outcome.basis, outcome.label), citation)


def _shown(case: Case, basis: Basis, label: Label) -> tuple[str, str]:
    agreement = reasons.agreement(basis.terms)
    if label.category in ADJUSTMENT_FLAG:
        every = "everybody" if label.category is Category.ADJUSTMENTS else "every clinical or care role"
        rule, text = "adjustments", f"shown under {agreement}: {every} who has a relationship sees it."
    elif label.category in case.role.sees:
        rule, text = "role", f"shown under {agreement}: the role {case.role.name} may see it."
    else:
        rule, text = "role", f"shown under {agreement}: the role {case.role.name} may see its own organisation's."
    for opened, sentence in (*_consents(case, basis, label), *_sensitivities(case, basis, label)):
        rule, text = opened, f"{text} {sentence}"
    return rule, text


def _consents(case: Case, basis: Basis, label: Label) -> Iterator[tuple[str, str]]:
    used: list[Choice | None] = []
    if case.purpose_kind != "audit" and label.organisation in basis.terms.publishing_needs_consent:
        used.append(published(case, label))
    if case.purpose_kind != "audit" and basis.terms.viewing_needs_consent:
        used.append(viewed(case, basis, label) if label.organisation != case.caller.organisation else None)
    for choice in used:
        if choice is not None:
            yield "choice", f"The person gave {reasons.choice(choice, case.policy)}."


def _sensitivities(case: Case, basis: Basis, label: Label) -> Iterator[tuple[str, str]]:
    for name in sorted(label.sensitivities):
        rule = "legal-restriction" if name in LEGAL else "sensitivity"
        if name in basis.terms.sensitive:
            yield rule, f"It is sensitive ({name}); the agreement names that for this role."
        elif (choice := expressly_permitted(case, label, name, by_name=name in LEGAL)) is not None:
            yield rule, f"It is sensitive ({name}); the person gave {reasons.choice(choice, case.policy)}."


def _withheld(case: Case, outcome: Outcome, finding: Finding) -> str:
    who, role = case.policy.name(case.caller.organisation), case.role.name
    under = reasons.agreement(outcome.basis.terms) if outcome.basis else "An agreement"
    match finding.rule, finding.words:
        case "agreement", _:
            what = f"{under} does not cover it" if outcome.basis else "No agreement in force covers it"
            return f"withheld: {what} for {who} and this purpose."
        case "relationship", _:
            return "withheld: an agreement covers it, but accepts no relationship that is recorded."
        case "role", _:
            return f"withheld: the role {role} may not see it."
        case "adjustments", ("national",):
            return "withheld: the person has not agreed that the adjustment flag is shared nationally."
        case "adjustments", _:
            return (
                f"withheld: the role {role} is not a clinical or care role."
                if not _national(case)
                else ("withheld: for the national flag only adjustments and the impairments behind them are shared.")
            )
        case "choice", ("publish",):
            return "withheld: the person has not consented that this charity's information is shared."
        case "choice", ("view",):
            return f"withheld: no consent of the person that {who} sees what others recorded counts here."
        case "choice", _ if finding.choice is not None:
            return f"withheld: the person recorded {reasons.choice(finding.choice, case.policy)}."
        case "legal-restriction", names:
            text = f"withheld: restricted by the agreed policy on {reasons.listed(names)}"
            return f"{text}; the person has given {who} no express permission."
        case "sensitivity", names:
            return f"withheld: sensitive ({reasons.listed(names)}); {under} does not open that to the role {role}."
    return "withheld: the person objects to use of general practice information beyond their own care."


def _national(case: Case) -> bool:
    return case.purpose_kind == "national flag"


def _partial(case: Case, partial: Iterable[Choice]) -> Iterator[Reason]:
    for deny in partial:
        what = "Single entries are" if deny.instances else "Information from one period is"
        text = (
            f"{what} withheld where it concerns this request: the person recorded {reasons.choice(deny, case.policy)}."
        )
        yield Reason("choice", False, text)


def _person(case: Case, *, hidden: bool) -> Iterator[Reason]:
    if hidden:
        yield Reason("location", False, "Where the person can be found is removed: their whereabouts are restricted.")
    elif case.facts.restricted:
        text = "The person's whereabouts are restricted; an agreement names this role's need to know them."
        yield Reason("location", True, text)
    if case.purpose_kind == "beyond care":
        yield Reason("beyond-care", True, "For a purpose beyond care the answer carries no identities.")
