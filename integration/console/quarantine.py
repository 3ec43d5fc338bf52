"""What is set aside, and what to do about it: by feed, sender and reason, with a place and never what stands there.

There where the process may also record, for only its connections may read what is set aside.
"""

from fastapi import APIRouter, Request
from starlette.responses import Response

from integration.console.desk import Desk
from integration.ingest.report import problems


def quarantine_pages(router: APIRouter, desk: Desk) -> None:
    """Serve it."""

    @router.get("/feeds/quarantine", response_model=None)
    async def quarantine(request: Request) -> Response:
        officer = await desk.officer(request)
        assert desk.workers is not None
        async with desk.workers.acquire() as connection, connection.transaction(readonly=True):
            found = await problems(connection)
        waiting = [
            (feed, sender, problem) for (feed, sender), some in found.items() for problem in some if problem.entries
        ]
        await desk.account(request, officer)
        return desk.page("quarantine.html", officer, waiting=waiting, names=desk.policy().agreements.names)
