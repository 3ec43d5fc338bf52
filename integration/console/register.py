"""The register of agreements: how each stands, and which somebody should see to."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from adapters.records import LONDON
from integration.console.desk import Desk
from integration.sharing import expiry


def register_pages(router: APIRouter, desk: Desk) -> None:
    """Serve it."""

    @router.get("/agreements", response_model=None)
    async def register(request: Request) -> Response:
        officer = await desk.officer(request)
        on = desk.clock().astimezone(LONDON).date()
        standings = expiry.standings(desk.policy().agreements, on)
        await desk.account(request, officer)
        return desk.page("register.html", officer, standings=standings, soon=expiry.SOON)
