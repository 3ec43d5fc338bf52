"""A team's caseloads: which there are, and one of them as a table with what is new since the last huddle.

Sort, filter and day are in the address, and nothing of a person: it may be kept and sent on. Whoever is shown on a page
has an event in the access log of their own, and the page has one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from adapters.records import LONDON
from integration.audit.codes import Kind
from integration.console.desk import TEAM, Desk, caller
from integration.console.sessions import Officer
from integration.console.teams import held
from integration.console.teams.overview import ADDED, FILTERS, LOOKED_AT, SORTS, Line, line
from integration.console.teams.reading import access, person_id, question
from integration.console.teams.words import Entry, Names
from integration.errors import BadRequest, NotFound
from integration.record.patient import golden
from integration.record.reader import Reader
from integration.sharing.request import Denial, Grant
from integration.teams.caseloads import Caseload, Member, caseload, caseloads, members

PAGE = 50
"""People on a page of the table."""
WHOLE = 200
"""Of a caseload with more people, only those on the page are looked at, until an order or a filter asks for all."""
_BEFORE_ANY = timedelta(days=7)
"""What counts as new where no huddle was held yet."""


def caseload_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them."""

    @router.get("/team", response_model=None)
    async def mine(request: Request) -> Response:
        member = await desk.member(request)
        async with desk.acting("toldonce_facts") as connection:
            found = await caseloads(connection, member.organisation)
        last = {one.id: await _last_huddle(desk, one.id) for one in found}
        await desk.account(request, member, kind=Kind.QUERY, counts={"Group": len(found)})
        return desk.page("teams/caseloads.html", member, caseloads=found, last=last)

    @router.get("/team/caseloads/{id_}", response_model=None)
    async def one(request: Request, id_: str) -> Response:
        return await _answer(desk, request, id_, "teams/caseload.html", "all")

    @router.get("/team/caseloads/{id_}/huddle", response_model=None)
    async def sheet(request: Request, id_: str) -> Response:
        return await _answer(desk, request, id_, "teams/sheet.html", "new")

    @router.post("/team/caseloads/{id_}/huddle", response_model=None)
    async def hold(request: Request, id_: str) -> Response:
        member = await desk.member(request)
        await desk.form(request, member)
        found = await _visible(desk, member, id_)
        since, on = await _last_huddle(desk, id_), desk.today()
        await desk.account(request, member, kind=Kind.OPERATION, details=[("team/huddle", f"{found.id} {on}")])
        async with desk.acting("toldonce_registry", readonly=False) as connection:
            await held.hold(connection, found.id, on, desk.clock(), member.name, member.organisation)
        query = f"?since={since}" if since else ""
        return RedirectResponse(f"{TEAM}/caseloads/{found.id}{query}", 303)


async def _answer(desk: Desk, request: Request, id_: str, template: str, show: str) -> Response:
    """A page of a caseload, as a table or as a sheet. `show`: whom, where the address does not say."""
    member = await desk.member(request)
    found = await _visible(desk, member, id_)
    asked = await _understood(desk, request, found, show)
    on = desk.today()
    async with desk.acting("toldonce_facts") as connection:
        of = {one.person: one for one in await members(connection, id_, desk.clock())}
    view = _View(desk, request, member, found, of, asked)
    page = await (view.in_order() if view.by_the_order_of_adding else view.looking_at_all())
    await account(desk, request, member, found, page.lines)
    async with desk.acting("toldonce_registry") as connection:
        today = await held.on(connection, found.id, on)
    return desk.page(
        template,
        member,
        caseload=found,
        page=page,
        filters=FILTERS,
        sorts=SORTS,
        asked=asked,
        held=today,
        today=on,
        now=desk.clock(),
    )


@dataclass(frozen=True)
class Asked:
    """What of a caseload is to be shown. `since`: what is new from that day on; `huddle`: that of the last one."""

    since: date
    huddle: bool
    show: str
    sort: str
    usual: Mapping[str, object]
    """What the address leaves out."""
    page: int = 1
    after: UUID | None = None
    """Behind whom the page begins, where people come in the order in which they were added."""

    def query(self, **changed: object) -> str:
        """The address of the same with something changed."""
        since = {} if self.huddle else {"since": self.since}
        whole = {"show": self.show, "sort": self.sort, **since, **changed}
        return urlencode({name: value for name, value in whole.items() if value != self.usual.get(name)})


async def _understood(desk: Desk, request: Request, found: Caseload, show: str) -> Asked:
    """What the address asks for. Raises BadRequest."""
    sent = request.query_params
    usual = {"show": show, "sort": "", "page": 1}
    asked, sort, page = sent.get("show", show), sent.get("sort", ""), sent.get("page", "1")
    if asked not in FILTERS or sort not in ("", *SORTS) or not page.isdecimal() or not 0 < int(page) < _MOST_PAGES:
        raise BadRequest("The address asks for something that this page does not have.")
    last = await _last_huddle(desk, found.id)
    since = day(sent.get("since"))
    after = person_id(sent["after"]) if "after" in sent else None
    begins = since or last or desk.today() - _BEFORE_ANY
    return Asked(begins, since is None and last is not None, asked, sort, usual, int(page), after)


