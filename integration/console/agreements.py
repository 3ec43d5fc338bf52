"""The page at /: who shares what with whom, in the words of the agreement file in force.

It holds no patient data, so it is public and not audited, like the CapabilityStatement.
"""

from collections.abc import Callable

from fastapi import APIRouter
from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.responses import HTMLResponse

from integration.sharing.policy import Policy

_pages = Environment(loader=PackageLoader("integration.console"), autoescape=select_autoescape(), trim_blocks=True)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def agreement_pages(policy: Callable[[], Policy], fhir_base: str, *, synthetic: bool) -> APIRouter:
    """The page's route; it shows the agreements of the moment in which it is asked for, and says it when all people are
    synthetic."""
    router = APIRouter(include_in_schema=False)
    template = _pages.get_template("agreements.html")

    async def agreements() -> HTMLResponse:
        page = template.render(agreements=policy().agreements, fhir_base=fhir_base, synthetic=synthetic)
        return HTMLResponse(page, headers=_HEADERS)

    router.add_api_route("/", agreements, methods=["GET"], response_model=None)
    return router
