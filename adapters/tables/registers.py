"""Tables that name no person: each person is told of the entries that their rows refer to, once of each."""

from adapters.tables.compact import Parents, Seen


class Entries:
    """A register's rows as JSON, by their own id, and who was told of which."""

    def __init__(self) -> None:
        self._ids = Parents()
        self._records: list[bytes] = []
        self._told = Seen()

    def add(self, name: str, record: bytes) -> None:
        """Of two rows with one id the later stands."""
        entry = self._ids.add(name, 0)
        if entry == len(self._records):
            self._records.append(record)
        else:
            self._records[entry] = record

    def find(self, name: str) -> int | None:
        """The number of the entry with this id."""
        found = self._ids.find(name)
        return found[0] if found else None

    def tell(self, person: int, entry: int) -> bytes | None:
        """The entry's record; None when the person (a number) was told of it before."""
        if self._told.put((person + 1) << 32 | entry) is None:
            return self._records[entry]
        return None
