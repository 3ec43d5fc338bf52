"""What an operation is asked with: parameters in the URL, or a Parameters resource by POST, as most clients send it.

http://hl7.org/fhir/R4/operations.html#request
"""

from collections.abc import Iterator
from typing import Any

from starlette.datastructures import Headers

from adapters.recorded.records import Json
from integration.api.exchange import Exchange
from integration.api.seal import Parameters
from integration.api.writing import body
from integration.errors import BadRequest

_PRIMITIVES = (str, bool, int)


async def asked_with(exchange: Exchange) -> Parameters:
    """The parameters, each as it would be in the URL. Raises BadRequest for what could not be there."""
    if exchange.request.method == "GET" or _is_empty(exchange.request.headers):
        return exchange.parameters()
    return exchange.parameters([*_primitive(await body(exchange))])


def _is_empty(headers: Headers) -> bool:
    """RFC 9112, 6.3: a request without either header has no body."""
    return "transfer-encoding" not in headers and headers.get("content-length", "0") == "0"


def _primitive(sent: Json) -> Iterator[tuple[str, str]]:
    listed = sent.get("parameter", [])
    if sent.get("resourceType") != "Parameters" or not isinstance(listed, list):
        raise BadRequest("Send a Parameters resource.", expression="Parameters")
    for place, one in enumerate(listed):
        values = [value for name, value in one.items() if name.startswith("value")] if isinstance(one, dict) else []
        if len(values) != 1 or not isinstance(values[0], _PRIMITIVES) or not isinstance(one.get("name"), str):
            where = f"Parameters.parameter[{place}]"
            raise BadRequest("A parameter here has a name and one primitive value.", expression=where)
        yield one["name"], _text(values[0])


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
