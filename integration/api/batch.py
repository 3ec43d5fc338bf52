"""A batch of reads: POST of a Bundle at the root. http://hl7.org/fhir/R4/http.html#transaction

Each entry is a request of its own, through the same doors: decided, limited and audited as if it had come alone, and
refused alone. Entries are GET only; a transaction of writes is handed on (`transaction.py`).
"""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson
from starlette.responses import Response

from adapters.recorded.records import Json
from integration.api.certificates import CERTIFICATE
from integration.api.exchange import Exchange
from integration.api.interactions import FhirRouter, Interaction
from integration.api.media_types import require_acceptable
from integration.api.nhs_headers import SAID
from integration.api.outcome import FHIR_ROOT, FhirResponse
from integration.api.transaction import TRANSACTION, recorded
from integration.api.writing import body
from integration.audit.codes import Kind
from integration.errors import BadRequest, Unprocessable
from integration.recording.recorder import Recorder

BATCH = Interaction("", "batch", "Reads and searches, each decided and audited as if it had come alone.")
MOST = 50
"""Entries."""
_URL = re.compile(r"(?P<path>[A-Z][A-Za-z]+(?:/[A-Za-z0-9$._-]+)*)(?:\?(?P<query>.*))?", re.DOTALL)
_CONDITIONS = {"ifNoneMatch": b"if-none-match", "ifModifiedSince": b"if-modified-since"}
_PASSED_ON = frozenset({b"authorization", b"host", b"prefer", b"user-agent", b"x-correlation-id", b"x-request-id"})
_FHIR = b"application/fhir+json"


class _Answer(NamedTuple):
    """What one entry was answered with."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def serve_batch(router: FhirRouter, recorder: Recorder | None) -> None:
    """Serve it at the root, and transactions where writes are taken."""

    async def batch(exchange: Exchange) -> Response:
        exchange.session  # noqa: B018  raises Unauthorized: nobody asks anything without a token
        require_acceptable(exchange.request.headers.get("accept"), exchange.request.query_params.get("_format"))
        bundle = await body(exchange)
        if bundle.get("type") == "transaction" and recorder is not None:
            exchange.writes = Kind.CREATE
            return await recorded(exchange, recorder, bundle)
        return await _batch(exchange, bundle)

    for root in ("", "/"):  # clients differ in how they write a base
        router.serve(root, BATCH, method="POST")(batch)
    if recorder is not None:
        router.serve("", TRANSACTION, method="POST")(batch)


async def _batch(exchange: Exchange, bundle: Json) -> Response:
    """Every entry is understood before the first is asked; what comes of one changes nothing for the others."""
    scopes = [_scope(exchange, entry, place) for place, entry in enumerate(_entries(bundle))]
    answers = [await _answered(exchange, scope) for scope in scopes]
    await exchange.audit(Kind.OPERATION, "batch", details=[("entries", str(len(scopes)))])
    return FhirResponse(_response(answers))


def _entries(bundle: Json) -> Sequence[Any]:
    if bundle.get("type") != "batch":
        raise Unprocessable("The root takes a Bundle of type batch.", expression="Bundle.type")
    entries = bundle.get("entry", [])
    if bundle.get("resourceType") != "Bundle" or not isinstance(entries, list) or len(entries) > MOST:
        raise BadRequest(f"A batch is a list of at most {MOST} entries.", expression="Bundle.entry")
    return entries


def _scope(exchange: Exchange, entry: Any, place: int) -> MutableMapping[str, Any]:
    """The request that an entry is."""
    where = f"Bundle.entry[{place}].request"
    asked = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(asked, dict) or asked.get("method") != "GET":
        raise BadRequest("A batch takes GET entries only.", expression=where)
    match = _URL.fullmatch(str(asked.get("url", "")))
    if match is None or ".." in match["path"]:
        raise BadRequest(
            "An entry's url is below the FHIR base, such as Encounter?patient=1.", expression=f"{where}.url"
        )
    outer = exchange.request.scope
    own = [(name, value) for name, value in outer["headers"] if name in _PASSED_ON]
    conditions = [(header, str(asked[name]).encode()) for name, header in _CONDITIONS.items() if name in asked]
    kept = ("type", "asgi", "http_version", "scheme", "server", "client", "root_path", SAID, CERTIFICATE)
    return {
        **{name: outer[name] for name in kept if name in outer},
        "method": "GET",
        "path": f"{FHIR_ROOT}/{match['path']}",
        "raw_path": f"{FHIR_ROOT}/{match['path']}".encode(),
        "query_string": (match["query"] or "").encode(),
        "headers": [*own, *conditions, (b"accept", _FHIR)],
    }


async def _answered(exchange: Exchange, scope: MutableMapping[str, Any]) -> _Answer:
    """What the server answers to a request of its own making."""
    start: dict[str, Any] = {}
    body = bytearray()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        body.extend(message.get("body", b""))

    await exchange.request.app(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return _Answer(start["status"], headers, bytes(body))


def _response(answers: Sequence[_Answer]) -> bytes:
    """A batch-response, its resources joined as the bytes that they are."""
    entries = [_entry(one) for one in answers]
    return b'{"resourceType":"Bundle","type":"batch-response","entry":[' + b",".join(entries) + b"]}"


def _entry(answer: _Answer) -> bytes:
    response = {"status": f"{answer.status} {HTTPStatus(answer.status).phrase}"}
    if "etag" in answer.headers:
        response["etag"] = answer.headers["etag"]
    if answer.status >= HTTPStatus.BAD_REQUEST:
        return b'{"response":' + orjson.dumps(response)[:-1] + b',"outcome":' + answer.body + b"}}"
    resource = b'"resource":' + answer.body + b"," if answer.body else b""
    return b"{" + resource + b'"response":' + orjson.dumps(response) + b"}"
