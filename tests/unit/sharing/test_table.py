"""Every row of the table in DESIGN section 4: what holds by default, what opens it, whether breaking the glass relaxes
it, and whether it may be announced."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from integration.sharing.decide import NOT_FOUND, REFUSED, Policy, decide
from integration.sharing.request import BreakGlass, Category, Choice, Denial, Evidence, Facts, Grant, Label, Request
from tests.unit.sharing.scene import (
    ADJUSTMENT,
    CARE,
    CLINICAL,
    EMERGENCY,
    IMPAIRMENT,
    NEIGHBOURHOOD,
    NOW,
    OWN_WORD,
    POLICY,
    WHO,
    asked,
    changed,
    choice,
    denied,
    facts,
    granted,
    label,
    nobody,
    sees,
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


@pytest.mark.parametrize("name", TABLE)
def test_withheld_by_default(name: str):
    row = TABLE[name]
    decision = row.closed.decide()

    assert not sees(row.label, decision)
    assert any(reason.rule == row.rule and not reason.allowed for reason in decision.reasons)


@pytest.mark.parametrize("name", TABLE)
def test_opened_by(name: str):
    row = TABLE[name]

    assert row.opened is not None
    assert sees(row.label, row.opened.decide())


@pytest.mark.parametrize("name", TABLE)
def test_what_breaking_the_glass_relaxes(name: str):
    row = TABLE[name]
    decision = row.closed.decide(break_glass=EMERGENCY)

    assert sees(row.label, decision) == row.glass_relaxes
    assert not row.glass_relaxes or decision.broken_glass


@pytest.mark.parametrize("name", TABLE)
def test_what_may_be_announced(name: str):
    row = TABLE[name]
    decision = row.closed.decide()
    silent = replace(row.closed, policy=_silent(row.closed.policy)).decide()

    assert (row.label.category in getattr(decision, "announced", ())) == row.announced
    assert getattr(silent, "announced", ()) == ()


def _silent(policy: Policy) -> Policy:
    """The same agreements, none of which lets it be said that something is withheld."""
    kept = tuple(msgspec.structs.replace(one, announce=False) for one in policy.agreements.agreements)
    return Policy.of(msgspec.structs.replace(policy.agreements, agreements=kept))


class TestCaller:
    def test_what_is_not_part_of_the_agreements_is_forbidden_and_says_nothing_of_the_person(self):
        known, unknown = (denied(asked("NEW"), held) for held in (facts(), nobody(facts())))

        assert not known.not_found
        assert known.public == unknown.public == REFUSED

    def test_an_emergency_without_a_reason_that_counts_is_forbidden(self):
        decision = denied(asked(break_glass=BreakGlass("curiosity")), facts())

        assert not decision.not_found


class TestRelationship:
    def test_without_it_the_person_is_not_found_like_somebody_who_does_not_exist(self):
        stranger, nobody_at_all = denied(asked(), facts(evidence=())), denied(asked(), nobody(facts()))

        assert stranger.not_found
        assert stranger.public == NOT_FOUND
        assert (stranger.not_found, stranger.public, stranger.request) == (
            nobody_at_all.not_found,
            nobody_at_all.public,
            nobody_at_all.request,
        )

    def test_an_unrelated_hospital_finds_nothing_even_in_an_emergency(self):
        assert denied(asked("FAR", break_glass=EMERGENCY), facts()).not_found

    def test_the_callers_own_word_is_marked(self):
        assert granted(asked(), facts(evidence=(OWN_WORD,))).self_claimed
        assert not granted(asked(), facts()).self_claimed

    def test_breaking_the_glass_never_finds_who_does_not_exist(self):
        assert denied(asked(break_glass=EMERGENCY), nobody(facts(evidence=()))).not_found

    def test_breaking_the_glass_needs_a_role_that_the_agreement_names(self):
        assert denied(asked(role="clerk", break_glass=EMERGENCY), facts(evidence=())).not_found

    def test_a_declared_emergency_lasts_as_long_as_the_agreement_says(self):
        def declared(minutes: int) -> Request:
            return asked(break_glass=BreakGlass("emergency", declared=NOW - timedelta(minutes=minutes)))

        assert granted(declared(60), facts(evidence=())).broken_glass
        assert denied(declared(61), facts(evidence=())).not_found
        assert denied(declared(-1), facts(evidence=())).not_found

    def test_an_emergency_that_was_not_needed_is_not_marked(self):
        assert not granted(asked(break_glass=EMERGENCY), facts()).broken_glass


class TestRole:
    def test_own_statements_are_shown_to_a_role_that_sees_only_those(self):
        decision = granted(asked(role="clerk"), facts(STAY, OTHERS_STAY))

        assert decision.labels == (STAY.id,)

    def test_own_statements_need_every_other_rule_too(self):
        own = label(Category.CLINICAL, "HOS")

        assert granted(asked(role="clerk"), facts(own)).labels == ()
        assert denied(asked(), facts(own, evidence=())).not_found


class TestChoices:
    def test_a_restricted_period_becomes_a_window_of_the_labels_it_speaks_of(self):
        period = choice(
            "restrict-period", about=frozenset({"GP1"}), data_start=date(2020, 1, 1), data_end=date(2021, 1, 1)
        )
        decision = granted(asked(), facts(CLINICAL, STAY, choices=(period,)))

        (window,) = decision.windows
        assert (window.labels, window.start, window.end) == ((CLINICAL.id,), date(2020, 1, 1), date(2021, 1, 1))
        assert CLINICAL.id in decision.labels

    def test_a_restricted_entry_is_withheld_whatever_its_label(self):
        single = choice("restrict-instance", instances=frozenset({facts().person}))

        assert granted(asked(), facts(choices=(single,))).withheld == (facts().person,)

    def test_related_data_that_was_not_looked_up_withholds_all_that_it_could_mean(self):
        related = choice(
            "restrict-instance", instances=frozenset({facts().person}), related=frozenset({facts().person})
        )

        assert granted(asked(), facts(choices=(related,))).labels == ()

    def test_auditors_see_choices_whatever_they_say(self):
        recorded = label(Category.CHOICES)
        decision = granted(asked(role="auditor", purpose="HCOMPL"), facts(recorded, evidence=(), choices=(OBJECTION,)))

        assert decision.labels == (recorded.id,)


class TestRestrictedPerson:
    """7: what locates the person is removed; nothing but an agreement's named need shows it."""

    def test_the_location_is_removed(self):
        assert granted(asked(), facts(WHO, restricted=True)).hide_location
        assert not granted(asked(), facts(WHO)).hide_location

    def test_an_agreement_that_names_the_roles_need_shows_it(self):
        needed = changed(need_of_location=("doctor",))

        assert not granted(asked(), facts(WHO, restricted=True), needed).hide_location
        assert granted(asked(role="clerk"), facts(WHO, restricted=True), needed).hide_location

    def test_an_emergency_alone_never_shows_it(self):
        needed = changed(need_of_location=("doctor",))
        decision = granted(asked(break_glass=EMERGENCY), facts(WHO, restricted=True, evidence=()), needed)

        assert decision.broken_glass
        assert decision.hide_location

    def test_it_is_never_announced(self):
        assert granted(asked(), facts(WHO, restricted=True)).announced == ()

    def test_the_need_that_one_agreement_names_shows_nothing_of_what_another_opens(self):
        others = label(Category.DEMOGRAPHICS, "HOS")
        decision = granted(
            asked(), facts(WHO, others, restricted=True), _only_of_practices(need_of_location=("doctor",))
        )

        assert decision.labels == (WHO.id, others.id)
        assert [decision.hides_location(one.id) for one in (WHO, others)] == [False, True]
        assert not decision.hide_location
        assert [reason.allowed for reason in decision.reasons if reason.rule == "location"] == [True, False]

    def test_an_agreement_that_names_the_need_but_shows_nothing_does_not_count(self):
        others = label(Category.DEMOGRAPHICS, "HOS")
        decision = granted(asked(), facts(others, restricted=True), _only_of_practices(need_of_location=("doctor",)))

        assert decision.unlocated == (others.id,)


