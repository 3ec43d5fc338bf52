"""Asking a service over HTTP: for how long, how often, how much of an answer, and what it means when there is none.

A question is asked again only while its failure may pass by itself: 429, a time-out of what is behind the service, 5xx,
and connections that fail.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from secrets import SystemRandom
from typing import TypeVar

import httpx
import msgspec

_MAY_PASS = frozenset({408, 429, 500, 502, 503, 504})
_CHUNK = 1 << 16
_LONGEST_ASKED = 86_400.0
"""Seconds, a day: who asks us to wait longer is asked again then, and a header of thirty digits is only a mistake."""
_RANDOM = SystemRandom()


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how often. Seconds; bytes for `largest` (a real GP record has up to about 10 MB)."""

    timeout: float = 60.0
    """For one whole request, however slowly its answer drips."""
    attempts: int = 3
    backoff: float = 1.0
    """The first wait is up to so long, each further one up to twice as long; a random part of it is waited."""
    longest_wait: float = 60.0
    """A provider that asks for more (Retry-After) is left alone until the next pull."""
    largest: int = 64 << 20

    @property
    def longest_pull(self) -> float:
        """Seconds that one pull can take, with all its attempts and the waits between them."""
        return self.attempts * self.timeout + (self.attempts - 1) * self.longest_wait


class Certificates(msgspec.Struct, frozen=True, kw_only=True):
    """Files (PEM) for TLS mutual authentication; `authority`: whom to trust, None: the system's own list."""

    certificate: str | None = None
    key: str | None = None
    authority: str | None = None


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The service said nothing about the person. `code`: a Spine error code, else `HTTP_<status>`, `TIMEOUT`,
    `NO_CONNECTION`, `BROKEN_ANSWER`, `TOO_LARGE`, or `OTHER_PERSON`: a record of somebody we did not ask about."""

    code: str
    may_pass: bool = False
    wait: float = 0.0
    """Seconds that the provider asks us to wait, a day at most."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came over HTTP, whole."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def failure(self, code: str | None) -> Failure:
        """The failure that this reply is; `code` where it says one."""
        wait = _seconds(self.headers.get("Retry-After"))
        return Failure(code=code or f"HTTP_{self.status}", may_pass=self.status in _MAY_PASS, wait=wait)


Answer = TypeVar("Answer")


class Asker:
    """Sends requests within limits. Redirects are not followed: what authorises a request is for nobody else."""

    def __init__(self, limits: Limits, certificates: Certificates) -> None:
        self.limits = limits
        self._client = httpx.AsyncClient(
            verify=_context(certificates), timeout=limits.timeout, follow_redirects=False, trust_env=False
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes | None = None
    ) -> Reply | Failure:
        """One request. Raises nothing."""
        try:
            async with (
                asyncio.timeout(self.limits.timeout),
                self._client.stream(method, url, content=content, headers=dict(headers)) as response,
            ):
                body = await self._read(response)
        except (TimeoutError, httpx.TimeoutException):
            return Failure(code="TIMEOUT", may_pass=True)
        except httpx.ConnectError:
            return Failure(code="NO_CONNECTION", may_pass=True)
        except (httpx.TransportError, httpx.DecodingError):
            return Failure(code="BROKEN_ANSWER", may_pass=True)
        if body is None:
            return Failure(code="TOO_LARGE")
        return Reply(status=response.status_code, headers=response.headers, content=body)

    async def _read(self, response: httpx.Response) -> bytes | None:
        """The whole body, or None beyond the limit."""
        content = bytearray()
        async for chunk in response.aiter_bytes(_CHUNK):
            content += chunk
            if len(content) > self.limits.largest:
                return None
        return bytes(content)

    async def again(self, ask: Callable[[], Awaitable[Answer | Failure]]) -> Answer | Failure:
        """What `ask` comes to, asking again while a failure may pass."""
        for attempt in range(1, self.limits.attempts + 1):
            outcome = await ask()
            if not isinstance(outcome, Failure) or not outcome.may_pass or outcome.wait > self.limits.longest_wait:
                return outcome
            if attempt < self.limits.attempts:
                await asyncio.sleep(max(outcome.wait, self._pause(attempt)))
        return outcome

    def _pause(self, attempt: int) -> float:
        """Full jitter, so that many who failed together do not come back together."""
        longest = min(self.limits.backoff * 2 ** (attempt - 1), self.limits.longest_wait)
        return _RANDOM.uniform(0, longest)


def _seconds(retry_after: str | None) -> float:
    """Seconds of a Retry-After header; a date is left to our own waits."""
    if not (retry_after and retry_after.isascii() and retry_after.isdigit()):
        return 0.0
    return min(float(retry_after), _LONGEST_ASKED)


@lru_cache(maxsize=8)
def _context(certificates: Certificates) -> ssl.SSLContext:
    """Reading the system's list of authorities takes a twentieth of a second."""
    context = ssl.create_default_context(cafile=certificates.authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # whatever the machine's OpenSSL is set to
    if certificates.certificate:
        context.load_cert_chain(certificates.certificate, certificates.key)
    return context
