"""What every page of the console shares: who is signed in, the audit event that is durable before a page is answered,
and the page itself. No page needs JavaScript.
"""

import hmac
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
import structlog
from fastapi import Request
from fastapi.routing import APIRoute
from jinja2 import Environment
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from adapters.records import LONDON
from integration.api.outcome import route_template
from integration.audit.access import Access, Account
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.audit.search import AUDIT_PURPOSE, IG_OFFICER
from integration.console import sessions
from integration.console.attempt import FIRST, page_of_ours
from integration.console.look import pages
from integration.console.providers import SignIn
from integration.console.sessions import Officer
from integration.errors import AuditUnavailable, BadRequest, FhirError, Forbidden, NotPossible
from integration.identity.demographics import is_nhs_number
from integration.record.consult import Records
from integration.recording.recorder import Recorder
from integration.sharing.policy import Policy
from integration.sharing.request import BreakGlass, Caller
from integration.store.connection import Connection
from integration.store.database import TaskRole, act_as

log = structlog.get_logger(__name__)
COOKIE = "toldonce_officer"
SIGN_IN = "/console/sign-in"
TEAM = "/console/team"
"""The first page of whoever is of a team."""
NO_NUMBER = "That is not an NHS number: it has ten digits, the last of which checks the others."
_LONGEST_FORM = 65536
_URL_ENCODED = "application/x-www-form-urlencoded"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PRIVATE = {"Cache-Control": "no-store"}
_SECURE = {"Strict-Transport-Security": "max-age=31536000"}
"""Over HTTPS once, over nothing else for a year (RFC 6797)."""


class NotSignedIn(Exception):  # noqa: N818  it ends its sentence, as those of `integration.errors` do
    """No session: the sign-in page is answered."""


@dataclass(frozen=True)
class Desk:
    """What pages are made from. The pool is the API's own."""

    pool: asyncpg.Pool
    log: AuditLog
    policy: Callable[[], Policy]
    clock: Callable[[], datetime]
    secure: bool
    """Whether it is served over HTTPS: cookies then go over nothing else."""
    synthetic: bool
    records: Records
    """The way into the record, for the pages of teams."""
    providers: SignIn
    """The identity providers with which one can sign in; where there is none, there are only codes."""
    workers: asyncpg.Pool | None = None
    """Connections of the worker, where this process has them: only there can identity be decided about."""
    id_secret: bytes = b""
    """That of resource ids."""
    recorder: Recorder | None = None
    """Where this process may record: what teams write goes through it."""
    templates: Environment = field(default_factory=pages)

    @asynccontextmanager
    async def acting(self, role: TaskRole, *, readonly: bool = True) -> AsyncIterator[Connection]:
        """A transaction in a role."""
        async with self.pool.acquire() as connection, connection.transaction(readonly=readonly):
            await act_as(connection, role)
            yield connection

    async def officer(self, request: Request) -> Officer:
        """The information governance officer who is signed in. Raises NotSignedIn; Forbidden for anybody else."""
        found = await self.signed_in(request)
        if not is_officer(found):
            raise Forbidden("These pages are for information governance officers.")
        return found

    async def member(self, request: Request) -> Officer:
        """Whoever of a team is signed in: in a clinical or care role, for a purpose of care, that an agreement in force
        knows at their organisation. Raises NotSignedIn; Forbidden for anybody else."""
        found = await self.signed_in(request)
        if not is_of_team(caller(found), self.policy(), self.today()):
            raise Forbidden("These pages are for the people of a care team.")
        return found

    def today(self) -> date:
        """The day, in London."""
        return self.clock().astimezone(LONDON).date()

    async def signed_in(self, request: Request) -> Officer:
        """Who is signed in, in whatever role. Raises NotSignedIn."""
        token = request.cookies.get(COOKIE)
        if token:
            async with self.acting("toldonce_registry", readonly=False) as connection:
                found = await sessions.officer_of(connection, token, self.clock())
            if found:
                return found
        raise NotSignedIn

    async def form(self, request: Request, officer: Officer, *, upload: int = 0) -> FormData:
        """What was sent with a form of ours; `upload`: the most bytes of one that carries a file. Raises Forbidden for
        anybody else's."""
        form = await read_form(request, upload)
        if not hmac.compare_digest(str(form.get("check", "")).encode(), officer.check.encode()):
            await form.close()
            raise Forbidden("The form is not of this session. Open the page again and send it from there.")
        return form

    async def mistyped(self, request: Request, officer: Officer) -> None:
        """Audit that a form is shown once more, because of what was typed in it. Raises AuditUnavailable."""
        await self.account(request, officer, outcome=Outcome.MINOR_FAILURE, failure=BadRequest.__name__)

    async def account(self, request: Request, officer: Officer | None, **what: Any) -> None:
        """Audit what is about to be answered; see `Access` for `what`. Raises AuditUnavailable."""
        await self.account_all([self.access(request, officer, **what)])
        request.state.audited = True

    async def account_all(self, accesses: Sequence[Access]) -> None:
        """Audit several at once: one event for each person whom an answer speaks of."""
        await self.log.append_all(accesses)

    def access(
        self,
        request: Request,
        officer: Officer | None,
        *,
        kind: Kind = Kind.AUDIT,
        interaction: str = "operation",
        outcome: Outcome = Outcome.SUCCESS,
        person: UUID | None = None,
        target: str = "",
        decision: Account | None = None,
        break_glass: BreakGlass | None = None,
        counts: Mapping[str, int] | None = None,
        details: Sequence[tuple[str, str]] = (),
        failure: str = "",
    ) -> Access:
        """The account of what an officer, or somebody of a team, is about to be answered."""
        return Access(
            when=self.clock(),
            kind=kind,
            interaction=interaction,
            route=f"{request.method} {route_template(request.scope)}",
            outcome=outcome,
            caller=caller(officer) if officer else None,
            person=person,
            target=target,
            decision=decision,
            break_glass=break_glass,
            address=request.client.host if request.client else "",
            counts=counts or {},
            details=details,
            failure=failure,
        )

    def page(self, name: str, officer: Officer | None, *, status: int = 200, **values: Any) -> Response:
        """A page; nothing keeps a copy of what an officer sees."""
        shared = {
            "officer": officer,
            "team": officer is not None and not is_officer(officer),
            "organisation": self.policy().name(officer.organisation) if officer else "",
            "synthetic": self.synthetic,
            "place": self.policy().agreements.neighbourhood,
            "decides": self.workers is not None,
            "ending": ending(officer, self.clock()) if officer else None,
        }
        text = self.templates.get_template(name).render(**shared, **values)
        return HTMLResponse(text, status, headers=self.headers)

    @property
    def headers(self) -> dict[str, str]:
        """Of whatever an officer is answered."""
        return HEADERS | PRIVATE | (_SECURE if self.secure else {})

    def problem(self, status: int, text: str, officer: Officer | None = None) -> Response:
        """What went wrong, as a page."""
        return self.page("problem.html", officer, status=status, text=text)


