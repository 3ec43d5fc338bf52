"""What the table leaves open and callers rely on all the same: marks of a Grant, and which reason is told. Mutation
testing (docs/mutation.md) found these untested."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from integration.sharing.agreements import ExplicitConsent
from integration.sharing.decide import Policy, decide
from integration.sharing.request import BreakGlass, Category, Evidence, Reason
from tests.unit.sharing.scene import (
    CARE,
    CLINICAL,
    EMERGENCY,
    NEIGHBOURHOOD,
    NOW,
    POLICY,
    SEEN_LATELY,
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
from tests.unit.sharing.table import published

LEGAL = "assisted conception (HFE Act)"
CHARITYS = label(Category.DEMOGRAPHICS, "CH1")
SAFEGUARDING = label(Category.SAFEGUARDING)


def with_others(*others: Any, care: Any = CARE) -> Policy:
    """Care, and further agreements for it; each given as what differs from it."""
    made = [msgspec.structs.replace(CARE, id=f"AA-1{place}", **one) for place, one in enumerate(others)]
    return Policy.of(msgspec.structs.replace(NEIGHBOURHOOD, agreements=(care, *made)))


def told(category: Category, decision: Any) -> Reason:
    (found,) = [reason for reason in decision.reasons if reason.category is category]
    return found


class TestRefusals:
    def test_an_unknown_reason_is_refused_plainly(self):
        decision = denied(asked(break_glass=BreakGlass("curiosity")), facts())

        assert not decision.not_found
        assert [(one.rule, one.allowed) for one in decision.reasons] == [("break-glass", False)]

    def test_what_is_recorded_of_nobody_is_not_told(self):
        """Whoever hands in facts of an unknown person is told as if there were none."""
        assert (
            denied(asked(), nobody(facts(evidence=(SEEN_LATELY,)))).reasons
            == denied(asked(), nobody(facts(evidence=()))).reasons
        )


class TestWhyItIsWithheld:
    """The agreement that came furthest is named; of those that came as far, the first."""

    def test_the_furthest_agreement_is_named(self):
        only_contacts = {"categories": (Category.ENCOUNTERS,)}  # fails at the agreement, CARE only at the role
        for policy in (
            with_others(only_contacts),
            with_others({}, care=msgspec.structs.replace(CARE, **only_contacts)),
        ):
            reason = told(Category.SAFEGUARDING, granted(asked(role="clerk"), facts(WHO, SAFEGUARDING), policy))
            assert reason.rule == "agreement"
            clinical = told(Category.CLINICAL, granted(asked(role="clerk"), facts(WHO, CLINICAL), policy))
            assert clinical.rule == "role"

    def test_of_two_the_first_is_named(self):
        reason = told(Category.CLINICAL, granted(asked(role="clerk"), facts(WHO, CLINICAL), with_others({})))

        assert reason.agreement == "AA-01 version 2"

    def test_an_agreement_without_relationship_is_told_apart_from_none(self):
        """One agreement of hospitals' information is open; the one of practices' asks for evidence that is missing."""
        hospitals = msgspec.structs.replace(CARE, sources=("hospitals",))
        strict = msgspec.structs.replace(CARE.relationship, evidence={})
        others, missing = label(Category.DEMOGRAPHICS, "HOS"), label(Category.CLINICAL, "GP1")
        closed = {"sources": ("practices",), "relationship": strict, "breaking_the_glass": None}

        covered = granted(asked(), facts(others, missing), with_others(closed, care=hospitals))
        assert told(Category.CLINICAL, covered).rule == "relationship"
        for narrower in ({"categories": (Category.ENCOUNTERS,)}, {"sources": ("charities",)}):
            uncovered = granted(asked(), facts(others, missing), with_others(closed | narrower, care=hospitals))
            assert told(Category.CLINICAL, uncovered).rule == "agreement"


class TestKeptForOthers:
    """What a policy keeps of one person's decision, another's is made with."""

    def test_one_person_s_consent_shows_nothing_of_another(self):
        """Two agreements cover the charity: one needs the person's consent, the other, which does not, is of another
        kind of information. So the label is not settled for everybody."""
        free = {
            "categories": (Category.DEMOGRAPHICS,),
            "consent": ExplicitConsent(to_publish=False, to_view=False, other_basis="a contract"),
        }
        policy, said = with_others(free), label(Category.CLINICAL, "CH1")
        assert sees(said, decide(asked(), facts(said, choices=(published(),)), policy))
        assert not sees(said, decide(asked(), facts(said), policy))

    def test_an_agreement_that_has_ended_since_is_no_reason(self):
        """The same agreement is open on both days; of another, in force on the first alone, no relationship is."""
        strict = msgspec.structs.replace(CARE.relationship, evidence={})
        hospitals = msgspec.structs.replace(CARE, sources=("hospitals",))
        ended = {"sources": ("practices",), "relationship": strict, "breaking_the_glass": None, "ends": NOW.date()}
        policy, held = with_others(ended, care=hospitals), facts(label(Category.DEMOGRAPHICS, "HOS"), CLINICAL)
        assert told(Category.CLINICAL, granted(asked(), held, policy)).rule == "relationship"
        tomorrow = asked(at=NOW + timedelta(days=1))
        assert told(Category.CLINICAL, granted(tomorrow, held, policy)).rule == "agreement"


class TestMarks:
    def test_a_relationship_beside_the_glass_does_not_unmark_it(self):
        """One agreement accepts the evidence, the other is open by the emergency alone."""
        strict = msgspec.structs.replace(CARE.relationship, evidence={})
        policy = with_others({"relationship": strict})

        assert granted(asked(break_glass=EMERGENCY), facts(), policy).broken_glass
        assert not granted(asked(break_glass=EMERGENCY), facts()).broken_glass

    def test_a_wish_for_emergencies_marks_only_a_broken_glass(self):
        wish = choice("break-glass-only", break_glass_relaxes=True)

        assert granted(asked(break_glass=EMERGENCY), facts(choices=(wish,))).broken_glass
        assert not granted(asked(), facts(choices=(wish,))).broken_glass

    def test_the_need_of_an_agreement_that_is_not_open_does_not_locate(self):
        strict = msgspec.structs.replace(CARE.relationship, evidence={})
        policy = with_others({"relationship": strict, "need_of_location": ("doctor",), "breaking_the_glass": None})

        assert granted(asked(), facts(WHO, restricted=True), policy).hide_location

    def test_own_word_beside_another_s_is_not_own_word_alone(self):
        own = Evidence("encounter", "HOS", "HOS", date(2026, 6, 10), date(2026, 6, 10))

        assert granted(asked(), facts(evidence=(own,))).self_claimed
        assert not granted(asked(), facts(evidence=(own, SEEN_LATELY))).self_claimed

    def test_no_word_at_all_is_not_own_word(self):
        recorded = label(Category.CHOICES)

        assert not granted(asked(role="auditor", purpose="HCOMPL"), facts(recorded, evidence=())).self_claimed
        assert not granted(asked(break_glass=EMERGENCY), facts(evidence=())).self_claimed

    def test_own_word_under_one_agreement_is_not_own_word_alone(self):
        """One agreement accepts only contacts, which the hospital claims; the other only the practice's referral."""
        rules = CARE.relationship.evidence
        contacts, referrals = (
            msgspec.structs.replace(CARE.relationship, evidence={kind: rules[kind]})
            for kind in ("encounter", "referral")
        )
        policy = with_others({"relationship": referrals}, care=msgspec.structs.replace(CARE, relationship=contacts))
        own = Evidence("encounter", "HOS", "HOS", date(2026, 6, 10), date(2026, 6, 10))
        referred = Evidence("referral", "HOS", "GP1", date(2026, 6, 10), date(2026, 6, 10))

        assert not granted(asked(), facts(evidence=(own, referred)), policy).self_claimed
        assert granted(asked(), facts(evidence=(own,)), policy).self_claimed

    def test_the_glass_is_broken_to_the_last_moment(self):
        for minutes, broken in ((0, True), (60, True)):
            declared = BreakGlass("emergency", declared=NOW - timedelta(minutes=minutes))
            assert granted(asked(break_glass=declared), facts(evidence=())).broken_glass is broken
        for late in (timedelta(minutes=60, microseconds=1), timedelta(microseconds=-1)):
            declared = BreakGlass("emergency", declared=NOW - late)
            assert denied(asked(break_glass=declared), facts(evidence=())).not_found


