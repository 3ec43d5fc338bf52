"""Paths that nobody serves, and methods that a path does not take: refused, and audited like every other request."""

from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from integration.api.exchange import Exchange, FhirRoute
from integration.errors import MethodNotAllowed, UnknownRoute

_OURS = ("/fhir", "/ingest", "/auth", "/audit")


def unknown_paths(served: Sequence[BaseRoute]) -> list[FhirRoute]:
    """Routes for whatever below our paths none of `served` answers; they come after all of these."""

    async def refuse(exchange: Exchange, **_path: str) -> Response:
        if allowed := _methods(served, exchange):
            error = MethodNotAllowed()
            error.headers = {"Allow": ", ".join(allowed)}
            raise error
        raise UnknownRoute

    paths = [path for root in _OURS for path in (root, f"{root}/{{path:path}}")]
    return [FhirRoute(path, refuse, methods=(), include_in_schema=False) for path in paths]  # (): every method


def _methods(served: Sequence[BaseRoute], exchange: Exchange) -> list[str]:
    """The methods that the path takes, of those that were not asked for."""
    scope = exchange.request.scope
    partly = [one for one in served if one.matches(scope)[0] is Match.PARTIAL]
    return sorted({method for one in partly for method in getattr(one, "methods", None) or ()})
