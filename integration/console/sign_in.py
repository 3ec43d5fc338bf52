"""Signing in with a code that is used once, and signing out."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from integration.audit.codes import Kind, Outcome
from integration.console import sessions
from integration.console.desk import COOKIE, SIGN_IN, TEAM, Desk, is_officer, read_form


def sign_in_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them."""

    @router.get("/sign-in", response_model=None)
    async def ask(_request: Request) -> Response:
        return desk.page("sign_in.html", None, refused=False)

    @router.post("/sign-in", response_model=None)
    async def sign_in(request: Request) -> Response:
        form = await read_form(request)
        async with desk.acting("toldonce_registry", readonly=False) as connection:
            begun = await sessions.begin(connection, str(form.get("code", "")), desk.clock())
        if begun is None:
            await desk.account(request, None, kind=Kind.TOKEN, outcome=Outcome.SERIOUS_FAILURE, failure="wrong code")
            return desk.page("sign_in.html", None, status=403, refused=True)
        token, officer = begun
        await desk.account(request, officer, kind=Kind.TOKEN)
        answer = RedirectResponse("/console" if is_officer(officer) else TEAM, 303)
        answer.set_cookie(
            COOKIE,
            token,
            max_age=int(sessions.LONGEST.total_seconds()),
            path="/console",
            secure=desk.secure,
            httponly=True,
            samesite="lax",
        )
        return answer

    @router.post("/sign-out", response_model=None)
    async def sign_out(request: Request) -> Response:
        officer = await desk.signed_in(request)
        await desk.form(request, officer)
        await desk.account(request, officer, kind=Kind.TOKEN, details=[("console", "signed out")])
        async with desk.acting("toldonce_registry", readonly=False) as connection:
            await sessions.end(connection, request.cookies[COOKIE], desk.clock())
        answer = RedirectResponse(SIGN_IN, 303)
        answer.delete_cookie(COOKIE, path="/console")
        return answer
