"""Where notifications may be sent to: never to an address that nobody permitted, whatever a name leads to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address

import pytest

from integration.teams.subscriptions.posting import Destination, Poster, Sent, permitted, require_endpoint


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::",
    ],
)  # fmt: skip
def test_no_address_that_is_not_public(address: str) -> None:
    assert not permitted(ip_address(address), ())


def test_public_addresses_and_networks_that_were_registered() -> None:
    assert permitted(ip_address("93.184.215.14"), ())
    assert permitted(ip_address("2606:2800:21f:cb07::1"), ())
    assert permitted(ip_address("::ffff:93.184.215.14"), ())
    assert permitted(ip_address("10.20.3.4"), ("10.20.0.0/16",))
    assert not permitted(ip_address("10.21.3.4"), ("10.20.0.0/16",))
    assert not permitted(ip_address("93.184.215.14"), ("10.20.0.0/16",))


@pytest.mark.parametrize(
    "url",
    [
        "http://tools.example/told", "ftp://tools.example/told", "https:///told", "https://user:secret@tools.example/",
        "https://tools.example/#told", "https://tools.example/told me", "https://tools.example:port/",
        "http://127.0.0.1.tools.example/", "http://10.0.0.1/", "https://töldonce.example/",
    ],
)  # fmt: skip
def test_urls_that_cannot_be_registered(url: str) -> None:
    with pytest.raises(ValueError, match="the URL"):
        require_endpoint(url, ())


def test_urls_that_can() -> None:
    require_endpoint("https://tools.example/told?by=us", ("10.0.0.0/8",))
    require_endpoint("http://localhost:8080/told", ())
    with pytest.raises(ValueError, match="networks"):
        require_endpoint("https://tools.example/", ("10.0.0.1/8",))


@asynccontextmanager
async def listening(answer: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port on which every request gets this answer, and what came."""
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], got
    finally:
        server.close()
        await server.wait_closed()


async def posted(url: str, *networks: str, seconds: float = 2) -> Sent:
    poster = Poster()
    try:
        return (await poster.post(Destination(url, networks), {}, b"{}", seconds)).sent
    finally:
        await poster.close()


async def test_a_name_that_leads_elsewhere_than_it_should_is_not_connected_to() -> None:
    async with listening(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (port, got):
        assert await posted(f"http://localhost:{port}/", "10.0.0.0/8") is Sent.NOT_SENT
        assert await posted(f"https://127.0.0.2:{port}/") is Sent.NOT_SENT
        assert got == []
        assert await posted(f"http://localhost:{port}/") is Sent.ACCEPTED


async def test_a_redirect_is_not_followed() -> None:
    async with listening(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (inner, reached):
        location = f"HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:{inner}/\r\nContent-Length: 0\r\n\r\n"
        async with listening(location.encode()) as (port, got):
            assert await posted(f"http://127.0.0.1:{port}/") is Sent.REFUSED
            assert len(got) == 1
        assert reached == []


@pytest.mark.parametrize("answer", [b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", b"", b"nonsense\r\n\r\n"])
async def test_what_may_have_been_received_is_not_said_to_be_unsent(answer: bytes) -> None:
    async with listening(answer) as (port, _):
        assert await posted(f"http://127.0.0.1:{port}/") is Sent.REFUSED


async def test_nobody_there_and_no_such_name() -> None:
    assert await posted("http://127.0.0.1:9/") is Sent.NOT_SENT
    assert await posted("https://nowhere.invalid/") is Sent.NOT_SENT
