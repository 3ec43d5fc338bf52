"""One request and its answer: who asks, what was decided, and the audit event that must be durable before any answer.

`FhirRoute` keeps the promise for every route under it: an error is audited before it is answered, and a handler that
forgot to audit its success gets no answer out.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from msgspec.structs import replace
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Send
from starlette.types import Scope as ASGIScope

from adapters.records import LONDON
from integration.api.authenticate import Session, TokenAuthority, authenticate
from integration.api.body import LARGEST, limited
from integration.api.certificates import shown
from integration.api.door import Handler, passed, recipient_of
from integration.api.interactions import COMMON_PARAMETERS, Endpoint
from integration.api.media_types import require_acceptable
from integration.api.nhs_headers import said
from integration.api.outcome import route_template
from integration.api.parameters import AFTER, CURSOR
from integration.api.rate_limit import LongAnswers, RateLimits
from integration.api.seal import Parameters, Seal
from integration.audit.access import Access, Account
from integration.audit.alerts import SELF_CLAIMED
from integration.audit.codes import Kind, Outcome
from integration.audit.log import AuditLog
from integration.errors import (
    AuditUnavailable,
    BadRequest,
    FhirError,
    Forbidden,
    InternalError,
    NotFound,
    Unauthorized,
)
from integration.record.consult import Question, Records
from integration.record.reader import Query
from integration.sharing.request import Category, Client, Decision, Denial, Grant
from integration.sharing.scopes import Scope, parse_scope, require_scope

_READ = frozenset("r")


@dataclass(frozen=True)
class Services:
    """What the routes work with; `main.py` wires it once."""

    records: Records
    audit: AuditLog
    clients: Callable[[], Mapping[str, Client]]
    authority: TokenAuthority
    seal: Seal
    pseudonym_secret: bytes
    base_url: str
    clock: Callable[[], datetime]
    limits: RateLimits = field(default_factory=RateLimits)
    long_answers: LongAnswers = field(default_factory=LongAnswers)


@dataclass
class Exchange:
    """A request being answered."""

    request: Request
    services: Services
    when: datetime
    sent: str = ""
    """Path and parameters as they came, which the door may give another meaning."""
    _session: Session | None = None
    audited: int = field(default=0)
    writes: Kind | None = None
    """What sort of write it attempts: then it is audited as one, whatever comes of it."""

    @property
    def session(self) -> Session:
        """Who asks; raises Unauthorized, and TooManyRequests to a client that asks too much."""
        if self._session is None:
            authorization = self.request.headers.get("authorization")
            services = self.services
            clients = services.clients()
            certificate = shown(self.request.scope)
            self._session = authenticate(authorization, clients, services.authority, self.when, certificate)
            services.limits.admit(clients[self._session.caller.client])
            said(self.request.scope).require(self._session.caller.organisation)
        return self._session

    @property
    def question(self) -> Question:
        return Question(self.session.caller, self.when, self.session.break_glass)

    @property
    def records(self) -> Records:
        return self.services.records

    def require(self, resource_type: str, access: str) -> None:
        """Raise unless an acceptable form is asked for and the token's scopes permit this access."""
        require_acceptable(self.request.headers.get("accept"), self.request.query_params.get("_format"))
        require_scope(self.session.scopes, resource_type, access)

    def require_agreement(self, category: Category) -> None:
        """Raise Forbidden unless an agreement in force opens this kind of information to the caller at all."""
        if not self.records.policy().opens(self.session.caller, category, self.when.astimezone(LONDON).date()):
            raise Forbidden

    def covers(self, resource_type: str) -> bool:
        """Whether the token's scopes permit reading this type."""
        return _covered(self.session.scopes, resource_type)

    def within_scopes(self, query: Query, types: Sequence[str]) -> Query:
        """The query, limited to those of `types` that the token's scopes permit to be read."""
        wanted = query.types or types
        permitted = _within(self.session.scopes, tuple(wanted))
        if not query.types and len(permitted) == len(types):
            return query
        return replace(query, types=permitted or ("none",))

    def parameters(self, form: Parameters = ()) -> Parameters:
        """The parameters that were sent (in the URL, or in the `form` of a POST), or those a cursor holds. The audit
        keeps a form as if it had been in the URL."""
        if form:
            self.sent += f"{'&' if '?' in self.sent else '?'}{urlencode(form)}"
        sent = [*self.request.query_params.multi_items(), *form]
        for name, value in sent:
            if name == AFTER:
                raise BadRequest("Follow the link that the previous page gave.", parameter=AFTER)
            if "\0" in name or "\0" in value:
                raise BadRequest("A parameter holds a character that no text has (U+0000).")
        if len(sent) == 1 and sent[0][0] == CURSOR:
            return self.services.seal.open(sent[0][1], self.session.caller.client)
        return [(name, value) for name, value in sent if name not in COMMON_PARAMETERS]

    def links(self, path: str, parameters: Parameters, following: str | None = None) -> dict[str, str]:
        """Links of a Bundle: this page, and the next where there is one. Parameters travel sealed, for they may hold
        an NHS number."""
        base = f"{self.services.base_url}/{path}"
        links = {"self": f"{base}?{CURSOR}={self._sealed(parameters)}" if parameters else base}
        if following:
            after = [*((name, value) for name, value in parameters if name != AFTER), (AFTER, following)]
            links["next"] = f"{base}?{CURSOR}={self._sealed(after)}"
        return links

    def _sealed(self, parameters: Parameters) -> str:
        return self.services.seal.close(parameters, self.session.caller.client)

    async def audit(self, kind: Kind, interaction: str, decision: Decision | None = None, **details: Any) -> None:
        """Write what was decided and sent; returns when it is durable. A Denial is audited as a refusal."""
        await self.record(kind=kind, interaction=interaction, **_decided(decision, details))

    async def audit_each(
        self, kind: Kind, interaction: str, decided: Iterable[tuple[Decision, Mapping[str, int]]]
    ) -> None:
        """As `audit`, of several people, with how many resources of each type were read of each: an event for each of
        them (BALP), written together. The exchange's own event is still to come."""
        await self.services.audit.append_all(
            [
                self._access(kind=kind, interaction=interaction, **_decided(decision, {"counts": counts}))
                for decision, counts in decided
            ]
        )

    async def fail(self, error: FhirError) -> None:
        """Write that the request failed, unless what was decided has been written."""
        if self.audited:
            return
        outcome = Outcome.MAJOR_FAILURE if error.status >= 500 else Outcome.MINOR_FAILURE
        refused = error.status in (401, 403)
        kind = Kind.OPERATION if "$" in self.request.scope["path"] else Kind.QUERY
        await self.record(
            kind=self.writes or kind,
            interaction=str(self.writes or _interaction(self.request)),
            outcome=Outcome.SERIOUS_FAILURE if refused else outcome,
            failure=f"{error.status} {error.code}: {error.diagnostics}",
        )

    async def record(self, **details: Any) -> None:
        """Write one audit event of this exchange; returns when it is durable."""
        await self.services.audit.append(self._access(**details))
        self.audited += 1

    def _access(self, **details: Any) -> Access:
        request, session = self.request, self._session
        heard = said(request.scope)
        details["details"] = [*details.get("details", ()), *heard.details]
        return Access(
            when=self.when,
            route=f"{request.method} {route_template(request.scope)}",
            caller=session.caller if session else None,
            query=self.sent,
            request_id=heard.request,
            correlation_id=heard.correlation,
            address=request.client.host if request.client else "",
            token=session.token if session else "",
            break_glass=session.break_glass if session else None,
            **details,
        )


