"""Whose records are watched for the curious: colleagues, and people known to the public. Kept as data by officers.

The connection is in a transaction as `toldonce_officer`, as for all of this file.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from integration.audit.unusual import COLLEAGUE, PUBLIC_FIGURE
from integration.errors import NotPossible
from integration.identity.demographics import is_nhs_number
from integration.store.connection import Connection

KINDS = (COLLEAGUE, PUBLIC_FIGURE)


class Watched(Struct, frozen=True, kw_only=True):
    """Somebody whose record is watched. `organisation`: whose users' accesses are looked at, empty = everybody's;
    `user`: the colleague's own name as a user, empty = not known."""

    kind: str
    nhs_number: str
    organisation: str = ""
    user: str = ""
    note: str = ""
    made_by: str = ""


class Entry(Struct, frozen=True):
    """One entry of the list, by number. It is told without the NHS number: whoever added it knows."""

    number: int
    kind: str
    organisation: str
    user: str
    note: str
    made_by: str
    since: datetime


async def add(connection: Connection, one: Watched) -> int:
    """Watch somebody's record; the entry's number. Raises NotPossible."""
    if one.kind not in KINDS or not is_nhs_number(one.nhs_number) or not one.made_by or not one.note:
        raise NotPossible(f"say an NHS number, who you are, why, and as what: {' or '.join(KINDS)}")
    if one.kind == COLLEAGUE and not one.organisation:
        raise NotPossible("say whose colleague it is: --organisation")
    number: int = await connection.fetchval(
        "insert into toldonce.watch (kind, nhs_number, organisation, user_name, note, made_by) "
        "values ($1, $2, $3, $4, $5, $6) returning id",
        one.kind, one.nhs_number, one.organisation, one.user, one.note, one.made_by,
    )  # fmt: skip
    return number


async def end(connection: Connection, number: int, by: str) -> None:
    """Watch no longer. Raises NotPossible."""
    ended = await connection.fetchval(
        "update toldonce.watch set until = now(), ended_by = $2 where id = $1 and until is null returning true",
        number,
        by,
    )
    if not ended:
        raise NotPossible("there is no such entry, or it has ended")


async def listed(connection: Connection) -> Sequence[Entry]:
    """Everybody who is watched now."""
    rows = await connection.fetch(
        "select id, kind, organisation, user_name, note, made_by, since from toldonce.watch "
        "where until is null order by id"
    )
    return [Entry(*row) for row in rows]