class TestWhereabouts:
    """No other address takes the place of one that a choice withholds."""

    OBJECTION = choice("objection-to-sharing", about=frozenset({"GP1"}))

    def test_a_choice_against_an_address_hides_all(self):
        others = label(Category.DEMOGRAPHICS, "HOS")

        assert granted(asked(), facts(WHO, others, choices=(self.OBJECTION,))).location_withheld
        assert not granted(asked(), facts(WHO, others)).location_withheld

    def test_a_choice_about_anything_else_does_not(self):
        others = label(Category.DEMOGRAPHICS, "HOS")

        assert not granted(asked(), facts(CLINICAL, others, choices=(self.OBJECTION,))).location_withheld

    def test_nor_does_the_want_of_a_consent(self):
        """A charity's address never comes first."""
        assert not granted(asked(), facts(WHO, CHARITYS)).location_withheld

    def test_nor_does_another_rule(self):
        sensitive = label(Category.DEMOGRAPHICS, "GP1", "sexual health", id_=7005)

        assert not granted(asked(), facts(WHO, sensitive)).location_withheld


class TestPartialDenies:
    PERIOD = choice("restrict-period", data_start=date(2020, 1, 1))

    def test_auditors_see_choices_of_any_period(self):
        recorded = label(Category.CHOICES)
        decision = granted(
            asked(role="auditor", purpose="HCOMPL"), facts(recorded, evidence=(), choices=(self.PERIOD,))
        )

        assert (decision.windows, decision.withheld) == ((), ())

    def test_a_period_of_what_is_not_shown_is_no_window(self):
        of_charities = choice("restrict-period", about=frozenset({"CH1"}), data_start=date(2020, 1, 1))

        assert granted(asked(), facts(choices=(of_charities,))).windows == ()

    def test_a_relaxed_wish_makes_no_window(self):
        lately = choice("break-glass-only", break_glass_relaxes=True, data_start=date(2020, 1, 1))

        assert granted(asked(break_glass=EMERGENCY), facts(choices=(lately,))).windows == ()
        assert len(granted(asked(), facts(choices=(lately,))).windows) == 1


