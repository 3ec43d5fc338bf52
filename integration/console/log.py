"""The state of the access log: how much is sealed, and the checkpoint to keep elsewhere."""

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from integration.audit import proofs
from integration.console.desk import Desk, download
from integration.errors import NotPossible


def log_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them."""

    @router.get("/log", response_model=None)
    async def state(request: Request) -> Response:
        officer = await desk.officer(request)
        async with desk.acting("toldonce_audit_reader") as connection:
            try:
                checkpoint = await proofs.newest(connection)
            except NotPossible:
                checkpoint = ""
        await desk.account(request, officer)
        lines = checkpoint.splitlines()
        return desk.page("log.html", officer, checkpoint=checkpoint, sealed=int(lines[1]) if lines else 0)

    @router.get("/log/checkpoint", response_model=None)
    async def checkpoint(request: Request) -> Response:
        officer = await desk.officer(request)
        async with desk.acting("toldonce_audit_reader") as connection:
            note = await proofs.newest(connection)
        await desk.account(request, officer)
        return PlainTextResponse(note, headers=download("checkpoint.txt"))
