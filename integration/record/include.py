"""What is answered beside the matches: what they refer to, and what refers to them. R4 search.html#include

References are followed as they stand in what is served, so one that was cut leads nowhere; what they lead to is read
with the same Grant.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from integration.record.criteria import Entries, Is
from integration.record.longitudinal import read_patient
from integration.record.reader import Query, Reader
from integration.record.search import Search, Searcher
from integration.sharing.request import Decision, Grant
from integration.store.extract import DIRECTORY
from integration.store.search_index import index
from mappings.uk_core import SUBJECT, Resource

_ROUNDS = 5
"""How far `:iterate` follows references from what it included."""
_SUBJECTS = ("subject", "patient", "for")
"""Elements that hold whom a resource is about."""
Reference = tuple[str, UUID]


@dataclass(frozen=True)
class Include:
    """`source:parameter[:target]`; source "" = of everything that is found, parameter "" = every reference."""

    source: str
    parameter: str
    target: str
    reverse: bool
    iterate: bool

    @property
    def reads(self) -> str:
        """The type that a search for it reads; "" where references are followed."""
        return self.source if self.reverse else ""


@dataclass(frozen=True)
class Included:
    """A resource beside the matches, as it is served."""

    type: str
    id: UUID
    body: bytes


class Includer:
    """Gathers, for one consultation, what is to be answered beside the matches. `covers` says which types the caller's
    token may read."""

    def __init__(self, reader: Reader, decision: Decision, searcher: Searcher, covers: Callable[[str], bool]) -> None:
        self._reader = reader
        self._decision = decision
        self._searcher = searcher
        self._covers = covers

    async def gather(self, matches: Sequence[Included], includes: Sequence[Include]) -> list[Included]:
        """Each resource once, none that is a match."""
        seen: set[Reference] = {(one.type, one.id) for one in matches}
        found = [
            one for include in includes if include.reverse for one in await self._referring(matches, include, seen)
        ]
        followed = [one for one in includes if not one.reverse]
        at = [*matches, *found]
        for _ in range(_ROUNDS):
            at = await self._read(self._targets(at, followed), seen) if followed else []
            found += at
            followed = [one for one in followed if one.iterate]
        return found

    async def _referring(
        self, matches: Sequence[Included], include: Include, seen: set[Reference]
    ) -> Sequence[Included]:
        """What refers to the matches by a parameter; to the person everything does."""
        aimed = [one for one in matches if include.target in ("", one.type)]
        if include.parameter in ("patient", "subject"):
            criteria: list[Entries] | None = [] if any(one.type == "Patient" for one in aimed) else None
        else:
            criteria = [Entries([Is(f"{include.parameter}>{one.type}/{one.id}") for one in aimed])] if aimed else None
        if criteria is None or not self._covers(include.source):
            return []
        search = Search(include.source, criteria)
        rows = await self._searcher.rows(search, [one.id for one in await self._searcher.matches(search)])
        new = [Included(row.type, row.id, row.body) for row in rows if (row.type, row.id) not in seen]
        seen.update((one.type, one.id) for one in new)
        return new

    def _targets(self, referring: Iterable[Included], includes: Sequence[Include]) -> list[Reference]:
        found = dict.fromkeys(
            target
            for one in referring
            for include in includes
            if include.source in ("", one.type)
            for target in _references(orjson.loads(one.body), include)
        )
        return [one for one in found if self._covers(one[0])]

    async def _read(self, targets: Sequence[Reference], seen: set[Reference]) -> list[Included]:
        wanted = [one for one in targets if one not in seen]
        seen.update(wanted)
        person = self._decision.person if isinstance(self._decision, Grant) else None
        entries = [id_ for kind, id_ in wanted if kind in DIRECTORY]
        stored = [id_ for kind, id_ in wanted if kind not in DIRECTORY and id_ != person]
        found = [_included(body) for body in (await self._reader.directory(entries) if entries else ())]
        found = [one for one in found if one.id in entries]
        rows = await self._reader.rows(Query(ids=stored)) if stored else []
        found += [Included(row.type, row.id, row.body) for row in rows]
        if isinstance(self._decision, Grant) and ("Patient", person) in wanted:
            golden = await read_patient(self._reader, self._decision)
            found += [_included(golden.body)] if golden else []
        return found


def _references(body: Resource, include: Include) -> list[Reference]:
    """What a resource refers to by a parameter, or by any."""
    listed: list[str] = []
    if include.parameter in ("patient", "subject", ""):
        subjects: list[Mapping[str, str]] = [body[name] for name in _SUBJECTS if name in body]
        listed += [one.get("reference", "") for one in subjects]
    if include.parameter not in ("patient", "subject"):
        pairs = [entry.partition(">") for entry in index(body) if ">" in entry]
        listed += [target for name, _, target in pairs if include.parameter in ("", name)]
    parts = [one.partition("/") for one in listed if one and one != SUBJECT]
    return [(kind, UUID(id_)) for kind, _, id_ in parts if include.target in ("", kind)]


def _included(body: bytes) -> Included:
    resource: Resource = orjson.loads(body)
    return Included(resource["resourceType"], UUID(resource["id"]), body)
