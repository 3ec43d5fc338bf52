"""Which choices count on a day, and for whom: what the table of rules cannot tell apart, since it looks at labels."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from integration.sharing.choices_in_force import BREAK_GLASS_PURPOSE, Recipient, effective, forbids, opens
from integration.sharing.request import Category, Choice, Label

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


CLINICAL, IMPAIRMENT = (
    Label(number, "GP1", category, frozenset({"sexual health"}))
    for number, category in enumerate((Category.CLINICAL, Category.IMPAIRMENTS))
)
ONE = frozenset({UUID(int=1)})
PARTIAL = ({"instances": ONE}, {"data_start": YESTERDAY}, {"data_end": YESTERDAY})
EXPRESS = Choice(consent="express", kind="express-permission", permits=True, source="GP1")
IN_EMERGENCIES = {"purposes": frozenset({BREAK_GLASS_PURPOSE})}


@pytest.mark.parametrize(
    ("changed", "opened"),
    [
        ({}, True),
        *((one, False) for one in (*PARTIAL, {"related": ONE})),
        (IN_EMERGENCIES, False),
        ({"organisations": frozenset({"HOS"})}, True),
        ({"organisations": frozenset({"CH1"})}, False),
        ({"about": frozenset({"GP1"})}, True),
        ({"about": frozenset({"GP2"})}, False),
        ({"categories": frozenset({Category.CLINICAL})}, True),
        ({"categories": frozenset({Category.ENCOUNTERS})}, False),
    ],
)
def test_what_a_permission_covers(changed: dict[str, Any], opened: bool):
    asking = HOSPITAL._replace(emergency=True, declared=True)
    assert opens(structs.replace(EXPRESS, **changed), CLINICAL, asking) is opened


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({}, True),
        ({"organisations": frozenset({"CH1"})}, False),
        ({"categories": frozenset({Category.ENCOUNTERS})}, False),
    ],
)
def test_what_a_permission_excepts_stays_closed_where_its_refusal_denies_nothing(changed: dict[str, Any], kept: bool):
    exception = Choice(consent="but", kind="exception", permits=False, source="GP1", **changed)
    assert opens(structs.replace(EXPRESS, exceptions=(exception,)), CLINICAL, HOSPITAL) is not kept
    sharing = structs.replace(EXPRESS, kind=OBJECTION.kind, exceptions=(exception,))
    assert opens(sharing, CLINICAL, HOSPITAL)  # its exception counts as a deny of its own


@pytest.mark.parametrize(
    ("changed", "excepted"),
    [
        ({}, True),
        *((one, False) for one in PARTIAL),
        ({"sensitivities": frozenset({"sexual health"})}, False),
        ({"organisations": frozenset({"CH1"})}, False),
        ({"categories": frozenset({Category.ENCOUNTERS})}, False),
        (IN_EMERGENCIES, False),
    ],
)
@pytest.mark.parametrize("deny", [OBJECTION, EMERGENCIES], ids=["objection", "but in emergencies"])
def test_what_an_exception_opens(deny: Choice, changed: dict[str, Any], excepted: bool):
    exception = Choice(consent="but", kind="exception", permits=True, source="GP1", **changed)
    assert forbids(structs.replace(deny, exceptions=(exception,)), CLINICAL, HOSPITAL) is not excepted


def test_sharing_adjustments_is_not_sharing_the_impairments_behind_them():
    """Though a dissent to adjustments is one to the impairments, too."""
    about = {"categories": frozenset({Category.ADJUSTMENTS})}
    exception = Choice(consent="but", kind="exception", permits=True, source="GP1", **about)
    assert forbids(structs.replace(OBJECTION, exceptions=(exception,)), IMPAIRMENT, HOSPITAL)
    assert forbids(structs.replace(OBJECTION, **about), IMPAIRMENT, HOSPITAL)


def test_a_choice_about_single_resources_speaks_of_them_whoever_said_them():
    assert forbids(structs.replace(OBJECTION, instances=ONE, about=frozenset({"GP2"})), CLINICAL, HOSPITAL)