def _only_of_practices(**changes: Any) -> Policy:
    """The agreement for care without what names more, and one of practices' information only that does."""
    care = msgspec.structs.replace(CARE, breaking_the_glass=None)
    further = msgspec.structs.replace(CARE, id="AA-09", sources=("practices",), **changes)
    return Policy.of(msgspec.structs.replace(NEIGHBOURHOOD, agreements=(care, further)))


class TestEmergencies:
    """5: a wish to share in emergencies only is set aside under the agreements that let the glass be broken."""

    def test_an_agreement_without_terms_for_emergencies_does_not_set_it_aside(self):
        others = label(Category.CLINICAL, "HOS")
        policy = _only_of_practices(breaking_the_glass=CARE.breaking_the_glass)
        held = facts(CLINICAL, others, choices=(EMERGENCIES_ONLY,))

        decision = granted(asked(break_glass=EMERGENCY), held, policy)

        assert decision.labels == (CLINICAL.id,)
        assert decision.broken_glass
        assert granted(asked(), held, policy).labels == ()

    def test_nor_of_a_period(self):
        others = label(Category.CLINICAL, "HOS")
        policy = _only_of_practices(breaking_the_glass=CARE.breaking_the_glass)
        lately = choice("break-glass-only", break_glass_relaxes=True, data_start=date(2026, 1, 1))

        decision = granted(asked(break_glass=EMERGENCY), facts(CLINICAL, others, choices=(lately,)), policy)

        assert [window.labels for window in decision.windows] == [(others.id,)]


class TestAdjustments:
    def test_every_caller_with_a_relationship_sees_them_and_care_roles_the_impairments(self):
        clerk, doctor = (granted(asked(role=role), facts(ADJUSTMENT, IMPAIRMENT)) for role in ("clerk", "doctor"))

        assert clerk.labels == (ADJUSTMENT.id,)
        assert doctor.labels == (ADJUSTMENT.id, IMPAIRMENT.id)

    def test_the_national_flag_carries_nothing_else(self):
        policy = Policy.of(_with_all_kinds_for_the_national_flag())
        held = facts(ADJUSTMENT, CLINICAL, choices=(SHARED_NATIONALLY,))

        assert granted(NATIONAL, held, policy).labels == (ADJUSTMENT.id,)


def _with_all_kinds_for_the_national_flag():
    *kept, national = NEIGHBOURHOOD.agreements
    return msgspec.structs.replace(
        NEIGHBOURHOOD, agreements=(*kept, msgspec.structs.replace(national, categories=CARE.categories))
    )


class TestBeyondCare:
    def test_output_is_pseudonymised(self):
        assert granted(RESEARCH, facts()).pseudonymise
        assert not granted(asked(), facts()).pseudonymise

    def test_the_opt_out_does_not_touch_care(self):
        assert sees(CLINICAL, decide(asked(), facts(national_opt_out=True, type_1_objection=True), POLICY))

    def test_a_type_1_objection_leaves_what_others_than_practices_recorded(self):
        own = label(Category.CLINICAL, "HOS")

        assert granted(RESEARCH, facts(CLINICAL, own, type_1_objection=True)).labels == (own.id,)

    def test_an_opted_out_person_is_not_found(self):
        assert denied(RESEARCH, facts(national_opt_out=True)).not_found
