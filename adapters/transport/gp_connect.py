"""GP Connect Access Record: Structured, the consumer: ask one practice for one person's record.

    pull -> Answer     the practice said something about the person: a record, a refusal, "not found"
         -> Failure    it said nothing about them: its error, ours, or nobody answered

Only whether a failure may pass by itself decides on asking again: 429, 5xx and connections that fail. A refusal is an
answer, and the same question again would be the same refusal. The NHS number travels in the body alone: no address, no
header and no text of ours holds it.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from secrets import SystemRandom
from typing import Any

import httpx
import msgspec

from adapters.gp.bundles import entries
from adapters.gp.records import NHS_NUMBER
from adapters.gp.refusal import ABOUT_THE_PERSON, ERROR_CODES, outcome_codes, valid_nhs_number
from adapters.transport.gp_connect_request import OPERATION, Requester, headers, parameters

Json = dict[str, Any]

ANSWERED = "answered"
UNUSABLE = "unusable"
_MAY_PASS = frozenset({429, 500, 502, 503, 504})
_CHUNK = 1 << 16


class Practice(msgspec.Struct, frozen=True, kw_only=True):
    """Where a practice's system answers: what the Spine Directory Service says of it."""

    ods: str
    base: str
    """Service root URL: the audience of the token."""
    asid: str


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how often. Seconds; bytes for `largest` (a real record has up to about 10 MB)."""

    timeout: float = 60.0
    """For one whole request, however slowly its answer drips."""
    attempts: int = 3
    backoff: float = 1.0
    """The first wait is up to so long, each further one up to twice as long; a random part of it is waited."""
    longest_wait: float = 60.0
    """A provider that asks for more (Retry-After) is left alone until the next pull."""
    largest: int = 64 << 20


class Certificates(msgspec.Struct, frozen=True, kw_only=True):
    """Files (PEM) for TLS mutual authentication; `authority`: whom to trust, None: the system's own list."""

    certificate: str | None = None
    key: str | None = None
    authority: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the practice said about the person, as it was received. `code`: `answered`, the Spine code of a refusal, or
    `unusable` for a success that is no structured record: it waits in quarantine, with its reason."""

    code: str
    content: bytes
    received: datetime


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The practice said nothing about the person. `code`: a Spine error code, else `HTTP_<status>`, `TIMEOUT`,
    `NO_CONNECTION`, `BROKEN_ANSWER`, `TOO_LARGE`, or `OTHER_PERSON`: a record of somebody we did not ask about."""

    code: str
    may_pass: bool = False
    wait: float = 0.0
    """Seconds that the provider asks us to wait."""


