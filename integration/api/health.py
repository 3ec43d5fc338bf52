"""GET /health/live and /health/ready, for process supervisors and load balancers. Public, not audited, and without a
word about data (draft-inadarei-api-health-check: application/health+json)."""

from collections.abc import Awaitable, Callable, Mapping

import orjson
import structlog
from fastapi import APIRouter
from starlette.responses import Response

from integration.errors import where_it_failed

Check = Callable[[], Awaitable[None]]
"""Returns when the thing works, raises when it does not."""

log = structlog.get_logger(__name__)


def health_routes(checks: Mapping[str, Check]) -> APIRouter:
    """`live`: the process answers. `ready`: every check passes, else 503 with the names of those that fail."""
    router = APIRouter(prefix="/health", include_in_schema=False)

    async def live() -> Response:
        return _answer(200, {"status": "pass"})

    async def ready() -> Response:
        results = {name: "pass" if await _passes(name, check) else "fail" for name, check in checks.items()}
        well = "fail" not in results.values()
        return _answer(200 if well else 503, {"status": "pass" if well else "fail", "checks": results})

    router.add_api_route("/live", live, methods=["GET"], response_model=None)
    router.add_api_route("/ready", ready, methods=["GET"], response_model=None)
    return router


async def _passes(name: str, check: Check) -> bool:
    try:
        await check()
    except Exception as error:  # noqa: BLE001  whatever it is, the answer is "not ready"
        log.warning("not ready", check=name, **where_it_failed(error))
        return False
    return True


def _answer(status: int, body: Mapping[str, object]) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(body), status, headers, media_type="application/health+json")
