"""Style sheets, script and icon of the pages: public, not audited, the same for everybody.

A browser asks each time whether what it keeps is still so (RFC 9111, 5.2.2.4): after an upgrade no page is seen in its
old dress. They hold no secret, so they may be compressed as `api.compression` says pages may not.
"""

import gzip
from collections.abc import Awaitable, Callable
from hashlib import sha256
from importlib.resources import files

from fastapi import APIRouter, Request
from starlette.responses import Response

from integration.api.compression import takes_gzip
from integration.console.desk import HEADERS

_KINDS = {
    "nhsuk.css": "text/css",
    "nhsuk.js": "text/javascript",
    "console.css": "text/css",
    "console.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


def static_files(router: APIRouter) -> None:
    """Serve them, each by its name."""
    for name, kind in _KINDS.items():
        router.add_api_route(f"/{name}", _file(name, kind), methods=["GET"], response_model=None)


def _file(name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
    plain = files("integration.console").joinpath("static", name).read_bytes()
    packed = gzip.compress(plain, mtime=0)
    tag = f'W/"{sha256(plain).hexdigest()[:16]}"'
    headers = HEADERS | {"Cache-Control": "no-cache", "ETag": tag, "Vary": "Accept-Encoding"}

    async def file(request: Request) -> Response:
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if takes_gzip(request.headers.get("accept-encoding", "")):
            return Response(packed, media_type=kind, headers=headers | {"Content-Encoding": "gzip"})
        return Response(plain, media_type=kind, headers=headers)

    return file
