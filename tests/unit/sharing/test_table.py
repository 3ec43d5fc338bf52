"""Every row of the table in DESIGN section 4: what holds by default, what opens it, whether breaking the glass relaxes
it, and whether it may be announced."""

from dataclasses import replace

import msgspec
import pytest

from integration.sharing.decide import Policy
from tests.unit.sharing.scene import (
    EMERGENCY,
    sees,
)
from tests.unit.sharing.table import TABLE


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