class GpConnect:
    """Asks practices. `proxy`: base URL of the Spine Secure Proxy, None where the practices are reached directly."""

    def __init__(
        self,
        requester: Requester,
        *,
        limits: Limits | None = None,
        proxy: str | None = None,
        certificates: Certificates | None = None,
    ) -> None:
        self._requester = requester
        self._limits = limits or Limits()
        self._proxy = proxy
        self._random = SystemRandom()
        self._client = httpx.AsyncClient(
            verify=_context(certificates or Certificates()),
            timeout=self._limits.timeout,
            follow_redirects=False,  # the token is for the practice that was asked, and for nobody else
            trust_env=False,
        )

    async def __aenter__(self) -> "GpConnect":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def pull(
        self, practice: Practice, nhs_number: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> Answer | Failure:
        """The practice's answer about one person, asking again while a failure may pass. Raises nothing."""
        for attempt in range(1, self._limits.attempts + 1):
            outcome = await self._ask(practice, nhs_number, clock)
            if isinstance(outcome, Answer) or not outcome.may_pass or outcome.wait > self._limits.longest_wait:
                return outcome
            if attempt < self._limits.attempts:
                await asyncio.sleep(max(outcome.wait, self._pause(attempt)))
        return outcome

    def _pause(self, attempt: int) -> float:
        """Full jitter, so that many who failed together do not come back together."""
        longest = min(self._limits.backoff * 2 ** (attempt - 1), self._limits.longest_wait)
        return self._random.uniform(0, longest)

    async def _ask(self, practice: Practice, nhs_number: str, clock: Callable[[], datetime]) -> Answer | Failure:
        """One request. The URL of the practice follows that of the proxy, as the Spine Secure Proxy wants it."""
        root = f"{self._proxy.rstrip('/')}/{practice.base}" if self._proxy else practice.base
        try:
            async with (
                asyncio.timeout(self._limits.timeout),
                self._client.stream(
                    "POST",
                    f"{root.rstrip('/')}/{OPERATION}",
                    content=parameters(nhs_number),
                    headers=headers(self._requester, asid=practice.asid, base=practice.base, now=clock()),
                ) as response,
            ):
                content = await self._read(response)
        except TimeoutError:
            return Failure(code="TIMEOUT", may_pass=True)
        except httpx.TimeoutException:
            return Failure(code="TIMEOUT", may_pass=True)
        except httpx.ConnectError:
            return Failure(code="NO_CONNECTION", may_pass=True)
        except (httpx.TransportError, httpx.DecodingError):
            return Failure(code="BROKEN_ANSWER", may_pass=True)
        if content is None:
            return Failure(code="TOO_LARGE")
        return understood(response.status_code, response.headers, content, nhs_number, clock())

    async def _read(self, response: httpx.Response) -> bytes | None:
        """The whole body, or None beyond the limit."""
        content = bytearray()
        async for chunk in response.aiter_bytes(_CHUNK):
            content += chunk
            if len(content) > self._limits.largest:
                return None
        return bytes(content)


def understood(
    status: int, response_headers: httpx.Headers, content: bytes, nhs_number: str, received: datetime
) -> Answer | Failure:
    """What an HTTP answer to a question about `nhs_number` means.

    A Spine code counts, not the status beside it: a 404 without one may be a wrong address. A server error is never a
    statement about the person, whatever stands in its body."""
    codes = _codes(content)
    if status < 500:
        for code in ABOUT_THE_PERSON:
            if code in codes:
                return Answer(code=code, content=content, received=received)
    if status == 200 and not codes:
        return _record(content, nhs_number, received)
    known = next((code for code in codes if code in ERROR_CODES), None)
    return Failure(
        code=known or f"HTTP_{status}", may_pass=status in _MAY_PASS, wait=_seconds(response_headers.get("Retry-After"))
    )


def _record(content: bytes, nhs_number: str, received: datetime) -> Answer | Failure:
    """A success. A record of somebody else is not kept: we had no reason to ask for it."""
    bundle = _decoded(content)
    patients = [raw for _, raw in entries(bundle)[0] if raw["resourceType"] == "Patient"]
    if bundle.get("resourceType") != "Bundle" or not patients:
        return Answer(code=UNUSABLE, content=content, received=received)
    if any(_stated_number(patient) != nhs_number for patient in patients):
        return Failure(code="OTHER_PERSON")
    return Answer(code=ANSWERED, content=content, received=received)


def _stated_number(patient: Json) -> str | None:
    """The NHS number of a raw Patient, where its check digit is right."""
    stated = patient.get("identifier")
    for one in stated if isinstance(stated, list) else []:
        if isinstance(one, dict) and one.get("system") == NHS_NUMBER and isinstance(one.get("value"), str):
            return valid_nhs_number(one["value"])
    return None


def _codes(content: bytes) -> list[str]:
    """Spine codes of an OperationOutcome; none of anything else."""
    outcome = _decoded(content) if b"OperationOutcome" in content[:_CHUNK] else {}
    return list(outcome_codes(outcome)) if outcome.get("resourceType") == "OperationOutcome" else []


def _decoded(content: bytes) -> Json:
    """A JSON object, or an empty one."""
    try:
        decoded = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}
    return decoded if isinstance(decoded, dict) else {}


def _seconds(retry_after: str | None) -> float:
    """Seconds of a Retry-After header; a date is left to our own waits."""
    return float(retry_after) if retry_after and retry_after.isascii() and retry_after.isdigit() else 0.0


def _context(certificates: Certificates) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificates.authority)
    if certificates.certificate:
        context.load_cert_chain(certificates.certificate, certificates.key)
    return context
