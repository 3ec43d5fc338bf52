"""Sending a notification to a registered endpoint, and to nothing else.

The name is resolved at every connection, and the address that was looked at is the one that is connected to: a name
that led to the right place when it was registered cannot lead elsewhere later (DNS rebinding). No redirect is followed,
no proxy of the environment is used, and nothing of the answer is read but its status.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

import httpcore

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_LOOPBACK_NETWORKS = ("127.0.0.0/8", "::1/128")
_TRANSLATED = ip_network("64:ff9b::/96")
"""IPv4 addresses behind NAT64 (RFC 6052)."""
Address = IPv4Address | IPv6Address


class Sent(Enum):
    """What came of sending."""

    ACCEPTED = auto()
    REFUSED = auto()
    """It may have been received: another status, or none in time."""
    NOT_SENT = auto()
    """Nothing left: there was no connection."""


class Outcome(NamedTuple):
    """`why`: a short word without anything of the answer's own."""

    sent: Sent
    why: str = ""


class Destination(NamedTuple):
    """A registered endpoint."""

    url: str
    networks: tuple[str, ...] = ()


def require_endpoint(url: str, networks: Sequence[str]) -> None:
    """Raise ValueError unless notifications may be sent there: by https, or by http to this very machine."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        for one in networks:
            ip_network(one)
    except ValueError:
        raise ValueError("the URL, or one of the networks, cannot be read") from None
    printable = url.isascii() and url.isprintable() and " " not in url
    if not parts.hostname or parts.username or parts.password or parts.fragment or not printable:
        raise ValueError("the URL has a host, and neither a user nor a fragment")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError("the URL begins with https://, or leads to this very machine")


def permitted(address: Address, networks: Iterable[str]) -> bool:
    """Whether an endpoint may be at this address: within its networks, or public where none are registered. An IPv4
    address in the clothes of IPv6 is the one it means; those that hide another (6to4, Teredo, NAT64) are refused."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return permitted(address.ipv4_mapped, networks)
        if address.sixtofour or address.teredo or address in _TRANSLATED:
            return False
    within = [ip_network(one) for one in networks]
    if within:
        return any(address in one for one in within)
    return address.is_global and not address.is_multicast


class Poster:
    """Sends; keeps connections of each endpoint open for the next. `authority`: PEM file of whom to trust; None: the
    system's list."""

    def __init__(self, authority: str | None = None) -> None:
        self._context = ssl.create_default_context(cafile=authority)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2  # whatever the machine's OpenSSL is set to
        self._pools: dict[Destination, httpcore.AsyncConnectionPool] = {}

    async def close(self) -> None:
        for pool in self._pools.values():
            await pool.aclose()
        self._pools.clear()

    async def post(self, to: Destination, headers: Mapping[str, str], body: bytes, seconds: float) -> Outcome:
        """One attempt, within so many seconds. Raises nothing."""
        limits = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        sent = [("Content-Type", "application/fhir+json"), ("Accept", "*/*"), *headers.items()]
        try:
            async with (
                asyncio.timeout(2 * seconds),
                self._pool(to).stream(
                    "POST", to.url, headers=sent, content=body, extensions={"timeout": limits}
                ) as answer,
            ):
                status = answer.status
        except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout, httpcore.UnsupportedProtocol):
            return Outcome(Sent.NOT_SENT, "no connection")
        except (TimeoutError, httpcore.TimeoutException):
            return Outcome(Sent.REFUSED, "no answer in time")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, OSError):
            return Outcome(Sent.REFUSED, "connection lost")
        return Outcome(Sent.ACCEPTED) if 200 <= status < 300 else Outcome(Sent.REFUSED, f"HTTP status {status}")

    def _pool(self, to: Destination) -> httpcore.AsyncConnectionPool:
        if to not in self._pools:
            here = urlsplit(to.url).hostname in LOOPBACK
            networks = to.networks or (_LOOPBACK_NETWORKS if here else ())
            self._pools[to] = httpcore.AsyncConnectionPool(
                self._context, max_connections=4, keepalive_expiry=30, network_backend=_Looked(networks)
            )
        return self._pools[to]


class _Looked(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were looked at."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(networks)
        self._below = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._addresses(host, port)
        except (OSError, UnicodeError) as error:  # a name that cannot be resolved, or not in time
            raise httpcore.ConnectError("the name leads nowhere") from error
        for address in addresses:
            try:
                return await self._below.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except httpcore.ConnectError:
                continue
        raise httpcore.ConnectError("no permitted address answers")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[Address]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        every = dict.fromkeys(ip_address(str(one[4][0]).partition("%")[0]) for one in found)
        return [one for one in every if permitted(one, self._networks)]
