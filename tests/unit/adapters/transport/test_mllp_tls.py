"""MLLP over TLS, with client certificates and without, over a real socket."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.transport.frames import frame
from adapters.transport.mllp import Handler, serve_mllp, tls_context
from tests.unit.adapters.transport.certificates import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "authority")


def echo(message: bytes) -> "asyncio.Future[bytes]":
    answer = asyncio.get_running_loop().create_future()
    answer.set_result(message)
    return answer


Ask = Callable[[ssl.SSLContext | None], "asyncio.Task[bytes]"]


@asynccontextmanager
async def served(context: ssl.SSLContext) -> AsyncIterator[Ask]:
    """Gives a function that sends one message as a client would, and what it is answered."""
    server = await serve_mllp("127.0.0.1", 0, Handler(echo, echo), tls=context)

    async def ask(client: ssl.SSLContext | None) -> bytes:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), ssl=client)
        try:
            writer.write(frame(b"hello"))
            return await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 30)
        finally:
            writer.close()

    yield lambda client: asyncio.ensure_future(ask(client))
    server.close()


def client(trusts: Authority, certificate: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=trusts.file)
    if certificate:
        context.load_cert_chain(certificate)
    return context


REFUSED = (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)


async def test_without_client_certificates_the_server_alone_proves_itself(authority: Authority, tmp_path: Path) -> None:
    certificate = authority.signed("server")
    async with served(tls_context(certificate, certificate, None)) as ask:
        assert await ask(client(authority)) == frame(b"hello")
        with pytest.raises(ssl.SSLCertVerificationError):
            await ask(client(Authority(tmp_path, "somebody else")))


async def test_only_a_sender_with_a_certificate_of_the_authority_gets_in(authority: Authority, tmp_path: Path) -> None:
    certificate, stranger = authority.signed("server"), Authority(tmp_path, "stranger")
    async with served(tls_context(certificate, certificate, authority.file)) as ask:
        assert await ask(client(authority, authority.signed("sender"))) == frame(b"hello")
        for refused in (client(authority), client(authority, stranger.signed("false sender"))):
            with pytest.raises(REFUSED):
                await ask(refused)
        assert await ask(client(authority, authority.signed("another"))) == frame(b"hello")


async def test_who_does_not_speak_tls_is_not_answered(authority: Authority) -> None:
    certificate = authority.signed("server")
    async with served(tls_context(certificate, certificate, None)) as ask:
        with pytest.raises(REFUSED):
            await ask(None)


def test_an_old_tls_is_not_spoken(authority: Authority) -> None:
    certificate = authority.signed("server")
    assert tls_context(certificate, certificate, None).minimum_version >= ssl.TLSVersion.TLSv1_2
