"""All pages of the console, under /console."""

from fastapi import APIRouter

from integration.console.accesses import access_pages
from integration.console.alerts import alert_pages
from integration.console.change import change_pages
from integration.console.copies import copy_pages
from integration.console.desk import Desk, console_route
from integration.console.events import event_pages
from integration.console.feeds import feed_pages
from integration.console.files import static_files
from integration.console.home import home_pages
from integration.console.identity import identity_pages
from integration.console.log import log_pages
from integration.console.quarantine import quarantine_pages
from integration.console.register import register_pages
from integration.console.sign_in import sign_in_pages
from integration.console.teams.pages import team_pages
from integration.console.who_saw import who_saw_pages

_PAGES = (
    sign_in_pages,
    home_pages,
    who_saw_pages,
    copy_pages,
    access_pages,
    event_pages,
    alert_pages,
    register_pages,
    change_pages,
    feed_pages,
    log_pages,
    team_pages,
)
_OF_WORKERS = (identity_pages, quarantine_pages)


def console_routes(desk: Desk) -> APIRouter:
    """Their routes, and the files that pages are dressed with."""
    router = APIRouter(prefix="/console", route_class=console_route(desk), include_in_schema=False)
    static_files(router)
    for serve in (*_PAGES, *(_OF_WORKERS if desk.workers else ())):
        serve(router, desk)
    return router