def test_a_moment_needs_a_time_zone():
    with pytest.raises(ValueError, match="time zone"):
        decide(asked(at=NOW.replace(tzinfo=None)), facts(), POLICY)


def test_the_day_is_london_s():
    """An agreement that begins on 15 June is in force from midnight in London, an hour before that of UTC."""
    policy = changed(starts=date(2026, 6, 15))
    last, first = (NOW.replace(day=14, hour=hour, minute=59) for hour in (22, 23))

    assert denied(asked(at=last), facts(), policy).not_found
    assert granted(asked(at=first), facts(), policy).labels


NATIONAL = asked(purpose="NATIONAL")
ADJUSTMENTS = label(Category.ADJUSTMENTS)


def onward(**more: Any) -> Any:
    return choice("share-adjustments-nationally", **{"permits": True, **more})


def shared_onward(*choices: Any) -> bool:
    return bool(granted(NATIONAL, facts(ADJUSTMENTS, choices=choices)).labels)


class TestTheNationalFlag:
    """Only consent of this kind, of another's record, for this label; only a refusal of this kind closes it."""

    def test_consent_of_this_kind_opens_it(self):
        assert shared_onward(onward())
        assert not shared_onward(choice("share-charity-data", permits=True))
        assert not shared_onward(onward(sensitivities=frozenset({"sexual health"})))
        assert not shared_onward(onward(about=frozenset({"GP2"})))
        assert not shared_onward(onward(source="HOS"))

    def test_a_refusal_of_this_kind_closes_it(self):
        refusal = onward(permits=False, decided_by="a deputy")
        elsewhere = onward(permits=False, decided_by="a deputy", about=frozenset({"GP2"}))
        other = choice("express-permission", decided_by="a deputy")

        assert not shared_onward(onward(), refusal)
        assert shared_onward(onward(), elsewhere)
        assert shared_onward(onward(), other)


