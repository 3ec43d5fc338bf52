"""Random choices of a person: simple ones, narrowed ones, and those that answer another choice or fit a request."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec

from integration.sharing.request import Choice, Facts, Request
from tests.properties.sharing_chance import (
    CATEGORIES,
    CHARITIES,
    ORGANISATIONS,
    ROWS,
    SENSITIVE,
    TODAY,
    Chance,
    subset,
)

CHOICE_KINDS = (
    "objection-to-sharing",
    "restrict-organisation",
    "restrict-category",
    "restrict-period",
    "restrict-instance",
    "break-glass-only",
    "share-charity-data",
    "view-by-charity",
    "express-permission",
    "share-adjustments-nationally",
    "other",
)
RECORDED = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC))


def choice(chance: Chance, number: int) -> Choice:
    """Half of them simple, as people's choices are; half with every narrowing that a Consent can have."""
    full = narrowed_choice(chance, number)
    if chance.one(True, False):
        return full
    return msgspec.structs.replace(
        full,
        active=True,
        start=None,
        end=None,
        categories=frozenset(),
        data_start=None,
        data_end=full.data_end if full.kind == "restrict-period" else None,
        instances=full.instances if full.kind == "restrict-instance" else frozenset(),
        related=frozenset(),
        purposes=frozenset(),
        about=full.about if full.kind == "share-charity-data" else frozenset(),
    )


def narrowed_choice(chance: Chance, number: int) -> Choice:
    kind = chance.one(*CHOICE_KINDS)
    opening = kind in ("share-charity-data", "view-by-charity", "express-permission", "share-adjustments-nationally")
    permits = chance.mostly(opening, not opening)
    organisations = subset(chance, ORGANISATIONS)
    if kind in ("view-by-charity", "express-permission"):
        organisations = frozenset(chance.some(ORGANISATIONS, least=3))
    return Choice(
        consent=f"consent-{number}",
        kind=kind,
        permits=permits,
        source=chance.one(*ORGANISATIONS),
        recorded=chance.one(None, *RECORDED),
        start=chance.mostly(None, TODAY - timedelta(days=10), TODAY + timedelta(days=10)),
        end=chance.mostly(None, TODAY + timedelta(days=10), TODAY - timedelta(days=2)),
        active=chance.mostly(True, False),
        organisations=organisations,
        about=frozenset(CHARITIES) if kind == "share-charity-data" else subset(chance, ORGANISATIONS),
        categories=subset(chance, CATEGORIES),
        sensitivities=frozenset(SENSITIVE) if kind == "express-permission" else subset(chance, SENSITIVE),
        data_start=chance.mostly(None, TODAY - timedelta(days=30)),
        data_end=chance.mostly(None, TODAY - timedelta(days=1)),
        instances=chance.mostly(frozenset(), frozenset(ROWS[:2])),
        related=chance.mostly(frozenset(), frozenset(), frozenset(ROWS[:1])),
        break_glass_relaxes=chance.one(True, False),
        purposes=chance.mostly(frozenset(), frozenset({"TREAT"}), frozenset({"HRESCH"}), frozenset({"BTG"})),
        exceptions=tuple(exception(chance, permits=not permits) for _ in chance.times(1)),
        decided_by=chance.mostly("the person", "a deputy"),
        how=chance.one("", "signed form"),
    )


def exception(chance: Chance, *, permits: bool) -> Choice:
    return Choice(
        consent="exception",
        kind="exception",
        permits=permits,
        source="P1",
        start=chance.mostly(None, TODAY - timedelta(days=10), TODAY + timedelta(days=10)),
        end=chance.mostly(None, TODAY + timedelta(days=10), TODAY - timedelta(days=2)),
        organisations=subset(chance, ORGANISATIONS),
        about=subset(chance, ORGANISATIONS),
        categories=subset(chance, CATEGORIES),
        purposes=chance.mostly(frozenset(), frozenset({"TREAT"}), frozenset({"BTG"})),
        sensitivities=chance.mostly(frozenset(), frozenset({"sexual health"})),
        data_end=chance.mostly(None, None, TODAY - timedelta(days=1)),
        instances=chance.mostly(frozenset(), frozenset(), frozenset(ROWS[:1])),
    )


def answered(chance: Chance, held: Facts, asked: Request) -> Facts:
    """Sometimes a permission that nearly fits this very request, and sometimes a later answer to a choice: of the same
    scope, or nearly."""
    choices = held.choices
    for number in chance.times(2):
        choices = (*choices, fitting(chance, asked.caller.organisation, number))
    if choices and chance.one(True, False):
        choices = (*choices, again(chance, chance.one(*choices), asked.caller.organisation))
    return replace(held, choices=choices)


def fitting(chance: Chance, caller: str, number: int) -> Choice:
    kind = chance.one("share-charity-data", "view-by-charity", "express-permission", "break-glass-only")
    return Choice(
        consent=f"fitting-{number}",
        kind=kind,
        permits=kind != "break-glass-only",
        source=chance.one(caller, "C1", "P2"),
        recorded=chance.one(None, *RECORDED),
        organisations=chance.one(frozenset(), frozenset({caller}), frozenset({caller}), frozenset({"P2"})),
        about=chance.one(frozenset(), frozenset(CHARITIES), frozenset({"C2"})),
        sensitivities=chance.mostly(frozenset(SENSITIVE), frozenset(SENSITIVE[:1]))
        if kind == "express-permission"
        else frozenset(),
        how=chance.one("", "signed form"),
        break_glass_relaxes=chance.one(True, False),
        exceptions=tuple(exception(chance, permits=kind == "break-glass-only") for _ in chance.times(1)),
    )


def again(chance: Chance, first: Choice, caller: str) -> Choice:
    return msgspec.structs.replace(
        first,
        consent="later",
        kind=chance.mostly(first.kind, "other"),
        permits=chance.one(True, False),
        active=chance.mostly(True, False),
        source=chance.one(caller, first.source, "P2"),
        recorded=chance.one(first.recorded, datetime(2026, 6, 2, tzinfo=UTC), datetime(2025, 6, 2, tzinfo=UTC)),
        end=chance.one(first.end, TODAY - timedelta(days=3)),
        decided_by=chance.mostly(first.decided_by, "a deputy"),
        purposes=chance.mostly(first.purposes, frozenset({"TREAT"})),
    )