_MOST_PAGES = 10**6


def day(text: str | None) -> date | None:
    """A day of an address. Raises BadRequest."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise BadRequest("Give a day as year, month and day, such as 2026-11-30.") from None


class Page(NamedTuple):
    """Who is shown. Where not everybody was looked at, it is not known how many there are."""

    lines: Sequence[Line]
    numbers: Mapping[str, int]
    """How many each filter keeps; empty where that is not known."""
    order: str
    kept: int | None = None
    pages: int | None = None
    following: UUID | None = None


@dataclass(frozen=True)
class _View:
    """The people of one caseload, looked at for one answer."""

    desk: Desk
    request: Request
    member: Officer
    caseload: Caseload
    of: Mapping[UUID, Member]
    asked: Asked

    @property
    def by_the_order_of_adding(self) -> bool:
        """Whether nobody need be looked at but who is shown: of a large caseload, unless more is asked for."""
        order = self.asked.sort or (ADDED if len(self.of) > WHOLE else "news")
        return order == ADDED and self.asked.show == "all"

    async def looking_at_all(self) -> Page:
        """Whoever is kept by the filter, in the order that was asked for."""
        on, keeps = self.desk.today(), FILTERS[self.asked.show][1]
        everybody = await self._lines(list(self.of))
        kept = sorted((one for one in everybody if keeps(one, on)), key=SORTS[self.asked.sort or "news"][1])
        numbers = {name: sum(keep(one, on) for one in everybody) for name, (_, keep) in FILTERS.items()}
        start = (self.asked.page - 1) * PAGE
        return Page(
            kept[start : start + PAGE], numbers, self.asked.sort or "news", len(kept), max(-(-len(kept) // PAGE), 1)
        )

    async def in_order(self) -> Page:
        """Those who were added last, or before `after`."""
        order = sorted(self.of, key=lambda one: (-self.of[one].since.timestamp(), one))
        after = self.asked.after
        rest = order[order.index(after) + 1 :] if after and after in self.of else order
        lines: list[Line] = []
        while rest and len(lines) <= PAGE:
            lines += await self._lines(rest[: PAGE + 1])
            rest = rest[PAGE + 1 :]
        more = len(lines) > PAGE
        return Page(lines[:PAGE], {}, ADDED, following=lines[PAGE - 1].grant.person if more else None)

    async def _lines(self, persons: Sequence[UUID]) -> list[Line]:
        """The line of each of these whom they may know of."""
        lines, denied = [], []
        asked, on = question(self.desk, self.member), self.desk.today()
        names = Names((), self.desk.policy().names)
        async with self.desk.records.consult_many(asked, persons, LOOKED_AT) as consultations:
            async for one in consultations:
                if isinstance(one.decision, Denial):
                    denied.append(access(self.desk, self.request, self.member, Kind.QUERY, one.decision))
                elif (told := await self._line(one.decision, one.reader, names, on)) is not None:
                    lines.append(told)
        await self.desk.account_all(denied)
        return lines

    async def _line(self, grant: Grant, reader: Reader, names: Names, on: date) -> Line | None:
        """None where nothing at all is permitted, as of somebody who objects to sharing."""
        rows = [row for query in LOOKED_AT for row in await reader.rows(query)]
        patient = golden(grant, [row for row in rows if row.type == "Patient"])
        place = self.of.get(grant.person)
        if patient is None or place is None:
            return None
        return line(
            grant,
            patient.resource,
            [Entry(row.feed, row.resource()) for row in rows if row.type != "Patient"],
            reason=self.caseload.reason(place.reason),
            on_it_since=place.since.astimezone(LONDON).date(),
            since=self.asked.since,
            on=on,
            names=names,
        )


async def account(desk: Desk, request: Request, member: Officer, found: Caseload, shown: Sequence[Line]) -> None:
    """One event for each person who is shown, and one of the page. All are durable, or nothing is answered."""
    page = desk.access(request, member, kind=Kind.QUERY, counts={"Group": 1}, details=[("team/caseload", found.id)])
    each = [access(desk, request, member, Kind.QUERY, one.grant, counts=one.counts) for one in shown]
    await desk.account_all([page, *each])
    request.state.audited = True


async def _visible(desk: Desk, member: Officer, id_: str) -> Caseload:
    """A caseload that their organisation owns or works with. Raises NotFound for any other, and for none."""
    async with desk.acting("toldonce_facts") as connection:
        found = await caseload(connection, id_)
    if found is None or caller(member).organisation not in found.organisations:
        raise NotFound
    return found


async def _last_huddle(desk: Desk, id_: str) -> date | None:
    async with desk.acting("toldonce_registry") as connection:
        return await held.last(connection, id_, desk.today())
