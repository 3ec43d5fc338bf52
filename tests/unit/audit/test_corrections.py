"""Which accesses may have shown an entry that its source took back, told by what the audit says of them."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from integration.audit.access import Access, Account
from integration.audit.codes import BEGUN, Kind
from integration.audit.corrections import TakenBack, may_show
from integration.audit.entry import to_row
from integration.audit.glance import glance
from integration.sharing.request import BreakGlass, Category, Reason
from tests.unit.audit.test_event import NOW, READ

WRONG, ANOTHER = UUID(int=1), UUID(int=2)
ENTRY = TakenBack(WRONG, "Condition", "gp", "X90101", 1, ["clinical record"], NOW, NOW)
SEARCH = replace(READ, kind=Kind.QUERY, target="", counts={"Condition": 2}, decision=None)


def shows(access: Access) -> bool:
    return may_show([ENTRY], glance(to_row(access, UUID(int=9), b"", server_url="https://a").content))


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, True),
        ({"kind": Kind.EXPORT, "target": "Group/team"}, True),
        ({"counts": {"Encounter": 3}}, False),
        ({"counts": {"Condition": 0}}, False),
        ({"counts": {}}, False),
        ({"counts": {}, "kind": Kind.EVERYTHING, "details": [BEGUN]}, True),
        ({"kind": Kind.LINKAGE}, False),
        ({"break_glass": BreakGlass("emergency")}, True),
        ({"kind": Kind.READ, "target": f"Condition/{WRONG}"}, True),
        ({"kind": Kind.READ, "target": f"Condition/{WRONG}/_history/1"}, True),
        ({"kind": Kind.READ, "target": f"Condition/{ANOTHER}"}, False),
        ({"kind": Kind.SUBSCRIPTION, "target": f"Condition/{WRONG}", "counts": {}}, True),
        ({"kind": Kind.SUBSCRIPTION, "target": f"Condition/{ANOTHER}", "counts": {}}, False),
        ({"kind": Kind.UPDATE, "target": f"Condition/{WRONG}"}, False),
    ],
    ids=str,
)
def test_what_was_read(changes: dict[str, object], shown: bool) -> None:
    assert shows(replace(SEARCH, **changes)) is shown


def reason(source: str | None, *, allowed: bool, category: Category = Category.CLINICAL) -> Reason:
    return Reason("role", allowed, "because", category, source)


SOURCE, OTHER = ENTRY.organisation, "X9A"


@pytest.mark.parametrize(
    ("reasons", "shown"),
    [
        ([], True),
        ([reason(None, allowed=True)], True),
        ([reason(None, allowed=False)], False),
        ([reason(SOURCE, allowed=True), reason(OTHER, allowed=False)], True),
        ([reason(SOURCE, allowed=False), reason(OTHER, allowed=True)], False),
        ([reason(SOURCE, allowed=False), reason(SOURCE, allowed=True)], True),
        ([reason(None, allowed=True), reason(SOURCE, allowed=False)], True),
        ([reason(None, allowed=False, category=Category.ENCOUNTERS)], True),
    ],
    ids=str,
)
def test_what_was_permitted(reasons: Sequence[Reason], shown: bool) -> None:
    assert shows(replace(SEARCH, decision=Account(allowed=True, reasons=tuple(reasons)))) is shown
