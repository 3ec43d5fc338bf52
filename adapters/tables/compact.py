"""What must be remembered of millions of rows while they are read: open addressing over arrays, not dicts of objects.

A dict of strings costs 200 to 300 bytes an entry; `Parents` costs about 40, `Seen` about 25.
"""

from array import array
from collections.abc import Sequence

_START = 1 << 10
_MASK = (1 << 64) - 1
_SPREAD = 0x9E3779B97F4A7C15
"""2^64 divided by the golden ratio: spreads numbers that follow one another (Knuth, TAOCP 3, 6.4)."""
MANY = 16
"""Of rows that share one id, these are told apart; an id of more rows means nothing."""


class Parents:
    """The rows of one table that rows of other tables hang on, by their own id. Entries are numbered from 0.

    `up`: entry of the row that the entry itself hangs on; `day`: its date as a proleptic ordinal, 0 for none. Two rows
    with one id and one `up` are one row, and the later date counts. Ids are compared as a whole, never by a digest:
    nothing may end with a wrong person.
    """

    def __init__(self) -> None:
        self._slots = array("I", [0]) * _START
        self._ids = bytearray()
        self._ends = array("Q", [0])
        self._reused: dict[bytes, list[int]] = {}
        self.up = array("I")
        self.day = array("I")

    def __len__(self) -> int:
        return len(self.up)

    def add(self, name: str, up: int, day: int = 0) -> int:
        """The number of the entry, new or as it was."""
        id_ = name.encode()
        slot = self._slot(id_)
        first = self._slots[slot] - 1
        for entry in self._reused.get(id_, (first,)) if first >= 0 else ():
            if self.up[entry] == up:
                self.day[entry] = day
                return entry
        entry = self._append(id_, up, day)
        if first < 0:
            self._slots[slot] = entry + 1
            if 3 * len(self.up) > 2 * len(self._slots):
                self._grow()
        elif len(same := self._reused.setdefault(id_, [first])) <= MANY:
            same.append(entry)
        return entry

    def find(self, name: str) -> Sequence[int]:
        """Entries with this id: none, one, or several; as good as several when there are too many to tell apart."""
        id_ = name.encode()
        first = self._slots[self._slot(id_)] - 1
        if first < 0:
            return ()
        return self._reused.get(id_, (first,)) if self._reused else (first,)

    def name(self, entry: int) -> str:
        """The id of an entry."""
        return self._ids[self._ends[entry] : self._ends[entry + 1]].decode()

    def _append(self, id_: bytes, up: int, day: int) -> int:
        self._ids += id_
        self._ends.append(len(self._ids))
        self.up.append(up)
        self.day.append(day)
        return len(self.up) - 1

    def _slot(self, id_: bytes) -> int:
        """Where the first entry with this id stands, or would stand."""
        slots, ids, ends, last = self._slots, self._ids, self._ends, len(self._slots) - 1
        slot = hash(id_) & last
        while (entry := slots[slot]) and ids[ends[entry - 1] : ends[entry]] != id_:
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        standing = array("I", filter(None, self._slots))
        self._slots = array("I", [0]) * (2 * len(self._slots))
        for entry in standing:
            self._slots[self._slot(bytes(self._ids[self._ends[entry - 1] : self._ends[entry]]))] = entry


class Seen:
    """A set of numbers other than 0, up to 64 bits, each with a mark of up to 32 bits."""

    def __init__(self) -> None:
        self._keys = array("Q", [0]) * _START
        self._marks = array("I", [0]) * _START
        self._count = 0

    def put(self, number: int, mark: int = 0) -> int | None:
        """Remembers `number` with `mark`; the mark that it had before, or None when it is new."""
        key = number & _MASK or 1
        slot = self._slot(key)
        known = self._keys[slot] == key
        before = self._marks[slot] if known else None
        self._keys[slot], self._marks[slot] = key, mark & 0xFFFFFFFF
        if not known:
            self._count += 1
            if 3 * self._count > 2 * len(self._keys):
                self._grow()
        return before

    def __contains__(self, number: int) -> bool:
        key = number & _MASK or 1
        return self._keys[self._slot(key)] == key

    def _slot(self, key: int) -> int:
        keys, last = self._keys, len(self._keys) - 1
        slot = (key * _SPREAD & _MASK) >> 32 & last
        while (held := keys[slot]) and held != key:
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        keys, marks = self._keys, self._marks
        self._keys = array("Q", [0]) * (2 * len(keys))
        self._marks = array("I", [0]) * (2 * len(keys))
        for key, mark in zip(keys, marks, strict=True):
            if key:
                slot = self._slot(key)
                self._keys[slot], self._marks[slot] = key, mark
