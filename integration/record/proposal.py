"""What a file of agreements would change: what it says otherwise, and what that does to the people there are. Nothing
is put in force, and no content is read. It stands with the record, as `population` does: what people would newly see is
told by the conditions that a read has, and `sharing` knows nothing of reading."""

import asyncio
from datetime import date, datetime

from msgspec import Struct

from adapters.records import LONDON
from integration.record.population import Effect, Progress, effect
from integration.sharing import current
from integration.sharing.agreements import Agreements, load
from integration.sharing.changes import Change, changes
from integration.sharing.current import Version
from integration.sharing.policy import Policy
from integration.store.connection import Connection
from integration.store.database import act_as


class Proposal(Struct, frozen=True):
    """What a file would change: the version in force, what is said otherwise, and what that does to the people."""

    in_force: Version | None
    changes: list[Change]
    effect: Effect
    names: dict[str, str]
    """Code -> name of every organisation, before or after."""
    purposes: dict[str, str]
    """Code -> name of every purpose."""
    later: list[str]
    """Citations of agreements that begin or end after the day of the effect."""


async def propose(connection: Connection, agreements: Agreements, at: datetime, progress: Progress) -> Proposal:
    """What these agreements would change at a moment. The connection is in a REPEATABLE READ transaction, in which it
    steps into the roles that it needs."""
    await act_as(connection, "toldonce_registry")
    standing = await current.newest(connection)
    text = await current.text_of(connection, None)
    before = await asyncio.to_thread(load, text) if text else Agreements()
    found = await effect(connection, Policy.of(before), Policy.of(agreements), at, progress)
    return Proposal(
        in_force=standing,
        changes=changes(before, agreements),
        effect=found,
        names={**before.names, **agreements.names},
        purposes={one.code: name for some in (before, agreements) for name, one in some.purposes.items()},
        later=_later(agreements, at.astimezone(LONDON).date()),
    )


def _later(agreements: Agreements, on: date) -> list[str]:
    return [
        one.citation for one in agreements.agreements if one.starts > on or (one.ends is not None and one.ends >= on)
    ]
