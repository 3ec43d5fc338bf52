"""A person's copy of their record, made by somebody who looks after them and has to look at it before it is given out:
a form of the person's page.

It holds what that page shows, and never what only an emergency opens. Who has seen the record is the officers' to tell.
"""

from collections.abc import Mapping

from fastapi import APIRouter, Request
from starlette.responses import Response

from integration.console.copies import as_file, copy_desk, reference
from integration.console.desk import Desk
from integration.console.teams.reading import known, person_id, question
from integration.errors import NotFound
from integration.sharing.request import Decision


def copy_pages(router: APIRouter, desk: Desk) -> None:
    """Serve the form."""

    @router.post("/team/people/{id_}/copy", response_model=None)
    async def make(request: Request, id_: str) -> Response:
        member = await desk.member(request)
        form = await desk.form(request, member)
        copies = copy_desk(desk, request, member, reference(form), _shown)
        return await as_file(await copies.copy(question(desk, member), person_id(id_), accesses=False))


def _shown(decision: Decision, counts: Mapping[str, int]) -> None:
    """Raises NotFound of whoever may not be known of, and where nothing may be seen, as the page does."""
    known(decision)
    if not counts:
        raise NotFound
