"""One person's whole story on one page."""

from datetime import timedelta
from uuid import uuid4

from fastapi import APIRouter, Request
from starlette.responses import Response

from integration.console.desk import Desk
from integration.console.teams.caseloads import day
from integration.console.teams.emergency import minutes_left
from integration.console.teams.membership import places
from integration.console.teams.reading import emergency_minutes, entries, person_id, whole
from integration.console.teams.recording import may_record
from integration.console.teams.story import story
from integration.console.teams.timeline import SPANS, timeline
from integration.console.teams.words import Names
from integration.sharing.decide import BREAK_GLASS_REASONS
from mappings.recorded.vocabulary import CATEGORIES

_MONTHS = 12
_WIDE, _GUTTER, _NARROW = 1000, 170, 360
"""Of the timeline's two pictures: for a desk, with the names of the lanes at the left, and for a hand."""


def person_pages(router: APIRouter, desk: Desk) -> None:
    """Serve it."""

    @router.get("/team/people/{id_}", response_model=None)
    async def person(request: Request, id_: str) -> Response:
        member = await desk.member(request)
        months, since = _months(request.query_params.get("months")), day(request.query_params.get("since"))
        grant, page = await whole(desk, request, member, person_id(id_))
        on, policy = desk.today(), desk.policy()
        names, record = Names(page.directory, policy.names), entries(page)
        time = timeline(record, names, on, months)
        return desk.page(
            "teams/person.html",
            member,
            person=grant.person,
            story=story(grant, page.patient.resource if page.patient else None, record, names, on),
            time=time,
            pictures=[
                ("wide", time.picture(_WIDE, left=_GUTTER, since=since)),
                ("narrow", time.picture(_NARROW, left=0, since=since)),
            ],
            months=months,
            spans=SPANS,
            since=since,
            soon=on + timedelta(days=_SOON),
            today=on,
            places=await places(desk, member, grant.person),
            may=may_record(desk, request, member, "Flag", "CareTeam", "Task"),
            once=uuid4().hex,
            organisations=sorted(policy.names.items(), key=lambda one: one[1]),
            categories=CATEGORIES,
            glass=emergency_minutes(desk, member),
            left=minutes_left(desk, member, grant),
            reasons=BREAK_GLASS_REASONS,
        )


_SOON = 14


def _months(text: str | None) -> int:
    return next((one for one in SPANS if str(one) == text), _MONTHS)
