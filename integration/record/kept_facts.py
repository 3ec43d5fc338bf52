"""Facts that a process keeps between reads, for whoever was granted something by them.

Only the reading of facts is saved: each read decides anew, at its own moment and by the policy in force. And nothing is
read on the ground of what is kept but in one statement that first makes sure that the facts are still the present ones
(`record.row_policy.told`), so that whatever is recorded is obeyed by the very next read, in whichever process.

Somebody who may not know of a person never gets to facts that are kept: for them the record of that person, and of one
who does not exist, takes the same path, with the same queries.
"""

from collections import OrderedDict
from typing import NamedTuple
from uuid import UUID

from integration.sharing.facts import Rows
from integration.sharing.request import Caller, Facts

_MOST = 2048
"""Of how many persons and callers: some ten kilobytes each."""


class Kept(NamedTuple):
    """What is known of a person, and which rows said so."""

    facts: Facts
    rows: Rows


class KeptFacts:
    """The facts of those who were read last, by the person's present id and whoever was granted something."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[UUID, str, str, str], Kept] = OrderedDict()

    def of(self, caller: Caller, person: UUID) -> Kept | None:
        """What was kept, if anything."""
        key = _key(caller, person)
        if (kept := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
        return kept

    def keep(self, caller: Caller, facts: Facts, rows: Rows) -> None:
        """Keep what a Grant was made from."""
        key = _key(caller, facts.person)
        self._kept[key] = Kept(facts, rows)
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def forget(self, caller: Caller, person: UUID) -> None:
        """Keep it no longer."""
        self._kept.pop(_key(caller, person), None)


def _key(caller: Caller, person: UUID) -> tuple[UUID, str, str, str]:
    return person, caller.organisation, caller.role, caller.purpose
