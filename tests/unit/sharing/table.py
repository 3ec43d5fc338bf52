"""The table of rules (docs/sharing.md), row by row: what is withheld, what opens it, and what may be said of it."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from integration.sharing.decide import Policy, decide
from integration.sharing.request import Category, Choice, Denial, Evidence, Facts, Grant, Label, Request
from tests.unit.sharing.scene import (
    ADJUSTMENT,
    CLINICAL,
    IMPAIRMENT,
    NOW,
    OWN_WORD,
    POLICY,
    asked,
    changed,
    choice,
    facts,
    label,
    with_role,
)

LEGAL = "assisted conception (HFE Act)"
CHARITYS = label(Category.CLINICAL, "CH1")
DISTANT = label(Category.CLINICAL, "FAR")
STAY, OTHERS_STAY = label(Category.ENCOUNTERS, "HOS"), label(Category.ENCOUNTERS, "GP1")
SENSITIVE = label(Category.CLINICAL, "GP1", "sexual health", id_=7001)
RESTRICTED_BY_LAW = label(Category.CLINICAL, "GP1", LEGAL, id_=7002)
REFERRED_TO_CHARITY = Evidence("referral", "CH1", "GP1", date(2026, 6, 1), date(2026, 6, 1))


USUAL = asked()


@dataclass(frozen=True)
class Asked:
    """A request, what is known of the person, and the agreements."""

    held: Facts
    request: Request = USUAL
    policy: Policy = POLICY

    def decide(self, **changes: Any) -> Grant | Denial:
        request = replace(self.request, **changes)
        return decide(request, self.held, self.policy)


@dataclass(frozen=True)
class Row:
    """One way to be withheld by one rule. `opened`: what lifts it (None: nothing does)."""

    rule: str
    label: Label
    closed: Asked
    opened: Asked | None
    glass_relaxes: bool
    announced: bool


def express(sensitivity: str, **more: Any) -> Choice:
    scope = {"organisations": frozenset({"HOS"}), **more}
    return choice("express-permission", permits=True, sensitivities=frozenset({sensitivity}), **scope)


def published(**more: Any) -> Choice:
    return choice("share-charity-data", permits=True, source="CH1", about=frozenset({"CH1"}), **more)


def viewing(**more: Any) -> Choice:
    scope = {"source": "GP1", "organisations": frozenset({"CH1"}), **more}
    return choice("view-by-charity", permits=True, **scope)


def with_choices(*choices: Choice, what: Label = CLINICAL) -> Facts:
    return facts(what, choices=choices)


def charity(*choices: Choice, what: Label = CLINICAL) -> Asked:
    return Asked(facts(what, evidence=(REFERRED_TO_CHARITY,), choices=choices), asked("CH1"))


RESEARCH, NATIONAL = asked(purpose="HRESCH"), asked(purpose="NATIONAL")
SHARED_NATIONALLY = choice("share-adjustments-nationally", permits=True)
NO_OBJECTION = Asked(facts())
OBJECTION = choice("objection-to-sharing")
EMERGENCIES_ONLY = choice("break-glass-only", break_glass_relaxes=True)

TABLE = {
    "1 an organisation that nobody knows": Row(
        "caller", CLINICAL, Asked(facts(), asked("NEW")), Asked(facts(), asked("HOS")), False, False
    ),
    "1 a role that nobody knows": Row(
        "caller", CLINICAL, Asked(facts(), asked(role="visitor")), Asked(facts()), False, False
    ),
    "1 a purpose that nobody knows": Row(
        "caller", CLINICAL, Asked(facts(), asked(purpose="HMARKT")), Asked(facts()), False, False
    ),
    "2 no agreement with the caller": Row(
        "agreement",
        CLINICAL,
        Asked(facts(evidence=(Evidence("encounter", "FAR", "GP1", date(2026, 6, 1)),)), asked("FAR")),
        Asked(facts()),
        False,
        False,
    ),
    "2 no agreement with the source": Row(
        "agreement",
        DISTANT,
        Asked(facts(DISTANT)),
        Asked(facts(DISTANT), policy=changed(sources=("FAR",))),
        False,
        False,
    ),
    "2 a kind of information that is not covered": Row(
        "agreement",
        CLINICAL,
        Asked(facts(), policy=changed(categories=(Category.DEMOGRAPHICS,))),
        NO_OBJECTION,
        False,
        True,
    ),
    "2 an agreement that has ended": Row(
        "agreement", CLINICAL, Asked(facts(), policy=changed(ends=date(2026, 6, 14))), NO_OBJECTION, False, False
    ),
    "3 no relationship": Row("relationship", CLINICAL, Asked(facts(evidence=())), NO_OBJECTION, True, False),
    "3 a relationship that ended too long ago": Row(
        "relationship",
        CLINICAL,
        Asked(facts(evidence=(Evidence("encounter", "HOS", "GP1", date(2026, 5, 1), date(2026, 5, 15)),))),
        Asked(facts(evidence=(Evidence("encounter", "HOS", "GP1", date(2026, 5, 1), date(2026, 5, 16)),))),
        True,
        False,
    ),
    "3 the caller's own word, where it does not count": Row(
        "relationship",
        CLINICAL,
        Asked(facts(evidence=(Evidence("referral", "HOS", "HOS", date(2026, 6, 14)),))),
        Asked(facts(evidence=(Evidence("referral", "HOS", "GP1", date(2026, 6, 14)),))),
        True,
        False,
    ),
    "3 the caller's own word, past its days": Row(
        "relationship",
        CLINICAL,
        Asked(facts(evidence=(Evidence("encounter", "HOS", "HOS", date(2026, 6, 1), date(2026, 6, 4)),))),
        Asked(facts(evidence=(OWN_WORD,))),
        True,
        False,
    ),
    "4 a role that does not see this kind": Row(
        "role", CLINICAL, Asked(facts(), asked(role="clerk")), NO_OBJECTION, False, False
    ),
    "4 another organisation's, where the role sees its own": Row(
        "role",
        OTHERS_STAY,
        Asked(facts(OTHERS_STAY), asked(role="clerk")),
        Asked(facts(OTHERS_STAY, evidence=(Evidence("registration", "GP1", "GP1"),)), asked("GP1", "clerk")),
        False,
        False,
    ),
    "5 an objection": Row("choice", CLINICAL, Asked(with_choices(OBJECTION)), NO_OBJECTION, False, True),
    "5 an objection that claims to allow emergencies": Row(
        "choice",
        CLINICAL,
        Asked(with_choices(choice("objection-to-sharing", break_glass_relaxes=True))),
        NO_OBJECTION,
        False,
        True,
    ),
    "5 sharing in emergencies only": Row(
        "choice", CLINICAL, Asked(with_choices(EMERGENCIES_ONLY)), NO_OBJECTION, True, True
    ),
    "5 a restriction to one organisation": Row(
        "choice",
        CLINICAL,
        Asked(with_choices(choice("restrict-organisation", organisations=frozenset({"HOS"})))),
        Asked(with_choices(choice("restrict-organisation", organisations=frozenset({"GP2"})))),
        False,
        True,
    ),
    "5 a restriction of one kind of information": Row(
        "choice",
        CLINICAL,
        Asked(with_choices(choice("restrict-category", categories=frozenset({Category.CLINICAL})))),
        Asked(with_choices(choice("restrict-category", categories=frozenset({Category.ALERTS})))),
        False,
        True,
    ),
    "5 a charity's information without consent": Row(
        "choice",
        CHARITYS,
        Asked(facts(CHARITYS)),
        Asked(with_choices(published(), what=CHARITYS)),
        False,
        True,
    ),
    "5 a charity that views without consent": Row("choice", CLINICAL, charity(), charity(viewing()), False, True),
    "5 a charity's own word for the consent, too old": Row(
        "choice",
        CLINICAL,
        charity(viewing(source="CH1", how="form", recorded=NOW - timedelta(days=101))),
        charity(viewing(source="CH1", how="form", recorded=NOW - timedelta(days=100))),
        False,
        True,
    ),
    "5 a charity's own word for the consent, not saying how": Row(
        "choice",
        CLINICAL,
        charity(viewing(source="CH1", recorded=NOW)),
        charity(viewing(source="CH1", recorded=NOW, how="by telephone")),
        False,
        True,
    ),
    "6a restricted by law": Row(
        "legal-restriction",
        RESTRICTED_BY_LAW,
        Asked(facts(RESTRICTED_BY_LAW)),
        Asked(with_choices(express(LEGAL), what=RESTRICTED_BY_LAW)),
        False,
        False,
    ),
    "6a a permission for everybody": Row(
        "legal-restriction",
        RESTRICTED_BY_LAW,
        Asked(with_choices(express(LEGAL, organisations=frozenset()), what=RESTRICTED_BY_LAW)),
        Asked(with_choices(express(LEGAL), what=RESTRICTED_BY_LAW)),
        False,
        False,
    ),
    "6a a permission that the recipient recorded itself": Row(
        "legal-restriction",
        RESTRICTED_BY_LAW,
        Asked(with_choices(express(LEGAL, source="HOS"), what=RESTRICTED_BY_LAW)),
        Asked(with_choices(express(LEGAL), what=RESTRICTED_BY_LAW)),
        False,
        False,
    ),
    "6b sensitive": Row(
        "sensitivity",
        SENSITIVE,
        Asked(facts(SENSITIVE)),
        Asked(facts(SENSITIVE), policy=changed(sensitive={"sexual health": ("doctor",)})),
        False,
        True,
    ),
    "6b sensitive, opened for another role": Row(
        "sensitivity",
        SENSITIVE,
        Asked(facts(SENSITIVE), policy=changed(sensitive={"sexual health": ("clerk",)})),
        Asked(with_choices(express("sexual health", organisations=frozenset()), what=SENSITIVE)),
        False,
        True,
    ),
    "8 impairments, for a role that gives no care": Row(
        "adjustments",
        IMPAIRMENT,
        Asked(facts(IMPAIRMENT), asked(role="clerk")),
        Asked(facts(IMPAIRMENT), asked(role="clerk"), with_role("clerk", clinical_or_care=True)),
        False,
        False,
    ),
    "8 adjustments after a dissent": Row(
        "choice",
        ADJUSTMENT,
        Asked(with_choices(OBJECTION, what=ADJUSTMENT), asked(role="clerk")),
        Asked(facts(ADJUSTMENT), asked(role="clerk")),
        False,
        False,
    ),
    "8 impairments after a dissent to the adjustments": Row(
        "choice",
        IMPAIRMENT,
        Asked(with_choices(choice("restrict-category", categories=frozenset({Category.ADJUSTMENTS})), what=IMPAIRMENT)),
        Asked(with_choices(choice("restrict-category", categories=frozenset({Category.ALERTS})), what=IMPAIRMENT)),
        False,
        False,
    ),
    "8 the national flag without consent": Row(
        "adjustments",
        ADJUSTMENT,
        Asked(facts(ADJUSTMENT), NATIONAL),
        Asked(with_choices(SHARED_NATIONALLY, what=ADJUSTMENT), NATIONAL),
        False,
        False,
    ),
    "8 the national flag that the person refused and a deputy permitted": Row(
        "adjustments",
        ADJUSTMENT,
        Asked(
            with_choices(
                choice("share-adjustments-nationally", permits=True, decided_by="a deputy", recorded=NOW),
                choice("share-adjustments-nationally"),
                what=ADJUSTMENT,
            ),
            NATIONAL,
        ),
        Asked(with_choices(SHARED_NATIONALLY, what=ADJUSTMENT), NATIONAL),
        False,
        False,
    ),
    "9 the national data opt-out": Row(
        "beyond-care", CLINICAL, Asked(facts(national_opt_out=True), RESEARCH), Asked(facts(), RESEARCH), False, False
    ),
    "9 a Type 1 objection": Row(
        "beyond-care", CLINICAL, Asked(facts(type_1_objection=True), RESEARCH), Asked(facts(), RESEARCH), False, False
    ),
}