def ending(officer: Officer, now: datetime) -> dict[str, str | int]:
    """When their session ends if nothing is asked for: in London, and in how many seconds."""
    until = officer.until or now
    return {"at": f"{until.astimezone(LONDON):%H:%M}", "seconds": max(int((until - now).total_seconds()), 0)}


def download(name: str) -> dict[str, str]:
    """Headers of a file to be saved."""
    return HEADERS | PRIVATE | {"Content-Disposition": f'attachment; filename="{name}"'}


def caller(officer: Officer) -> Caller:
    """Whoever is signed in as decisions and the audit name them."""
    return Caller("console", officer.organisation, officer.role, officer.purpose, officer.name, user_authenticated=True)


def is_officer(officer: Officer) -> bool:
    """Whether they signed in as information governance officer."""
    return (officer.role, officer.purpose) == (IG_OFFICER, AUDIT_PURPOSE)


def is_of_team(who: Caller, policy: Policy, on: date) -> bool:
    """Whether the pages of teams are for them: a clinical or care role, a purpose of care, and on that day an agreement
    in force that knows both at their organisation, and asks for a relationship with each person."""
    role, purpose = policy.roles.get(who.role), policy.purposes.get(who.purpose)
    known = role is not None and role.clinical_or_care and purpose is not None and purpose.kind == "care"
    return known and any(one.agreement.in_force(on) and one.needs_relationship for one in policy.terms_for(who))


def nhs_number(form: FormData) -> tuple[str, bool]:
    """What was typed as NHS number, without spaces, and whether it is one."""
    number = "".join(str(form.get("number", "")).split())
    return number, is_nhs_number(number)


async def read_form(request: Request, upload: int = 0) -> FormData:
    """A form of a stated, small length; `upload`: of at most so many bytes, with one file at most. Raises
    BadRequest."""
    wanted, most = ("multipart/form-data", upload) if upload else (_URL_ENCODED, _LONGEST_FORM)
    length = request.headers.get("content-length", "")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != wanted or not length.isdecimal():
        raise BadRequest("Send the page's own form.")
    if int(length) > most:
        raise BadRequest(f"That is too much for this page: it takes at most {most:,} bytes.")
    try:
        return await request.form(max_files=1, max_part_size=most)
    except HTTPException:
        raise BadRequest("Send the page's own form.") from None


def console_route(desk: Desk) -> type[APIRoute]:
    """Routes that answer every failure as a page, and audit it first."""

    class ConsoleRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handler = super().get_route_handler()

            async def answer(request: Request) -> Response:
                try:
                    return await handler(request)
                except NotSignedIn:
                    return RedirectResponse(_sign_in_for(request), 303, headers=PRIVATE)
                except AuditUnavailable:
                    return _unaudited(desk)
                except (FhirError, NotPossible) as error:
                    status = error.status if isinstance(error, FhirError) else 400
                    return await _failed(desk, request, error, status, str(error))
                except Exception as error:  # noqa: BLE001  whatever it is, an officer gets a page
                    log.error("console page failed", route=route_template(request.scope), error=type(error).__name__)
                    return await _failed(desk, request, error, 500, "Something went wrong here. Please try again.")

            return answer

    return ConsoleRoute


def _sign_in_for(request: Request) -> str:
    """The sign-in page, from where one gets to the page that was asked for."""
    asked = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    wanted = page_of_ours(asked) if request.method == "GET" else FIRST
    return SIGN_IN if wanted == FIRST else f"{SIGN_IN}?{urlencode({'page': wanted})}"


async def _failed(desk: Desk, request: Request, error: Exception, status: int, text: str) -> Response:
    officer = None
    with suppress(NotSignedIn):
        officer = await desk.signed_in(request)
    if getattr(request.state, "audited", False):
        return desk.problem(status, text, officer)
    outcome = Outcome.MAJOR_FAILURE if status >= 500 else Outcome.MINOR_FAILURE
    try:
        await desk.account(request, officer, outcome=outcome, failure=type(error).__name__)
    except AuditUnavailable:
        return _unaudited(desk)
    return desk.problem(status, text, officer)


def _unaudited(desk: Desk) -> Response:
    return desk.problem(AuditUnavailable.status, "Nothing is shown that cannot be written into the access log.")
