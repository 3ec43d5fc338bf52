"""All pages of teams."""

from fastapi import APIRouter

from integration.console.desk import Desk
from integration.console.teams.caseloads import caseload_pages
from integration.console.teams.copies import copy_pages
from integration.console.teams.emergency import emergency_pages
from integration.console.teams.find import find_pages
from integration.console.teams.membership import membership_pages
from integration.console.teams.person import person_pages
from integration.console.teams.recording import recording_pages

_PAGES = (
    caseload_pages,
    find_pages,
    person_pages,
    emergency_pages,
    recording_pages,
    membership_pages,
    copy_pages,
)


def team_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them."""
    for serve in _PAGES:
        serve(router, desk)
