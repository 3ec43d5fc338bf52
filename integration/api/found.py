"""One page of what a search finds, in one consultation or in several, one after the other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from integration.api.exchange import Exchange
from integration.api.parameters import Asked, Place
from integration.errors import Gone
from integration.record.consult import Consultation, refuse
from integration.record.include import Included, Includer
from integration.record.search import Match, Search, Searcher, behind
from integration.sharing.request import Decision, Grant


@dataclass(frozen=True)
class Found:
    """What one consultation gave: matches of this page, and what is answered beside them."""

    decision: Decision | None
    """None for the directory, which is about nobody."""
    matches: Sequence[Included] = ()
    included: Sequence[Included] = ()
    total: int = 0
    """Of all pages."""
    announces: bool = True
    """Whether it may be said that something is withheld: of a person who was named, or of whom something is shown. An
    id that leads to somebody and finds nothing would else tell that there is something of that id."""

    def counts(self, resource_type: str) -> dict[str, int]:
        """How many resources of each type, for the audit."""
        counted = {resource_type: 0}
        for one in (*self.matches, *self.included):
            counted[one.type] = counted.get(one.type, 0) + 1
        return counted


class Page:
    """Fills a page. Each consultation is a group of its own; groups come in an order that does not change."""

    def __init__(self, exchange: Exchange, asked: Asked) -> None:
        self._exchange = exchange
        self._asked = asked
        self._room = 0 if asked.summary == "count" else asked.limit
        self._begun = asked.after is None
        self._last: Place | None = None
        self._more = False

    async def look(self, consultation: Consultation, search: Search, group: UUID) -> Found:
        """This page's part of what is found in one consultation."""
        searcher = Searcher(consultation.reader, consultation.decision)
        matches = await searcher.matches(search)
        page = self.take(matches, search, group)
        shown = [Included(row.type, row.id, row.body) for row in await searcher.rows(search, [one.id for one in page])]
        includer = Includer(consultation.reader, consultation.decision, searcher, self._exchange.covers)
        included = await includer.gather(shown, self._asked.includes)
        announces = consultation.by_person or bool(matches)
        return Found(consultation.decision, shown, included, len(matches), announces)

    def take(self, matches: Sequence[Match], search: Search, group: UUID) -> Sequence[Match]:
        """Those of a group's matches that come on this page."""
        after = self._asked.after
        if not self._begun and after and after.group == group:
            self._begun = True
            matches = behind(matches, search.order, after.match)
        elif not self._begun:
            return ()
        page = matches if self._room is None else matches[: self._room]
        self._more = self._more or len(page) < len(matches)
        self._room = None if self._room is None else self._room - len(page)
        self._last = Place(group, page[-1]) if page else self._last
        return page

    def following(self, found: Iterable[Found]) -> Place | None:
        """Where the next page begins. Raises Gone where the one before ended at somebody who is now somebody else."""
        if not self._begun and any(isinstance(one.decision, Grant) for one in found):
            raise Gone("Who this is about has changed since the first page: search again.")
        return self._last if self._more else None


def refuse_any(found: Iterable[Found]) -> None:
    """A Denial that may be told apart is 403; one that may not is an empty set."""
    for one in found:
        if one.decision is not None and not isinstance(one.decision, Grant) and not one.decision.not_found:
            refuse(one.decision)
