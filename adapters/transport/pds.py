"""The Personal Demographics Service over its FHIR API, as an application (no user) may ask it.

    by_number, related, search -> Answer     PDS said something
                               -> Failure    it said nothing: its error, ours, or nobody answered

https://digital.nhs.uk/developer/api-catalogue/personal-demographics-service-fhir

The API has NHS numbers, names and birth dates in its URLs: none of them is logged, here or by the libraries below.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from urllib.parse import urlencode
from uuid import uuid4

import msgspec

from adapters.transport.asking import Asker, Certificates, Failure, Limits, Reply
from adapters.transport.breaker import Breaker
from adapters.transport.pace import Pace
from adapters.transport.pds_answers import Answer, about_number, about_related, about_search
from adapters.transport.pds_token import Credentials, Tokens

MEDIA_TYPE = "application/fhir+json"
CIRCUIT_OPEN = "CIRCUIT_OPEN"
"""Code of a Failure: the service is unwell and was not asked."""
LIMITS = Limits(timeout=15.0, largest=1 << 20)
_UNWELL = ("ACCESS_DENIED", "TOKEN_REFUSED", "TOO_LARGE", "HTTP_")
"""How failures begin that do not pass by themselves, and that the next question will meet as well: a status without a
Spine code is not PDS speaking."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A search, as PDS recommends it to applications, who are told of a single match only: the start of the given name
    caters for short forms, the start of the postcode for people who moved nearby, history for former names. Not by
    gender, which is often recorded otherwise. With a postcode no restricted person is ever found."""

    family: str
    birth_date: str
    """ISO date, a whole day."""
    given: str | None = None
    postcode: str | None = None

    def query(self) -> str:
        """The query string."""
        asked = {
            "family": _literal(self.family),
            "given": _start(self.given, 3),
            "birthdate": f"eq{self.birth_date}",
            "address-postalcode": _start(self.postcode, 2),
            "_history": "true",
        }
        return urlencode({name: value for name, value in asked.items() if value})


def _literal(text: str) -> str:
    """Without what would be a wildcard."""
    return text.replace("*", "").strip()


def _start(text: str | None, length: int) -> str | None:
    start = _literal(text or "")[:length].strip()
    return f"{start}*" if len(start) > 1 else None


class Pds:
    """Asks PDS, at most so many questions in a second, and not while it is unwell. `organisation`: ODS code of those on
    whose behalf is asked, where the application serves several."""

    def __init__(
        self,
        base: str,
        credentials: Credentials,
        *,
        organisation: str | None = None,
        limits: Limits = LIMITS,
        certificates: Certificates | None = None,
        breaker: Breaker | None = None,
        pace: Pace | None = None,
    ) -> None:
        for chatty in ("httpx", "httpcore"):  # they log URLs
            logging.getLogger(chatty).setLevel(logging.WARNING)
        self._base, self._organisation = base.rstrip("/"), organisation
        self._asker = Asker(limits, certificates or Certificates())
        self._tokens = Tokens(credentials, self._asker)
        self.breaker = breaker or Breaker()
        self._pace = pace or Pace(5)

    async def __aenter__(self) -> "Pds":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._asker.close()

    @property
    def limits(self) -> Limits:
        return self._asker.limits

    @property
    def longest_question(self) -> float:
        """Seconds that one question can take: each attempt may need a token, be refused with it, and need another, and
        may have to wait its turn after a rate limit."""
        limits = self.limits
        return limits.attempts * (4 * limits.timeout + 2 * limits.longest_wait)

    async def by_number(self, number: str) -> Answer | Failure:
        """The record of an NHS number (ten digits); of one that was replaced, the record of the other."""
        return await self._ask(f"Patient/{number}", lambda reply: about_number(reply, number, _now()))

    async def related(self, number: str) -> Answer | Failure:
        """The people whom PDS relates to the holder of an NHS number."""
        return await self._ask(f"Patient/{number}/RelatedPerson", lambda reply: about_related(reply, number, _now()))

    async def search(self, question: Question) -> Answer | Failure:
        """The only person who fits."""
        return await self._ask(f"Patient?{question.query()}", lambda reply: about_search(reply, _now()))

    async def _ask(self, path: str, understood: Callable[[Reply], Answer | Failure]) -> Answer | Failure:
        """Asking again while a failure may pass. What opens the circuit is the outcome, not that it is open then."""
        correlation = str(uuid4())
        last: list[Failure] = []

        async def once() -> Answer | Failure:
            wait = self.breaker.admit()
            if wait:
                return last[-1] if last else Failure(code=CIRCUIT_OPEN, wait=wait)
            outcome = await self._told(self._once(path, correlation, understood))
            if isinstance(outcome, Failure):
                last.append(msgspec.structs.replace(outcome, may_pass=False))
            return outcome

        return await self._asker.again(once)

    async def _told(self, asking: Awaitable[Answer | Failure]) -> Answer | Failure:
        """The outcome, which the circuit breaker is told of."""
        try:
            outcome = await asking
        except BaseException:  # this task is to stop
            self.breaker.withdrew()
            raise
        if isinstance(outcome, Failure) and (outcome.may_pass or outcome.code.startswith(_UNWELL)):
            self.breaker.failed()
        else:
            self.breaker.succeeded()
        return outcome

    async def _once(
        self, path: str, correlation: str, understood: Callable[[Reply], Answer | Failure]
    ) -> Answer | Failure:
        """One question, with a new token where the present one is refused."""
        reply, token = await self._reply(path, correlation, "")
        if isinstance(reply, Reply) and reply.status == 401:
            reply, _ = await self._reply(path, correlation, token)
        outcome = reply if isinstance(reply, Failure) else understood(reply)
        if isinstance(outcome, Failure) and outcome.wait:
            self._pace.hold(min(outcome.wait, self.limits.longest_wait))
        return outcome

    async def _reply(self, path: str, correlation: str, refused: str) -> tuple[Reply | Failure, str]:
        """The reply, and the token it was asked for with; `refused`: the token that is not to be used again."""
        token = await self._tokens.bearer(refused)
        if isinstance(token, Failure):
            return token, ""
        await self._pace.turn()
        url = f"{self._base}/{path}"
        return await self._asker.request("GET", url, headers=self._headers(token, correlation)), token

    def _headers(self, token: str, correlation: str) -> dict[str, str]:
        headers = {
            "Accept": MEDIA_TYPE,
            "Authorization": f"Bearer {token}",
            "X-Request-ID": str(uuid4()),
            "X-Correlation-ID": correlation,
        }
        return {**headers, "NHSD-End-User-Organisation-ODS": self._organisation} if self._organisation else headers


def _now() -> datetime:
    return datetime.now(UTC)
