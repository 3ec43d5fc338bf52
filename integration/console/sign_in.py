"""Signing in, with an account at an identity provider or with a code that is used once, and signing out."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from integration.audit.codes import Kind, Outcome
from integration.console import sessions
from integration.console.accounts import account_of
from integration.console.attempt import FIRST, Attempt, page_of_ours
from integration.console.desk import COOKIE, PRIVATE, SIGN_IN, TEAM, Desk, ending, is_officer, read_form
from integration.console.providers import Addresses, SignInRefused
from integration.console.sessions import Officer
from integration.errors import Forbidden

_ATTEMPT = "toldonce_signing_in"
_ATTEMPT_LASTS = 600
"""Seconds."""
_FROM_HERE = ("same-origin", "none")
"""Sec-Fetch-Site (W3C Fetch Metadata): a form that another site sends, with a code of its own, would sign its reader in
as somebody else."""


def addresses(fhir_base: str) -> Addresses:
    """Where identity providers send browsers back to, beside a FHIR base."""
    page = f"{fhir_base.rstrip('/').removesuffix('/fhir')}{SIGN_IN}"
    return Addresses(answers=f"{page}/done", left=page)


def sign_in_pages(router: APIRouter, desk: Desk) -> None:
    """Serve them."""

    @router.get("/sign-in", response_model=None)
    async def ask(request: Request) -> Response:
        return _asking(desk, request.query_params.get("page", ""))

    @router.post("/sign-in", response_model=None)
    async def with_code(request: Request) -> Response:
        if request.headers.get("sec-fetch-site", "same-origin") not in _FROM_HERE:
            raise Forbidden("Sign in from the page of this console.")
        form = await read_form(request)
        page = str(form.get("page", ""))
        async with desk.acting("toldonce_registry", readonly=False) as connection:
            begun = await sessions.begin(connection, str(form.get("code", "")), desk.clock())
        if begun is None:
            await desk.account(request, None, kind=Kind.TOKEN, outcome=Outcome.SERIOUS_FAILURE, failure="wrong code")
            return _asking(desk, page, status=403, refused=True)
        token, officer = begun
        await desk.account(request, officer, kind=Kind.TOKEN)
        return _welcome(desk, token, officer, page)

    @router.post("/sign-out", response_model=None)
    async def sign_out(request: Request) -> Response:
        officer = await desk.signed_in(request)
        await desk.form(request, officer)
        await desk.account(request, officer, kind=Kind.TOKEN, details=[("console", "signed out")])
        async with desk.acting("toldonce_registry", readonly=False) as connection:
            issuer = await sessions.end(connection, request.cookies[COOKIE], desk.clock())
        answer = await _leaving(desk, issuer or "")
        answer.delete_cookie(COOKIE, path="/console")
        return answer

    @router.get("/stay", response_model=None)
    async def stay(request: Request) -> Response:
        officer = await desk.signed_in(request)
        await desk.account(request, officer, kind=Kind.TOKEN, details=[("console", "stayed signed in")])
        return JSONResponse(ending(officer, desk.clock()), headers=desk.headers)

    @router.get("/sign-in/with", response_model=None)
    async def with_account(request: Request) -> Response:
        attempt = Attempt.begin(request.query_params.get("issuer", ""), request.query_params.get("page", ""))
        try:
            there = await desk.providers.way(attempt)
        except SignInRefused as refusal:
            return await _refused(desk, request, attempt, refusal)
        answer = RedirectResponse(there, 303, headers=PRIVATE)
        answer.set_cookie(**_kept_in(desk), value=attempt.cookie(), max_age=_ATTEMPT_LASTS)
        return answer

    @router.get("/sign-in/done", response_model=None)
    async def come_back(request: Request) -> Response:
        attempt = Attempt.kept(request.cookies.get(_kept_in(desk)["key"], ""))
        try:
            if attempt is None:
                raise SignInRefused("the answer is to no sign-in of this browser")
            answer = await _signed_in(desk, request, attempt)
        except SignInRefused as refusal:
            answer = await _refused(desk, request, attempt, refusal)
        answer.delete_cookie(**_kept_in(desk))
        return answer


async def _leaving(desk: Desk, issuer: str) -> Response:
    """Where an account had opened the session, a page that goes on by itself to sign out there too: no redirect, which
    the answer to a form may make to this site only (`form-action`)."""
    there = await desk.providers.way_out(issuer)
    if there is None:
        return RedirectResponse(SIGN_IN, 303)
    provider = desk.providers.names[issuer]
    return desk.page("signed_out.html", None, provider=provider, there=there)


async def _signed_in(desk: Desk, request: Request, attempt: Attempt) -> Response:
    """Whoever comes back from a provider, in a session of theirs; or that their account is nobody's here. Raises
    SignInRefused."""
    said = request.query_params.multi_items()
    if len(dict(said)) != len(said):
        raise SignInRefused("the answer says something twice")
    subject = await desk.providers.user(attempt, dict(said), desk.clock())
    async with desk.acting("toldonce_registry", readonly=False) as connection:
        account = await account_of(connection, attempt.issuer, subject)
        token = await sessions.open_for(connection, account.who, desk.clock(), account.id) if account else ""
    details = [("console/issuer", attempt.issuer), ("console/account", subject)]
    if account is None:
        outcome, failure = Outcome.SERIOUS_FAILURE, "an account that is nobody's here"
        await desk.account(request, None, kind=Kind.TOKEN, outcome=outcome, failure=failure, details=details)
        name = desk.providers.names[attempt.issuer]
        return desk.page("unknown_account.html", None, status=403, provider=name, subject=subject)
    await desk.account(request, account.who, kind=Kind.TOKEN, details=details)
    return _welcome(desk, token, account.who, attempt.page)


async def _refused(desk: Desk, request: Request, attempt: Attempt | None, refusal: SignInRefused) -> Response:
    outcome = Outcome.MAJOR_FAILURE if refusal.away else Outcome.SERIOUS_FAILURE
    await desk.account(request, None, kind=Kind.TOKEN, outcome=outcome, failure=str(refusal))
    name = desk.providers.names.get(attempt.issuer, "") if attempt else ""
    status = 503 if refusal.away else 403
    return desk.page("not_signed_in.html", None, status=status, provider=name, away=refusal.away)


def _asking(desk: Desk, page: str, *, status: int = 200, refused: bool = False) -> Response:
    wanted = page_of_ours(page)
    return desk.page(
        "sign_in.html",
        None,
        status=status,
        refused=refused,
        providers=desk.providers.names,
        wanted="" if wanted == FIRST else wanted,
    )


def _welcome(desk: Desk, token: str, officer: Officer, page: str) -> Response:
    """The session's cookie, and the page that was asked for before there was one."""
    wanted = page_of_ours(page)
    first = FIRST if is_officer(officer) else TEAM
    answer = RedirectResponse(first if wanted == FIRST else wanted, 303, headers=PRIVATE)
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


def _kept_in(desk: Desk) -> dict[str, Any]:
    """The cookie of an attempt. Over HTTPS it has a name that no neighbouring site can set a cookie of, which asks for
    the path `/` (RFC 6265bis, 4.1.3.2)."""
    named = {"key": f"__Host-{_ATTEMPT}", "path": "/"} if desk.secure else {"key": _ATTEMPT, "path": SIGN_IN}
    return {**named, "secure": desk.secure, "httponly": True, "samesite": "lax"}
