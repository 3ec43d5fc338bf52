"""A proxy that ends TLS in front of the API, as an operator's does: it asks for a certificate, takes out what others
say of one, and hands on the one that was shown (RFC 9440)."""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

ADDRESS = "127.0.0.2"
"""Where its own connections come from; everybody else's here come from 127.0.0.1."""


@asynccontextmanager
async def proxying(port: int, certificate: Path, authority: Path) -> AsyncIterator[int]:
    """In front of that port of this machine: the port that it listens on itself."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, ahead = await asyncio.open_connection("127.0.0.1", port, local_addr=(ADDRESS, 0))
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        first, *sent = (await reader.readuntil(b"\r\n\r\n"))[:-4].split(b"\r\n")
        named = [line.split(b": ", 1) for line in sent]
        headers = {name.lower(): value for name, value in named} | {b"connection": b"close"}
        headers.pop(b"client-cert", None)
        if shown:
            headers[b"client-cert"] = b":" + b64encode(shown) + b":"
        headers[b"x-forwarded-for"] = writer.get_extra_info("peername")[0].encode()
        ahead.write(b"\r\n".join([first, *(b": ".join(one) for one in headers.items())]) + b"\r\n\r\n")
        ahead.write(await reader.readexactly(int(headers.get(b"content-length", 0))))
        writer.write(await behind.read())
        for end in (ahead, writer):
            end.close()
            with suppress(ConnectionError):
                await end.wait_closed()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority))
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
