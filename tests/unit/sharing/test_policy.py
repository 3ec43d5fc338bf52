"""What a file of agreements makes of an organisation's terms in one role for one purpose."""

from datetime import date, timedelta

import pytest
from msgspec import structs

from integration.sharing.decide import Policy
from integration.sharing.policy import Terms, made_once
from integration.sharing.request import Caller, Category
from tests.unit.sharing.scene import CARE, NEIGHBOURHOOD, POLICY, changed, with_role

TODAY = date(2026, 6, 15)
DOCTOR, CLERK = (Caller("client", "HOS", role, "TREAT") for role in ("doctor", "clerk"))


def terms(organisation: str = "HOS", role: str = "doctor", policy: Policy = POLICY) -> Terms:
    """The terms of the agreement for care."""
    (found,) = policy.terms_for(Caller("client", organisation, role, "TREAT"))
    return found


def test_terms_are_those_of_whoever_asks():
    assert POLICY.terms_for(Caller("client", "FAR", "doctor", "TREAT")) == ()
    assert terms().sources == {"GP1", "GP2", "HOS", "CH1", "CH2"}
    assert terms().citation == "AA-01 version 2"


def test_only_a_charity_needs_consent_to_view_and_only_a_charity_s_statements_need_one_to_be_shared():
    assert terms("CH1").viewing_needs_consent
    assert not terms("GP1").viewing_needs_consent
    assert terms("GP1").publishing_needs_consent == {"CH1", "CH2"}


def test_an_agreement_may_do_without_either_consent():
    free = changed(consent=structs.replace(CARE.consent, to_publish=False, to_view=False, other_basis="a contract"))

    assert not terms("CH1", policy=free).viewing_needs_consent
    assert terms("GP1", policy=free).publishing_needs_consent == frozenset()


def test_only_roles_that_it_names_break_the_glass_or_see_what_is_sensitive_or_where_somebody_is():
    named = changed(sensitive={"sexual health": ("doctor",)}, need_of_location=("clerk",))
    doctor, clerk = (terms(role=role, policy=named) for role in ("doctor", "clerk"))

    assert (doctor.glass_minutes, clerk.glass_minutes) == (60, 0)
    assert (doctor.sensitive, clerk.sensitive) == ({"sexual health"}, frozenset())
    assert (doctor.locates, clerk.locates) == (False, True)
    assert terms(policy=changed(breaking_the_glass=None)).glass_minutes == 0


def test_a_role_sees_adjustments_and_the_impairments_behind_them_if_it_gives_care():
    assert terms().seen >= {Category.ADJUSTMENTS, Category.IMPAIRMENTS, Category.CLINICAL}
    assert terms(role="clerk").seen == {Category.DEMOGRAPHICS, Category.ADJUSTMENTS}


def test_a_kind_is_open_while_an_agreement_in_force_opens_it_to_the_role():
    begins, ends = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
    policy = changed(starts=begins, ends=ends)

    assert all(policy.opens(DOCTOR, Category.CLINICAL, on) for on in (begins, TODAY, ends))
    assert not any(policy.opens(DOCTOR, Category.CLINICAL, begins + timedelta(days=days)) for days in (-1, 3))
    assert not policy.opens(CLERK, Category.CLINICAL, TODAY)
    assert not policy.opens(DOCTOR, Category.SAFEGUARDING, TODAY)


def test_a_role_records_what_is_named_for_it_while_an_agreement_is_in_force():
    policy = with_role("doctor", records=("Flag",))

    assert policy.may_record(DOCTOR, "Flag", TODAY)
    assert not policy.may_record(DOCTOR, "Task", TODAY)
    assert not policy.may_record(CLERK, "Flag", TODAY)
    assert not policy.may_record(Caller("client", "HOS", "stranger", "TREAT"), "Flag", TODAY)
    assert not policy.may_record(DOCTOR, "Flag", date(2023, 12, 31))
    assert not policy.may_record(Caller("client", "FAR", "doctor", "TREAT"), "Flag", TODAY)


@pytest.mark.parametrize(("code", "name"), [("GP1", "First Practice"), ("NEW", "NEW")])
def test_who_has_no_name_is_told_by_code(code: str, name: str):
    assert POLICY.name(code) == name


def test_practices_are_those_whose_data_an_objection_removes():
    assert POLICY.practices == {"GP1", "GP2"}


def test_without_agreements_there_are_no_terms():
    assert Policy.empty().terms_for(DOCTOR) == ()


def test_what_is_made_once_is_made_again_for_another_policy_and_for_other_values():
    made: list[tuple[str, str]] = []

    @made_once
    def twice(policy: Policy, one: str, other: str) -> list[tuple[str, str]]:
        made.append((one, other))
        return made

    first, second = Policy.of(NEIGHBOURHOOD), Policy.of(NEIGHBOURHOOD)
    for policy in (first, first, second, second):
        assert twice(policy, "a", "b") is made
        assert twice(policy, "b", "a") is made
    assert made == [("a", "b"), ("b", "a")] * 2


def test_one_of_several_agreements_in_force_opens_a_kind():
    narrow = structs.replace(CARE, id="AA-10", categories=(Category.DEMOGRAPHICS,))
    policy = Policy.of(structs.replace(NEIGHBOURHOOD, agreements=(CARE, narrow)))
    assert policy.opens(DOCTOR, Category.CLINICAL, TODAY)
    assert not policy.opens(DOCTOR, Category.SAFEGUARDING, TODAY)