CHARITYS_CLINICAL = label(Category.CLINICAL, "CH1")
REFERRED = Evidence("referral", "CH1", "GP1", date(2026, 6, 1), date(2026, 6, 1))


class TestCharities:
    def published(self, *, organisation: str = "HOS", **more: Any) -> bool:
        consent = choice("share-charity-data", permits=True, about=frozenset({"CH1"}), **more)
        evidence = (SEEN_LATELY, Evidence("encounter", "GP1", "HOS", date(2026, 6, 1)))
        return bool(
            granted(asked(organisation), facts(CHARITYS_CLINICAL, evidence=evidence, choices=(consent,))).labels
        )

    def test_whose_record_of_a_consent_to_publish_counts(self):
        assert self.published(source="CH1")  # the charity's own: it is about its own data
        assert self.published(source="GP1")
        assert not self.published(source="HOS")  # the caller's
        assert not self.published(source="GP1", sensitivities=frozenset({"sexual health"}))

    def test_a_charity_sees_its_own_by_its_own_record(self):
        consent = choice("share-charity-data", permits=True, about=frozenset({"CH1"}), source="CH1")
        held = facts(CHARITYS_CLINICAL, evidence=(REFERRED,), choices=(consent,))

        assert granted(asked("CH1"), held).labels == (CHARITYS_CLINICAL.id,)
        assert granted(asked("CH1"), facts(CHARITYS_CLINICAL, evidence=(REFERRED,))).labels == ()

    def viewed(self, policy: Policy = POLICY, **more: Any) -> bool:
        consent = choice("view-by-charity", **{"permits": True, "organisations": frozenset({"CH1"}), **more})
        held = facts(CLINICAL, evidence=(REFERRED,), choices=(consent,))
        return bool(granted(asked("CH1"), held, policy).labels)

    def test_a_consent_to_view_names_the_viewer_and_whole_kinds(self):
        assert self.viewed()
        assert not self.viewed(organisations=frozenset({"CH2"}))
        assert not self.viewed(organisations=frozenset())
        assert not self.viewed(sensitivities=frozenset({"sexual health"}))

    def test_its_own_record_counts_as_far_as_the_agreement_says(self):
        lately = NOW - timedelta(days=100)
        own = {"source": "CH1", "recorded": lately, "how": "signed form"}

        assert self.viewed(**own)
        assert not self.viewed(**(own | {"recorded": lately - timedelta(days=1)}))
        assert not self.viewed(**(own | {"recorded": None}))
        assert not self.viewed(**(own | {"how": ""}))
        without_how = msgspec.structs.replace(CARE.consent, must_say_how=False)
        assert self.viewed(changed(consent=without_how), **(own | {"how": ""}))
        never = msgspec.structs.replace(CARE.consent, own_record_days=None)
        assert not self.viewed(changed(consent=never), **own)

    def test_no_other_kind_of_permission_opens_what_is_sensitive(self):
        marked = label(Category.CLINICAL, "GP1", "sexual health", id_=7009)
        for kind, opens in (("express-permission", True), ("share-adjustments-nationally", False)):
            said = choice(kind, permits=True, sensitivities=frozenset({"sexual health"}))
            assert bool(granted(asked(), facts(marked, choices=(said,))).labels) is opens


@pytest.mark.parametrize(
    ("request_", "held", "words"),
    [
        (asked(role="clerk"), facts(label(Category.IMPAIRMENTS)), "only clinical and care roles"),
        (asked(), facts(CHARITYS_CLINICAL), "not consented that this charity's information is shared"),
        (asked("CH1"), facts(CLINICAL, evidence=(REFERRED,)), "no consent of the person that"),
        (asked(), facts(label(Category.CLINICAL, "GP1", LEGAL, id_=7010)), LEGAL),
        (NATIONAL, facts(ADJUSTMENTS), "not agreed that the adjustment flag is shared nationally"),
        (NATIONAL, facts(label(Category.ADJUSTMENTS, "FAR")), "no agreement in force covers it"),
    ],
)  # fmt: skip
def test_the_reason_says_what_is_missing(request_: Any, held: Any, words: str):
    decision = granted(request_, held)
    (reason,) = [one for one in decision.reasons if one.category is not None]

    assert not reason.allowed
    assert words in reason.text
