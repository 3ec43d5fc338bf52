"""gzip for FHIR answers, to callers who say that they take it (RFC 9110, 12.5.3).

Whoever does not ask for it is not slowed: the layer steps aside. ISA-L (`isal`) compresses, in a fifth of zlib's time
for the same size (docs/clients.md), chunk by chunk where an answer is streamed.

BREACH (https://breachattack.com): the length of a compressed answer tells whether what an attacker put into it stands
in it a second time. So nothing that holds a credential is compressed: tokens and pages are not, and no FHIR answer
repeats a request's token or, except sealed, its parameters. What remains is blurred: each answer is longer by a random
number of bytes, a file name in the gzip header, which whoever unpacks it drops (Heal the Breach, IEEE Access 2022).

No `Vary` where nothing was compressed: answers to a request with a token are not for shared caches (RFC 9111, 3.5).
"""

import secrets
from functools import cached_property
from typing import Any

from isal import isal_zlib
from starlette.middleware.gzip import GZipResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integration.api.outcome import FHIR_ROOT

SMALLEST = 1400
"""Bytes: what fits into one packet is sent as it is."""
_IN_THREAD = 1 << 20
"""Bytes from which a chunk is compressed beside the event loop: below, that takes less than a millisecond."""
_LEVEL = 2
_PADDING = 100
_HEADER = 10
_FLAGS, _NAMED = 3, 0x08  # RFC 1952, 2.3: FLG.FNAME


class Compressed:
    """ASGI layer: answers of the FHIR API, compressed for those who take it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _fhir(scope["path"]) and takes_gzip(_accepted(scope)):
            await _Blurred(self.app)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _fhir(path: str) -> bool:
    return path == FHIR_ROOT or path.startswith(f"{FHIR_ROOT}/")


def _accepted(scope: Scope) -> str:
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept-encoding")


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding takes gzip, and would not rather have it plain."""
    if not accepted:
        return False
    weights = dict(_weight(one) for one in accepted.split(","))
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _weight(choice: str) -> tuple[str, float]:
    coding, *parameters = (part.strip().lower() for part in choice.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            return coding, _quality(value.strip())
    return coding, 1.0


def _quality(text: str) -> float:
    """RFC 9110, 12.4.2: 0 to 1 with three decimals; anything else is not wanted."""
    whole, _, rest = text.partition(".")
    if whole not in ("0", "1") or len(rest) > 3 or (rest and not (rest.isascii() and rest.isdigit())):
        return 0.0
    return min(float(text), 1.0)


class _Blurred(GZipResponder):
    """Compresses one answer. Refusals are not compressed: they are small, and repeat names of parameters."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, SMALLEST, thread_minimum_size=_IN_THREAD)
        self._plain = False
        self._begun = False

    @cached_property
    def compressor(self) -> Any:
        return isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, 16 + isal_zlib.MAX_WBITS)

    async def send_with_compression(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._plain = message["status"] >= 300
        await (self.send(message) if self._plain else super().send_with_compression(message))

    async def apply_compression(self, body: bytes, *, more_body: bool) -> bytes:
        compressed = await super().apply_compression(body, more_body=more_body)
        if self._begun:
            return compressed
        self._begun = True
        return blurred(compressed, secrets.randbelow(_PADDING) + 1)


def blurred(compressed: bytes, length: int) -> bytes:
    """The same gzip stream, longer: with a file name of `length` letters in its header."""
    head = bytearray(compressed[:_HEADER])
    head[_FLAGS] |= _NAMED
    return bytes(head) + b"a" * length + b"\0" + compressed[_HEADER:]
