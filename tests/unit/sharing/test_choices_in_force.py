"""Which choices count on a day, and for whom: what the table of rules cannot tell apart, since it looks at labels."""

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec import structs

from integration.sharing.choices_in_force import Recipient, effective
from integration.sharing.request import Choice

TODAY = date(2026, 6, 15)
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
HOSPITAL = Recipient("HOS", "TREAT")
EARLIER, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)

OBJECTION = Choice(consent="objection", kind="objection-to-sharing", permits=False, source="GP1", recorded=EARLIER)
EMERGENCIES = Choice(
    consent="emergencies", kind="break-glass-only", permits=False, source="GP1", break_glass_relaxes=True
)
PERIOD = Choice(consent="period", kind="restrict-period", permits=False, source="GP1", data_end=YESTERDAY)
MERE_REFUSAL = Choice(consent="refusal", kind="express-permission", permits=False, source="GP1")
PERMISSION = Choice(consent="permission", kind="share-charity-data", permits=True, source="CH1", recorded=EARLIER)


def test_each_choice_counts_as_what_it_is():
    found = effective([OBJECTION, PERIOD, MERE_REFUSAL, PERMISSION, EMERGENCIES], HOSPITAL, TODAY)

    assert (found.denies, found.partial) == ((OBJECTION, EMERGENCIES), (PERIOD,))
    assert (found.refusals, found.permits) == ((MERE_REFUSAL,), (PERMISSION,))


@pytest.mark.parametrize(
    ("choices", "only"), [([OBJECTION, EMERGENCIES], True), ([EMERGENCIES], True), ([OBJECTION], False), ([], False)]
)
def test_one_wish_to_share_in_emergencies_only_is_one(choices: list[Choice], only: bool):
    assert effective(choices, HOSPITAL, TODAY).emergencies_only is only


def test_only_exceptions_that_hold_and_differ_are_exceptions():
    holds, over, same = (
        Choice(consent="exception", kind="exception", permits=permits, source="GP1", end=end)
        for permits, end in ((True, None), (True, YESTERDAY), (False, None))
    )
    objection = structs.replace(OBJECTION, exceptions=(holds, over, same))

    assert effective([objection], HOSPITAL, TODAY).denies == (structs.replace(OBJECTION, exceptions=(holds,)),)


def again(**changed: object) -> Choice:
    """The permission's scope once more, later."""
    return structs.replace(PERMISSION, **{"consent": "again", "recorded": LATER, **changed})


@pytest.mark.parametrize(
    ("later", "lies"),
    [
        (again(permits=False), True),
        (again(permits=False, end=YESTERDAY), True),
        (again(permits=False, recorded=EARLIER), True),
        (again(permits=False, recorded=None), True),
        (again(permits=False, recorded=EARLIER - timedelta(days=1)), False),
        (again(permits=False, start=TOMORROW), False),
        (again(permits=False, active=False), False),
        (again(permits=False, kind="view-by-charity"), False),
        (again(permits=False, decided_by="a deputy"), False),
        (again(active=False), True),
        (again(active=False, recorded=EARLIER - timedelta(days=1), end=TODAY), True),
        (again(active=False, recorded=EARLIER - timedelta(days=9), end=EARLIER.date() - timedelta(days=1)), False),
        (again(end=YESTERDAY), True),
        (again(end=YESTERDAY, recorded=EARLIER - timedelta(days=1)), False),
        (again(start=TOMORROW), False),
        (again(start=TODAY), False),
    ],
)
def test_a_permission_lies_once_its_scope_was_answered_otherwise(later: Choice, lies: bool):
    permits = effective([PERMISSION, later], HOSPITAL, TODAY).permits

    assert (PERMISSION not in permits) is lies
    assert effective([later, PERMISSION], HOSPITAL, TODAY).permits[::-1] == permits


def test_a_permission_without_a_moment_lies_whatever_is_said_of_its_scope():
    undated = structs.replace(PERMISSION, recorded=None)

    assert effective([undated, again(permits=False)], HOSPITAL, TODAY).permits == ()


def yes(**changed: object) -> Choice:
    """What replaces the objection."""
    return structs.replace(OBJECTION, **{"consent": "yes", "permits": True, "recorded": LATER, **changed})


@pytest.mark.parametrize(
    ("objection", "said", "replaced"),
    [
        (OBJECTION, yes(), True),
        (OBJECTION, yes(permits=False), True),
        (OBJECTION, yes(recorded=EARLIER), False),
        (OBJECTION, yes(recorded=None), False),
        (structs.replace(OBJECTION, recorded=None), yes(), False),
        (OBJECTION, yes(decided_by="a deputy"), False),
        (OBJECTION, yes(kind="restrict-category"), False),
        (OBJECTION, yes(end=YESTERDAY), False),
        (OBJECTION, yes(source="HOS"), False),
        (structs.replace(OBJECTION, source="HOS"), yes(source="HOS"), True),
        (structs.replace(OBJECTION, source="HOS"), yes(), True),
        (structs.replace(OBJECTION, kind="other"), yes(kind="other"), False),
    ],
)
def test_only_a_later_answer_of_its_scope_replaces_an_objection_and_not_the_caller_s_own(
    objection: Choice, said: Choice, replaced: bool
):
    assert (objection not in effective([objection, said], HOSPITAL, TODAY).denies) is replaced


def test_who_objects_anew_with_an_exception_has_that_exception():
    exception = Choice(consent="", kind="", permits=True, source="GP1", organisations=frozenset({"HOS"}))
    anew = structs.replace(OBJECTION, consent="anew", recorded=LATER, exceptions=(exception,))

    assert effective([OBJECTION, anew], HOSPITAL, TODAY).denies == (anew,)
    assert effective(
        [anew, structs.replace(OBJECTION, recorded=LATER + timedelta(days=1))], HOSPITAL, TODAY
    ).denies == (structs.replace(OBJECTION, recorded=LATER + timedelta(days=1)),)


def test_nobody_makes_itself_an_exception_to_what_others_recorded():
    exception = Choice(consent="", kind="", permits=True, source="HOS", organisations=frozenset({"HOS"}))
    own = structs.replace(OBJECTION, consent="own", source="HOS", recorded=LATER, exceptions=(exception,))

    assert OBJECTION in effective([OBJECTION, own], HOSPITAL, TODAY).denies


def test_what_a_permission_excepts_stays_denied_when_it_is_refused():
    denied = Choice(consent="", kind="", permits=False, source="CH1", organisations=frozenset({"HOS"}))
    refusal = again(permits=False)

    found = effective([structs.replace(PERMISSION, exceptions=(denied,)), refusal], HOSPITAL, TODAY)
    assert (found.denies, found.permits) == ((denied, refusal), ())
    found = effective([structs.replace(PERMISSION, exceptions=(denied,)), again()], HOSPITAL, TODAY)
    assert found.denies == ()
