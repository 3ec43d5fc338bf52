"""May this caller see this person's record now, and what of it? The table of DESIGN section 4, rule by rule.

Everything is denied that no rule opens. Pure: the same request, facts and policy always decide the same. This is the
only place that makes a Grant (a test keeps it so).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from integration.sharing import account
from integration.sharing.choices_in_force import Recipient, effective, forbids
from integration.sharing.policy import Policy, Terms, made_once
from integration.sharing.relationship import relationship
from integration.sharing.request import (
    Caller,
    Category,
    Choice,
    DataWindow,
    Decision,
    Denial,
    Facts,
    Grant,
    Label,
    Reason,
    Request,
)
from integration.sharing.rules import (
    ADJUSTMENT_FLAG,
    BEYOND_CARE,
    RULES,
    SILENT,
    Basis,
    Case,
    Finding,
    Outcome,
    choice,
    is_plain,
    is_settled,
    recipient,
)

__all__ = ["BREAK_GLASS_REASONS", "NOT_FOUND", "REFUSED", "Policy", "decide"]

BREAK_GLASS_REASONS: Mapping[str, str] = {
    "public interest": "1",
    "statute": "2",
    "court order": "3",
    "emergency": "5",
    "with the person's permission": "6",
}
"""Reasons that a declared emergency may give, with their code in https://fhir.nhs.uk/CodeSystem/SCR-AlertReason."""
NOT_FOUND = "Nothing was found."
"""What everybody is told of a person they may not know of, and of a person who does not exist."""
REFUSED = "This organisation, role or purpose may not use the shared record."
NO_REASON = "Breaking the glass needs one of the known reasons."
_LONDON = ZoneInfo("Europe/London")
_CHOICE = RULES.index(choice)


def decide(request: Request, facts: Facts, policy: Policy) -> Decision:
    """Apply every rule in the order of the table. `facts` are those recorded of `request.person`. Raises ValueError
    for a moment without time zone."""
    if (refusal := known_caller(request, policy)) is not None:  # rule 1
        return refusal
    case = _case(request, facts, policy)  # rule 2
    bases = [relationship_under(case, terms) for terms in case.agreements]  # rule 3
    if not any(basis.open for basis in bases) or opted_out(case):
        return Denial(request, True, NOT_FOUND, account.of_denial(case, bases))
    return _grant(request, case, bases, _outcomes(case, bases))  # 4 to 9


def at_another_moment(grant: Grant, request: Request) -> Grant | None:
    """What `decide` makes of a request on the same day, by whoever asks for the same organisation in the same role and
    for the same purpose, from the very facts and by the very policy that made `grant`. Of a moment no rule looks at
    more than the day, but for a declared emergency, which lasts for minutes; and at nothing else of who asks. None: it
    is to be decided."""
    before = grant.request
    if request.break_glass or before.break_glass or request.person != before.person:
        return None
    if _asking_as(request.caller) != _asking_as(before.caller) or _day(request.at) != _day(before.at):
        return None
    return replace(grant, request=request)


def _asking_as(caller: Caller) -> tuple[str, str, str]:
    return caller.organisation, caller.role, caller.purpose


def known_caller(request: Request, policy: Policy) -> Denial | None:
    """1: an active organisation, a role and a purpose that are known; an emergency gives a reason that counts."""
    who = request.caller
    known = who.organisation in policy.names and who.role in policy.roles and who.purpose in policy.purposes
    if not known:
        text = "The organisation, its role or its purpose is not part of the agreements."
        return Denial(request, False, REFUSED, (Reason("caller", False, text),))
    if request.break_glass is not None and request.break_glass.reason not in BREAK_GLASS_REASONS:
        text = "An emergency was declared without one of the reasons that count."
        return Denial(request, False, NO_REASON, (Reason("break-glass", False, text),))
    return None


def agreements(caller: Caller, policy: Policy, on: date) -> tuple[Terms, ...]:
    """2: the agreements in force that let this organisation see anything in this role for this purpose."""
    return tuple(terms for terms in policy.terms_for(caller) if terms.agreement.in_force(on))


def relationship_under(case: Case, terms: Terms) -> Basis:
    """3: a relationship with the person that the agreement accepts; broken glass does instead where it allows that."""
    if not terms.needs_relationship:
        return Basis(terms, None, by_glass=False, open=case.facts.known)
    evidence = relationship(case.evidence, terms.evidence, case.caller.organisation, case.on)
    by_glass = evidence is None and terms.citation in case.glass
    return Basis(terms, evidence, by_glass=by_glass, open=case.facts.known and (evidence is not None or by_glass))


