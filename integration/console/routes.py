"""All pages of the console, under /console."""

from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import Response

from integration.console.accesses import access_pages
from integration.console.alerts import alert_pages
from integration.console.desk import HEADERS, Desk, console_route
from integration.console.events import event_pages
from integration.console.feeds import feed_pages
from integration.console.home import home_pages
from integration.console.identity import identity_pages
from integration.console.log import log_pages
from integration.console.register import register_pages
from integration.console.sign_in import sign_in_pages
from integration.console.teams.pages import team_pages
from integration.console.who_saw import who_saw_pages

_PAGES = (
    sign_in_pages,
    home_pages,
    who_saw_pages,
    access_pages,
    event_pages,
    alert_pages,
    register_pages,
    feed_pages,
    log_pages,
    team_pages,
)

_STATIC = {"console.css": "text/css", "icon.svg": "image/svg+xml"}


def console_routes(desk: Desk) -> APIRouter:
    """Their routes. Style sheet and icon are public and not audited."""
    router = APIRouter(prefix="/console", route_class=console_route(desk), include_in_schema=False)
    for name, kind in _STATIC.items():
        router.add_api_route(f"/{name}", _file(name, kind), methods=["GET"], response_model=None)
    for serve in (*_PAGES, *((identity_pages,) if desk.workers else ())):
        serve(router, desk)
    return router


def _file(name: str, kind: str) -> Callable[[], Awaitable[Response]]:
    content = files("integration.console").joinpath("static", name).read_bytes()

    async def file() -> Response:
        return Response(content, media_type=kind, headers=HEADERS | {"Cache-Control": "max-age=3600"})

    return file
