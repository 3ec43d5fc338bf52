"""What the table of rules (tests/unit/sharing/table.py) does not say in a row, rule by rule."""

from datetime import date, timedelta
from typing import Any

import msgspec

from integration.sharing.decide import NOT_FOUND, REFUSED, Policy, decide
from integration.sharing.request import BreakGlass, Category, Request
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
)
from tests.unit.sharing.table import (
    EMERGENCIES_ONLY,
    NATIONAL,
    OBJECTION,
    OTHERS_STAY,
    RESEARCH,
    SHARED_NATIONALLY,
    STAY,
)


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
