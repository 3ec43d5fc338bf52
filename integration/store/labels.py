"""Interned labels: (source organisation, category, sensitivities) <-> the small integer on every row."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from integration.sharing.request import Category, Label
from integration.store.connection import Connection


class LabelKey(NamedTuple):
    """A label before it is interned."""

    organisation: str
    category: Category
    sensitivities: frozenset[str]

    def name(self) -> tuple[str, ...]:
        """What tells it from the organisation's other labels."""
        return (str(self.category), *sorted(self.sensitivities))


class Labels:
    """A process's cache of the label table; labels are never changed or removed, only added."""

    def __init__(self) -> None:
        self._by_id: dict[int, Label] = {}
        self._ids: dict[tuple[str, str, tuple[str, ...]], int] = {}

    async def of(self, connection: Connection, ids: Collection[int]) -> tuple[Label, ...]:
        """The labels with these ids, in order."""
        if not self._by_id.keys() >= set(ids):
            await self._load(connection)
        return tuple(self._by_id[id_] for id_ in sorted(set(ids)))

    async def intern(self, connection: Connection, keys: Iterable[LabelKey]) -> dict[LabelKey, int]:
        """Ids of these labels, made where new."""
        wanted = {key: (key.organisation, str(key.category), tuple(sorted(key.sensitivities))) for key in keys}
        if not self._ids.keys() >= set(wanted.values()):
            await connection.executemany(
                "insert into toldonce.label (organisation, category, sensitivities) values ($1, $2, $3) "
                "on conflict do nothing",
                [(organisation, category, list(marks)) for organisation, category, marks in sorted(wanted.values())],
            )
            await self._load(connection)
        return {key: self._ids[stored] for key, stored in wanted.items()}

    async def keys(self, connection: Connection, ids: Collection[int]) -> dict[int, LabelKey]:
        """The same the other way round."""
        return {
            one.id: LabelKey(one.organisation, one.category, one.sensitivities)
            for one in await self.of(connection, ids)
        }

    async def _load(self, connection: Connection) -> None:
        for id_, organisation, category, marks in await connection.fetch(
            "select id, organisation, category, sensitivities from toldonce.label"
        ):
            self._by_id[id_] = Label(id_, organisation, Category(category), frozenset(marks))
            self._ids[organisation, category, tuple(sorted(marks))] = id_
