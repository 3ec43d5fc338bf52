"""What others publish at a URL as JSON, kept for as long as its Cache-Control says.

What is not in it, and should be, has it fetched again, so that what is new counts at once; never more often than every
ten seconds, so that nobody can have us knock on somebody's door all day. Only the URL that we were given is ever asked,
and a redirect is not followed.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import urlsplit

import orjson
import structlog

from adapters.transport.asking import Asker, Failure, Limits

FETCH = Limits(timeout=3, attempts=1, largest=1 << 16)
"""What is given to a fetch: three seconds, 64 KiB, one attempt."""
_ACCEPT = {"Accept": "application/jwk-set+json, application/json", "Accept-Encoding": "identity"}
_UNSAID, _LEAST, _LONGEST = 300.0, 10.0, 3600.0
"""Seconds: kept where Cache-Control says nothing; between two fetches; kept whatever it says."""
_LONGEST_WAIT = 120.0
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_MAX_AGE = re.compile(r"max-age=\"?([0-9]{1,9})")

T = TypeVar("T")
log = structlog.get_logger(__name__)


def require_genuine(url: str, what: str) -> None:
    """Raise ValueError unless what is there is whose URL it is: by https, or by http on this very machine."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError(f"{what} cannot be read") from None
    if not parts.hostname or parts.username or parts.password or parts.fragment or not url.isascii() or " " in url:
        raise ValueError(f"{what} has a host, and neither a user nor a fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError(f"{what} begins with https://")


@dataclass(eq=False)
class _Held(Generic[T]):
    value: T | None = None
    until: float = 0.0
    not_before: float = 0.0
    failures: int = 0
    fetching: asyncio.Lock = field(default_factory=asyncio.Lock)


class Published(Generic[T]):
    """Documents at URLs, for as long as they may be kept. `read` makes something of one, and raises ValueError with
    what is wrong with it; `clock` gives seconds that only ever grow."""

    def __init__(self, asker: Asker, read: Callable[[object], T], clock: Callable[[], float] = monotonic) -> None:
        self._asker, self._read, self._clock = asker, read, clock
        self._held: dict[str, _Held[T]] = {}
        """By URL; no more of them than are registered."""

    async def at(self, url: str, enough: Callable[[T], bool] = lambda _: True) -> T | None:
        """What is published there, fetched anew where what is in hand is not `enough`; what is returned may not be
        either. None where it cannot be had."""
        held = self._held.setdefault(url, _Held())
        if not self._serves(held, enough):
            async with held.fetching:  # whoever waited finds what the one before it fetched
                if not self._serves(held, enough):
                    await self._renew(url, held)
        return held.value if self._clock() < held.until else None

    def _serves(self, held: _Held[T], enough: Callable[[T], bool]) -> bool:
        now = self._clock()
        return now < held.not_before or (now < held.until and held.value is not None and enough(held.value))

    async def _renew(self, url: str, held: _Held[T]) -> None:
        try:
            found = await fetched(self._asker, url, self._read)
        except ValueError as error:
            held.failures += 1
            wait = min(_LEAST * 2 ** (held.failures - 1), _LONGEST_WAIT)
            held.not_before = self._clock() + wait
            log.warning("what is published could not be fetched", url=url, why=str(error))
            return
        now = self._clock()
        held.value, held.failures = found.value, 0
        held.until, held.not_before = now + found.kept, now + _LEAST


class Fetched(NamedTuple, Generic[T]):
    """What is published now, and for how many seconds it may be kept."""

    value: T
    kept: float


async def fetched(asker: Asker, url: str, read: Callable[[object], T]) -> Fetched[T]:
    """What is at a URL. Raises ValueError with what is wrong with the answer, or with what is published."""
    reply = await asker.request("GET", url, headers=_ACCEPT)
    if isinstance(reply, Failure) or reply.status != 200:
        raise ValueError(reply.code if isinstance(reply, Failure) else f"HTTP_{reply.status}")
    try:
        document = orjson.loads(reply.content)
    except orjson.JSONDecodeError:
        raise ValueError("what is published is not JSON") from None
    return Fetched(read(document), _kept(reply.headers.get("Cache-Control", "")))


def _kept(cache_control: str) -> float:
    """Seconds for which a document may be kept. What may not be kept at all is used for ten seconds all the same:
    somebody else's claim to be this client must not become a request to its server."""
    said = cache_control.lower()
    if "no-store" in said or "no-cache" in said:
        return _LEAST
    found = _MAX_AGE.search(said)
    return min(max(float(found[1]), _LEAST), _LONGEST) if found else _UNSAID
