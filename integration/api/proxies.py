"""What the proxies in front of us say of whoever asks: its address, and the certificate that it showed.

Both are headers (X-Forwarded-For; Client-Cert, RFC 9440), which anybody can send. They are believed of connections
that come from the proxies of the settings, and of nobody else (RFC 9440, 4).
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from integration.api.certificates import CERTIFICATE, thumbprint

_CLIENT_CERT = b"client-cert"


class BehindProxies:
    """ASGI layer, the outermost: further in, an address is what X-Forwarded-For made of it. `certificates`: whether the
    proxies may be believed what certificate they were shown."""

    def __init__(
        self, app: ASGIApp, proxies: Sequence[IPv4Network | IPv6Network], *, certificates: bool = False
    ) -> None:
        layer: Any = ProxyHeadersMiddleware  # uvicorn's types of ASGI are not Starlette's
        self._app: ASGIApp = layer(app, [str(one) for one in proxies])
        self._certificates = certificates
        self._known = lru_cache(maxsize=4096)(lambda address: _within(address, proxies))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._certificates and scope["type"] == "http" and scope["client"] and self._known(scope["client"][0]):
            sent = [value for name, value in scope["headers"] if name == _CLIENT_CERT]
            if len(sent) == 1:  # two: one of them is not the proxy's
                scope[CERTIFICATE] = thumbprint(sent[0])
        await self._app(scope, receive, send)


def _within(address: str, proxies: Sequence[IPv4Network | IPv6Network]) -> bool:
    found = ip_address(address)
    if isinstance(found, IPv6Address) and found.ipv4_mapped:  # a socket for both versions says it so
        found = found.ipv4_mapped
    return any(found in network for network in proxies)
