"""gzip for those who take it: never for those who do not, streamed as it comes, and of no telling length."""

import gzip
import zlib
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from integration.api.compression import SMALLEST, Compressed, blurred, takes_gzip
from integration.api.outcome import FhirResponse

BODY = b'{"resourceType":"Bundle","entry":[' + b'{"resource":{"resourceType":"Flag"}},' * 2000 + b"]}"
CHUNKS = [BODY[at : at + 1000] for at in range(0, len(BODY), 1000)]


async def stream() -> Any:
    for chunk in CHUNKS:
        yield chunk


async def whole(_: Any) -> Response:
    return FhirResponse(BODY, headers={"ETag": 'W/"3"'})


async def streamed(_: Any) -> Response:
    return StreamingResponse(stream(), media_type="application/fhir+json")


async def small(_: Any) -> Response:
    return FhirResponse(BODY[: SMALLEST - 1])


async def refused(_: Any) -> Response:
    return FhirResponse(BODY, 404)


async def token(_: Any) -> Response:
    return Response(BODY, media_type="application/json")


APP = Starlette(
    routes=[
        Route("/fhir", whole),
        Route("/fhir/whole", whole),
        Route("/fhir/streamed", streamed),
        Route("/fhir/small", small),
        Route("/fhir/refused", refused),
        Route("/auth/token", token),
        Route("/console", token),
        Route("/fhirs", token),
    ]
)
APP.add_middleware(Compressed)


async def get(path: str, accept: str | None = "gzip") -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://test") as client:
        client.headers.pop("Accept-Encoding")
        return await client.get(path, headers={} if accept is None else {"Accept-Encoding": accept})


@pytest.mark.parametrize("path", ["/fhir", "/fhir/whole", "/fhir/streamed"])
async def test_what_is_compressed_is_the_same(path):
    plain, packed = await get(path, None), await get(path)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["vary"] == "Accept-Encoding"
    assert packed.content == plain.content == BODY
    assert packed.headers.get("etag") == plain.headers.get("etag")
    assert packed.headers["content-type"] == "application/fhir+json"
    assert packed.num_bytes_downloaded < len(BODY) / 5
    assert packed.headers.get("content-length", str(packed.num_bytes_downloaded)) == str(packed.num_bytes_downloaded)


@pytest.mark.parametrize("path", ["/fhir/small", "/fhir/refused", "/auth/token", "/console", "/fhirs"])
async def test_what_is_small_a_refusal_or_holds_a_credential_is_sent_as_it_is(path):
    assert "content-encoding" not in (await get(path)).headers


async def test_the_same_answer_is_not_of_the_same_length():
    lengths = {(await get("/fhir/whole")).num_bytes_downloaded for _ in range(20)}
    assert len(lengths) > 5


async def test_each_chunk_of_a_stream_can_be_read_when_it_comes():
    sent: list[bytes] = []

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    async def receive() -> Any:
        return {"type": "http.request"}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "GET",
        "path": "/fhir/streamed",
        "headers": [(b"accept-encoding", b"gzip")],
        "query_string": b"",
    }
    await APP(scope, receive, send)
    unpacked = zlib.decompressobj(31)
    for chunk, packed in zip(CHUNKS, (one for one in sent if one), strict=False):
        assert unpacked.decompress(packed) == chunk


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("x-gzip", True),
        ("GZIP", True),
        ("*", True),
        ("br, gzip;q=0.8", True),
        ("gzip;q=1, identity; q=0.5", True),
        ("gzip;q=0.001", True),
        ("", False),
        ("br", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; Q=0.000", False),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("gzip;q=0.2, identity;q=0.9", False),
        ("gzip;q=", False),
        ("gzip;q=nan", False),
        ("gzip;q=-1", False),
        ("gzip;q=2", False),
        ("gzip;q=1e9", False),
        ("gzipped", False),
        (";;,,=", False),
    ],
)
def test_only_who_takes_gzip_is_sent_it(accepted, taken):
    assert takes_gzip(accepted) is taken


@given(st.text(max_size=40))
def test_nonsense_is_no_error(accepted):
    takes_gzip(accepted)


@given(st.binary(max_size=2000), st.integers(1, 100))
def test_a_blurred_stream_is_a_gzip_stream_of_the_same(content, length):
    packed = blurred(gzip.compress(content), length)
    assert gzip.decompress(packed) == content
    assert len(packed) == len(gzip.compress(content)) + length + 1
