"""Retention: the content of old events goes, their salted leaf hashes stay, and the log itself says what was removed.

The event that says it is sealed before anything is removed, and names the places. It is signed with the log's key:
whoever can merely write to the database cannot make a deletion look like this.
"""

import asyncio
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from integration.audit.access import Access
from integration.audit.codes import Kind, Outcome
from integration.audit.entry import event_id, to_row
from integration.audit.keys import LogKeys
from integration.audit.log import insert
from integration.audit.seal import seal_all
from integration.errors import NotPossible
from integration.sharing.request import Caller
from integration.store.connection import Connection

_PAUSE = 0.05
_OLD = """
select leaf.index from toldonce.audit_event event
join toldonce.audit_leaf leaf on leaf.event = event.id and leaf.recorded = event.recorded
where event.recorded < $1 and event.kind <> 'retention' order by leaf.index
"""
_REMOVE = """
delete from toldonce.audit_event event using toldonce.audit_leaf leaf where leaf.index = any($1)
and leaf.event = event.id and leaf.recorded = event.recorded and event.recorded < $2
"""
_MONTHS = """
select relname from pg_inherits join pg_class on oid = inhrelid
where inhparent = 'toldonce.audit_event'::regclass and relname ~ '_\\d{4}_\\d\\d$' and relname < $1
"""


@dataclass(frozen=True)
class Removal:
    """What retention does: events recorded before `before`, by whom and why."""

    before: datetime
    user: str
    reason: str


def earliest(now: datetime, years: int) -> datetime:
    """Events younger than this are kept. Whole months: a day that a year does not have is no question."""
    return datetime(now.year - years, now.month, 1, tzinfo=UTC)


async def remove(owner: Connection, removal: Removal, keys: LogKeys, *, server_url: str, test_data: bool) -> int:
    """Say in the log what goes, seal that, and remove it; how many events. The connection is the owner's. Interrupted
    between, the log says of some events that they were removed which are still there: run again, it removes them."""
    places = [row[0] for row in await owner.fetch(_OLD, removal.before)]
    if not places:
        return 0
    chance = secrets.token_bytes(26)
    event, salt = event_id(chance[16:]), chance[:16]
    access = _access(removal, _runs(places), event, keys)
    async with owner.transaction():
        await insert(owner, [to_row(access, event, salt, server_url=server_url, test_data=test_data)])
    while not await owner.fetchval("select true from toldonce.audit_leaf where event = $1", event):
        await seal_all(owner, keys)
        await asyncio.sleep(_PAUSE)  # somebody else may be sealing it
    async with owner.transaction():
        await owner.execute(_REMOVE, places, removal.before)
        await _drop_empty_months(owner, removal.before)
    return len(places)


async def _drop_empty_months(owner: Connection, before: datetime) -> None:
    for row in await owner.fetch(_MONTHS, f"audit_event_{before:%Y_%m}"):
        if not await owner.fetchval(f"select exists (select from toldonce.{row['relname']})"):
            await owner.execute(f"drop table toldonce.{row['relname']}")


def _access(removal: Removal, runs: str, event: UUID, keys: LogKeys) -> Access:
    text = f"toldonce audit retention\n{event}\n{runs}\n"
    signature = keys.signer().sign(text).rpartition("\n\n")[2].rstrip("\n")
    return Access(
        when=datetime.now(UTC),
        kind=Kind.RETENTION,
        interaction="operation",
        route="toldonce audit retain",
        outcome=Outcome.SUCCESS,
        caller=Caller("command line", "this deployment", "administrator", "", removal.user),
        details=(
            ("retention/before", removal.before.isoformat()),
            ("retention/reason", removal.reason),
            ("retention/indexes", runs),
            ("retention/signature", signature),
        ),
    )


def _runs(places: Iterable[int]) -> str:
    """Sorted places as runs: `0-999,1002`."""
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in _spans(places))


def _spans(places: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = None
    for place in places:
        if last is not None and place == last + 1:
            last = place
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = place
    if first is not None and last is not None:
        yield first, last


def refuse_young(before: datetime, now: datetime, years: int) -> None:
    """Raise NotPossible when the policy keeps events of that time."""
    if before > earliest(now, years):
        raise NotPossible(
            f"the policy keeps events for {years} years: nothing after {earliest(now, years):%Y-%m-%d} goes"
        )
