"""Every row of the table in DESIGN section 4: what holds by default, what opens it, whether breaking the glass relaxes
it, and whether it may be announced."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from integration.sharing.decide import NOT_FOUND, REFUSED, Policy, decide
from integration.sharing.request import BreakGlass, Category, Choice, Denial, Facts, Grant, Label, Request
from tests.unit.sharing.scene import (
    ADJUSTMENT,
    CLINICAL,
    EMERGENCY,
    IMPAIRMENT,
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
    with_role,
)

LEGAL = "assisted conception (HFE Act)"
CHARITYS = label(Category.CLINICAL, "CH1")
STAY = label(Category.ENCOUNTERS, "HOS")
OTHERS_STAY = label(Category.ENCOUNTERS, "GP1")
SENSITIVE = label(Category.CLINICAL, "GP1", "sexual health", id_=7001)
RESTRICTED_BY_LAW = label(Category.CLINICAL, "GP1", LEGAL, id_=7002)


def published(**more: object) -> Choice:
    return choice("share-charity-data", permits=True, source="CH1", about=frozenset({"CH1"}), **more)


def viewing(source: str = "GP1", **more: object) -> Choice:
    return choice("view-by-charity", permits=True, source=source, organisations=frozenset({"CH1"}), **more)


def express(sensitivity: str, recipient: str = "HOS", source: str = "GP1") -> Choice:
    return choice(
        "express-permission",
        permits=True,
        source=source,
        organisations=frozenset({recipient}),
        sensitivities=frozenset({sensitivity}),
    )


CHARITY_RELATED = replace(SEEN_LATELY_FOR := facts(CLINICAL), evidence=()) if False else facts(CLINICAL, evidence=())
"""Placeholder evidence is added per row below."""


@dataclass(frozen=True)
class Row:
    """One way to be withheld by one rule, and what opens it."""

    rule: str
    label: Label
    closed: tuple[Request, Facts, Policy]
    opened: tuple[Request, Facts, Policy] | None
    """None: nothing opens it."""
    glass_relaxes: bool = False
    announced: bool = False


def row(rule, what, *, closed=None, opened=None, glass=False, told=False) -> Row:
    """`closed` and `opened` override parts of an otherwise permitted request."""
    usual = {"request": asked(), "held": facts(what), "policy": POLICY}
    shut = {**usual, **(closed or {})}
    open_ = None if opened is None else {**shut, **opened}
    pick = ("request", "held", "policy")
    return Row(
        rule,
        what,
        tuple(shut[name] for name in pick),
        None if open_ is None else tuple(open_[name] for name in pick),
        glass,
        told,
    )


def held(*labels: Label, **more: object) -> dict[str, Facts]:
    return {"held": facts(*labels, **more)}


FOR_CHARITY = replace(SEEN_LATELY.__class__ and facts(CLINICAL), evidence=())
