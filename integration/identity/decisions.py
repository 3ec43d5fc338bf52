"""People's decisions about pairs of source patients: made, replaced, withdrawn, and told of.

A decision stands until a person replaces or withdraws it, whatever feeds send again: it outranks every automatic one.
Nothing is removed from the log, and no statement is touched, so undoing gives back what was there, and what came since.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from integration.errors import NotPossible, UnknownSourcePatient
from integration.identity.compare import Outcome
from integration.identity.doubts import demographics_of
from integration.identity.evidence import NOTHING, evidence, rank, to_json
from integration.identity.linking import alone, settle
from integration.identity.people import AUTOMATIC, Decision
from integration.store.connection import Connection

BY_PERSON = "made_by not in ('rule', 'feed')"
"""SQL: a person's decision, by the column of `linkage` (`people.AUTOMATIC` are the others)."""


class Logged(msgspec.Struct, frozen=True):
    """One entry of the decision log about a pair. `until` None: it holds."""

    id: int
    a: UUID
    b: UUID
    outcome: str
    made_by: str
    reason: str
    followed: bool
    recorded: datetime
    until: datetime | None
    ended_by: str | None
    ended_why: str | None
    doubt: str | None


async def decide(
    connection: Connection, secret: bytes, pair: tuple[UUID, UUID], outcome: Outcome, user: str, reason: str
) -> None:
    """Log a person's decision about two source patients, which replaces an earlier one, and let it take effect.
    Raises UnknownSourcePatient, NotPossible."""
    a, b = await _begin(connection, pair, user, reason)
    await _end(connection, (a, b), user, reason)
    id_ = await connection.fetchval(_INSERT, a, b, outcome, user, reason, outcome == "SAME")
    await settle(connection, secret, [a, b])
    await _note_evidence(connection, id_, (a, b))


async def withdraw(connection: Connection, secret: bytes, pair: tuple[UUID, UUID], user: str, reason: str) -> None:
    """Take a person's decision back: the two are again what other decisions and the rules make of them. Raises
    UnknownSourcePatient, and NotPossible where nobody has decided."""
    a, b = await _begin(connection, pair, user, reason)
    if not await _end(connection, (a, b), user, reason):
        raise NotPossible("nobody has decided about these two, so there is nothing to withdraw")
    await settle(connection, secret, [a, b])


async def history(connection: Connection, pair: tuple[UUID, UUID]) -> list[Logged]:
    """Every decision ever logged about this pair, automatic ones too, oldest first."""
    return [Logged(*row) for row in await connection.fetch(_HISTORY, *sorted(pair))]


async def decision(connection: Connection, id_: int) -> Logged | None:
    """One entry of the log."""
    row = await connection.fetchrow(f"select {_LOGGED} from toldonce.linkage where id = $1", id_)
    return Logged(*row) if row else None


async def _begin(connection: Connection, pair: tuple[UUID, UUID], user: str, reason: str) -> tuple[UUID, UUID]:
    """The pair in order, under the lock of linkage, once it is sure that a decision about it can be made."""
    a, b = sorted(pair)
    if a == b:
        raise NotPossible("a record is always the same person as itself: name two")
    if not user.strip() or user.strip() in AUTOMATIC:
        raise NotPossible("say who decides: a person's name or account, not the name of an automatic source")
    if not reason.strip():
        raise NotPossible("say why: whoever looks at this decision later must understand it")
    await alone(connection)
    known = await connection.fetchval("select count(*) from toldonce.source_patient where id = any($1)", [a, b])
    if known != 2:
        raise UnknownSourcePatient("one of the two is not a source patient's id")
    return a, b


async def _end(connection: Connection, pair: tuple[UUID, UUID], user: str, reason: str) -> bool:
    """Close the person's decision that holds; whether there was one."""
    ended = await connection.fetch(
        "update toldonce.linkage set until = statement_timestamp(), ended_by = $3, ended_why = $4 "
        f"where until is null and a = $1 and b = $2 and {BY_PERSON} returning id",
        *pair,
        user,
        reason,
    )
    return bool(ended)


_LOGGED = "id, a, b, outcome, made_by, reason, followed, recorded, until, ended_by, ended_why, doubt"
_HISTORY = f"select {_LOGGED} from toldonce.linkage where a = $1 and b = $2 order by id"
_INSERT = """
insert into toldonce.linkage (a, b, outcome, made_by, reason, strength, followed, recorded)
values ($1, $2, $3, $4, $5, 0, $6, statement_timestamp()) returning id
"""


async def _note_evidence(connection: Connection, id_: int, pair: tuple[UUID, UUID]) -> None:
    """Keep what is known now beside the decision; `doubts` compares later knowledge with it."""
    said = {row["id"]: row["demographics"] for row in await connection.fetch(_SAID, list(pair))}
    between = [Decision(*row) for row in await connection.fetch(_BETWEEN, *pair)]
    known = replace(
        evidence(*(demographics_of(said[one]) for one in pair)),
        strongest=min(map(rank, between), default=NOTHING),
    )
    await connection.execute("update toldonce.linkage set evidence = $2 where id = $1", id_, to_json(known))


_SAID = "select id, demographics from toldonce.source_patient where id = any($1)"
_BETWEEN = f"""
select l.a, l.b, l.outcome, l.made_by, l.reason, l.strength
from toldonce.source_patient p join toldonce.source_patient m on m.person = p.person
cross join lateral (
    select *, b as other from toldonce.linkage where a = m.id and until is null
    union all
    select *, a from toldonce.linkage where b = m.id and until is null
) l join toldonce.source_patient o on o.id = l.other
join toldonce.source_patient q on q.id = $2 and q.person = o.person and q.person <> p.person
where p.id = $1 and not l.{BY_PERSON}
"""


def as_row(one: Logged) -> dict[str, Any]:
    """As it is printed: what was decided, when, by whom and why, and whether it holds."""
    if one.until is None:
        state = f"holds; {one.doubt}" if one.doubt else "holds" if one.followed or one.outcome != "SAME" else "refused"
    else:
        by = f" by {one.ended_by}: {one.ended_why}" if one.ended_by else ""
        state = f"ended {one.until:%Y-%m-%d %H:%M}{by}"
    return {
        "id": one.id,
        "when": f"{one.recorded:%Y-%m-%d %H:%M}",
        "decision": one.outcome,
        "made by": one.made_by,
        "why": one.reason,
        "state": state,
    }
