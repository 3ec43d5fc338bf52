"""The page at /: who shares what with whom, in the words of the agreement file in force.

It holds no patient data, so it is public and not audited, like the CapabilityStatement.
"""

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from integration.console.desk import HEADERS
from integration.console.look import pages
from integration.sharing.policy import Policy


def agreement_pages(policy: Callable[[], Policy], fhir_base: str, *, synthetic: bool) -> APIRouter:
    """The page's route; it shows the agreements of the moment in which it is asked for, and says it when all people are
    synthetic."""
    router = APIRouter(include_in_schema=False)
    template = pages().get_template("agreements.html")

    async def agreements() -> HTMLResponse:
        agreed = policy().agreements
        page = template.render(
            agreements=agreed,
            place=agreed.neighbourhood,
            officer=None,
            decides=False,
            fhir_base=fhir_base,
            synthetic=synthetic,
        )
        return HTMLResponse(page, headers=HEADERS)

    router.add_api_route("/", agreements, methods=["GET"], response_model=None)
    return router
