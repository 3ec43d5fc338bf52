"""What is said, and who is asked, where nothing that the person's practice recorded is shown."""

from dataclasses import replace
from datetime import date

import pytest

from integration.sharing.choices import OBJECTION
from integration.sharing.first_read import Unshown, unshown
from integration.sharing.policy import Policy
from integration.sharing.request import Category, Choice, Evidence, Facts, Request
from tests.unit.sharing.scene import NOW, OWN_WORD, POLICY, asked, choice, facts, granted, label

HOSPITALS = (label(Category.DEMOGRAPHICS, "HOS"), label(Category.ENCOUNTERS, "HOS"))
PRACTICES = (label(Category.DEMOGRAPHICS), label(Category.CLINICAL))
RECORDED_HERE = label(Category.ADJUSTMENTS)
REGISTERED = Evidence("registration", "GP1", "HOS", date(2020, 1, 1))
CODES = frozenset({"GP1", "GP2"})
KNOWN = facts(*HOSPITALS, evidence=(OWN_WORD, REGISTERED))


def of(held: Facts, request: Request | None = None, policy: Policy = POLICY) -> Unshown | None:
    request = request or asked()
    return unshown(granted(request, held, policy), held, policy, CODES)


def with_choice(one: Choice, held: Facts = KNOWN) -> Facts:
    return replace(held, choices=(one,))


def test_the_practice_is_asked_where_nothing_of_it_is_held():
    assert of(KNOWN) == Unshown(("GP1",))


@pytest.mark.parametrize("shown", PRACTICES)
def test_nothing_is_said_where_something_of_it_is_shown(shown):
    assert of(replace(KNOWN, labels=(*HOSPITALS, shown))) is None


def test_what_the_practice_recorded_here_is_not_its_record():
    assert of(replace(KNOWN, labels=(*HOSPITALS, RECORDED_HERE))) == Unshown(("GP1",))


def test_nobody_is_asked_who_has_no_endpoint_or_is_not_the_persons_practice():
    assert of(replace(KNOWN, evidence=(OWN_WORD, replace_organisation("FAR")))) is None
    assert of(replace(KNOWN, evidence=(OWN_WORD,))) is None


def replace_organisation(code: str) -> Evidence:
    return Evidence("registration", code, "HOS", date(2020, 1, 1))


@pytest.mark.parametrize(
    ("start", "end", "asks"),
    [
        (None, None, True),
        (None, NOW.date(), True),
        (None, date(2026, 6, 14), False),
        (date(2026, 6, 15), None, True),
        (date(2026, 6, 16), None, False),
    ],
)
def test_a_registration_counts_while_it_lasts(start, end, asks):
    registered = Evidence("registration", "GP1", "HOS", start, end)
    assert (of(replace(KNOWN, evidence=(OWN_WORD, registered))) is not None) == asks


def test_a_registration_counts_only_where_its_source_is_shown():
    charitys = Evidence("registration", "GP1", "CH1", date(2020, 1, 1))
    held = replace(KNOWN, labels=(*HOSPITALS, label(Category.DEMOGRAPHICS, "CH1")), evidence=(OWN_WORD, charitys))
    assert of(held) is None


def test_a_role_that_would_not_see_a_clinical_record_has_nobody_asked():
    assert of(KNOWN, asked(role="clerk")) is None


@pytest.mark.parametrize(("role", "purpose"), [("doctor", "HRESCH"), ("auditor", "HCOMPL"), ("doctor", "NATIONAL")])
def test_only_direct_care_asks(role, purpose):
    assert of(KNOWN, asked(role=role, purpose=purpose)) is None


def test_a_restricted_persons_practice_is_not_asked():
    assert of(replace(KNOWN, restricted=True)) is None


@pytest.mark.parametrize("about", [frozenset(), frozenset({"GP1"})])
def test_of_whom_objects_it_is_said_alike_whether_something_is_held_or_not_and_nobody_is_asked(about):
    objection = choice(OBJECTION, about=about, organisations=frozenset({"HOS"}), source="GP1")
    held = replace(KNOWN, labels=(*HOSPITALS, *PRACTICES))
    assert of(with_choice(objection, held)) == of(with_choice(objection)) == (Unshown(()) if about else None)


def test_a_charity_has_nobody_asked_and_is_told_nothing():
    seen = Evidence("referral", "CH1", "HOS", date(2026, 6, 1), date(2026, 6, 1))
    held = facts(label(Category.DEMOGRAPHICS, "CH1"), *HOSPITALS, evidence=(seen, REGISTERED))
    assert of(held, asked("CH1")) is None
