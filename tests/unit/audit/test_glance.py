"""A glance at what is stored says what the whole AuditEvent says; and Accounts count as one does by hand."""

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from integration.audit.access import Access, Account
from integration.audit.codes import Kind, Outcome
from integration.audit.entry import rendered, to_row
from integration.audit.glance import Glance, glance, glance_of_fhir
from integration.audit.grouped import Grouped
from integration.audit.sights import Accounts
from integration.sharing.request import BreakGlass, Caller
from tests.unit.audit.test_event import NOW, READ, REASONS

EVENT = UUID(int=10)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=9)
ACCESSES = st.builds(
    Access,
    when=st.integers(0, 5000).map(lambda minutes: NOW + timedelta(minutes=minutes)),
    kind=st.sampled_from([kind for kind in Kind if kind not in (Kind.TOKEN, Kind.BREAK_GLASS)]),
    interaction=st.just("read"),
    route=st.just("GET /fhir/X"),
    outcome=st.sampled_from(Outcome),
    caller=st.one_of(
        st.none(),
        st.builds(Caller, TEXTS, TEXTS, TEXTS, st.sampled_from(["TREAT", ""]), st.just("") | TEXTS, st.just(False)),
    ),
    person=st.one_of(st.none(), st.uuids()),
    decision=st.one_of(st.none(), st.just(Account(True, REASONS))),
    break_glass=st.one_of(st.none(), st.just(BreakGlass("emergency"))),
    counts=st.dictionaries(st.sampled_from(["Flag", "CarePlan"]), st.integers(0, 9)),
)


def stored(access: Access) -> bytes:
    return to_row(access, EVENT, b"", server_url="https://a").content


def said(one: Glance) -> tuple[object, ...]:
    caller = (one.client, one.organisation, one.role, one.purpose, one.user)
    what = (one.kind, one.outcome, one.person, one.counts, one.agreements, one.emergency)
    return (one.id, one.recorded, caller, what, one.reads, one.shown, one.refused)


@given(ACCESSES)
def test_it_says_what_the_audit_event_says(access: Access) -> None:
    content = stored(access)
    fhir = glance_of_fhir(json.loads(rendered(content)))
    if access.caller is None:  # the rendered event says so in words
        fhir = Glance(**{name: getattr(fhir, name) for name in Glance.__struct_fields__ if name != "said_caller"})
    assert said(glance(content)) == said(fhir)


def test_of_the_time_before_the_tree_it_says_the_same() -> None:
    content = stored(replace(READ, counts={"CarePlan": 2}))
    assert said(glance(rendered(content))) == said(glance(content))


@settings(max_examples=40)
@given(st.lists(ACCESSES.filter(lambda one: one.caller is not None), max_size=12))
def test_accounts_count_as_one_does_by_hand(accesses: list[Access]) -> None:
    accounts = Accounts()
    for access in accesses:
        accounts.add(Grouped.of(glance(stored(access))))
    found = accounts.seen()
    by_hand: dict[tuple[str, ...], list[Access]] = {}
    for access in accesses:
        assert access.caller
        caller = access.caller
        key = (caller.user, caller.organisation, caller.client, caller.role, caller.purpose)
        by_hand.setdefault(key, []).append(access)
    assert {(one.user, one.organisation, one.client, one.role, one.purpose) for one in found} == by_hand.keys()
    assert len(found) == len(by_hand)
    for one in found:
        listed = by_hand[one.user, one.organisation, one.client, one.role, one.purpose]
        types = sum((Counter(dict(access.counts)) for access in listed), Counter[str]())
        assert one.accesses == len(listed)
        assert (one.first, one.last) == (min(a.when for a in listed), max(a.when for a in listed))
        assert Counter(one.types) == types
        assert one.emergency == any(access.break_glass for access in listed)