@lru_cache(maxsize=1024)
def _within(scopes: Sequence[str], types: Sequence[str]) -> tuple[str, ...]:
    return tuple(one for one in types if _covered(scopes, one))


@lru_cache(maxsize=4096)
def _covered(scopes: Sequence[str], resource_type: str) -> bool:
    return any(parse_scope(scope).covers(Scope(resource_type, _READ)) for scope in scopes)


def resource_id(text: str) -> UUID:
    """A resource id; every id of ours is a UUID, so anything else does not exist."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def _sent(scope: ASGIScope) -> str:
    path = scope["path"].replace("?", "%3F").replace("#", "%23")
    return f"{path}?{scope['query_string'].decode('utf-8', 'replace')}" if scope["query_string"] else path


class FhirRoute(Route):
    """A route on which nothing is answered unaudited. Its endpoint is handed the exchange and the ids in the path.

    It is Starlette's and not FastAPI's, whose dependencies and validation, of which nothing is needed here, would cost
    as much as reading a record does."""

    def __init__(
        self, path: str, endpoint: Endpoint, *, methods: Collection[str], largest: int = LARGEST, **options: Any
    ) -> None:
        super().__init__(path, endpoint, methods=methods, **options)
        self._largest = largest
        self._beginning = path.partition("{")[0]
        """What tells most routes' paths from this one's: trying every pattern in turn would take a millisecond."""
        self.methods = set(methods)  # without the HEAD that Starlette adds to GET
        self.app = self._answer

    def matches(self, scope: ASGIScope) -> tuple[Match, ASGIScope]:
        """As Starlette's, and the route itself, by whose template logs and the audit name a path."""
        if not scope["path"].startswith(self._beginning):
            return Match.NONE, {}
        match, found = super().matches(scope)
        return match, found if match is Match.NONE else {**found, "route": self}

    async def _answer(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        services: Services = scope["app"].state.services
        taken = receive if scope["method"] == "GET" else limited(receive, Headers(scope=scope), self._largest)
        exchange = Exchange(Request(scope, taken), services, services.clock(), _sent(scope))
        response = await self._audited(exchange)
        await response(scope, receive, send)

    async def _audited(self, exchange: Exchange) -> Response:
        async def handle(request: Request) -> Response:
            answer: Response = await self.endpoint(exchange=exchange, **request.path_params)
            return answer

        try:
            response = await _through_the_door(exchange, handle)
        except FhirError as error:
            await exchange.fail(error)
            raise
        except Exception:
            await exchange.fail(InternalError())
            raise
        if not exchange.audited:
            raise AuditUnavailable
        return response


def _decided(decision: Decision | None, details: dict[str, Any]) -> dict[str, Any]:
    """What an audit event tells of a decision, with whatever else belongs to it."""
    if isinstance(decision, Grant) and decision.self_claimed:
        details = {**details, "details": [*details.get("details", ()), SELF_CLAIMED]}
    return {
        "outcome": Outcome.SERIOUS_FAILURE if isinstance(decision, Denial) else Outcome.SUCCESS,
        "decision": Account.of(decision) if decision else None,
        "person": decision.person if isinstance(decision, Grant) else _denied_person(decision),
        **details,
    }


def _denied_person(decision: Decision | None) -> UUID | None:
    return decision.request.person if isinstance(decision, Denial) and decision.request.person.int else None


def _interaction(request: Request) -> str:
    if "$" in request.scope["path"]:
        return "operation"
    return "read" if "id_" in request.path_params else "search-type"


async def _through_the_door(exchange: Exchange, handle: Handler) -> Response:
    """What may come in and leave depends on who asks; where that is not known, the route says what becomes of it."""
    session = recipient = None
    with suppress(Unauthorized):
        session = exchange.session
        purposes = exchange.records.policy().purposes
        recipient = recipient_of(session.caller, purposes, exchange.services.pseudonym_secret)
    return await passed(exchange.request, handle, session, recipient, exchange.when.astimezone(LONDON).date())
