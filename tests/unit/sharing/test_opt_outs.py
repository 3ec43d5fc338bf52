"""What is a Type 1 objection, and what only looks like one."""

import pytest

from integration.sharing.choices import TYPE_1
from integration.sharing.opt_outs import split
from tests.unit.sharing.scene import choice

OBJECTION = choice("objection-to-sharing")


@pytest.mark.parametrize(
    ("said", "objects"),
    [({}, True), ({"active": False}, False), ({"permits": True}, False), ({"active": False, "permits": True}, False)],
    ids=["objected", "withdrawn", "agreed", "agreed, and withdrawn"],
)
def test_an_objection_that_stands_is_one(said: dict[str, bool], objects: bool) -> None:
    assert split([OBJECTION, choice(TYPE_1, **said)]) == ((OBJECTION,), objects)


def test_choices_about_care_are_none() -> None:
    assert split([OBJECTION]) == ((OBJECTION,), False)
