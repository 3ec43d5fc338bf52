"""The first page: what waits for the officer today."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from adapters.records import LONDON
from integration.api.metrics import Received, measured
from integration.audit import activity, alerts, proofs
from integration.console import charts
from integration.console.desk import Desk
from integration.console.feeds import by_sender
from integration.errors import NotPossible
from integration.sharing import expiry

MOST = 1000


def home_pages(router: APIRouter, desk: Desk) -> None:
    """Serve it."""
    received = Received()

    @router.get("", response_model=None)
    async def home(request: Request) -> Response:
        officer = await desk.officer(request)
        async with desk.acting("toldonce_officer") as connection:
            waiting = await alerts.alerts(connection, kind=None, everything=False, limit=MOST)
        async with desk.pool.acquire() as connection:
            senders = by_sender(await measured(connection, received))
        on = desk.clock().astimezone(LONDON).date()
        register = [one for one in expiry.standings(desk.policy().agreements, on) if one.warning]
        await desk.account(request, officer, counts={"alerts": len(waiting)})
        return desk.page(
            "home.html",
            officer,
            glass=sum(one.kind == "break-glass" for one in waiting),
            claims=sum(one.kind == "self-claimed" for one in waiting),
            unusual=sum(one.kind == alerts.UNUSUAL for one in waiting),
            wrong=sum(one.kind in (alerts.WRONG_LINK, alerts.CORRECTION) for one in waiting),
            register=register,
            waiting=sum(one.waiting for one in senders),
            aside=sum(one.entries for one in senders),
            sealed=await _sealed(desk),
            **await _drawn(desk),
        )


async def _drawn(desk: Desk) -> dict[str, Any]:
    """What was done in the last days, and whether the log is sealed up to now."""
    now = desk.clock()
    async with desk.acting("toldonce_audit_reader") as connection:
        found = await activity.activity(connection, now)
        oldest = await activity.unsealed_since(connection)
    days = activity.days(now)
    return {
        "used": charts.by_organisation(found, days, desk.policy().agreements.names),
        "refused": charts.of_one(found, days, "refused", "refused"),
        "emergencies": charts.of_one(found, days, "emergencies", "emergencies"),
        "late": oldest if oldest and now - oldest > activity.LATE else None,
    }


async def _sealed(desk: Desk) -> int:
    """How many events the newest signed checkpoint covers."""
    async with desk.acting("toldonce_audit_reader") as connection:
        try:
            return int((await proofs.newest(connection)).splitlines()[1])
        except NotPossible:
            return 0
