"""Facts that a process keeps between reads, for whoever was granted something by them; and with them the directory
entries that the record referred to, and the Grant that was made last.

That Grant serves for the rest of the day, under the very policy that made it: until then deciding anew makes the same
one (`sharing.decide.at_another_moment`). And nothing is read on the ground of what is kept but in one
statement that first makes sure that the facts are still the present ones (`record.row_policy.told`), so that whatever
is recorded is obeyed by the very next read, in whichever process.

Somebody who may not know of a person never gets to facts that are kept: for them the record of that person, and of one
who does not exist, takes the same path, with the same queries.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import NamedTuple
from uuid import UUID
from weakref import WeakValueDictionary, ref

import msgspec

from integration.record.as_sent import as_array
from integration.sharing.decide import at_another_moment
from integration.sharing.facts import Rows
from integration.sharing.policy import Policy
from integration.sharing.request import Caller, Facts, Grant, Request

_MOST = 2048
"""Of how many persons and callers: some ten kilobytes each."""


class Entry(msgspec.Struct, frozen=True, weakref=True):
    """A directory entry: an organisation, practitioner or place."""

    version: int
    recorded: datetime
    entries: Sequence[UUID]
    """What it refers to in turn."""
    body: bytes


class Named(NamedTuple):
    """Directory entries that a record refers to, and those that these refer to."""

    ids: Sequence[UUID]
    """All of them, in order, with those that are not there."""
    entries: Mapping[UUID, Entry]

    @property
    def versions(self) -> Sequence[int]:
        """Of those that are there, in the order of their ids."""
        return [self.entries[id_].version for id_ in self.ids if id_ in self.entries]

    @property
    def latest(self) -> datetime | None:
        """When the last of them was recorded."""
        return max((entry.recorded for entry in self.entries.values()), default=None)


_NAMES_NOTHING = Named((), {})


class Granted(NamedTuple):
    """The Grant that was made last, and by which policy: this does not keep one that is no longer in force."""

    policy: ref[Policy]
    grant: Grant


@dataclass
class Kept:
    """What is known of a person, and which rows said so."""

    facts: Facts
    rows: Rows
    granted: Granted
    named: Named | None = None
    """What the record refers to, where one question was enough to answer the last time."""

    def granted_before(self, request: Request, policy: Policy) -> Grant | None:
        """What was granted earlier in the day, where deciding anew makes the same of this request."""
        same_policy = self.granted.policy() is policy
        return at_another_moment(self.granted.grant, request) if same_policy else None

    @cached_property
    def still(self) -> tuple[str, datetime, str, str, datetime | None]:
        """What to make sure of it by: the rows and the newest moment of them, then those of the directory (function
        `toldonce.still`, migration `0034`)."""
        named = self.named or _NAMES_NOTHING
        return (
            as_array(self.rows.numbers),
            self.rows.newest,
            as_array(named.ids),
            as_array(named.versions),
            named.latest,
        )


class KeptFacts:
    """The facts of those who were read last, by the person's present id and whoever was granted something."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[UUID, str, str, str], Kept] = OrderedDict()
        self._entries: WeakValueDictionary[tuple[UUID, int, datetime], Entry] = WeakValueDictionary()
        """Each entry is held once, whoever's records refer to it."""

    def of(self, caller: Caller, person: UUID) -> Kept | None:
        """What was kept, if anything."""
        key = _key(caller, person)
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
        return kept

    def keep(self, caller: Caller, facts: Facts, rows: Rows, policy: Policy, grant: Grant) -> None:
        """Keep what a Grant was made from, and the Grant."""
        key = _key(caller, facts.person)
        self._kept[key] = Kept(facts, rows, Granted(ref(policy), grant))
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def name(self, caller: Caller, person: UUID, named: Named | None) -> None:
        """Keep with the facts, if they are kept, what the record refers to. None: one question was not enough."""
        key = _key(caller, person)
        if (kept := self._kept.get(key)) is not None:
            self._kept[key] = replace(kept, named=self._held_once(named) if named else None)

    def forget(self, caller: Caller, person: UUID) -> None:
        """Keep it no longer."""
        self._kept.pop(_key(caller, person), None)

    def _held_once(self, named: Named) -> Named:
        held = self._entries
        entries = {id_: held.setdefault((id_, one.version, one.recorded), one) for id_, one in named.entries.items()}
        return Named(named.ids, entries)


def _key(caller: Caller, person: UUID) -> tuple[UUID, str, str, str]:
    return person, caller.organisation, caller.role, caller.purpose
