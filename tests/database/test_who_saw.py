"""A person's access report, which the database counts, is what one gets by reading every event of theirs."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.audit.access import Access
from integration.audit.entry import AuditRow, rendered, to_row
from integration.audit.glance import glances
from integration.audit.grouped import Grouped
from integration.audit.log import insert
from integration.audit.sights import Accounts
from integration.audit.who_saw import Report, about, report
from integration.sharing.request import Caller
from integration.store.connection import Connection
from tests.unit.audit.test_event import NOW
from tests.unit.audit.test_glance import ACCESSES

HOSTILE = [
    '","person":"',
    ',"person":"',
    '"counts":{',
    ',"counts":{"Flag":9}',
    "}",
    "]",
    "\\",
    '\\"',
    "é\u2028",
    "\x07",
]
"""Names that would be cut in the wrong place by whoever looked for less than the whole key."""
MINUTES = st.lists(st.integers(0, 10**6), min_size=1, max_size=4)
TOLD = st.lists(st.tuples(ACCESSES, st.sampled_from(["", *HOSTILE]), st.booleans(), MINUTES), max_size=20)
"""Accesses, each of them at several moments, in the form of today or of the time before there was a tree."""


def row(access: Access, person: UUID, name: str, *, old: bool) -> AuditRow:
    """As it is stored; `old`: as before there was a tree."""
    caller = access.caller
    if caller is not None and name:
        caller = Caller(caller.client, caller.organisation, name, caller.purpose, name)
    one = to_row(replace(access, person=person, caller=caller), uuid4(), bytes(16), server_url=f"https://a/{name}")
    return replace(one, content=rendered(one.content)) if old else one


async def by_hand(connection: Connection, person: UUID) -> Report:
    accounts, refused, events = Accounts(), 0, 0
    async for event in glances(connection, about([person])):
        events += 1
        refused += event.reads and event.refused
        if event.reads and event.shown:
            accounts.add(Grouped.of(event))
    return Report(accounts.seen(), refused, events)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TOLD)
async def test_what_the_database_counts_is_what_the_events_say(
    owner: asyncpg.Connection, told: Sequence[tuple[Access, str, bool, Sequence[int]]]
) -> None:
    person = uuid4()
    whole = [
        row(replace(access, when=NOW + timedelta(minutes=later)), person, name, old=old and access.caller is not None)
        for access, name, old, minutes in told
        for later in minutes
    ]
    async with owner.transaction():
        await insert(owner, [*whole, *(row(access, uuid4(), "", old=False) for access, *_ in told[:3])])
    async with owner.transaction(readonly=True):
        counted, expected = await report(owner, about([person])), await by_hand(owner, person)
    assert counted.events == len(whole)
    assert counted == expected
