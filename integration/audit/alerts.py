"""What waits for an officer: every broken glass, and a sample of the accesses on the caller's own word.

The database raises an alert in the very transaction that writes the audit event (migration `0015`), so there is no such
access without one. What is unusual, who saw two people's records as one person's, and who was shown what a source then
took back, is found a day later (`audit.look`). An alert refers to its event and tells nothing of the person. Officers
escalate it, or sign it off.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from integration.store.connection import Connection

SELF_CLAIMED = ("self-claimed", "true")
"""Detail of the audit event of an access that rests on nothing but the caller's own word."""
UNUSUAL = "unusual"
WRONG_LINK = "wrong-link"
CORRECTION = "correction"
ESCALATED, SIGNED_OFF = "escalated", "signed off"
WAITING = "waiting"


class Step(Struct, frozen=True):
    """What an officer did about an alert, by whom and why, as they said."""

    at: datetime
    made_by: str
    outcome: str
    note: str


class Alert(Struct, frozen=True):
    """One alert: `kind` is `break-glass`, `self-claimed`, `unusual`, `wrong-link` or `correction`; the last three have
    a `reason`. `event`: the id of the first AuditEvent that it is about, `organisation` the ODS code of who asked.
    `state`: waiting, escalated or signed off. `records`: of a wrong link, the two source patients' (`breach` names who
    saw them); of a correction, the entries that were taken back (`corrections` does)."""

    number: int
    kind: str
    event: UUID
    organisation: str
    client: str
    raised: datetime
    reason: str
    state: str
    records: Sequence[UUID]


_ALERTS = f"""
select a.id, a.kind, a.event, a.organisation, a.client, a.raised, a.reason, coalesce(last.outcome, '{WAITING}'),
    a.records
from toldonce.alert a left join lateral
    (select outcome from toldonce.alert_step where alert = a.id order by id desc limit 1) last on true
"""


async def alerts(connection: Connection, *, kind: str | None, everything: bool, limit: int) -> list[Alert]:
    """The oldest alerts that nobody has signed off, or with `everything` the newest of all; at most `limit`. The
    connection is in a transaction as `toldonce_officer`, as for all of this file."""
    rows = await connection.fetch(
        f"{_ALERTS} where ($1::text is null or a.kind = $1) and ($2 or last.outcome is distinct from '{SIGNED_OFF}') "
        f"order by a.id {'desc' if everything else ''} limit $3",
        kind,
        everything,
        limit,
    )
    return [Alert(*row) for row in rows]


async def alert(connection: Connection, number: int) -> Alert | None:
    """One alert; None where there is none of that number."""
    row = await connection.fetchrow(f"{_ALERTS} where a.id = $1", number)
    return Alert(*row) if row else None


async def steps(connection: Connection, number: int) -> Sequence[Step]:
    """What was done about an alert, oldest first."""
    rows = await connection.fetch(
        "select at, made_by, outcome, note from toldonce.alert_step where alert = $1 order by id", number
    )
    return [Step(*row) for row in rows]


async def take_step(connection: Connection, number: int, by: str, outcome: str, note: str) -> bool:
    """Escalate an alert, or sign it off; False where it is signed off already, or there is none of that number. Of two
    officers at once, one signs it off."""
    return bool(await connection.fetchval(_STEP, number, by, outcome, note))


_STEP = f"""
insert into toldonce.alert_step (alert, made_by, outcome, note)
select id, $2, $3, $4 from toldonce.alert a where id = $1
    and not exists (select from toldonce.alert_step s where s.alert = a.id and s.outcome = '{SIGNED_OFF}')
on conflict do nothing returning true
"""