def restricted_person(case: Case, opening: Iterable[Basis]) -> bool:
    """7: whether what locates the person is removed from what these agreements open, since none of them names this
    role's need. An emergency by itself never shows it."""
    return case.facts.restricted and not any(basis.terms.locates and not basis.by_glass for basis in opening)


def opted_out(case: Case) -> bool:
    """9: the national data opt-out removes the person from every purpose beyond care."""
    return case.purpose_kind == BEYOND_CARE and case.facts.national_opt_out


def broken_glass(request: Request, terms: Iterable[Terms]) -> frozenset[str]:
    """The agreements under which a declared emergency holds: they let this role declare one, and the minutes that
    they give it have not passed."""
    if request.break_glass is None:
        return frozenset()
    since = request.at - (request.break_glass.declared or request.at)
    return frozenset(
        one.citation
        for one in terms
        if timedelta(0) <= since <= timedelta(minutes=one.glass_minutes) and one.glass_minutes
    )


def _case(request: Request, facts: Facts, policy: Policy) -> Case:
    """The same work is done for a person who does not exist."""
    on = _day(request.at)
    who = request.caller
    facts = facts if facts.known else Facts(person=facts.person, known=False)
    in_force = agreements(who, policy, on)
    glass = broken_glass(request, in_force)
    recipient = Recipient(who.organisation, who.purpose, declared=request.break_glass is not None)
    return Case(
        caller=who,
        facts=facts,
        policy=policy,
        role=policy.roles[who.role],
        purpose_kind=policy.purposes[who.purpose].kind,
        on=on,
        recipient=recipient,
        in_emergency=recipient._replace(emergency=True),
        choices=effective(facts.choices, recipient, on),
        agreements=in_force,
        evidence=tuple([one for one in facts.evidence if one.organisation == who.organisation]),
        glass=glass,
    )


def _outcomes(case: Case, bases: Sequence[Basis]) -> list[Outcome]:
    """What becomes of each label. What no choice of the person speaks of is the same for all who are seen under the
    same agreements, and is found once."""
    who, standing = case.caller, tuple([basis.terms for basis in bases if basis.open])
    shared: dict[Label, _Shared] = {}
    if not (case.choices.denies or case.facts.type_1_objection):
        shared = _shared(case.policy, who.organisation, who.role, who.purpose, case.agreements, standing)
    outcomes = []
    for label in case.facts.labels:
        found = shared.get(label)
        if found is None:
            covering = _covering(standing, label)
            settled = _outcome(case, covering, label) if is_settled(case, covering, label) else None
            found = shared[label] = _Shared(covering, settled)
        outcomes.append(found.outcome or _outcome(case, found.covering, label))
    return outcomes


class _Shared(NamedTuple):
    """What holds for everybody: which agreements cover a label, and what becomes of it, if that asks for nothing that
    the person said."""

    covering: Sequence[Terms]
    outcome: Outcome | None


@made_once
def _shared(
    _policy: Policy, _organisation: str, _role: str, _purpose: str, _in_force: Sequence[Terms], _open: Sequence[Terms]
) -> dict[Label, _Shared]:
    """Where it is kept: for one organisation in one role for one purpose, with these agreements in force and open."""
    return {}


def _covering(standing: Sequence[Terms], label: Label) -> list[Terms]:
    """The open agreements that cover statements of a label's source."""
    return [terms for terms in standing if label.organisation in terms.sources]


def _outcome(case: Case, covering: Sequence[Terms], label: Label) -> Outcome:
    """What becomes of one label: shown under the first agreement that satisfies every rule, or withheld by the rule
    that the most promising agreement failed."""
    furthest, nearest, finding = -1, None, None
    for terms in covering:
        step, found = _first_finding(case, terms, label)
        if found is None:
            return Outcome(label, terms, None)
        if step > furthest:
            furthest, nearest, finding = step, terms, found
    if finding is None:
        finding = Finding("relationship" if _would_cover(case.agreements, label) else "agreement")
    return Outcome(label, nearest, finding, _announced(case, covering, label))


def _first_finding(case: Case, terms: Terms, label: Label) -> tuple[int, Finding | None]:
    if is_plain(case, terms, label):
        return _CHOICE, choice(case, terms, label)
    for step, rule in enumerate(RULES):
        if (finding := rule(case, terms, label)) is not None:
            return step, finding
    return len(RULES), None


def _would_cover(in_force: Iterable[Terms], label: Label) -> bool:
    return any(label.organisation in terms.sources and label.category in terms.categories for terms in in_force)


def _announced(case: Case, covering: Iterable[Terms], label: Label) -> bool:
    """Whether it may be said that something of this kind is withheld: an agreement with its source says so, and none
    of the rules that are never announced withholds it as well."""
    telling = [terms for terms in covering if terms.announces]
    return (
        bool(telling)
        and label.category not in ADJUSTMENT_FLAG
        and not any(rule(case, telling[0], label) for rule in SILENT)
    )


def _grant(request: Request, case: Case, bases: Sequence[Basis], outcomes: Sequence[Outcome]) -> Grant:
    standing = [basis for basis in bases if basis.open]
    shown = [outcome.label for outcome in outcomes if outcome.finding is None]
    partial = case.choices.partial if case.purpose_kind != "audit" else ()
    opening = _opening(case, standing, shown) if partial or case.facts.restricted else {}
    windows = tuple(_windows(case, opening, shown, partial))
    unlocated = (
        [label for label in shown if restricted_person(case, opening[label.id])] if case.facts.restricted else []
    )
    hidden = restricted_person(case, standing)
    announced = {outcome.label.category for outcome in outcomes if outcome.announced}
    forbidden = [one.label for one in outcomes if one.finding is not None and one.finding.choice is not None]
    return Grant(
        request=request,
        person=case.facts.person,
        labels=tuple([label.id for label in shown]),
        windows=windows,
        withheld=_withheld(case, opening, partial),
        hide_location=hidden,
        unlocated=tuple([label.id for label in unlocated]),
        location_withheld=_tell_whereabouts(forbidden),
        pseudonymise=case.purpose_kind == BEYOND_CARE,
        announced=tuple(category for category in Category if category in announced) if announced else (),
        reasons=account.of_grant(case, bases, outcomes, partial, () if hidden else unlocated, hidden=hidden),
        self_claimed=_on_own_word(standing),
        broken_glass=bool(case.glass and case.choices.emergencies_only) or any(basis.by_glass for basis in standing),
    )


def _tell_whereabouts(forbidden: Iterable[Label]) -> bool:
    """Of what a choice against sharing withholds, not the mere want of a consent: a charity's address never comes
    first."""
    return any(label.category is Category.DEMOGRAPHICS for label in forbidden)


_Opening = Mapping[int, Sequence[Basis]]
"""By label that is shown: every agreement that satisfies all rules for it."""


def _opening(case: Case, standing: Sequence[Basis], shown: Iterable[Label]) -> _Opening:
    return {
        label.id: [
            basis
            for basis in standing
            if label.organisation in basis.terms.sources and _first_finding(case, basis.terms, label)[1] is None
        ]
        for label in shown
    }


def _windows(case: Case, opening: _Opening, shown: Sequence[Label], partial: Iterable[Choice]) -> Iterable[DataWindow]:
    """5: dated rows that a choice withholds from labels that are shown otherwise."""
    for deny in partial:
        if not deny.instances:
            labels = tuple(one.id for one in shown if forbids(deny, one, _asking(case, opening, one)))
            if labels:
                yield DataWindow(labels, deny.data_start, deny.data_end)


def _withheld(case: Case, opening: _Opening, partial: Iterable[Choice]) -> tuple[UUID, ...]:
    """5: single resources that a choice withholds, whatever their label."""
    asking = [(label, _asking(case, opening, label)) for label in case.facts.labels] if partial else []
    meant = [deny for deny in partial if any(forbids(deny, label, who) for label, who in asking)]
    return tuple(sorted({one for deny in meant for one in deny.instances}))


def _asking(case: Case, opening: _Opening, label: Label) -> Recipient:
    return recipient(case, [basis.terms for basis in opening.get(label.id, ())])


def _on_own_word(standing: Sequence[Basis]) -> bool:
    evidence = [basis.evidence for basis in standing if basis.evidence is not None]
    return bool(evidence) and all(one.self_claimed for one in evidence)


def _day(at: datetime) -> date:
    if at.tzinfo is None:
        raise ValueError("the moment of a request needs a time zone")
    return at.astimezone(_LONDON).date()
